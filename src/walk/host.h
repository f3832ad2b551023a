/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/host.h
 *
 * walk/walk.h compiled for the host: walks a copied stack, a core file or another process's memory
 * with the very code that runs in the kernel.
 */
#ifndef SONDE_WALK_HOST_H
#define SONDE_WALK_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/sample.h"

/* Rows of one file (layout: abi/unwind.h). */
struct walk_rows {
	const uint64_t *cells;
	uint32_t n;
};

/* What is walked. All of it is borrowed for the walk. */
struct walk_target {
	const struct walk_mapping *mappings;	/* sorted */
	uint32_t n_mappings;
	uint32_t generation;	/* changes whenever the mappings do */
	const struct unwind_rule *rules;
	uint32_t n_rules;
	/* The rows of a table; false when they are not loaded. */
	bool (*rows)(void *context, uint32_t table, struct walk_rows *ret_rows);
	/* n bytes of the target's memory; false when any of them cannot be had. */
	bool (*read)(void *context, void *out, uint32_t n, uint64_t address);
	/* The same of what is no stack, where `read` has a copied one only; NULL: `read` has both. */
	bool (*read_object)(void *context, void *out, uint32_t n, uint64_t address);
	void *context;
	const struct walk_runtime *runtime;	/* of an interpreter; NULL: none */
	uint64_t thread_pointer;	/* fs base; 0: not known */
	/* Interpreted frames that were taken when the stack was copied (abi/sample.h), in place of
	 * reading them by `read`, which would be too late. NULL: they are to be read. */
	const uint8_t *recorded;
	uint32_t n_recorded;	/* words */
};

struct walk_host;	/* scratch memory and the pc cache, kept between walks */

/* NULL when out of memory. */
struct walk_host *walk_host_new(void);
void walk_host_free(struct walk_host *host);

/* Walks from `regs` (enum unwind_reg) to the thread's root. `words` (room for `max`) gets frames as
 * abi/sample.h has them, leaf first, *ret_n words. is_return: rip is where a call or a system
 * call returns to. Returns why it ended. */
enum walk_end walk_host_run(struct walk_host *host, const struct walk_target *target,
			    const uint64_t *regs, bool is_return, uint64_t *words, uint32_t max,
			    uint32_t *ret_n);

/* Takes the interpreted frames alone, with marks where runs of the loop end (abi/sample.h): what goes along
 * with a copied stack. Returns the number of words; of the target only runtime, thread_pointer and read
 * are asked. */
uint32_t walk_host_python(struct walk_host *host, const struct walk_target *target, uint64_t *words,
			  uint32_t max);

/* What the last walk found of the interpreter: the lock, and the outermost coroutine (or 0). */
enum sample_gil walk_host_gil(const struct walk_host *host);
uint64_t walk_host_coroutine(const struct walk_host *host);

/* The stack pointer of the frame that the last walk ended at. */
uint64_t walk_host_sp(const struct walk_host *host);

/* The table whose rows were missing when the last walk ended with WALK_NO_TABLE. */
uint32_t walk_host_missing_table(const struct walk_host *host);

#endif
