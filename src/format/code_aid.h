/* SPDX-License-Identifier: Apache-2.0 */
/* format/code_aid.h
 *
 * What a reader of raw addresses and copied stacks asks of the machine it runs on, and gets as functions, since
 * the rooms that know ELF files and walk stacks are out of this one's sight (docs/architecture.md). cli/
 * fills the table.
 *
 *   path, build id  --file-->  image (a number), or why not
 *   image, where it was mapped  --bias-->  vaddr = address - bias
 *   registers, a copied stack, mappings  --walk-->  addresses
 */
#ifndef SONDE_FORMAT_CODE_AID_H
#define SONDE_FORMAT_CODE_AID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CODE_IMAGE_UNASKED UINT32_MAX
#define CODE_REGS 64u

/* A piece of code in a process. */
struct code_map {
	uint64_t start, end;	/* live addresses */
	uint64_t off;		/* of start, in the file */
	uint64_t bias;		/* vaddr = address - bias, where image is not 0 */
	uint32_t file;		/* the reader's number of what is mapped */
	uint32_t image;		/* the aid's; 0: none, walked by frame pointers */
};

/* A file that was mapped. */
struct code_query {
	struct str path;	/* or "[vdso]" */
	struct str build_id;	/* raw; empty when it was not recorded, and then: */
	uint64_t inode;		/* 0: not recorded either */
	uint64_t recorded_ns;	/* since 1970, the file cannot be younger; 0: not known */
};

/* The kernel that was recorded. */
struct code_kernel {
	struct str build_id;	/* raw; empty when it was not recorded, and then: */
	struct str release;	/* uname -r */
	struct str hostname;
	struct str symbol;	/* a function of it ("_text") and where that was; empty: not recorded */
	uint64_t address;
};

/* A stack as it was copied. */
struct code_stack {
	const struct code_map *maps;	/* sorted, never overlapping, all asked for */
	uint32_t n_maps;
	uint32_t generation;	/* another one, never 0, whenever the maps are others */
	uint64_t regs[CODE_REGS];	/* by their numbers in asm/perf_regs.h; 0 where not recorded */
	struct str bytes;	/* from the stack pointer up */
	bool full;		/* as many as a copy holds: the stack may go on */
};

struct code_aid {
	/* Whatever is kept between the calls, for one reader; NULL: out of memory. */
	void *(*open)(void);
	void (*close)(void *aid);

	/* The very file that was mapped: its number, and its build id, raw, lent until close(). 0: it is not
	 * here, or another is (*ret_trouble says so in words, else it is NULL). */
	uint32_t (*file)(void *aid, const struct code_query *query, struct str *ret_build_id,
			 const char **ret_trouble);

	/* For a mapping of the image that begins at `start` with the file's byte `off`. False: no code is there. */
	bool (*bias)(void *aid, uint32_t image, uint64_t start, uint64_t off, uint64_t *ret_bias);

	/* Whether it is the kernel that runs here, and then that one's build id, raw, lent until close(). */
	bool (*kernel)(void *aid, const struct code_kernel *kernel, struct str *ret_build_id);

	/* Says that this kernel's names will be asked for when all is read: they can be got ready meanwhile. */
	void (*expect_kernel)(void *aid);

	/* Says that names will be asked for of that file, too, of these n vaddrs (ascending, distinct) and others. */
	void (*expect_file)(void *aid, struct str path, struct str build_id, const uint64_t *vaddrs, uint32_t n);

	/* Walks to the thread's root: at most `max` addresses, innermost first, each to be looked up as it is
	 * (1 is taken from return addresses). Returns how many; *ret_cut: why it ended before the root, in
	 * words, or NULL. */
	uint32_t (*walk)(void *aid, const struct code_stack *stack, uint64_t *addresses, uint32_t max,
			 const char **ret_cut);
};

#endif
