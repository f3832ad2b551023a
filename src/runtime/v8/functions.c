/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/objects/scope-info.tq, shared-function-info.tq, and running processes. */
#include "runtime/v8/functions.h"

#include <stdio.h>

#include "abi/runtime.h"
#include "base/vec.h"
#include "runtime/v8/strings.h"

#define CLASS_TEXT 160u		/* characters of a class that are looked at for its name */
#define TOKEN_UNKNOWN 0xffffu

/* FunctionKind, in a function's flags (src/objects/function-kind.h). */
#define KIND_MASK 31u
#define KIND_GETTER 7u		/* what has a place among a class's members, or an object's: these, ... */
#define KIND_STATIC_SETTER 10u
#define KIND_ASYNC_METHOD 14u	/* ... these, ... */
#define KIND_STATIC_ASYNC_GENERATOR 17u
#define KIND_GENERATOR_METHOD 20u	/* ... and these */
#define KIND_STATIC_METHOD 23u
#define KIND_MEMBERS_INITIALIZER 24u

static bool read_flags(const struct v8_memory *memory, uint64_t scope, uint32_t *ret_flags)
{
	int32_t flags;

	if (memory->objects->scope_flags_raw)
		return v8_field_u32(memory, scope, memory->objects->scope_flags, ret_flags);
	if (!v8_smi(memory, scope, memory->objects->scope_flags, &flags))
		return false;
	*ret_flags = (uint32_t)flags;
	return true;
}

/* The words behind the names of locals, one after the other, each where the flags say so. */
static void read_tail(const struct v8_memory *memory, uint64_t scope, uint32_t flags, unsigned off,
		      struct v8_scope *s)
{
	const struct v8_objects *o = memory->objects;
	unsigned this_kind = flags >> 7 & 3;
	bool positioned = o->scope_start == V8_NO_FIELD &&
			  (s->type != o->scope_class || o->scope_class_position) &&
			  s->type <= 4;

	off += (flags >> 10 & 1) * 8;
	if (o->scope_receiver && (this_kind == 1 || this_kind == 2))
		off += 8;
	if (flags >> 12 & 3) {
		v8_pointer(memory, scope, off, &s->name);
		off += 16;
	}
	if (flags >> 14 & 1) {
		v8_pointer(memory, scope, off, &s->inferred);
		off += 8;
	}
	if (positioned) {
		if (!v8_smi(memory, scope, off, &s->start) ||
		    !v8_smi(memory, scope, off + 8, &s->end)) {
			s->start = s->end = -1;
			return;
		}
		off += 16;
	}
	if (flags >> 22 & 1)
		v8_pointer(memory, scope, off, &s->outer);
}

bool v8_scope_read(const struct v8_memory *memory, uint64_t scope, struct v8_scope *ret_scope)
{
	const struct v8_objects *o = memory->objects;
	struct v8_scope s = { .start = -1, .end = -1 };
	uint32_t flags;
	int32_t n_locals;
	unsigned names, first = o->scope_first;

	if (v8_type(memory, scope) != o->type_scope || !read_flags(memory, scope, &flags) ||
	    !v8_smi(memory, scope, o->scope_locals, &n_locals) || n_locals < 0 || n_locals > 0xffff)
		return false;
	s.type = flags & 15;
	if (o->scope_start != V8_NO_FIELD && (!v8_smi(memory, scope, o->scope_start, &s.start) ||
					      !v8_smi(memory, scope, o->scope_start + 8, &s.end)))
		s.start = s.end = -1;
	names = o->scope_hashes_locals && (unsigned)n_locals > V8_SCOPE_LOCALS ? 1 : (unsigned)n_locals;
	if (o->scope_module_first && s.type == o->scope_module)
		first += 8;
	read_tail(memory, scope, flags, first + (names + (unsigned)n_locals) * 8, &s);
	*ret_scope = s;
	return true;
}

bool v8_function_check_now(const struct v8_memory *memory, uint64_t shared, uint32_t *ret_check)
{
	const struct v8_objects *o = memory->objects;
	uint64_t script, name, id;
	uint32_t literal;

	if (v8_type(memory, shared) != o->type_shared ||
	    !v8_field(memory, shared, o->shared_script, &script) ||
	    !v8_field(memory, shared, o->shared_name, &name) ||
	    !v8_field_u32(memory, shared, o->shared_literal, &literal))
		return false;
	/* where there is no script, what is there is read as if there were: the kernel half does, too */
	if (!v8_field(memory, v8_untag(script), o->script_id, &id))
		id = 0;
	*ret_check = v8_check(id, literal, script, name);
	return true;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (c & 0x80);
}

