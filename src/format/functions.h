/* SPDX-License-Identifier: Apache-2.0 */
/* format/functions.h
 *
 * A profile's stacks at the granularity of functions, for the formats that know no other: frames that
 * differ only in line or address are one row. Without a function a row is one address.
 *
 *   rows.frames[1 .. rows.n_frames)    a frame each: function, module, kind; address where no function
 *   tree                               its frames are rows
 *   node[s]                            the profile's stack s in that tree
 *
 * Borrows the profile's strings, functions and modules, which the profile must not lose meanwhile.
 */
#ifndef SONDE_FORMAT_FUNCTIONS_H
#define SONDE_FORMAT_FUNCTIONS_H

#include "model/profile.h"

struct buf;

struct functions {
	const struct profile *profile;
	struct frames rows;	/* of which only the frames are used */
	struct stacktree tree;
	uint32_t *node;
	uint32_t *row_of;	/* profile's frame -> row */
};

/* 0 or -ENOMEM; functions_fini() in either case. */
int functions_init(struct functions *functions, const struct profile *profile);
void functions_fini(struct functions *functions);

/* What a person reads: the function's name; of an address without one "module+0xaddress"; or "[unknown]". */
void frame_add_name(const struct profile *profile, const struct frame *frame, struct buf *out);
void functions_add_name(const struct functions *functions, uint32_t row, struct buf *out);

/* The source file, or else (module_too) the module's path; first line, 0 when unknown. */
struct str functions_file(const struct functions *functions, uint32_t row, bool module_too);
uint32_t functions_line(const struct functions *functions, uint32_t row);

/* values[node] of the tree: what each stack costs by itself, of one value type; malloc'ed, NULL: out of
 * memory. Sums that do not fit stay at the limit. */
int64_t *functions_self(const struct functions *functions, uint32_t type);

/* The stack, outermost row first, at most `max` of them (the inner ones are left out). Returns how many. */
uint32_t functions_path(const struct functions *functions, uint32_t node, uint32_t *rows, uint32_t max);

#endif
