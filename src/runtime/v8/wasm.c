/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: WebAssembly core specification 5.5 (sections, names); what NativeModule holds: running processes of Node 16, 18, 20,
 * 22, 24 and 25. */
#include "runtime/v8/wasm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/vec.h"

#define OBJECT_WORDS 80u	/* of an object that are looked through for pointers */
#define FOREIGN 8u		/* where a Foreign has its pointer */
#define SHARED_PTR 24u		/* where what that leads to has the pointer to a shared_ptr */
#define NATIVE_BYTES 1600u	/* of a NativeModule that are looked through */
#define LEVELS 3		/* of objects from the instance on */
#define MODULES_MAX 256u
#define TRIES_MAX 6u
#define STEPS_MAX 64		/* down a tree */
#define NEW_CODES_MAX 4096u
#define SECTIONS_MAX 4096u
#define NAMES_MAX (8u << 20)	/* bytes of a section that are looked through */
#define NAME_MAX 256u
#define MODULE_MAX (1ull << 31)
#define INDEX_MAX 1000000u	/* of a function: V8's own limit */

enum { SECTION_CUSTOM = 0, SECTION_EXPORT = 7 };

void v8_wasm_fini(struct v8_wasm *wasm)
{
	free(wasm->modules);
	*wasm = (struct v8_wasm){ 0 };
}

static bool read_at(const struct v8_memory *memory, void *out, size_t n, uint64_t at)
{
	return at && memory->read(memory->context, out, n, at);
}

static uint64_t word_at(const struct v8_memory *memory, uint64_t at)
{
	uint64_t word;

	return read_at(memory, &word, sizeof(word), at) ? word : 0;
}

/* The pointer at an address; 0 when it cannot be one to an object of C++. */
static uint64_t pointer_at(const struct v8_memory *memory, uint64_t at)
{
	uint64_t p = word_at(memory, at);

	return p & 7 || p < 4096 || p >> 47 ? 0 : p;
}

/* The vector of bytes (pointer, length) that a module's words lead to. */
static bool find_bytes(const struct v8_memory *memory, const uint64_t *words, struct v8_wasm_module *module)
{
	static const char magic[4] = { 0, 'a', 's', 'm' };

	for (uint32_t i = 0; i < NATIVE_BYTES / 8; i++) {
		uint64_t vector[2];
		char head[sizeof(magic)];

		if (words[i] & 7 || words[i] < 4096 || words[i] >> 47 ||
		    !read_at(memory, vector, sizeof(vector), words[i]) || vector[1] < 8 || vector[1] > MODULE_MAX ||
		    !read_at(memory, head, sizeof(head), vector[0]) || memcmp(head, magic, sizeof(magic)) != 0)
			continue;
		module->bytes = vector[0];
		module->n_bytes = vector[1];
		return true;
	}
	return false;
}

/* A map of codes by address, whose nodes refer back to the module, or an empty one before a vector of such codes. */
static bool find_codes(const struct v8_memory *memory, const uint64_t *words, struct v8_wasm_module *module)
{
	for (uint32_t i = 0; i + 10 < NATIVE_BYTES / 8; i++) {
		uint64_t at = module->native + i * 8, root = words[i + 2], begin = words[i + 6], end = words[i + 7];
		bool empty = !root && words[i + 3] == at + 8 && words[i + 4] == at + 8 && !words[i + 5];

		if (words[i + 7] < begin || words[i + 8] < end || (end - begin) & 7)
			continue;
		if (empty && (end == begin ||
			      word_at(memory, pointer_at(memory, begin)) != module->native))
			continue;
		if (!empty && (!root || root & 7 || root >> 47 || !words[i + 5] || words[i + 5] > INDEX_MAX * 4 ||
			       word_at(memory, pointer_at(memory, root + 40)) != module->native))
			continue;
		module->codes = at;
		return true;
	}
	return false;
}

static uint64_t native_of(const struct v8_memory *memory, uint64_t managed)
{
	return pointer_at(memory, pointer_at(memory, pointer_at(memory, managed + FOREIGN) + SHARED_PTR));
}

/* Whether an object is a Managed<NativeModule>. */
static bool is_managed(const struct v8_memory *memory, uint64_t object, struct v8_wasm_module *module)
{
	uint64_t words[NATIVE_BYTES / 8];
	uint64_t native = native_of(memory, object);

	if (!native || !read_at(memory, words, sizeof(words), native))
		return false;
	module->native = native;
	if (find_bytes(memory, words, module) && find_codes(memory, words, module))
		return true;
	module->native = 0;
	return false;
}

