/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* walk/lookup.h
 *
 * From an address to the rule that leads to its caller, in the order of price: what was found the last
 * time (the pc cache, one probe), the last mapping, the process's sorted mappings, the table's page,
 * the rows of the page.
 *
 * Layout of tables and rules: abi/unwind.h; of mappings: abi/sample.h. docs/walker.md has the figures.
 * Part of walk/walk.h; expects struct walk and walk_read().
 */
#ifndef SONDE_WALK_LOOKUP_H
#define SONDE_WALK_LOOKUP_H

#define WALK_MAPPING_STEPS 13	/* log2(WALK_MAPPINGS_PER_PROCESS) + 1 */
#define WALK_ROW_STEPS 17	/* log2(rows in a page) + 1 */

/* Finds the mapping that holds pc and leaves it in w->mapping. */
WALK_INLINE bool walk_find_mapping(struct walk *w, uint64_t pc)
{
	const struct walk_mapping *m;

	if (pc - w->mapping.start < w->mapping.end - w->mapping.start)
		return true;
	w->low = 0;
	w->high = w->process.count;
	for (int i = 0; i < WALK_MAPPING_STEPS && w->low < w->high; i++) {
		uint32_t middle = (w->low + w->high) / 2;

		m = walk_mapping_at(w, w->process.first + middle);
		if (!m)
			return false;
		if (pc < m->start) {
			w->high = middle;
		} else if (pc >= m->end) {
			w->low = middle + 1;
		} else {
			w->mapping = *m;
			return true;
		}
	}
	return false;
}

WALK_INLINE uint32_t walk_half(uint64_t cell, uint32_t index)
{
	return index & 1 ? (uint32_t)(cell >> 32) : (uint32_t)cell;
}

/* The rule number for a vaddr in a table (layout: abi/unwind.h); 0 when there is none. */
WALK_INLINE uint32_t walk_find_row(struct walk *w, walk_table_t table, uint64_t vaddr)
{
	uint64_t cell, page = vaddr >> UNWIND_PAGE_BITS;
	uint32_t n_pages, first_row_cell, rule = 0;

	if (!walk_cell_at(table, 0, &cell))
		return 0;
	n_pages = (uint32_t)(cell >> 32);
	page -= (uint32_t)cell;
	if (page >= n_pages)
		return 0;
	if (!walk_cell_at(table, 1 + (uint32_t)(page >> 1), &cell))
		return 0;
	w->low = walk_half(cell, (uint32_t)page);
	if (page & 1) {
		if (!walk_cell_at(table, 2 + (uint32_t)(page >> 1), &cell))
			return 0;
	}
	w->high = walk_half(cell, (uint32_t)page + 1);
	first_row_cell = 1 + (n_pages + 2) / 2;
	/* the last row at or below vaddr: row `low` always is, row `high` never */
	for (int i = 0; i < WALK_ROW_STEPS && w->low < w->high; i++) {
		uint32_t middle = (w->low + w->high) / 2, row;

		if (!walk_cell_at(table, first_row_cell + middle / 2, &cell))
			return 0;
		row = walk_half(cell, middle);
		if ((row & 0xffff) <= (vaddr & 0xffff)) {
			rule = row >> 16;
			w->low = middle + 1;
		} else {
			w->high = middle;
		}
	}
	return rule;
}

WALK_INLINE bool walk_is_cached(struct walk *w, uint32_t at, uint64_t pc)
{
	return w->cache[at].pc == pc && w->cache[at].generation == w->process.generation;
}

/* The rule for an address, from the tables. 0: none (run-time code, no CFI). */
WALK_INLINE enum walk_next walk_search_rule(struct walk *w, uint64_t pc,
					    const struct unwind_rule **ret_rule)
{
	walk_table_t table;
	uint32_t number = 0;

	if (!walk_find_mapping(w, pc))
		return walk_stop(w, WALK_NO_MAPPING);
	if (w->mapping.table) {
		table = walk_table_at(w, w->mapping.table);
		if (!table)
			return walk_stop(w, WALK_NO_TABLE);
		number = walk_find_row(w, table, pc - w->mapping.bias);
	}
	*ret_rule = number ? walk_rule_at(w, number) : 0;
	return WALK_CONTINUE;
}

/* The rule for an address, from the cache or the tables; its kind is UNWIND_NONE where there is none. */
WALK_INLINE enum walk_next walk_find_rule(struct walk *w, uint64_t pc,
					  const struct unwind_rule **ret_rule)
{
	uint32_t slot = (uint32_t)(pc ^ (pc >> 10) ^ (uint64_t)w->process.generation * 61) & (WALK_CACHE - 1);
	uint32_t at = (w->last + 1) & (WALK_CACHE - 1);
	const struct unwind_rule *rule = 0;

	if (!walk_is_cached(w, at, pc)) {
		at = w->slots[slot] & (WALK_CACHE - 1);
		if (!walk_is_cached(w, at, pc)) {
			if (walk_search_rule(w, pc, &rule) == WALK_STOP)
				return WALK_STOP;
			at = w->made++ & (WALK_CACHE - 1);
			w->slots[slot] = (uint16_t)at;
			w->cache[at].pc = pc;
			w->cache[at].generation = w->process.generation;
			w->cache[at].rule = rule ? *rule : (struct unwind_rule){ .kind = UNWIND_NONE };
		}
	}
	w->last = at;
	*ret_rule = &w->cache[at].rule;
	return WALK_CONTINUE;
}

#endif
