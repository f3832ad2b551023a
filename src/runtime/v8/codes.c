/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/objects/deoptimization-data.h, code.h, src/codegen/source-position.h. */
#include "runtime/v8/codes_internal.h"

#include <stdlib.h>

#include "abi/sample.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/vec.h"
#include "runtime/v8/strings.h"

#define TABLE_MAX (1u << 20)		/* bytes of one table */
#define INLINED_MAX 4096u		/* calls inlined into one piece of code */
#define PATTERN_MAX 120u		/* characters of a regular expression */
#define INLINED_BYTES 16u		/* of an entry: where it is called, which literal it is */

struct v8_codes *v8_codes_new(void)
{
	struct v8_codes *codes = calloc(1, sizeof(*codes));

	if (codes && (VEC_RESERVE(&codes->items, &codes->cap, 1) < 0 ||
		      VEC_RESERVE(&codes->functions, &codes->cap_functions, 1) < 0)) {
		v8_codes_free(codes);
		return NULL;
	}
	if (codes)
		codes->n = codes->n_functions = 1;
	return codes;
}

void v8_codes_free(struct v8_codes *codes)
{
	if (!codes)
		return;
	v8_scripts_fini(&codes->scripts);
	v8_classes_fini(&codes->classes);
	v8_identities_fini(&codes->identities);
	v8_wasm_fini(&codes->wasm);
	idindex_fini(&codes->wasm_index);
	free(codes->fresh);
	free(codes->tables);
	arena_fini(&codes->arena);
	free(codes->functions);
	free(codes->items);
	free(codes);
}

struct reading {
	struct v8_codes *codes;
	const struct v8_memory *memory;
	struct v8_owner owner;
	bool incomplete;	/* of a function not all could be read */
};

static bool is_whole(const struct v8_script *script)
{
	return script->starts && !script->nameless;
}

static const struct v8_identity *keep_identities(struct arena *arena, const struct v8_identity *identities, uint32_t n)
{
	struct v8_identity *copy = arena_array(arena, n ? n : 1, sizeof(*copy));

	if (copy)
		memcpy(copy, identities, n * sizeof(*copy));
	return copy;
}

static void read_function(struct reading *r, uint64_t shared, struct of_function *ret_function)
{
	struct v8_codes *codes = r->codes;
	struct v8_function function;
	struct v8_identity identities[V8_IDENTITIES];
	uint32_t n = v8_identities_of(r->memory, shared, r->owner, identities);

	*ret_function = (struct of_function){ .id = v8_identities_find(&codes->identities, identities, n) };
	if (ret_function->id)
		return;
	ret_function->wanted = keep_identities(&codes->arena, identities, n);
	ret_function->n_wanted = ret_function->wanted ? n : 0;
	if (!v8_function_read(r->memory, shared, &codes->scripts, &codes->classes, r->owner, &codes->arena, &function) ||
	    VEC_RESERVE(&codes->functions, &codes->cap_functions, (uint64_t)codes->n_functions + 1) < 0 ||
	    VEC_RESERVE(&codes->fresh, &codes->cap_fresh, (uint64_t)codes->n_fresh + n) < 0)
		return;
	codes->functions[codes->n_functions] = function;
	if (function.script && (function.classless || !is_whole(&codes->scripts.items[function.script])))
		r->incomplete = true;
	else if (function.script)
		for (uint32_t i = 0; i < n; i++)
			codes->fresh[codes->n_fresh++] = (struct fresh){ identities[i], codes->n_functions };
	ret_function->id = codes->n_functions++;
}

void v8_codes_believe(struct v8_codes *codes)
{
	for (uint32_t i = 0; i < codes->n_fresh; i++)
		v8_identities_add(&codes->identities, &codes->fresh[i].identity, codes->fresh[i].function);
	codes->n_fresh = 0;
	if (codes->fresh_table.length &&
	    VEC_RESERVE(&codes->tables, &codes->cap_tables, (uint64_t)codes->fresh_table_of + 1) == 0)
		codes->tables[codes->fresh_table_of] = codes->fresh_table;
	codes->fresh_table.length = 0;
}

/* n bytes at an address, kept. */
static bool keep(struct reading *r, uint64_t at, uint32_t n, struct str *ret_bytes)
{
	char *p;

	if (n > TABLE_MAX)
		return false;
	p = arena_alloc(&r->codes->arena, n ? n : 1);
	if (!p || !r->memory->read(r->memory->context, p, n, at))
		return false;
	*ret_bytes = str_over(p, n);
	return true;
}

