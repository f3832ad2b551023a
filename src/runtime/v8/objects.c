/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: V8's src/objects/ and the v8dbg_ constants of Node 16, 18, 20, 22, 24, 25 and 26. What the
 * constants do not tell was compared with running processes of those versions. */
#include "runtime/v8/objects.h"

#include <string.h>

/* Two names, since a type in them changed its spelling from version to version. */
struct wanted {
	const char *name, *or_name, *or_else;
	uint16_t offset;	/* in struct v8_objects */
	uint16_t unless;	/* what it is where the file does not say; REQUIRED: the file must */
};

#define REQUIRED 0xfffeu
#define FIELD(member) offsetof(struct v8_objects, member)

static const struct wanted table[] = {
	{ "class_Map__instance_type__uint16_t", NULL, NULL, FIELD(map_type), 12 },
	{ "FirstNonstringType", NULL, NULL, FIELD(first_nonstring), REQUIRED },
	{ "class_String__length__int32_t", NULL, NULL, FIELD(string_length), 12 },
	{ "class_SeqOneByteString__chars__char", NULL, NULL, FIELD(string_chars), 16 },
	{ "class_ConsString__first__String", NULL, NULL, FIELD(cons_first), 16 },
	{ "class_ConsString__second__String", NULL, NULL, FIELD(cons_second), 24 },
	{ "class_SlicedString__parent__String", NULL, NULL, FIELD(sliced_parent), 16 },
	{ "class_SlicedString__offset__SMI", NULL, NULL, FIELD(sliced_offset), 24 },
	{ "class_ThinString__actual__String", NULL, NULL, FIELD(thin_actual), 16 },
	{ "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", NULL, NULL, FIELD(type_shared), REQUIRED },
	{ "type_Script__SCRIPT_TYPE", NULL, NULL, FIELD(type_script), REQUIRED },
	{ "type_ScopeInfo__SCOPE_INFO_TYPE", NULL, NULL, FIELD(type_scope), REQUIRED },
	{ "type_BytecodeArray__BYTECODE_ARRAY_TYPE", NULL, NULL, FIELD(type_bytecode), REQUIRED },
	{ "type_Code__CODE_TYPE", NULL, NULL, FIELD(type_code), REQUIRED },
	{ "type_SharedFunctionInfoWrapper__SHARED_FUNCTION_INFO_WRAPPER_TYPE", NULL, NULL,
	  FIELD(type_wrapper), V8_NO_FIELD },
	{ "type_BaselineData__BASELINE_DATA_TYPE", NULL, NULL, FIELD(type_baseline_data), V8_NO_FIELD },
	{ "type_InterpreterData__INTERPRETER_DATA_TYPE", NULL, NULL, FIELD(type_interpreter_data),
	  V8_NO_FIELD },
	{ "type_JSFunction__JS_FUNCTION_TYPE", NULL, NULL, FIELD(type_function_first), REQUIRED },
	{ "class_JSFunction__shared__SharedFunctionInfo", NULL, NULL, FIELD(function_shared), REQUIRED },
	{ "class_JSFunction__raw_code__CodeT", "class_JSFunction__code__CodeT",
	  "class_JSFunction__code__Tagged_Code_", FIELD(function_code), V8_NO_FIELD },
	{ "class_SharedFunctionInfo__function_data__Object", NULL, NULL, FIELD(shared_data), 8 },
	{ "class_SharedFunctionInfo__name_or_scope_info__Object",
	  "class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_",
	  "class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_",
	  FIELD(shared_name), REQUIRED },
	{ "class_SharedFunctionInfo__script_or_debug_info__HeapObject",
	  "class_SharedFunctionInfo__script__Tagged_HeapObject_",
	  "class_SharedFunctionInfo__raw_script__Tagged_Object_", FIELD(shared_script), REQUIRED },
	{ "class_SharedFunctionInfo__flags__int", NULL, NULL, FIELD(shared_flags), REQUIRED },
	{ "class_SharedFunctionInfo__raw_function_token_offset__int16_t", NULL, NULL,
	  FIELD(shared_token), REQUIRED },
	{ "class_SharedFunctionInfoWrapper__shared_info__Tagged_SharedFunctionInfo_", NULL, NULL,
	  FIELD(wrapper_shared), 8 },
	{ "class_Script__source__Object", NULL, NULL, FIELD(script_source), 8 },
	{ "class_Script__name__Object", NULL, NULL, FIELD(script_name), 16 },
	{ "class_Script__line_ends__Object", NULL, NULL, FIELD(script_ends), REQUIRED },
	{ "class_Script__eval_from_shared_or_wrapped_arguments__Object",
	  "class_Script__eval_from_shared_or_wrapped_arguments__Tagged_Object_",
	  "class_Script__eval_from_shared_or_wrapped_arguments_or_sfi_table__Object",
	  FIELD(script_eval_shared), 72 },
	{ "class_Script__compiled_lazy_function_positions__Object",
	  "class_Script__compiled_lazy_function_positions__Tagged_Object_", NULL, FIELD(script_lazy),
	  V8_NO_FIELD },
	{ "class_BytecodeArray__length__SMI", "class_FixedArrayBase__length__SMI", NULL,
	  FIELD(bytecode_length), 8 },
	{ "class_FixedArrayBase__length__SMI", NULL, NULL, FIELD(array_length), 8 },
	{ "class_FixedArray__data__uintptr_t", NULL, NULL, FIELD(array_data), 16 },
	{ "class_BytecodeArray__data__uintptr_t", NULL, NULL, FIELD(bytecode_data), 54 },
	{ "class_Code__instruction_size__int", NULL, NULL, FIELD(code_size), V8_NO_FIELD },
	{ "class_Code__flags__uint32_t", NULL, NULL, FIELD(code_flags), 48 },
	{ "class_Code__instruction_start__uintptr_t", "class_Code__instruction_start__Address", NULL,
	  FIELD(code_start), 40 },
	{ "type_JSRegExp__JS_REG_EXP_TYPE", NULL, NULL, FIELD(type_regexp), 0 },
	{ "type_IrRegExpData__IR_REG_EXP_DATA_TYPE", NULL, NULL, FIELD(type_regexp_data), V8_NO_FIELD },
	{ "class_JSRegExp__source__Object", NULL, NULL, FIELD(regexp_data), 32 },
	{ "class_RegExpData__source__Tagged_String_", NULL, NULL, FIELD(regexp_source), V8_NO_FIELD },
	{ "class_IrRegExpData__capture_name_map__Tagged_Object_", NULL, NULL, FIELD(regexp_code), V8_NO_FIELD },
	{ "type_InstructionStream__INSTRUCTION_STREAM_TYPE", NULL, NULL, FIELD(type_stream), V8_NO_FIELD },
	{ "class_InstructionStream__instruction_start__uintptr_t", NULL, NULL, FIELD(stream_start), 32 },
};

