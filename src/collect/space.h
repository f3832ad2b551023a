/* SPDX-License-Identifier: Apache-2.0 */
/* collect/space.h
 *
 * The executable mappings of a process: sorted, never overlapping. A space is shared (refs) by a parent
 * and its forked children until one of them maps something.
 */
#ifndef SONDE_COLLECT_SPACE_H
#define SONDE_COLLECT_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/sample.h"
#include "collect/kernel.h"

struct space_map {
	uint64_t start, end;
	uint64_t bias;		/* vaddr = address - bias */
	uint32_t image;
	uint32_t walkable;	/* 1: the image has (or will have) rows; 0: run-time code */
};

struct space {
	uint32_t refs;
	uint32_t id;		/* new with every change: a key for what is cached of it */
	struct space_map *maps;
	uint32_t n;
	uint32_t runtime_image;		/* that holds a language runtime; 0: none */
	uint64_t runtime_bias;
	struct walk_runtime runtime;	/* kind 0: none, or not laid out yet */
	uint32_t runtime_slot;		/* the kernel's number of it; 0: none */
	struct walk_mapping *walk;	/* the same for walk/, made when wanted (walk_id == id) */
	uint32_t walk_id;
	struct kernel_run run;
	bool published;
};

/* An unshared space with the mappings of another (NULL: none). NULL when out of memory. */
struct space *space_new(uint32_t id, const struct space *like);

/* Frees what no one refers to any more. */
void space_free(struct space *space);

/* Puts a mapping in; what it covers of older ones is theirs no more. 0 or -ENOMEM. */
int space_insert(struct space *space, struct space_map map);

/* The mappings as walk/ reads them; lent by the space until it changes. NULL when out of memory. */
const struct walk_mapping *space_walk_mappings(struct space *space, uint32_t *ret_n);

/* The mapping that holds an address, or NULL. */
const struct space_map *space_find(const struct space *space, uint64_t address);

#endif