/* The bytes of the array that a field refers to; false when there is none. */
static bool keep_array(struct reading *r, uint64_t object, unsigned off, struct str *ret_bytes)
{
	const struct v8_objects *o = r->memory->objects;
	uint64_t array;
	int32_t n;

	return v8_pointer(r->memory, object, off, &array) &&
	       v8_smi(r->memory, array, o->array_length, &n) && n >= 0 &&
	       keep(r, array + o->array_data, (uint32_t)n, ret_bytes);
}

/* What a function's data leads to: bytecode, and the baseline code that is made of it. */
static uint64_t find_bytecode(const struct v8_memory *memory, uint64_t shared, uint64_t *ret_code)
{
	const struct v8_objects *o = memory->objects;
	uint64_t data = 0;

	*ret_code = 0;
	if (!v8_pointer(memory, shared, o->shared_data, &data))
		return 0;
	for (int i = 0; i < 4; i++) {
		unsigned type = v8_type(memory, data);
		unsigned next = 8;

		if (type == o->type_bytecode)
			return data;
		if (type == o->type_baseline_data) {
			v8_pointer(memory, data, 8, ret_code);
			next = 16;
		} else if (type == o->type_code) {
			*ret_code = data;
			next = o->code_deopt;
		} else if (type != o->type_interpreter_data) {
			return 0;
		}
		if (!v8_pointer(memory, data, next, &data))
			return 0;
	}
	return 0;
}

/* The table of bytecode, or of the same that was read before. `bytecode` 0: it could not be read. */
static bool read_positions(struct reading *r, uint64_t bytecode, struct code *code)
{
	const struct v8_objects *o = r->memory->objects;
	struct v8_codes *codes = r->codes;
	const struct table *known;

	if (bytecode && !v8_smi(r->memory, bytecode, o->bytecode_length, &code->length))
		code->length = 0;
	if (bytecode && keep_array(r, bytecode, o->bytecode_positions, &code->positions)) {
		codes->fresh_table = (struct table){ code->positions, code->length };
		codes->fresh_table_of = code->function.id;
		return true;
	}
	known = code->function.id < codes->cap_tables ? &codes->tables[code->function.id] : NULL;
	if (!known || !known->length || (code->length && code->length != known->length))
		return false;
	code->positions = known->positions;
	return true;
}

/* False when a table could not be read. */
static bool read_bytecode(struct reading *r, uint64_t shared, struct code *code, bool baseline)
{
	const struct v8_objects *o = r->memory->objects;
	uint64_t machine, bytecode = find_bytecode(r->memory, shared, &machine);
	uint32_t flags;
	int32_t n;

	if (!read_positions(r, bytecode, code))
		return false;
	if (!baseline)
		return true;
	if (!machine || v8_type(r->memory, machine) != o->type_code ||
	    !v8_field_u32(r->memory, machine, o->code_flags, &flags) ||
	    (flags & o->kind_mask) != o->kind_baseline ||
	    !v8_smi(r->memory, bytecode, o->bytecode_length, &n) || n < 0 ||
	    !keep(r, bytecode + o->bytecode_data, (uint32_t)n, &code->bytecodes))
		return false;
	return keep_array(r, machine, o->code_positions, &code->offsets);
}

static void read_inlined(struct reading *r, uint64_t deopt, struct code *code)
{
	const struct v8_objects *o = r->memory->objects;
	struct str table;
	struct cursor c;
	uint64_t literals;
	uint32_t n;

	if (!keep_array(r, deopt, o->array_data + o->deopt_inlining * 8u, &table) ||
	    !v8_pointer(r->memory, deopt, o->array_data + o->deopt_literals * 8u, &literals))
		return;
	n = (uint32_t)(table.n / INLINED_BYTES);
	if (n > INLINED_MAX)
		n = INLINED_MAX;
	code->inlined = arena_array(&r->codes->arena, n ? n : 1, sizeof(*code->inlined));
	if (!code->inlined)
		return;
	code->n_inlined = n;
	c = cursor_over(table);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t literal;

		code->inlined[i].caller = v8_position_of(cursor_u64(&c));
		literal = cursor_u32(&c);
		cursor_skip(&c, 4);
		/* the same function may have been inlined at several places */
		for (uint32_t j = 0; j < i && !code->inlined[i].function.id; j++) {
			struct str other = str_skip(table, j * (size_t)INLINED_BYTES + 8);
			uint32_t its;

			memcpy(&its, other.p, sizeof(its));
			if (its == literal)
				code->inlined[i].function = code->inlined[j].function;
		}
		if (!code->inlined[i].function.id)
			read_function(r, v8_literal_at(r->memory, literals, literal), &code->inlined[i].function);
	}
}

