/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof_ids.h
 *
 * pprof's own numbers for its mappings, functions and locations: any non-zero 64-bit numbers, in
 * practice 1 to n. Rows are counted from 0 in the order of the file.
 */
#ifndef SONDE_FORMAT_PPROF_IDS_H
#define SONDE_FORMAT_PPROF_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

#define PPROF_NO_ROW UINT32_MAX

struct pprof_ids {
	uint64_t *ids;		/* row -> id */
	uint32_t n, cap;
	uint32_t *direct;	/* id -> row + 1, where ids are dense */
	uint64_t limit;		/* ids below it are in `direct` */
	struct idindex index;	/* id -> row + 1, where they are not */
};

void pprof_ids_fini(struct pprof_ids *ids);

/* The next row has this id. 0 or -ENOMEM. */
int pprof_ids_add(struct pprof_ids *ids, uint64_t id);

/* After the last add. -EEXIST when two rows share an id (*ret_id says which), -ENOMEM. */
int pprof_ids_seal(struct pprof_ids *ids, uint64_t *ret_id);

uint32_t pprof_ids_find_sparse(const struct pprof_ids *ids, uint64_t id);

/* The row with that id, or PPROF_NO_ROW. */
static inline uint32_t pprof_ids_find(const struct pprof_ids *ids, uint64_t id)
{
	return id < ids->limit ? ids->direct[id] - 1 : pprof_ids_find_sparse(ids, id);
}

#endif
