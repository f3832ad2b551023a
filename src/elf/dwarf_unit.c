/* SPDX-License-Identifier: Apache-2.0 */
/* Unit headers (DWARF 5, 7.5.1) and root DIEs. */
#include "elf/dwarf_internal.h"

#include <errno.h>

#include "base/bisect.h"
#include "base/vec.h"

void dwarf_sections_load(struct dwarf_file *file, bool split)
{
	struct dwarf_sections *s = &file->sections;
	const struct {
		struct str name, split_name;	/* none: not in that kind of file */
		struct str *data;
	} rows[] = {
		{ STR(".debug_info"), STR(".debug_info.dwo"), &s->info },
		{ STR(".debug_abbrev"), STR(".debug_abbrev.dwo"), &s->abbrev },
		{ STR(".debug_str"), STR(".debug_str.dwo"), &s->str },
		{ STR(".debug_str_offsets"), STR(".debug_str_offsets.dwo"), &s->str_offsets },
		{ STR(".debug_rnglists"), STR(".debug_rnglists.dwo"), &s->rnglists },
		{ STR(".debug_line"), { 0 }, &s->line },
		{ STR(".debug_line_str"), { 0 }, &s->line_str },
		{ STR(".debug_addr"), { 0 }, &s->addr },
		{ STR(".debug_ranges"), { 0 }, &s->ranges },
		{ STR(".debug_aranges"), { 0 }, &s->aranges },
		{ { 0 }, STR(".debug_cu_index"), &s->cu_index },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str name = split ? rows[i].split_name : rows[i].name;

		if (rows[i].data->n)	/* by dwarf_part.c */
			continue;
		if (name.n && elf_section_by_name(file->elf, name, rows[i].data, NULL) < 0)
			*rows[i].data = (struct str){ 0 };
	}
}

bool dwarf_unit_header(struct dwarf_file *file, uint64_t off, struct unit *ret_unit,
		       uint64_t *ret_next)
{
	struct cursor c = cursor_over(file->sections.info);
	struct unit unit = { .file = file, .off = off, .type = DW_UT_compile, .offset_size = 4 };
	uint64_t length;

	cursor_seek(&c, off);
	length = cursor_u32(&c);
	if (length == UINT32_MAX) {
		unit.offset_size = 8;
		length = cursor_u64(&c);
	}
	if (c.failed || length > cursor_left(&c))
		return false;
	unit.end = *ret_next = cursor_pos(&c) + length;
	c.end = c.start + unit.end;
	unit.version = cursor_u16(&c) & 0xff;
	if (unit.version >= 5) {
		unit.type = cursor_u8(&c);
		unit.addr_size = cursor_u8(&c);
		unit.abbrev_off = cursor_uint(&c, unit.offset_size);
		if (unit.type == DW_UT_skeleton || unit.type == DW_UT_split_compile)
			unit.dwo_id = cursor_u64(&c);
		unit.str_offsets_base = unit.offset_size == 8 ? 16 : 8;
		unit.rnglists_base = unit.offset_size == 8 ? 20 : 12;
	} else {
		unit.abbrev_off = cursor_uint(&c, unit.offset_size);
		unit.addr_size = cursor_u8(&c);
	}
	unit.die = cursor_pos(&c);
	if (c.failed || unit.version < 2 || unit.version > 5 ||
	    (unit.addr_size != 8 && unit.addr_size != 4))
		unit.type = 0;	/* passed over, like a type unit */
	*ret_unit = unit;
	return true;
}

int dwarf_units_load(struct dwarf_file *file, bool split)
{
	uint64_t off = 0;
	struct unit unit;

	while (file->n_units < DWARF_UNITS_MAX && off < file->sections.info.n &&
	       dwarf_unit_header(file, off, &unit, &off)) {
		unit.split = split;
		if (!unit.type || unit.type == DW_UT_type || unit.type == DW_UT_split_type)
			continue;
		if (VEC_RESERVE(&file->units, &file->cap_units, (uint64_t)file->n_units + 1) < 0)
			return -ENOMEM;
		file->units[file->n_units++] = unit;
	}
	return 0;
}

struct unit *dwarf_unit_at(struct dwarf_file *file, uint64_t off)
{
	uint32_t before;

	if (off >= file->sections.info.n)
		dwarf_ran_over(file);
	before = BISECT(file->n_units, i, file->units[i].off <= off);
	return before && off < file->units[before - 1].end ? &file->units[before - 1] : NULL;
}

