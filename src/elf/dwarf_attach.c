/* SPDX-License-Identifier: Apache-2.0 */
/* Which unit holds which query: .debug_aranges (DWARF 5, 6.1.2), and the root DIE's addresses for
 * the many units that have no aranges. */
#include "elf/dwarf_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"

#define SETTLED UINT32_MAX	/* an owner that takes no part in this round */

int queries_init(struct queries *queries, const uint64_t *vaddrs, uint32_t n)
{
	uint64_t span = vaddrs[n - 1] - vaddrs[0];
	uint32_t i = 0;

	*queries = (struct queries){ .vaddrs = vaddrs, .n = n, .base = vaddrs[0] };
	queries->max_claims = (uint64_t)n * 64 + 1000000;
	while ((span >> queries->shift) >= (uint64_t)n * 2)
		queries->shift++;
	queries->n_buckets = (uint32_t)(span >> queries->shift) + 1;
	queries->bucket = calloc((size_t)queries->n_buckets + 1, sizeof(*queries->bucket));
	queries->owner = calloc(n, sizeof(*queries->owner));
	queries->leaf = calloc(n, sizeof(*queries->leaf));
	queries->row = calloc(n, sizeof(*queries->row));
	queries->behind = calloc(n, sizeof(*queries->behind));
	if (!queries->bucket || !queries->owner || !queries->leaf || !queries->row ||
	    !queries->behind)
		return -ENOMEM;
	for (uint32_t b = 0; b <= queries->n_buckets; b++) {
		while (i < n && (vaddrs[i] - queries->base) >> queries->shift < b)
			i++;
		queries->bucket[b] = i;
	}
	return 0;
}

void queries_fini(struct queries *queries)
{
	free(queries->bucket);
	free(queries->owner);
	free(queries->leaf);
	free(queries->row);
	free(queries->behind);
	free(queries->overlaps);
	*queries = (struct queries){ 0 };
}

static int add_overlap(struct queries *queries, uint32_t query, uint32_t unit)
{
	if (queries->n_overlaps / DWARF_ROUNDS_MAX >= queries->n)
		return 0;
	if (VEC_RESERVE(&queries->overlaps, &queries->cap_overlaps,
			(uint64_t)queries->n_overlaps + 1) < 0)
		return -ENOMEM;
	queries->overlaps[queries->n_overlaps++] = (struct overlap){ query, unit };
	return 0;
}

/* The unit says that [lo, hi) is its own. Of several units the first in the file wins, the others
 * are asked when it has no function there. */
static int claim(struct dwarf *dwarf, uint32_t unit, uint64_t lo, uint64_t hi)
{
	struct queries *queries = &dwarf->queries;

	if (lo < dwarf->text_lo || hi <= lo)
		return 0;
	for (uint32_t q = queries_first(queries, lo); q < queries->n; q++) {
		uint32_t owner = queries->owner[q];

		if (queries->vaddrs[q] >= hi || queries->n_claims++ >= queries->max_claims)
			break;
		if (owner == unit + 1 || owner == SETTLED)
			continue;
		if (!owner || owner > unit + 1)
			queries->owner[q] = unit + 1;
		if (owner && add_overlap(queries, q, owner > unit + 1 ? owner - 1 : unit) < 0)
			return -ENOMEM;
	}
	return 0;
}

bool dwarf_aranges_set(struct cursor *c, struct aranges_set *ret_set)
{
	uint64_t length = cursor_u32(c);
	unsigned offset_size = 4, segment_size;
	struct cursor *set = &ret_set->tuples;
	size_t header;
	uint16_t version;

	if (length == UINT32_MAX) {
		length = cursor_u64(c);
		offset_size = 8;
	}
	*set = cursor_sub(c, length);
	if (c->failed)
		return false;
	version = cursor_u16(set);
	ret_set->unit = cursor_uint(set, offset_size);
	ret_set->addr_size = cursor_u8(set);
	segment_size = cursor_u8(set);
	/* tuples are aligned to their size, counted from the start of the set */
	header = cursor_pos(set) + (offset_size == 8 ? 12 : 4);
	if (version != 2 || (ret_set->addr_size != 8 && ret_set->addr_size != 4) || segment_size)
		cursor_fail(set);
	else
		cursor_skip(set, -header & (2 * ret_set->addr_size - 1));
	return true;
}

bool dwarf_aranges_next(struct aranges_set *set, uint64_t *ret_lo, uint64_t *ret_hi)
{
	uint64_t lo, size;

	if (set->tuples.failed)
		return false;
	lo = cursor_uint(&set->tuples, set->addr_size);
	size = cursor_uint(&set->tuples, set->addr_size);
	*ret_lo = lo;
	*ret_hi = lo + size;
	return !set->tuples.failed && (lo || size);
}