/* Whether it is the module's: behind an object that is looked through lie others, which refer to scripts of theirs. */
static bool is_script(const struct v8_memory *memory, uint64_t object, struct v8_wasm_module *module)
{
	uint64_t managed;
	bool is = v8_type(memory, object) == memory->objects->type_script &&
		  v8_pointer(memory, object, memory->objects->script_eval_shared + 8u, &managed) &&
		  native_of(memory, managed) == module->native;

	module->script_at = is ? object : 0;
	return is;
}

typedef bool (*is_fn)(const struct v8_memory *memory, uint64_t object, struct v8_wasm_module *module);

/* Whether an object refers to one that `is`, over so many levels. */
static bool search(const struct v8_memory *memory, uint64_t object, int levels, is_fn is, struct v8_wasm_module *module)
{
	uint64_t words[OBJECT_WORDS];
	uint32_t n = OBJECT_WORDS;

	/* a small object may be the last one of its page */
	while (n >= 8 && !read_at(memory, words, n * sizeof(*words), object))
		n /= 2;
	if (n < 8)
		return false;
	for (uint32_t i = 1; i < n; i++) {
		uint64_t at = v8_untag(words[i]);

		if (!at || at >> 47)
			continue;
		if (levels == 1 ? is(memory, at, module) : search(memory, at, levels - 1, is, module))
			return true;
	}
	return false;
}

/* What is nearest first: the deepest search asks for some ten thousand words. */
static void find_module(struct v8_wasm_module *module, const struct v8_memory *memory, struct v8_scripts *scripts)
{
	for (int levels = 1; levels <= LEVELS && !module->native; levels++)
		(void)search(memory, module->instance, levels, is_managed, module);
	for (int levels = 1; levels <= LEVELS && module->native && !module->script; levels++) {
		if (!search(memory, module->instance, levels, is_script, module))
			continue;
		module->script = v8_scripts_read(scripts, memory, (struct v8_owner){ .process = module->process }, module->script_at);
		if (module->script && !str_starts(scripts->items[module->script].name, STR("wasm:")))
			module->script = 0;
	}
}

static struct v8_wasm_module *module_of(struct v8_wasm *wasm, const struct v8_memory *memory, uint32_t process,
					uint64_t instance, struct v8_scripts *scripts)
{
	struct v8_wasm_module *module = NULL;

	for (uint32_t i = 0; i < wasm->n && !module; i++)
		if (wasm->modules[i].instance == instance && wasm->modules[i].process == process)
			module = &wasm->modules[i];
	if (!module) {
		if (wasm->n >= MODULES_MAX || VEC_RESERVE(&wasm->modules, &wasm->cap, (uint64_t)wasm->n + 1) < 0)
			return NULL;
		module = &wasm->modules[wasm->n++];
		*module = (struct v8_wasm_module){ .process = process, .instance = instance };
	}
	if (!(module->native && module->script) && module->tries++ < TRIES_MAX)
		find_module(module, memory, scripts);
	return module->native ? module : NULL;
}

/* Whether code is the module's and holds the instruction; then its function. */
static bool is_code(const struct v8_memory *memory, const struct v8_wasm_module *module, uint64_t code, uint64_t pc,
		    uint32_t *ret_index)
{
	unsigned version = memory->objects->version;
	unsigned size_off = version >= 1100 && version < 1300 ? 24 : 32;
	unsigned index_off = version < 1100 ? 48 : version < 1209 ? 44 : version < 1300 ? 48 : 56;
	uint8_t bytes[64];
	uint64_t native, start;
	uint32_t size, index;

	if (!code || !read_at(memory, bytes, sizeof(bytes), code))
		return false;
	memcpy(&native, bytes, 8);
	memcpy(&start, bytes + 8, 8);
	memcpy(&size, bytes + size_off, 4);
	memcpy(&index, bytes + index_off, 4);
	if (native != module->native || pc - start >= size || index >= INDEX_MAX)
		return false;
	*ret_index = index;
	return true;
}

/* Codes that V8 has not entered into its map yet stand in a vector behind it. */
static bool find_code(const struct v8_memory *memory, const struct v8_wasm_module *module, uint64_t pc, uint32_t *ret_index)
{
	uint64_t node = pointer_at(memory, module->codes + 16), best = 0, begin, end;

	for (int i = 0; i < STEPS_MAX && node; i++) {
		uint64_t words[6];	/* colour, parent, those below, those above, where it begins, code */

		if (!read_at(memory, words, sizeof(words), node))
			break;
		if (words[4] <= pc)
			best = words[5];
		node = words[words[4] <= pc ? 3 : 2];
	}
	if (is_code(memory, module, best, pc, ret_index))
		return true;
	begin = pointer_at(memory, module->codes + 48);
	end = pointer_at(memory, module->codes + 56);
	for (uint32_t i = 0; i < NEW_CODES_MAX && begin && end > begin; i++, end -= 8)
		if (is_code(memory, module, pointer_at(memory, end - 8), pc, ret_index))
			return true;
	return false;
}