static bool find(const struct wanted *wanted, v8_lookup_fn lookup, void *context, uint16_t *ret)
{
	const char *names[] = { wanted->name, wanted->or_name, wanted->or_else };
	int32_t value;

	for (int i = 0; i < 3; i++) {
		if (!names[i] || !lookup(context, names[i], &value))
			continue;
		if (value < 0 || value >= (int32_t)REQUIRED)
			return false;
		*ret = (uint16_t)value;
		return true;
	}
	*ret = wanted->unless;
	return wanted->unless != REQUIRED;
}

/* Where code and its tables are, and how kinds of code are numbered. */
static void set_code(struct v8_objects *o, v8_lookup_fn lookup, void *context)
{
	int32_t value;

	o->code_inside = o->version < 1103;	/* Code and its instructions are two objects since */
	o->code_deopt = o->version < 1108 ? 16 : 8;
	o->code_positions = o->version < 1108 ? 24 : 16;
	if (o->version >= 1108 && o->version < 1200) {	/* (11.8 does not tell; 12.x has a wrapper before these) */
		o->code_start = 32;
		o->code_flags = 40;
	}
	if (o->code_size == V8_NO_FIELD)	/* 11.x */
		o->code_size = o->version < 1104 ? o->code_start + 16 : o->code_start + 12;
	o->position_flags = o->version >= 1400;
	/* one that came after the other kind is a kind of its own in 14.6; 14.1 has none */
	o->initializer_kinds = o->version < 1402 ? 1 : 2;
	o->kind_mask = 15;
	o->kind_baseline = lookup(context, "CodeKindBaseline", &value) ? (uint8_t)value : 11;
	/* 9.x had Turboprop where Maglev came */
	o->kind_maglev = o->version < 1000 ? 0xff : o->kind_baseline + 1;
	o->deopt_literals =
		lookup(context, "DeoptimizationDataLiteralArrayIndex", &value) ? (uint8_t)value : 2;
	o->deopt_shared = o->version < 1300 ? 6 : 7;
	o->deopt_inlining =
		lookup(context, "DeoptimizationDataInliningPositionsIndex", &value) ? (uint8_t)value : 7;
	o->exit_bytes = o->version < 1000 ? 7 : 4;
	/* three pointers before it, one more since there are wrappers; the order changed with them */
	o->bytecode_positions = o->version < 1200 ? 32 : 24;
}

/* The data are before the source. Two codes are before the names of groups, or, where the data are an array, the
 * fourth and the fifth of it; the source is its second. */
