/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/jvm_state.h - what a walk knows of the HotSpot that it passes; part of struct walk. */
#ifndef SONDE_WALK_JVM_STATE_H
#define SONDE_WALK_JVM_STATE_H

#include "abi/runtime.h"

#define WALK_JVM_BLOB_BYTES 384u
#define WALK_JVM_CONST_BYTES 64u
#define WALK_JVM_SEEN 2048u	/* a power of two */
#define WALK_JVM_KNOWN 1024u	/* likewise */

/* Which blob held an address when it was last looked up. Entries are made in the order of walking (see struct
 * walk_cached). */
struct walk_jvm_known {
	uint64_t pc;
	uint64_t blob, name;
	uint32_t key;		/* of the address space; 0: none is known */
	uint32_t name_head;
	uint32_t noted;		/* the check that who reads was told of */
	uint32_t zero;
};

struct walk_jvm_state {
	uint64_t low, high;	/* all of HotSpot's code; 0: the process has none that is known */
	uint64_t segment;	/* of a search */
	uint64_t blob;		/* the one that holds the address, ... */
	uint64_t code;		/* ... where its code begins, ... */
	uint64_t name;		/* ... where its name is, ... */
	uint64_t name_head;	/* ... and how it begins */
	uint64_t around[2];	/* code: the 8 bytes before the address, and those from it on */
	uint64_t chunk, chunk_end;	/* that the frames at hand are in, 0: the stack; where its last one ends */
	uint64_t entry, entry_fp;	/* where the stack goes on behind it */
	uint64_t scratch[2];	/* what is read and looked at once: the BPF stack has no room */
	uint64_t tail;		/* the chunk that a virtual thread's frames go on in */
	uint64_t oop;		/* a reference that was read */
	uint64_t virtual;	/* the number of the virtual thread whose frames these are; 0: none */
	uint64_t method, bytecodes;	/* of an interpreted frame */
	uint32_t code_size;	/* of its bytecodes */
	uint32_t check;
	uint32_t met;		/* a frame has been recorded */
	uint32_t key;		/* of the address space, in `known` */
	uint32_t at, made;	/* in `known`: the frame's at hand; entries made so far */
	struct walk_jvm layout;
	uint32_t seen[WALK_JVM_SEEN];	/* methods and code, by hash; kept between walks */
	_Alignas(8) uint8_t bytes[8 + WALK_JVM_BLOB_BYTES];	/* of the blob, and the eight before it */
	_Alignas(8) uint8_t constant[WALK_JVM_CONST_BYTES];	/* of a ConstMethod */
	uint16_t known_slots[WALK_JVM_KNOWN];	/* by hash of the address: its entry, or another's */
	struct walk_jvm_known known[WALK_JVM_KNOWN];
};

#endif