/* A section's bytes, in the arena; false when they are too many. */
static bool read_bytes(const struct v8_memory *memory, uint64_t at, uint64_t n, struct arena *arena, struct cursor *ret_cursor)
{
	char *p = n <= NAMES_MAX ? arena_alloc(arena, n + 1) : NULL;

	if (!p || (n && !read_at(memory, p, n, at)))
		return false;
	*ret_cursor = cursor_over(str_over(p, n));
	return true;
}

static struct str name_at(struct cursor *c)
{
	return cursor_bytes(c, (size_t)cursor_uleb(c));
}

/* In the custom section "name": of its parts the second is functions', by number. */
static bool in_names(struct cursor c, uint32_t index, struct str *ret_name)
{
	(void)name_at(&c);
	while (cursor_more(&c)) {
		unsigned part = cursor_u8(&c);
		struct cursor names = cursor_over(name_at(&c));
		uint64_t n = part == 1 ? cursor_uleb(&names) : 0;

		for (uint64_t i = 0; i < n && !names.failed; i++) {
			uint64_t number = cursor_uleb(&names);
			struct str name = name_at(&names);

			if (!names.failed && number == index && name.n) {
				*ret_name = name;
				return true;
			}
		}
	}
	return false;
}

static bool in_exports(struct cursor c, uint32_t index, struct str *ret_name)
{
	uint64_t n = cursor_uleb(&c);

	for (uint64_t i = 0; i < n && !c.failed; i++) {
		struct str name = name_at(&c);
		unsigned kind = cursor_u8(&c);
		uint64_t number = cursor_uleb(&c);

		if (!c.failed && kind == 0 && number == index && name.n) {
			*ret_name = name;
			return true;
		}
	}
	return false;
}

static bool is_named_name(const struct v8_memory *memory, uint64_t at, uint64_t n)
{
	char head[5];

	return n >= sizeof(head) && read_at(memory, head, sizeof(head), at) && memcmp(head, "\4name", sizeof(head)) == 0;
}

bool v8_wasm_name(const struct v8_memory *memory, uint64_t bytes, uint64_t n, uint32_t index, struct arena *arena,
		  struct str *ret_name)
{
	struct arena scratch = { 0 };
	struct str exported = { 0 }, name = { 0 };
	uint64_t at = 8;

	for (uint32_t i = 0; i < SECTIONS_MAX && at + 2 <= n && !name.n; i++) {
		uint8_t head[6] = { 0 };
		size_t n_head = n - at < sizeof(head) ? (size_t)(n - at) : sizeof(head);
		struct cursor c = cursor_over(str_over((const char *)head, n_head));
		unsigned id;
		uint64_t size;

		if (!read_at(memory, head, n_head, bytes + at))
			break;
		id = cursor_u8(&c);
		size = cursor_uleb(&c);
		at += cursor_pos(&c);
		if (c.failed || size > n - at)
			break;
		if (id == SECTION_CUSTOM && is_named_name(memory, bytes + at, size) && read_bytes(memory, bytes + at, size, &scratch, &c))
			(void)in_names(c, index, &name);
		else if (id == SECTION_EXPORT && read_bytes(memory, bytes + at, size, &scratch, &c))
			(void)in_exports(c, index, &exported);
		at += size;
	}
	if (!name.n)
		name = exported;
	if (name.n)
		*ret_name = arena_dup(arena, str_head(name, name.n < NAME_MAX ? name.n : NAME_MAX));
	arena_fini(&scratch);
	return name.n && ret_name->p;
}

bool v8_wasm_find(struct v8_wasm *wasm, const struct v8_memory *memory, uint32_t process, uint64_t instance, uint64_t pc,
		  struct v8_scripts *scripts, struct arena *arena, struct v8_wasm_function *ret_function)
{
	const struct v8_wasm_module *module = module_of(wasm, memory, process, instance, scripts);
	struct v8_wasm_function function = { 0 };
	char text[40];

	if (!module || !find_code(memory, module, pc, &function.index))
		return false;
	function.native = module->native;
	function.script = module->script;
	if (!v8_wasm_name(memory, module->bytes, module->n_bytes, function.index, arena, &function.name)) {
		snprintf(text, sizeof(text), "wasm-function[%u]", function.index);
		function.name = arena_dup(arena, str_of(text));
	}
	*ret_function = function;
	return function.name.p;
}