struct text {
	char p[CLASS_TEXT * 4];
	size_t n;
};

static bool see_text(void *seer, const void *characters, uint32_t n, unsigned width)
{
	struct text *text = seer;

	for (uint32_t i = 0; i < n && text->n < sizeof(text->p); i++) {
		uint32_t c = width == 1 ? ((const uint8_t *)characters)[i] :
					  ((const uint16_t *)characters)[i];

		/* a name beyond ASCII is left to V8's own tables */
		text->p[text->n++] = c < 0x80 ? (char)c : '\0';
	}
	return true;
}

/* The name in "class Name ...", as the source has it where the class begins; empty when it has none. */
static struct str class_name(const struct v8_memory *memory, uint64_t source, int32_t start,
			     struct arena *arena)
{
	struct text text = { .n = 0 };
	struct str s;
	size_t n = 0;

	if (start < 0 ||
	    !v8_string_scan(memory, source, (uint32_t)start, CLASS_TEXT, see_text, &text))
		return (struct str){ 0 };
	s = str_over(text.p, text.n);
	if (!str_starts(s, STR("class")) || s.n < 6 || is_name_character(s.p[5]))
		return (struct str){ 0 };
	s = str_skip(s, 5);
	while (s.n && (*s.p == ' ' || *s.p == '\t' || *s.p == '\n' || *s.p == '\r'))
		s = str_skip(s, 1);
	while (n < s.n && is_name_character(s.p[n]))
		n++;
	/* cut off, or in letters that are not seen here */
	if (!n || n >= s.n || !s.p[n] || s.p[n] == '\\' || str_eq(str_head(s, n), STR("extends")))
		return (struct str){ 0 };
	return arena_dup(arena, str_head(s, n));
}

static struct str join(struct arena *arena, struct str a, char separator, struct str b)
{
	char *p = arena_alloc(arena, a.n + 1 + b.n);

	if (!p)
		return (struct str){ 0 };
	memcpy(p, a.p, a.n);
	p[a.n] = separator;
	memcpy(p + a.n + 1, b.p, b.n);
	return str_over(p, a.n + 1 + b.n);
}

/* Class.method, where the class tells its name. */
static struct str with_class(const struct v8_memory *memory, const struct v8_scope *scope,
			     uint64_t source, struct str name, struct arena *arena)
{
	struct v8_scope outer;
	struct str class;

	if (!source || !scope->outer || !v8_scope_read(memory, scope->outer, &outer) ||
	    outer.type != memory->objects->scope_class || outer.start > scope->start ||
	    outer.end < scope->end)
		return name;
	class = class_name(memory, source, outer.start, arena);
	if (!class.n || str_eq(class, name))	/* the constructor */
		return name;
	return join(arena, class, '.', name);
}

static bool is_member(const struct v8_memory *memory, uint64_t shared)
{
	uint32_t kind;

	if (!v8_field_u32(memory, shared, memory->objects->shared_flags, &kind))
		return false;
	kind &= KIND_MASK;
	return (kind >= KIND_GETTER && kind <= KIND_STATIC_SETTER) ||
	       (kind >= KIND_ASYNC_METHOD && kind <= KIND_STATIC_ASYNC_GENERATOR) ||
	       (kind >= KIND_GENERATOR_METHOD && kind <= KIND_STATIC_METHOD);
}

/* The members of the classes in a script's text, as it is now; NULL where V8 has moved it meanwhile. */
static const struct v8_members *members_of(const struct v8_memory *memory, const struct v8_script *script, uint32_t id,
					   struct v8_classes *classes, struct arena *arena)
{
	const struct v8_memory *now = memory->now ? memory->now : memory;
	struct v8_members *members;
	uint64_t source;

	if (VEC_RESERVE(&classes->items, &classes->cap, (uint64_t)id + 1) < 0)
		return NULL;
	members = &classes->items[id];
	if (members->read)
		return members;
	if (!v8_members_read(now, script->source, arena, members))
		return NULL;
	if (v8_pointer(now, script->address, now->objects->script_source, &source) && source == script->source)
		return members;
	v8_members_fini(members);
	return NULL;
}

/* The same by the text: for the place where a member's parameters begin. */
static struct str with_class_of_text(const struct v8_memory *memory, uint64_t shared, const struct v8_scope *scope,
				     const struct v8_script *script, uint32_t id, struct v8_classes *classes, struct str name,
				     struct arena *arena, bool *ret_classless)
{
	const struct v8_members *members = NULL;
	struct str class;

