/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/v8.h
 *
 * V8 (Node.js and other programs that hold it): recognised by content, laid out for the walker.
 *
 *   v8_detect()   of a file, once: its numbers for debuggers (v8dbg_*), its version, where its builtins
 *                 are
 *   v8_layout()   of an address space: what the walk must know (abi/runtime.h)
 *
 * Builtins are in the file's text but have no CFI: runtime/v8/rows.h.
 */
#ifndef SONDE_RUNTIME_V8_V8_H
#define SONDE_RUNTIME_V8_V8_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "runtime/v8/objects.h"

struct elf;

struct v8_file {
	struct v8_objects objects;
	uint64_t blob, blob_end;	/* vaddrs of the builtins' code; 0: not known */
	uint64_t trampoline, trampoline_end;	/* of the one that interprets: its frames are functions */
	uint64_t dispatch_group;	/* vaddr of the pointer to the isolate group; 0: no dispatch table */
	uint32_t dispatch_table;	/* in the group */
	uint64_t worker;	/* vaddr of the vtable of Node's Worker; 0: no Node */
	uint16_t frame_wasm, frame_regexp;	/* types; 0: not known */
};

/* False when the file holds no V8, or one that cannot be read. */
bool v8_detect(struct v8_file *ret_file, struct elf *elf);

/* What the walk must know where the file is mapped with this bias. */
bool v8_layout(const struct v8_file *file, uint64_t bias, struct walk_v8 *ret_layout);

#endif
