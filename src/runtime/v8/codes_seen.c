/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what the kernel half saw is still there. */
#include "abi/sample.h"
#include "runtime/v8/codes_internal.h"
#include "runtime/v8/streams.h"
#include "runtime/v8/strings.h"

uint64_t v8_literal_at(const struct v8_memory *memory, uint64_t literals, uint32_t index)
{
	const struct v8_objects *o = memory->objects;
	uint64_t object;
	int32_t n;

	if (!v8_smi(memory, literals, o->array_length, &n) || n < 0 || index >= (uint32_t)n ||
	    !v8_pointer(memory, literals, o->array_data + index * 8, &object))
		return 0;
	if (v8_type(memory, object) == o->type_wrapper)
		v8_pointer(memory, object, o->wrapper_shared, &object);
	return object;
}

uint64_t v8_optimised_function(const struct v8_memory *memory, uint64_t deopt)
{
	const struct v8_objects *o = memory->objects;

	return v8_literal_at(memory, deopt, o->deopt_shared);
}

/* The check of optimised code, and the one of its function. */
static bool optimised_checks(const struct v8_memory *memory, uint64_t code, uint32_t *ret_check,
			     uint32_t *ret_function)
{
	const struct v8_objects *o = memory->objects;
	uint64_t deopt, positions;
	uint32_t function, size;

	if (v8_type(memory, code) != o->type_code ||
	    !v8_field(memory, code, o->code_deopt, &deopt) ||
	    !v8_field(memory, code, o->code_positions, &positions) ||
	    !v8_field_u32(memory, code, o->code_size, &size) ||
	    !v8_function_check_now(memory, v8_optimised_function(memory, v8_untag(deopt)), &function))
		return false;
	*ret_check = v8_code_check(function, size, deopt, positions);
	*ret_function = function;
	return true;
}

static bool optimised_check(const struct v8_memory *memory, uint64_t code, uint32_t *ret_check)
{
	uint32_t function;

	return optimised_checks(memory, code, ret_check, &function);
}

static bool has_bytes(const struct v8_memory *memory, const struct v8_where *where)
{
	uint64_t words[V8_BYTES_WORDS];

	return memory->read(memory->context, words, sizeof(words), where->pc - V8_BYTES_BEFORE) &&
	       v8_bytes_check(words) == where->bytes_check;
}

bool v8_codes_at(const struct v8_memory *memory, const struct v8_where *where, struct v8_seen *ret_seen,
		 uint32_t *ret_place)
{
	const struct v8_objects *o = memory->objects;
	struct v8_stream stream;
	uint32_t flags, check, function;

	if (!v8_stream_find(memory, where->pc - where->is_return, &stream) ||
	    !v8_field_u32(memory, stream.code, o->code_flags, &flags) ||
	    (flags & o->kind_mask) <= o->kind_baseline ||
	    !optimised_checks(memory, stream.code, &check, &function) ||
	    function != where->function_check || !has_bytes(memory, where))
		return false;
	*ret_seen = (struct v8_seen){ V8_OPTIMIZED, stream.code, check };
	*ret_place = (uint32_t)(where->pc - stream.start);
	return true;
}

static bool string_check(const struct v8_memory *memory, uint64_t string, uint32_t *ret_check)
{
	uint64_t word;

	if (!v8_is_string(memory, string) || !v8_field(memory, string, V8_STRING_HEAD, &word))
		return false;
	*ret_check = v8_string_check(word);
	return true;
}

bool v8_seen_check(const struct v8_memory *memory, const struct v8_seen *seen, uint32_t *ret_check)
{
	if (seen->kind == V8_REGEXP)
		return string_check(memory, seen->address, ret_check);
	return seen->kind == V8_OPTIMIZED ? optimised_check(memory, seen->address, ret_check) :
					    v8_function_check_now(memory, seen->address, ret_check);
}

bool v8_codes_still(const struct v8_memory *memory, const struct v8_seen *seen)
{
	uint32_t check;

	return v8_seen_check(memory, seen, &check) && check == seen->check;
}
