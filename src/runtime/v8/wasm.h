/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/wasm.h
 *
 * Functions of WebAssembly. Their frames have the instance of the module, and nothing else that tells which one it is; from
 * there on:
 *
 *   instance -> ... -> Managed<NativeModule> -> NativeModule    the module's bytes, and all code that V8 has made of it
 *   code                                                        the number of its function
 *   bytes                                                       its name: in the section "name", else what it is exported as
 *
 * None of this is in V8's numbers for debuggers, so it is searched for, and taken only where it says of itself what it is:
 * a module's bytes begin as those of a module do, code refers back to the module and holds the instruction.
 */
#ifndef SONDE_RUNTIME_V8_WASM_H
#define SONDE_RUNTIME_V8_WASM_H

#include "base/arena.h"
#include "base/str.h"
#include "runtime/v8/objects.h"
#include "runtime/v8/scripts.h"

/* A module that was found by an instance. */
struct v8_wasm_module {
	uint32_t process;
	uint64_t instance;
	uint64_t native;	/* 0: none was found */
	uint64_t codes;		/* in it, of the map of codes */
	uint64_t bytes, n_bytes;	/* of the process's memory */
	uint32_t script;	/* of the scripts: what V8 calls the module ("wasm://wasm/1a2b3c4d"); 0: not known */
	uint32_t tries;
	uint64_t script_at;
};

struct v8_wasm {
	struct v8_wasm_module *modules;
	uint32_t n, cap;
};

struct v8_wasm_function {
	uint64_t native;	/* which module */
	uint32_t script;	/* what it is called; 0: not known */
	uint32_t index;
	struct str name;	/* "fib"; "wasm-function[7]", as V8 calls it, where the module tells none */
};

void v8_wasm_fini(struct v8_wasm *wasm);

/* The function whose code the instruction is in; false when that is not found. The name is in the arena. */
bool v8_wasm_find(struct v8_wasm *wasm, const struct v8_memory *memory, uint32_t process, uint64_t instance, uint64_t pc,
		  struct v8_scripts *scripts, struct arena *arena, struct v8_wasm_function *ret_function);

/* A module of n bytes at an address: the name of its function of that number; false when it has none. */
bool v8_wasm_name(const struct v8_memory *memory, uint64_t bytes, uint64_t n, uint32_t index, struct arena *arena,
		  struct str *ret_name);

#endif