static enum v8_fault read_optimised(struct reading *r, uint64_t machine, struct code *code)
{
	const struct v8_objects *o = r->memory->objects;
	uint64_t deopt;
	uint32_t flags;

	if (!v8_field_u32(r->memory, machine, o->code_flags, &flags) ||
	    !v8_pointer(r->memory, machine, o->code_deopt, &deopt))
		return V8_FAULT_FUNCTION_FAULT;
	code->tier = (flags & o->kind_mask) == o->kind_maglev ? V8_TIER_MAGLEV : V8_TIER_TURBOFAN;
	read_function(r, v8_optimised_function(r->memory, deopt), &code->function);
	(void)keep_array(r, machine, o->code_positions, &code->positions);
	read_inlined(r, deopt, code);
	v8_exits_read(r->memory, machine, deopt, code->tier == V8_TIER_MAGLEV, &r->codes->arena,
		      &code->exits);
	return code->function.id ? V8_FAULT_NONE : V8_FAULT_FUNCTION_FAULT;
}

/* Named as V8 names it in its own logs. */
static enum v8_fault read_regexp(struct reading *r, uint64_t source, struct code *code)
{
	struct v8_codes *codes = r->codes;
	struct v8_function function = { 0 };
	struct buf name = { .max = PATTERN_MAX * 4 + 16 };
	struct str pattern;

	if (!v8_string(r->memory, source, PATTERN_MAX, &codes->arena, &pattern))
		return V8_FAULT_FUNCTION_FAULT;
	buf_add_str(&name, STR("RegExp: "));
	buf_add_str(&name, pattern);
	function.name = name.failed ? (struct str){ 0 } : arena_dup(&codes->arena, buf_str(&name));
	buf_fini(&name);
	if (!function.name.n ||
	    VEC_RESERVE(&codes->functions, &codes->cap_functions, (uint64_t)codes->n_functions + 1) < 0)
		return V8_FAULT_FUNCTION_FAULT;
	codes->functions[codes->n_functions] = function;
	code->function.id = codes->n_functions++;
	return V8_FAULT_NONE;
}

/* What runs a function whose code the kernel half did not tell. */
static enum v8_tier tier_of(uint32_t kind)
{
	return kind == V8_INTERPRETED ? V8_TIER_IGNITION : kind == V8_BASELINE ? V8_TIER_SPARKPLUG : V8_TIER_NONE;
}

static enum v8_fault read_code(struct reading *r, const struct v8_seen *seen, struct code *code)
{
	enum v8_fault fault = V8_FAULT_NONE;
	uint32_t check;

	if (!v8_seen_check(r->memory, seen, &check))
		return V8_FAULT_FUNCTION_FAULT;
	if (check != seen->check)
		return V8_FAULT_CHANGED;
	if (seen->kind == V8_OPTIMIZED) {
		fault = read_optimised(r, seen->address, code);
	} else if (seen->kind == V8_REGEXP) {
		fault = read_regexp(r, seen->address, code);
	} else {
		code->tier = tier_of(seen->kind);
		read_function(r, seen->address, &code->function);
		if (!code->function.id)
			return V8_FAULT_FUNCTION_FAULT;
		if (seen->kind != V8_FUNCTION)
			code->incomplete = !read_bytecode(r, seen->address, code, seen->kind == V8_BASELINE);
	}
	code->incomplete |= r->incomplete;
	/* V8 may have moved or freed it in between */
	if (!v8_seen_check(r->memory, seen, &check) || check != seen->check)
		return V8_FAULT_CHANGED;
	return fault;
}

/* The layout outlives the file that it was found in. */
static const struct v8_objects *keep_objects(struct v8_codes *codes, const struct v8_objects *objects)
{
	struct v8_objects *copy;

	if (codes->objects && !memcmp(codes->objects, objects, sizeof(*objects)))
		return codes->objects;
	copy = arena_alloc(&codes->arena, sizeof(*copy));
	if (copy)
		memcpy(copy, objects, sizeof(*copy));
	codes->objects = copy;
	return copy;
}