	if (scope->start < 0 || !is_member(memory, shared))
		return name;
	if (script->starts)
		members = members_of(memory, script, id, classes, arena);
	*ret_classless = !members;
	class = members ? v8_members_class(members, (uint32_t)scope->start) : (struct str){ 0 };
	return class.n ? join(arena, class, '.', name) : name;
}

static struct str by_place(const struct v8_script *script, uint32_t line, uint32_t column,
			   struct arena *arena)
{
	struct str file = script->name.n && script->name.p[0] != '[' ? str_basename(script->name) :
								       script->name;
	char text[600];
	int n = line ? snprintf(text, sizeof(text), "(anonymous %.500s:%u:%u)",
				file.p ? file.p : "", line, column) :
		       snprintf(text, sizeof(text), "(anonymous %.500s)", file.p ? file.p : "");

	return arena_dup(arena, str_over(text, n > 0 ? (size_t)n : 0));
}

static struct str string_or_none(const struct v8_memory *memory, uint64_t object,
				 struct arena *arena)
{
	struct str s = { 0 };

	return object && v8_string(memory, object, V8_NAME_MAX, arena, &s) ? s : (struct str){ 0 };
}

/* Where it begins: at its first word, which is not where its parameters begin. */
static int32_t begin_of(const struct v8_memory *memory, uint64_t shared, const struct v8_scope *scope)
{
	uint16_t token;

	if (scope->start < 0)
		return -1;
	if (!memory->read(memory->context, &token, sizeof(token),
			  shared + memory->objects->shared_token) ||
	    token == TOKEN_UNKNOWN || token > scope->start)
		return scope->start;
	return scope->start - token;
}

/* What runs the fields of a class is named by its kind since V8 12: its scope has the class's name. */
static struct str initializer_name(const struct v8_memory *memory, uint64_t shared)
{
	const struct v8_objects *o = memory->objects;
	uint32_t flags, kind;

	if (o->version < 1108 || !v8_field_u32(memory, shared, o->shared_flags, &flags))
		return (struct str){ 0 };
	kind = flags & KIND_MASK;
	if (kind < KIND_MEMBERS_INITIALIZER || kind >= KIND_MEMBERS_INITIALIZER + 2u * o->initializer_kinds)
		return (struct str){ 0 };
	return kind < KIND_MEMBERS_INITIALIZER + (uint32_t)o->initializer_kinds ? STR("<instance_members_initializer>") :
									 STR("<static_initializer>");
}

bool v8_function_read(const struct v8_memory *memory, uint64_t shared, struct v8_scripts *scripts,
		      struct v8_classes *classes, struct v8_owner owner, struct arena *arena,
		      struct v8_function *ret_function)
{
	const struct v8_objects *o = memory->objects;
	struct v8_function function = { 0 };
	struct v8_scope scope = { .start = -1, .end = -1 };
	uint64_t script = 0, name = 0, source = 0;
	struct str own, bare;

	if (v8_type(memory, shared) != o->type_shared)
		return false;
	if (v8_pointer(memory, shared, o->shared_script, &script) &&
	    v8_type(memory, script) == o->type_script) {
		function.script = v8_scripts_read(scripts, memory, owner, script);
		if (!function.script)
			return false;
		v8_pointer(memory, script, o->script_source, &source);
	}
	/* not compiled, or V8's own: the name alone, or no name, which is a number */
	if (v8_pointer(memory, shared, o->shared_name, &name) &&
	    v8_scope_read(memory, name, &scope))
		name = scope.name;
	own = initializer_name(memory, shared);
	if (!own.n)
		own = string_or_none(memory, name, arena);
	/* one that is being moved has a name, and is tried again */
	if ((name && !own.p) || (scope.inferred && v8_type(memory, scope.inferred) == V8_NO_FIELD))
		return false;
	bare = own;
	if (own.n)
		own = with_class(memory, &scope, source, own, arena);
	if (own.n && str_eq(own, bare) && function.script)
		own = with_class_of_text(memory, shared, &scope, &scripts->items[function.script], function.script, classes,
					 own, arena, &function.classless);
	if (!own.n)
		own = string_or_none(memory, scope.inferred, arena);
	if (function.script)
		v8_script_place(&scripts->items[function.script], begin_of(memory, shared, &scope),
				&function.line, &function.column);
	/* so is one whose place is its name */
	if (!own.n && function.script && source && !scripts->items[function.script].starts)
		return false;
	if (!own.n && script && v8_type(memory, script) == V8_NO_FIELD)
		return false;
	if (!own.n && function.script)
		own = by_place(&scripts->items[function.script], function.line, function.column, arena);
	if (!own.n)
		own = STR("(anonymous)");
	function.name = own;
	*ret_function = function;
	return true;
}
