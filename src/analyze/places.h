/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/places.h
 *
 * Where a reader sees a frame to be: many frames (each with an address and line) are one place.
 *
 *   frames    deflate 0x10 :5   deflate 0x1c :7   0x77 in libc.so
 *   FUNCTION  deflate           deflate           0x77
 *   LINE      deflate :5        deflate :7        0x77
 *   FILE      deflate.c         deflate.c         libc.so
 *   MODULE    a.out             a.out             libc.so
 *   ADDRESS   0x10 of a.out     0x1c of a.out     0x77
 *   KIND      deflate [native]  deflate [native]  0x77 [library]
 *
 * Frames of one function are one place whether its code was interpreted or compiled, by whichever
 * compiler of its runtime: only KIND tells those apart.
 *
 * Place 0 is nothing: the root of a tree. A frame without a function is named by its address, one
 * without even that "[unknown]". `of_frame` has one entry for each frame of the profile, so that
 * projecting a stack is a lookup and no string is compared after places_init().
 *
 * Memory: the table is malloc's; strings are lent by the profile (which must outlive it) or by
 * .arena.
 */
#ifndef SONDE_ANALYZE_PLACES_H
#define SONDE_ANALYZE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct err;
struct profile;

enum granularity { BY_FUNCTION, BY_LINE, BY_FILE, BY_MODULE, BY_ADDRESS, BY_KIND };

struct place {
	struct str name;	/* any bytes, as they came */
	struct str module;	/* path of the mapped file; empty when unknown */
	struct str build_id;	/* of the module, hexadecimal; empty when unknown */
	struct str file;	/* source file; empty when unknown */
	uint32_t line;		/* BY_LINE: that line; else the function's first; 0: unknown */
	uint8_t kind;		/* enum frame_kind; of several, the one it cost most in, over all samples */
	uint32_t kinds;		/* a bit (1 << kind) for each that one of its frames has */
	bool unnamed;		/* no function: the name is an address */
};

struct places {
	struct place *items;
	uint32_t n, cap;
	uint32_t *of_frame;	/* frame id -> place id, never 0 */
	bool distinct;		/* no two frames are one place */
	struct arena arena;
};

/* All places of the profile's frames. 0 or -ENOMEM (the table is then empty). */
int places_init(struct places *places, const struct profile *profile, enum granularity granularity,
		struct err *err);
void places_fini(struct places *places);

/* Orders places as a reader would look them up: name, module, file, line, kind. */
int place_compare(const struct place *a, const struct place *b);

#endif
