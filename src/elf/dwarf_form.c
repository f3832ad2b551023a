/* SPDX-License-Identifier: Apache-2.0 */
/* Attribute values: DWARF 5, 7.5.5 and 7.5.6; the GNU forms as binutils and dwz write them. */
#include "elf/dwarf_internal.h"

int dwarf_form_size(uint16_t form, unsigned addr_size, unsigned offset_size, bool old_ref_addr)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sup8:
	case DW_FORM_ref_sig8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return (int)addr_size;
	case DW_FORM_ref_addr:
		return (int)(old_ref_addr ? addr_size : offset_size);
	case DW_FORM_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return (int)offset_size;
	default:
		return -1;
	}
}

static void read_bytes(struct cursor *c, uint64_t n, struct value *value)
{
	struct str bytes = cursor_bytes(c, n);

	value->p = (const uint8_t *)bytes.p;
	value->u = bytes.n;
}

bool dwarf_read_form(const struct unit *unit, struct cursor *c, uint16_t form, int32_t implicit,
		     struct value *ret_value)
{
	struct value value;
	struct str s;
	int size;

	if (form == DW_FORM_indirect) {
		uint64_t real = cursor_uleb(c);

		form = real > UINT16_MAX ? 0 : (uint16_t)real;
	}
	size = dwarf_form_size(form, unit->addr_size, unit->offset_size, unit->version <= 2);
	value = (struct value){ .form = form };
	if (form == DW_FORM_implicit_const) {
		value.u = (uint64_t)(int64_t)implicit;
	} else if (form == DW_FORM_data16) {
		read_bytes(c, 16, &value);
	} else if (size >= 0) {
		value.u = form == DW_FORM_flag_present ? 1 : cursor_uint(c, (unsigned)size);
	} else {
		switch (form) {
		case DW_FORM_string:
			s = cursor_cstr(c);
			value.p = (const uint8_t *)s.p;
			value.u = s.n;
			break;
		case DW_FORM_block1:
			read_bytes(c, cursor_u8(c), &value);
			break;
		case DW_FORM_block2:
			read_bytes(c, cursor_u16(c), &value);
			break;
		case DW_FORM_block4:
			read_bytes(c, cursor_u32(c), &value);
			break;
		case DW_FORM_block:
		case DW_FORM_exprloc:
			read_bytes(c, cursor_uleb(c), &value);
			break;
		case DW_FORM_sdata:
			value.u = (uint64_t)cursor_sleb(c);
			break;
		case DW_FORM_udata:
		case DW_FORM_ref_udata:
		case DW_FORM_strx:
		case DW_FORM_addrx:
		case DW_FORM_loclistx:
		case DW_FORM_rnglistx:
		case DW_FORM_GNU_addr_index:
		case DW_FORM_GNU_str_index:
			value.u = cursor_uleb(c);
			break;
		default:
			return cursor_fail(c);
		}
	}
	if (c->failed)
		return false;
	*ret_value = value;
	return true;
}

struct str dwarf_cstr_at(struct str section, uint64_t off)
{
	struct str rest = str_skip(section, off < section.n ? (size_t)off : section.n);
	const char *nul = rest.n ? memchr(rest.p, 0, rest.n) : NULL;

	return nul ? (struct str){ rest.p, (size_t)(nul - rest.p) } : (struct str){ 0 };
}

/* Entry `index` of a table of `size`-byte numbers that begins at `base` of `section`. */
static bool table_entry(struct str section, uint64_t base, uint64_t index, unsigned size,
			uint64_t *ret_value)
{
	struct cursor c = cursor_over(section);
	uint64_t off;

	if (base == DWARF_NONE || __builtin_mul_overflow(index, (uint64_t)size, &off) ||
	    __builtin_add_overflow(off, base, &off))
		return false;
	cursor_seek(&c, off);
	off = cursor_uint(&c, size);
	if (c.failed)
		return false;
	*ret_value = off;
	return true;
}

struct str dwarf_value_str(const struct unit *unit, uint64_t str_offsets_base,
			   const struct value *value)
{
	const struct dwarf_sections *sections = &unit->file->sections;
	uint64_t off;

	switch (value->form) {
	case DW_FORM_string:
		return str_over(value->p, (size_t)value->u);
	case DW_FORM_strp:
		return dwarf_cstr_at(sections->str, value->u);
	case DW_FORM_line_strp:
		return dwarf_cstr_at(sections->line_str, value->u);
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		if (!table_entry(sections->str_offsets, str_offsets_base, value->u,
				 unit->offset_size, &off))
			return (struct str){ 0 };
		return dwarf_cstr_at(sections->str, off);
	case DW_FORM_GNU_strp_alt:
	case DW_FORM_strp_sup:
		if (!unit->file->alt)
			return (struct str){ 0 };
		return dwarf_cstr_at(unit->file->alt->sections.str, value->u);
	default:
		return (struct str){ 0 };
	}
}

bool dwarf_indexed_addr(const struct unit *unit, uint64_t addr_base, uint64_t index,
			uint64_t *ret_vaddr)
{
	const struct unit *holder = unit->skeleton ? unit->skeleton : unit;

	return table_entry(holder->file->sections.addr, addr_base, index, unit->addr_size,
			   ret_vaddr);
}

bool dwarf_value_addr(const struct unit *unit, uint64_t addr_base, const struct value *value,
		      uint64_t *ret_vaddr)
{
	switch (value->form) {
	case DW_FORM_addr:
		*ret_vaddr = value->u;
		return true;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		return dwarf_indexed_addr(unit, addr_base, value->u, ret_vaddr);
	default:
		return false;
	}
}

uint64_t dwarf_addr_base(struct worker *worker, struct unit *unit)
{
	const struct unit_root *root = dwarf_root(worker, unit->skeleton ? unit->skeleton : unit);

	return root ? root->addr_base : DWARF_NONE;
}

struct unit *dwarf_value_ref(struct unit *unit, const struct value *value, uint64_t *ret_off)
{
	struct dwarf_file *file = unit->file;
	uint64_t off = value->u;

	switch (value->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		if (off >= unit->end - unit->off)
			return NULL;
		off += unit->off;
		break;
	case DW_FORM_ref_addr:
		break;
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
		file = file->alt;
		break;
	default:
		return NULL;
	}
	if (!file)
		return NULL;
	if (file != unit->file || off < unit->off || off >= unit->end)
		unit = dwarf_unit_at(file, off);
	if (!unit || off < unit->die)
		return NULL;
	*ret_off = off;
	return unit;
}