static void set_regexps(struct v8_objects *o)
{
	o->regexp_data -= 8;
	o->regexp_code = o->regexp_code == V8_NO_FIELD ? o->array_data + 24 : o->regexp_code - 16;
	if (o->regexp_source == V8_NO_FIELD)
		o->regexp_source = o->array_data + 8;
}

static void set_scopes(struct v8_objects *o, v8_lookup_fn lookup, void *context)
{
	int32_t first = 3;

	(void)lookup(context, "scopeinfo_idx_first_vars", &first);
	o->scope_flags = 8;
	o->scope_locals = 24;
	o->scope_start = first >= 5 ? 32 : V8_NO_FIELD;
	o->scope_first = first >= 5 ? 48 : 32;
	o->scope_flags_raw = first >= 5;
	o->scope_hashes_locals = o->version >= 908;
	o->scope_receiver = o->version < 1000;
	o->scope_class_position = o->version >= 1000;
	o->scope_class = first >= 5 ? 2 : 0;
	o->scope_module = first >= 5 ? 5 : 3;
	o->scope_module_first = o->version >= 1200;
}

bool v8_objects_of(struct v8_objects *ret_objects, unsigned major, unsigned minor,
		   v8_lookup_fn lookup, void *context)
{
	struct v8_objects o = { .version = (uint16_t)(major * 100 + minor) };
	int32_t value;

	if (major < 9 || major > 20 || minor > 99 ||
	    (lookup(context, "TaggedSize", &value) && value != 8))
		return false;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint16_t *member = (uint16_t *)(void *)((char *)&o + table[i].offset);

		if (!find(&table[i], lookup, context, member))
			return false;
	}
	o.type_function_last = o.type_function_first + 15;
	if (lookup(context, "LastJSFunctionType", &value))
		o.type_function_last = (uint16_t)value;
	if (o.function_code == V8_NO_FIELD && o.version < 1200)	/* 11.x does not tell: behind the feedback, before the function since */
		o.function_code = o.version < 1108 ? o.function_shared + 24 : o.function_shared - 8;
	o.shared_literal = o.shared_flags + 4;
	o.external_data = o.cons_first + 8;	/* behind the resource */
	o.script_line = o.script_name + 8;
	o.script_column = o.script_name + 16;
	o.script_id = o.script_ends + 8;
	/* behind its functions (and what was left out) come flags */
	o.script_url = (o.script_lazy == V8_NO_FIELD ? o.script_eval_shared + 16 : o.script_lazy) + 16;
	set_code(&o, lookup, context);
	set_scopes(&o, lookup, context);
	set_regexps(&o);
	*ret_objects = o;
	return true;
}

void v8_objects_set_bytecodes(struct v8_objects *objects, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t each = n / 3;

	objects->n_bytecodes = 0;
	if (each * 3 != n || each < 100 || each > V8_BYTECODES_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		if (p[i] < 1 || p[i] > 64)
			return;
	for (size_t scale = 0; scale < 3; scale++)
		memcpy(objects->bytecode_bytes[scale], p + scale * each, each);
	objects->n_bytecodes = (uint16_t)each;
}

bool v8_field(const struct v8_memory *memory, uint64_t object, unsigned off, uint64_t *ret_word)
{
	*ret_word = 0;
	if (!object || memory->read(memory->context, ret_word, sizeof(*ret_word), object + off))
		return object != 0;
	*ret_word = 0;
	return false;
}

bool v8_field_u32(const struct v8_memory *memory, uint64_t object, unsigned off, uint32_t *ret_value)
{
	*ret_value = 0;
	if (!object || memory->read(memory->context, ret_value, sizeof(*ret_value), object + off))
		return object != 0;
	*ret_value = 0;
	return false;
}

bool v8_pointer(const struct v8_memory *memory, uint64_t object, unsigned off, uint64_t *ret_object)
{
	uint64_t word;

	*ret_object = v8_field(memory, object, off, &word) ? v8_untag(word) : 0;
	return *ret_object != 0;
}

bool v8_smi(const struct v8_memory *memory, uint64_t object, unsigned off, int32_t *ret_value)
{
	uint64_t word;

	*ret_value = 0;
	if (!v8_field(memory, object, off, &word) || (uint32_t)word)
		return false;
	*ret_value = (int32_t)(word >> 32);
	return true;
}

unsigned v8_type(const struct v8_memory *memory, uint64_t object)
{
	uint64_t map;
	uint16_t type;

	if (!object || !v8_pointer(memory, object, 0, &map) ||
	    !memory->read(memory->context, &type, sizeof(type), map + memory->objects->map_type))
		return 0xffff;
	return type;
}