static int read_set(struct dwarf *dwarf, struct aranges_set *set)
{
	struct unit *unit = set->unit < dwarf->main.sections.info.n ?
			    dwarf_unit_at(&dwarf->main, set->unit) : NULL;
	uint64_t lo, hi;
	int rc = 0;

	if (!unit || unit->off != set->unit)
		return 0;
	while (rc == 0 && dwarf_aranges_next(set, &lo, &hi)) {
		uint32_t number = (uint32_t)(unit - dwarf->main.units);

		dwarf->covered[number] = COVERED_ARANGES;
		rc = claim(dwarf, number, lo, hi);
	}
	return rc;
}

static int read_aranges(struct dwarf *dwarf)
{
	struct cursor c = cursor_over(dwarf->main.sections.aranges);
	struct aranges_set set;
	int rc = 0;

	while (rc == 0 && dwarf_aranges_set(&c, &set))
		rc = read_set(dwarf, &set);
	return rc;
}

static int claim_by_root(struct dwarf *dwarf, uint32_t number)
{
	struct worker *worker = &dwarf->workers[0];
	struct unit *unit = &dwarf->main.units[number];
	const struct unit_root *root = dwarf_root(worker, unit);
	struct range_list list;
	uint64_t lo, hi;
	int rc = 0;

	if (!root)
		return worker->rc;
	if (root->has_low && root->high_pc) {
		dwarf->covered[number] = COVERED_ROOT;
		return claim(dwarf, number, root->low_pc, root->high_pc);
	}
	if (!root->ranges.form || !range_list_open(&list, worker, unit, &root->ranges))
		return 0;
	while (rc == 0 && range_list_next(&list, &lo, &hi)) {
		dwarf->covered[number] = COVERED_ROOT;
		rc = claim(dwarf, number, lo, hi);
	}
	return rc;
}

static void count_owned(struct dwarf *dwarf)
{
	const struct queries *queries = &dwarf->queries;

	for (uint32_t i = 0; i < dwarf->main.n_units; i++)
		dwarf->main.units[i].owned = 0;
	for (uint32_t q = 0; q < queries->n; q++) {
		struct unit *unit;

		if (!queries->owner[q])
			continue;
		unit = &dwarf->main.units[queries->owner[q] - 1];
		if (unit->owned++ == 0)
			unit->first_owned = q;
	}
}

int dwarf_attach(struct dwarf *dwarf)
{
	int rc = read_aranges(dwarf);

	for (uint32_t i = 0; i < dwarf->main.n_units && rc == 0; i++)
		if (dwarf->covered[i] == COVERED_NOT)
			rc = claim_by_root(dwarf, i);
	count_owned(dwarf);
	return rc;
}

struct function_claim {
	struct dwarf *dwarf;
	uint32_t unit;
	int rc;
};

static void claim_function(void *ctx, uint64_t lo, uint64_t hi)
{
	struct function_claim *c = ctx;

	if (c->rc == 0)
		c->rc = claim(c->dwarf, c->unit, lo, hi);
}

int dwarf_attach_rootless(struct dwarf *dwarf)
{
	struct queries *queries = &dwarf->queries;
	struct worker *worker = &dwarf->workers[0];
	struct function_claim c = { .dwarf = dwarf };
	bool missing = false;

	for (uint32_t q = 0; q < queries->n; q++) {
		missing |= !queries->owner[q];
		queries->owner[q] = queries->owner[q] ? SETTLED : 0;
	}
	for (c.unit = 0; c.unit < dwarf->main.n_units && missing && c.rc == 0; c.unit++) {
		struct unit *unit = &dwarf->main.units[c.unit];
		const struct abbrevs *abbrevs;

		if (dwarf->covered[c.unit] != COVERED_NOT)
			continue;
		unit = dwarf_unit_with_dies(worker, unit);
		abbrevs = dwarf_abbrevs(worker, unit);
		if (abbrevs && abbrevs->has_code)
			dwarf_walk_functions(worker, unit, claim_function, &c);
	}
	for (uint32_t q = 0; q < queries->n; q++)
		if (queries->owner[q] == SETTLED)
			queries->owner[q] = 0;
	count_owned(dwarf);
	return c.rc;
}

bool dwarf_attach_overlaps(struct dwarf *dwarf)
{
	struct queries *queries = &dwarf->queries;
	uint32_t kept = 0;
	bool any = false;

	memset(queries->owner, 0, queries->n * sizeof(*queries->owner));
	for (uint32_t i = 0; i < queries->n_overlaps; i++) {
		struct overlap overlap = queries->overlaps[i];

		if (queries->leaf[overlap.query])
			continue;
		if (queries->owner[overlap.query]) {
			queries->overlaps[kept++] = overlap;
			continue;
		}
		queries->owner[overlap.query] = overlap.unit + 1;
		any = true;
	}
	queries->n_overlaps = kept;
	count_owned(dwarf);
	return any;
}
