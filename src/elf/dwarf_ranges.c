/* SPDX-License-Identifier: Apache-2.0 */
/* Range lists: .debug_ranges (DWARF 4, 2.17.3) and .debug_rnglists (DWARF 5, 7.25). */
#include "elf/dwarf_internal.h"

/* DW_FORM_rnglistx: an index into the offsets that follow the table's header. */
static bool indexed_offset(const struct unit *unit, const struct unit_root *root, uint64_t index,
			   uint64_t *ret_off)
{
	struct cursor c = cursor_over(unit->file->sections.rnglists);
	uint64_t at, base = root->rnglists_base;

	if (__builtin_mul_overflow(index, (uint64_t)unit->offset_size, &at) ||
	    __builtin_add_overflow(at, base, &at))
		return false;
	cursor_seek(&c, at);
	at = cursor_uint(&c, unit->offset_size);
	return !c.failed && !__builtin_add_overflow(at, base, ret_off);
}

/* The list's section and offset. GCC's split units of DWARF 4 keep their lists in the binary. */
static bool locate(struct worker *worker, struct unit *unit, const struct value *ranges,
		   struct str *ret_section, uint64_t *ret_off)
{
	const struct unit_root *root = dwarf_root(worker, unit);
	const struct unit_root *skeleton =
		unit->skeleton ? dwarf_root(worker, unit->skeleton) : NULL;

	if (!root)
		return false;
	*ret_off = ranges->u;
	if (unit->version >= 5) {
		*ret_section = unit->file->sections.rnglists;
		if (ranges->form == DW_FORM_rnglistx)
			return indexed_offset(unit, root, ranges->u, ret_off);
		/* an offset of a .dwp unit is from its own part */
		return !unit->split ||
		       !__builtin_add_overflow(*ret_off, unit->rnglists_base -
					       (unit->offset_size == 8 ? 20 : 12), ret_off);
	}
	if (!unit->skeleton) {
		*ret_section = unit->file->sections.ranges;
		return true;
	}
	*ret_section = unit->skeleton->file->sections.ranges;
	return skeleton && !__builtin_add_overflow(*ret_off, skeleton->gnu_ranges_base, ret_off);
}

bool range_list_open(struct range_list *list, struct worker *worker, struct unit *unit,
		     const struct value *ranges)
{
	struct unit *holder = unit->skeleton ? unit->skeleton : unit;
	const struct unit_root *root;
	struct str section;
	uint64_t off;

	*list = (struct range_list){ .worker = worker, .unit = unit, .v5 = unit->version >= 5 };
	root = dwarf_root(worker, holder);
	if (!root || !locate(worker, unit, ranges, &section, &off)) {
		list->c.failed = true;
		return false;
	}
	list->addr_base = root->addr_base;
	list->base = root->has_low ? root->low_pc : 0;
	list->c = cursor_over(section);
	cursor_seek(&list->c, off);
	return !list->c.failed;
}

static bool next_v4(struct range_list *list, uint64_t *ret_lo, uint64_t *ret_hi)
{
	unsigned size = list->unit->addr_size;
	uint64_t select = size == 4 ? UINT32_MAX : UINT64_MAX;

	for (;;) {
		uint64_t lo = cursor_uint(&list->c, size), hi = cursor_uint(&list->c, size);

		if (list->c.failed || (!lo && !hi))
			return false;
		if (lo == select) {
			list->base = hi;
			continue;
		}
		*ret_lo = list->base + lo;
		*ret_hi = list->base + hi;
		return true;
	}
}

static uint64_t indexed(struct range_list *list)
{
	uint64_t vaddr = 0;

	if (!dwarf_indexed_addr(list->unit, list->addr_base, cursor_uleb(&list->c), &vaddr))
		cursor_fail(&list->c);
	return vaddr;
}

static bool next_v5(struct range_list *list, uint64_t *ret_lo, uint64_t *ret_hi)
{
	struct cursor *c = &list->c;
	unsigned size = list->unit->addr_size;
	uint64_t lo, hi;

	for (;;) {
		switch (cursor_u8(c)) {
		case DW_RLE_base_addressx:
			list->base = indexed(list);
			break;
		case DW_RLE_base_address:
			list->base = cursor_uint(c, size);
			break;
		case DW_RLE_startx_endx:
			lo = indexed(list);
			hi = indexed(list);
			goto found;
		case DW_RLE_startx_length:
			lo = indexed(list);
			hi = lo + cursor_uleb(c);
			goto found;
		case DW_RLE_offset_pair:
			lo = list->base + cursor_uleb(c);
			hi = list->base + cursor_uleb(c);
			goto found;
		case DW_RLE_start_end:
			lo = cursor_uint(c, size);
			hi = cursor_uint(c, size);
			goto found;
		case DW_RLE_start_length:
			lo = cursor_uint(c, size);
			hi = lo + cursor_uleb(c);
			goto found;
		default:	/* the end of the list, or a kind we cannot read past */
			return false;
		}
		if (c->failed)
			return false;
	}
found:
	*ret_lo = lo;
	*ret_hi = hi;
	return !c->failed;
}

bool range_list_next(struct range_list *list, uint64_t *ret_lo, uint64_t *ret_hi)
{
	if (!dwarf_spend(&list->worker->range_budget, 1))
		return false;
	return list->v5 ? next_v5(list, ret_lo, ret_hi) : next_v4(list, ret_lo, ret_hi);
}
