/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/objects.h
 *
 * V8's heap objects in another process's memory: where their fields are, and reading them.
 *
 *   pointer   the address + 1, or + 3 where it is weak        Smi   the number << 32
 *   object    word 0 is its Map, whose instance type says what the object is
 *
 * Builds without pointer compression only (Node's are). Everything read may be anything: an object is
 * taken for what its instance type says, and numbers are used after comparing.
 */
#ifndef SONDE_RUNTIME_V8_OBJECTS_H
#define SONDE_RUNTIME_V8_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/runtime.h"

#define V8_NO_FIELD 0xffffu
#define V8_BYTECODES_MAX 256

/* Offsets in bytes from the object's address, instance types, and what else differs by version. */
struct v8_objects {
	uint16_t version;		/* major * 100 + minor: 904 in Node 16 */
	uint16_t map_type;		/* in a Map: of the instance type (16 bits) */
	/* strings */
	uint16_t first_nonstring;	/* instance types below are strings */
	uint16_t string_length, string_chars;
	uint16_t cons_first, cons_second, sliced_parent, sliced_offset, thin_actual, external_data;
	/* functions */
	uint16_t type_function_first, type_function_last;	/* JSFunction and what is derived of it */
	uint16_t type_shared, type_script, type_scope, type_bytecode, type_code;
	uint16_t type_wrapper;		/* SharedFunctionInfoWrapper; NO_FIELD: none */
	uint16_t type_baseline_data;	/* Node 16: between a function and its code; else NO_FIELD */
	uint16_t type_interpreter_data;
	uint16_t function_shared;
	uint16_t function_code;		/* NO_FIELD: in the dispatch table */
	uint16_t shared_data, shared_name, shared_script, shared_flags, shared_literal, shared_token;
	uint16_t wrapper_shared;
	/* scopes */
	uint16_t scope_flags, scope_locals;
	uint16_t scope_first;		/* of the names of locals */
	uint16_t scope_start;		/* of the position, where it stands before them; else NO_FIELD */
	bool scope_flags_raw;		/* not a Smi */
	bool scope_hashes_locals;	/* more than 75 locals are in a table of their own */
	bool scope_receiver;		/* a word for it before the function's name */
	bool scope_class_position;	/* classes have one, too */
	bool scope_module_first;	/* a module's has a word (how many variables) before those names */
	uint8_t scope_class, scope_module;	/* of the scope types */
	/* scripts */
	uint16_t script_source, script_name, script_line, script_column, script_ends, script_id;
	uint16_t script_eval_shared;
	uint16_t script_lazy;		/* what the compiler left out; NO_FIELD: not there */
	uint16_t script_url;		/* what the text says that it is called */
	/* code */
	uint16_t bytecode_length, bytecode_positions, bytecode_data;
	uint16_t array_length, array_data;	/* FixedArray, ByteArray and their kin */
	uint16_t code_deopt, code_positions, code_flags, code_size;
	uint16_t code_start;		/* of a pointer to the instructions; ... */
	bool code_inside;		/* ... the instructions themselves */
	uint16_t type_stream;		/* InstructionStream, what holds them; NO_FIELD: Code does */
	uint16_t stream_start;		/* of them in it; a pointer to the Code is its second word */
	uint8_t kind_baseline, kind_maglev;	/* CodeKind; maglev 0xff: none */
	uint8_t kind_mask;
	uint8_t deopt_literals, deopt_shared, deopt_inlining;	/* indices; the last one, where the exits are */
	uint8_t exit_bytes;	/* of the instructions of one */
	uint8_t initializer_kinds;	/* how many kinds of function run the fields of an object; as many the class's own */
	bool position_flags;	/* two bits with each instruction of a position table, not a sign */
	/* regular expressions */
	uint16_t type_regexp, type_regexp_data;	/* JSRegExp; its data, where they have a type of their own */
	uint16_t regexp_data;		/* in a JSRegExp, ... */
	uint16_t regexp_source, regexp_code;	/* ... and in that */
	/* bytecodes: length of each, prefixed with nothing, Wide, ExtraWide */
	uint16_t n_bytecodes;		/* 0: not known */
	uint8_t bytecode_bytes[3][V8_BYTECODES_MAX];
};

/* A number that the file has under a name: v8dbg_NAME. */
typedef bool (*v8_lookup_fn)(void *context, const char *name, int32_t *ret_value);

/* False when the file does not tell enough, or the version is not known. bytecode_bytes is left empty. */
bool v8_objects_of(struct v8_objects *ret_objects, unsigned major, unsigned minor,
		   v8_lookup_fn lookup, void *context);

/* Takes kBytecodeSizes as the file has it; what is not plausible is left out. */
void v8_objects_set_bytecodes(struct v8_objects *objects, const void *bytes, size_t n);

/* Another process's memory: true when all n bytes were read. */
typedef bool (*v8_read_fn)(void *context, void *out, size_t n, uint64_t address);

struct v8_memory {
	v8_read_fn read;
	void *context;
	const struct v8_objects *objects;
	const struct v8_memory *now;	/* as it is now, where `read` tells what was; NULL: `read` does */
};

/* Whose objects they are. */
struct v8_owner {
	uint32_t process;	/* tells address spaces apart */
	uint32_t thread;	/* that runs the code; 0: not known */
};

/* The word at an offset of an object; false, and 0, when it cannot be read. */
bool v8_field(const struct v8_memory *memory, uint64_t object, unsigned off, uint64_t *ret_word);
bool v8_field_u32(const struct v8_memory *memory, uint64_t object, unsigned off, uint32_t *ret_value);

/* The same for a pointer to an object and for a Smi: false when it is none. */
bool v8_pointer(const struct v8_memory *memory, uint64_t object, unsigned off, uint64_t *ret_object);
bool v8_smi(const struct v8_memory *memory, uint64_t object, unsigned off, int32_t *ret_value);

/* An object's instance type; 0xffff when it cannot be read. */
unsigned v8_type(const struct v8_memory *memory, uint64_t object);

static inline bool v8_is_string(const struct v8_memory *memory, uint64_t object)
{
	return v8_type(memory, object) < memory->objects->first_nonstring;
}

#endif