/* Moves *c, over .debug_abbrev, to the attributes of the unit's abbreviation `code`. */
static bool find_declaration(struct worker *worker, const struct unit *unit, struct cursor *c,
			     uint64_t code, struct unit_root *root)
{
	uint64_t found;

	cursor_seek(c, unit->abbrev_off);
	while ((found = cursor_uleb(c)) && !c->failed) {
		uint64_t name, form, tag = cursor_uleb(c);
		bool has_children = cursor_u8(c) != 0;

		if (found == code) {
			root->tag = tag > UINT16_MAX ? UINT16_MAX : (uint16_t)tag;
			root->has_children = has_children;
			break;
		}
		do {
			name = cursor_uleb(c);
			form = cursor_uleb(c);
			if (form == DW_FORM_implicit_const)
				cursor_sleb(c);
		} while ((name || form) && !c->failed);
	}
	if (c->failed)
		dwarf_ran_over(unit->file);
	return found == code && !c->failed &&
	       dwarf_spend(&worker->abbrev_budget, cursor_pos(c) - unit->abbrev_off);
}

/* Values that need bases which may come after them. */
struct pending {
	struct value name, comp_dir, dwo_name, low, high;
};

static void take_attribute(struct unit_root *root, struct pending *pending, uint64_t name,
			   const struct value *value)
{
	switch (name) {
	case DW_AT_name:
		pending->name = *value;
		break;
	case DW_AT_comp_dir:
		pending->comp_dir = *value;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		pending->dwo_name = *value;
		break;
	case DW_AT_low_pc:
		pending->low = *value;
		break;
	case DW_AT_high_pc:
		pending->high = *value;
		break;
	case DW_AT_ranges:
		root->ranges = *value;
		break;
	case DW_AT_stmt_list:
		root->line_off = value->u;
		break;
	case DW_AT_str_offsets_base:
		root->str_offsets_base = value->u;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		root->addr_base = value->u;
		break;
	case DW_AT_rnglists_base:
		root->rnglists_base = value->u;
		break;
	case DW_AT_GNU_ranges_base:
		root->gnu_ranges_base = value->u;
		break;
	case DW_AT_GNU_dwo_id:
		root->dwo_id = value->u;
		break;
	}
}

static void settle(struct worker *worker, struct unit *unit, struct unit_root *root,
		   const struct pending *pending)
{
	uint64_t strings = root->str_offsets_base;
	uint64_t addrs = unit->skeleton ? dwarf_addr_base(worker, unit) : root->addr_base;

	root->name = dwarf_value_str(unit, strings, &pending->name);
	root->comp_dir = dwarf_value_str(unit, strings, &pending->comp_dir);
	root->dwo_name = dwarf_value_str(unit, strings, &pending->dwo_name);
	root->has_low = dwarf_value_addr(unit, addrs, &pending->low, &root->low_pc);
	if (!pending->high.form || !root->has_low)
		return;
	if (!dwarf_value_addr(unit, addrs, &pending->high, &root->high_pc))
		root->high_pc = root->low_pc + pending->high.u;
}

static bool read_root(struct worker *worker, struct unit *unit, struct unit_root *root)
{
	struct cursor die = cursor_over(unit->file->sections.info);
	struct cursor decl = cursor_over(unit->file->sections.abbrev);
	struct pending pending = { 0 };
	struct value value;

	die.end = die.start + unit->end;
	cursor_seek(&die, unit->die);
	if (!find_declaration(worker, unit, &decl, cursor_uleb(&die), root))
		return false;
	for (;;) {
		uint64_t name = cursor_uleb(&decl), form = cursor_uleb(&decl);
		int64_t implicit = form == DW_FORM_implicit_const ? cursor_sleb(&decl) : 0;

		if (decl.failed || (!name && !form))
			break;
		if (form > UINT16_MAX ||
		    !dwarf_read_form(unit, &die, (uint16_t)form, (int32_t)implicit, &value))
			return false;
		take_attribute(root, &pending, name, &value);
	}
	settle(worker, unit, root, &pending);
	return true;
}

const struct unit_root *dwarf_root_load(struct worker *worker, struct unit *unit)
{
	struct unit_root *root = atomic_load_explicit(&unit->root, memory_order_acquire);
	struct unit_root *other = NULL;

	if (root)
		return root->tag ? root : NULL;
	root = arena_alloc(&worker->keep, sizeof(*root));
	if (!root) {
		worker->rc = -ENOMEM;
		return NULL;
	}
	root->line_off = DWARF_NONE;
	root->addr_base = unit->version < 5 ? 0 : unit->offset_size == 8 ? 16 : 8;
	root->str_offsets_base = unit->str_offsets_base;
	root->rnglists_base = unit->rnglists_base;
	root->dwo_id = unit->dwo_id;
	if (!read_root(worker, unit, root))
		root->tag = 0;	/* remembered as damaged */
	if (!atomic_compare_exchange_strong(&unit->root, &other, root))
		root = other;
	return root->tag ? root : NULL;
}