uint32_t v8_codes_read(struct v8_codes *codes, const struct v8_memory *memory, struct v8_owner owner,
		       const struct v8_seen *seen, enum v8_fault *ret_fault)
{
	struct reading reading = { .codes = codes, .memory = memory, .owner = owner };
	struct code code = { .objects = keep_objects(codes, memory->objects) };

	codes->n_fresh = 0;
	codes->fresh_table.length = 0;
	*ret_fault = V8_FAULT_NOT_FUNCTION;
	if (((seen->kind < V8_INTERPRETED || seen->kind > V8_OPTIMIZED) && seen->kind != V8_REGEXP) ||
	    !seen->address)
		return 0;
	*ret_fault = read_code(&reading, seen, &code);
	if (*ret_fault != V8_FAULT_NONE)
		return 0;
	if (!code.objects || codes->n == UINT32_MAX ||
	    VEC_RESERVE(&codes->items, &codes->cap, (uint64_t)codes->n + 1) < 0) {
		*ret_fault = V8_FAULT_FUNCTION_FAULT;
		return 0;
	}
	codes->items[codes->n] = code;
	return codes->n++;
}

uint32_t v8_codes_await(struct v8_codes *codes, const struct v8_memory *memory, struct v8_owner owner,
			const struct v8_seen *seen, enum v8_fault fault)
{
	struct v8_identity identities[V8_IDENTITIES];
	struct code code = { .tier = tier_of(seen->kind), .fault = fault, .incomplete = true,
			     .objects = keep_objects(codes, memory->objects) };
	uint32_t check;

	if (seen->kind < V8_INTERPRETED || seen->kind > V8_FUNCTION ||
	    !v8_seen_check(memory, seen, &check) || check != seen->check)
		return 0;
	code.function.n_wanted = v8_identities_of(memory, seen->address, owner, identities);
	code.function.wanted = keep_identities(&codes->arena, identities, code.function.n_wanted);
	if (!code.function.n_wanted || !code.function.wanted || !code.objects || codes->n == UINT32_MAX ||
	    VEC_RESERVE(&codes->items, &codes->cap, (uint64_t)codes->n + 1) < 0)
		return 0;
	codes->items[codes->n] = code;
	return codes->n++;
}

enum v8_fault v8_codes_fault(const struct v8_codes *codes, uint32_t id)
{
	return id && id < codes->n ? codes->items[id].fault : V8_FAULT_FUNCTION_FAULT;
}

uint32_t v8_codes_wasm(struct v8_codes *codes, const struct v8_memory *memory, uint32_t process, uint64_t instance,
		       uint64_t pc)
{
	struct v8_wasm_function found;
	struct v8_function function = { 0 };
	struct code code = { .process = process };
	uint32_t step = 0, id;
	uint64_t hash;

	if (!v8_wasm_find(&codes->wasm, memory, process, instance, pc, &codes->scripts, &codes->arena, &found))
		return 0;
	hash = hash_u64(found.native, (uint64_t)process << 32 | found.index);
	while ((id = idindex_probe(&codes->wasm_index, hash, &step))) {
		struct v8_function *known = &codes->functions[codes->items[id].function.id];

		if (codes->items[id].wasm_native != found.native || codes->items[id].process != process ||
		    codes->items[id].wasm_function != found.index || !str_eq(known->name, found.name))
			continue;
		if (!known->script)	/* it was being moved */
			known->script = found.script;
		return id;
	}
	code.objects = keep_objects(codes, memory->objects);
	code.wasm_native = found.native;
	code.wasm_function = found.index;
	function.name = found.name;
	function.script = found.script;
	if (!code.objects || codes->n == UINT32_MAX ||
	    VEC_RESERVE(&codes->functions, &codes->cap_functions, (uint64_t)codes->n_functions + 1) < 0 ||
	    VEC_RESERVE(&codes->items, &codes->cap, (uint64_t)codes->n + 1) < 0 ||
	    idindex_add(&codes->wasm_index, hash, codes->n) < 0)
		return 0;
	code.function.id = codes->n_functions;
	codes->functions[codes->n_functions++] = function;
	codes->items[codes->n] = code;
	return codes->n++;
}

bool v8_codes_incomplete(const struct v8_codes *codes, uint32_t id)
{
	return id && id < codes->n && codes->items[id].incomplete;
}
