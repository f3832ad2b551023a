/* SPDX-License-Identifier: Apache-2.0 */
/* format/addressed.h
 *
 * The stacks of heap and contention profiles that are text: addresses in one line, innermost first, and, where Go wrote
 * them (debug=1), what it calls them below:
 *
 *   2: 96 [3: 120] @ 0x680a71 0x680925
 *   #	0x680a70	main.keep+0xb0	/home/a/keep.go:653
 *   #	0x680924	main.main+0x24	/home/a/main.go:22
 *
 * Go leaves run-time functions out at either end, and so do stacks that it told.
 */
#ifndef SONDE_FORMAT_ADDRESSED_H
#define SONDE_FORMAT_ADDRESSED_H

#include "format/mapped.h"

struct batch;
struct err;
struct input;

#define ADDRESSED_DEPTH_MAX 65536u

struct addressed {
	const struct input *input;
	struct profile *profile;
	struct str rest;		/* lines to come */
	uint64_t line;			/* number of the last one */
	struct mapped mapped;
	uint64_t *addresses;
	uint32_t *told;			/* frames with names of the file's own */
	uint32_t n_addresses, cap_addresses, n_told, cap_told;
};

/* Rows of addresses and of .told, innermost first. */
struct addressed_stack {
	uint32_t at, n;
	uint32_t told_at, n_told;
};

/* All text is in .rest afterwards. 0 or -errno. */
int addressed_open(struct addressed *a, struct profile *profile, struct input *input, struct err *err);
void addressed_fini(struct addressed *a);

/* A sentence with the number of the last line; -EBADMSG. */
int addressed_bad(const struct addressed *a, const char *why, struct err *err);

/* The next line that is not empty, trimmed; false at the end, which mappings are too: they are taken. */
bool addressed_line(struct addressed *a, struct str *ret_line);

/* " 0x5599860bd19d 0x5599860bd1de": places to return to. 0 or -errno. */
int addressed_read(struct addressed *a, struct str text, struct addressed_stack *ret_stack, struct err *err);

/* Whether the line begins with '#': a name of the next frame of the stack (NULL: none was read yet), or a remark. */
bool addressed_tell(struct addressed *a, struct str line, struct addressed_stack *stack);

/* A row of the batch. Without the allocator's own functions, down to who called it. 0 or -ENOMEM. */
int addressed_add(const struct addressed *a, struct batch *batch, const struct addressed_stack *stack, const int64_t *values);

#endif
