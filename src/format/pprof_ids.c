/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pprof_ids.h"

#include <errno.h>

#include "base/vec.h"

void pprof_ids_fini(struct pprof_ids *ids)
{
	free(ids->ids);
	free(ids->direct);
	idindex_fini(&ids->index);
	*ids = (struct pprof_ids){ 0 };
}

int pprof_ids_add(struct pprof_ids *ids, uint64_t id)
{
	if (VEC_RESERVE(&ids->ids, &ids->cap, (uint64_t)ids->n + 1) < 0)
		return -ENOMEM;
	ids->ids[ids->n++] = id;
	return 0;
}

static int seal_direct(struct pprof_ids *ids, uint64_t limit, uint64_t *ret_id)
{
	ids->direct = calloc(limit, sizeof(*ids->direct));
	if (!ids->direct)
		return -ENOMEM;
	ids->limit = limit;
	for (uint32_t row = 0; row < ids->n; row++) {
		uint32_t *slot = &ids->direct[ids->ids[row]];

		if (*slot) {
			*ret_id = ids->ids[row];
			return -EEXIST;
		}
		*slot = row + 1;
	}
	return 0;
}

uint32_t pprof_ids_find_sparse(const struct pprof_ids *ids, uint64_t id)
{
	uint64_t hash = hash_u64(id, 0);
	uint32_t step = 0, at;

	while ((at = idindex_probe(&ids->index, hash, &step)))
		if (ids->ids[at - 1] == id)
			return at - 1;
	return PPROF_NO_ROW;
}

int pprof_ids_seal(struct pprof_ids *ids, uint64_t *ret_id)
{
	uint64_t top = 0;

	for (uint32_t row = 0; row < ids->n; row++)
		top = ids->ids[row] > top ? ids->ids[row] : top;
	if (top < (uint64_t)ids->n * 4 + 1024)
		return seal_direct(ids, top + 1, ret_id);
	for (uint32_t row = 0; row < ids->n; row++) {
		if (pprof_ids_find_sparse(ids, ids->ids[row]) != PPROF_NO_ROW) {
			*ret_id = ids->ids[row];
			return -EEXIST;
		}
		if (idindex_add(&ids->index, hash_u64(ids->ids[row], 0), row + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}
