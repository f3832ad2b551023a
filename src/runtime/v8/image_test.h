/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/image_test.h
 *
 * For tests and fuzzers: a made memory, and a layout as Node 24 has it.
 */
#ifndef SONDE_RUNTIME_V8_IMAGE_TEST_H
#define SONDE_RUNTIME_V8_IMAGE_TEST_H

#include <string.h>

#include "runtime/image_test.h"
#include "runtime/v8/objects.h"

struct image_number {
	const char *name;
	int32_t value;
};

static const struct image_number image_numbers[] = {
	{ "FirstNonstringType", 128 },
	{ "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", 282 },
	{ "type_Script__SCRIPT_TYPE", 167 },
	{ "type_ScopeInfo__SCOPE_INFO_TYPE", 280 },
	{ "type_BytecodeArray__BYTECODE_ARRAY_TYPE", 186 },
	{ "type_Code__CODE_TYPE", 187 },
	{ "type_SharedFunctionInfoWrapper__SHARED_FUNCTION_INFO_WRAPPER_TYPE", 195 },
	{ "type_JSFunction__JS_FUNCTION_TYPE", 2065 },
	{ "class_JSFunction__shared__SharedFunctionInfo", 32 },
	{ "class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_", 24 },
	{ "class_SharedFunctionInfo__raw_script__Tagged_Object_", 40 },
	{ "class_SharedFunctionInfo__flags__int", 56 },
	{ "class_SharedFunctionInfo__raw_function_token_offset__int16_t", 52 },
	{ "class_Script__line_ends__Object", 56 },
	{ "class_BytecodeArray__data__uintptr_t", 64 },
	{ "class_Code__instruction_size__int", 56 },
	{ "class_Code__flags__uint32_t", 52 },
	{ "class_Code__instruction_start__Address", 40 },
	{ "type_InstructionStream__INSTRUCTION_STREAM_TYPE", 192 },
	{ "class_InstructionStream__instruction_start__uintptr_t", 32 },
	{ "CodeKindBaseline", 10 },
	{ "DeoptimizationDataLiteralArrayIndex", 3 },
	{ "DeoptimizationDataInliningPositionsIndex", 8 },
	{ "scopeinfo_idx_first_vars", 5 },
};

static inline bool image_lookup(void *context, const char *name, int32_t *ret_value)
{
	(void)context;
	for (size_t i = 0; i < sizeof(image_numbers) / sizeof(image_numbers[0]); i++) {
		if (strcmp(image_numbers[i].name, name) != 0)
			continue;
		*ret_value = image_numbers[i].value;
		return true;
	}
	return false;
}

/* The map of objects of that instance type. */
static inline void image_add_map(struct buf *image, uint64_t at, uint16_t type)
{
	uint8_t map[16] = { 0 };

	memcpy(map + 12, &type, sizeof(type));
	image_add(image, at, map, sizeof(map));
}

#endif
