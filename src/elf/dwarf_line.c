/* SPDX-License-Identifier: Apache-2.0 */
/* Line table headers (DWARF 5, 6.2.4; DWARF 4, 6.2.4 for versions 2 to 4): their files. */
#include "elf/dwarf_internal.h"

#include <errno.h>

#define FORMATS_MAX 32	/* content types of one entry; 5 are defined */

/* What parsing a header needs and nobody later. */
struct reading {
	struct worker *worker;
	struct unit *unit;
	struct unit as_unit;	/* with the table's own sizes, which may differ from the unit's */
	uint64_t strings;	/* the unit's str_offsets_base */
	struct line_header *header;
	uint64_t header_bytes;
};

static struct str join(struct worker *worker, struct str dir, struct str name)
{
	char *p;

	if (!name.n)
		return dir;
	if (!dir.n || name.p[0] == '/')
		return name;
	p = arena_alloc(&worker->keep, dir.n + 1 + name.n);
	if (!p)
		return name;
	memcpy(p, dir.p, dir.n);
	p[dir.n] = '/';
	memcpy(p + dir.n + 1, name.p, name.n);
	return (struct str){ p, dir.n + 1 + name.n };
}

static const struct str *dir_at(const struct line_header *header, uint64_t index)
{
	static const struct str none;

	return index < header->n_dirs ? &header->dirs[index] : &none;
}

/* Versions 2 to 4: strings up to an empty one; directory 0 is the compilation directory. */
static bool read_old_dirs(struct reading *r, struct cursor *c)
{
	struct line_header *header = r->header;
	struct cursor ahead = *c;
	uint64_t n = 1;

	while (cursor_cstr(&ahead).n)
		n++;
	header->dirs = arena_array(&r->worker->keep, n, sizeof(*header->dirs));
	if (!header->dirs || ahead.failed)
		return false;
	header->dirs[0] = header->comp_dir;
	for (header->n_dirs = 1; header->n_dirs < n; header->n_dirs++)
		header->dirs[header->n_dirs] = join(r->worker, header->comp_dir, cursor_cstr(c));
	cursor_u8(c);
	return true;
}

static bool read_old_files(struct reading *r, struct cursor *c)
{
	struct line_header *header = r->header;
	struct cursor ahead = *c;
	uint64_t n = 0;

	for (; cursor_cstr(&ahead).n; n++)
		for (unsigned i = 0; i < 3; i++)
			cursor_uleb(&ahead);
	header->files = arena_array(&r->worker->keep, n, sizeof(*header->files));
	if (!header->files || ahead.failed)
		return false;
	for (; header->n_files < n; header->n_files++) {
		struct line_file *file = &header->files[header->n_files];

		file->name = cursor_cstr(c);
		file->dir = dir_at(header, cursor_uleb(c));
		cursor_uleb(c);	/* time of change */
		cursor_uleb(c);	/* size */
	}
	return true;
}

struct entry_format {
	uint64_t type[FORMATS_MAX];
	uint16_t form[FORMATS_MAX];
	unsigned n;
};

/* A format and the count of the entries that follow it. */
static bool read_format(struct cursor *c, struct entry_format *format, uint64_t *ret_count)
{
	format->n = cursor_u8(c);
	if (format->n > FORMATS_MAX)
		return false;
	for (unsigned i = 0; i < format->n; i++) {
		uint64_t form;

		format->type[i] = cursor_uleb(c);
		form = cursor_uleb(c);
		format->form[i] = form > UINT16_MAX ? 0 : (uint16_t)form;
	}
	*ret_count = cursor_uleb(c);
	if (!format->n)
		*ret_count = 0;
	return !c->failed && *ret_count <= cursor_left(c);
}

static bool read_entry(struct reading *r, struct cursor *c, const struct entry_format *format,
		       struct str *ret_path, uint64_t *ret_dir)
{
	struct value value;

	*ret_path = (struct str){ 0 };
	*ret_dir = 0;
	for (unsigned i = 0; i < format->n; i++) {
		if (!dwarf_read_form(&r->as_unit, c, format->form[i], 0, &value))
			return false;
		if (format->type[i] == DW_LNCT_path)
			*ret_path = dwarf_value_str(&r->as_unit, r->strings, &value);
		else if (format->type[i] == DW_LNCT_directory_index)
			*ret_dir = value.u;
	}
	return true;
}

static bool read_new_tables(struct reading *r, struct cursor *c)
{
	struct line_header *header = r->header;
	struct entry_format format;
	struct str path;
	uint64_t n, dir;

	if (!read_format(c, &format, &n))
		return false;
	header->dirs = arena_array(&r->worker->keep, n, sizeof(*header->dirs));
	if (!header->dirs)
		return false;
	for (; header->n_dirs < n; header->n_dirs++) {
		if (!read_entry(r, c, &format, &path, &dir))
			return false;
		header->dirs[header->n_dirs] = join(r->worker, header->comp_dir, path);
	}
	if (!read_format(c, &format, &n))
		return false;
	header->files = arena_array(&r->worker->keep, n, sizeof(*header->files));
	if (!header->files)
		return false;
	for (; header->n_files < n; header->n_files++) {
		struct line_file *file = &header->files[header->n_files];

		if (!read_entry(r, c, &format, &file->name, &dir))
			return false;
		file->dir = dir_at(header, dir);
	}
	return true;
}

/* From the unit length to the program. What is damaged behind the opcodes costs only names. */
static bool read_header(struct reading *r, struct cursor *c)
{
	struct line_header *header = r->header;
	uint64_t length = cursor_u32(c), header_length;
	struct cursor tables;
	bool ok;

	r->as_unit.offset_size = 4;
	if (length == UINT32_MAX) {
		length = cursor_u64(c);
		r->as_unit.offset_size = 8;
	}
	*c = cursor_sub(c, length);
	header->version = cursor_u16(c) & 0xff;
	if (header->version >= 5) {
		header->addr_size = cursor_u8(c);
		cursor_u8(c);	/* segment selector size */
	}
	header_length = cursor_uint(c, r->as_unit.offset_size);
	tables = cursor_sub(c, header_length);
	r->header_bytes = header_length;
	if (c->failed || header->version < 2 || header->version > 5)
		return false;
	header->program = cursor_bytes(c, cursor_left(c));
	header->min_inst = cursor_u8(&tables);
	header->max_ops = header->version >= 4 ? cursor_u8(&tables) : 1;
	cursor_u8(&tables);	/* default_is_stmt */
	header->line_base = cursor_s8(&tables);
	header->line_range = cursor_u8(&tables);
	header->opcode_base = cursor_u8(&tables);
	for (unsigned i = 1; i < header->opcode_base; i++)
		header->operands[i] = cursor_u8(&tables);
	if (tables.failed || !header->line_range || !header->opcode_base || !header->max_ops)
		return false;
	if (header->version >= 5)
		ok = read_new_tables(r, &tables);
	else
		ok = read_old_dirs(r, &tables) && read_old_files(r, &tables);
	return ok || header->files || header->dirs;
}

static struct line_header *load(struct worker *worker, struct unit *unit,
				const struct unit_root *root)
{
	struct cursor c = cursor_over(unit->file->sections.line);
	struct line_header *header = arena_alloc(&worker->keep, sizeof(*header));
	struct reading r = {
		.worker = worker,
		.unit = unit,
		.strings = root->str_offsets_base,
		.header = header,
	};

	if (!header) {
		worker->rc = -ENOMEM;
		return NULL;
	}
	r.as_unit.file = unit->file;
	r.as_unit.version = unit->version;
	r.as_unit.addr_size = unit->addr_size;
	header->file = unit->file;
	header->off = root->line_off;
	header->comp_dir = root->comp_dir;
	header->addr_size = unit->addr_size;
	cursor_seek(&c, root->line_off);
	if (!read_header(&r, &c) || !dwarf_spend(&worker->line_budget, r.header_bytes))
		header->version = 0;	/* remembered as damaged */
	if (c.failed)
		dwarf_ran_over(unit->file);
	return header;
}

static bool serves(const struct line_header *header, const struct unit *unit,
		   const struct unit_root *root)
{
	return header && header->off == root->line_off && header->file == unit->file &&
	       header->addr_size == unit->addr_size && str_eq(header->comp_dir, root->comp_dir);
}

const struct line_header *dwarf_lines(struct worker *worker, struct unit *unit)
{
	struct line_header *header, *other = NULL, **slot;
	const struct unit_root *root;

	if (unit->skeleton)	/* a split unit's files are its skeleton's */
		unit = unit->skeleton;
	header = atomic_load_explicit(&unit->lines, memory_order_acquire);
	if (header)
		return header->version ? header : NULL;
	root = dwarf_root(worker, unit);
	if (!root || root->line_off == DWARF_NONE)
		return NULL;
	slot = &worker->line_cache[hash_u64(root->line_off, 2) % CACHE_SLOTS];
	if (!serves(*slot, unit, root))
		*slot = load(worker, unit, root);
	header = *slot;
	if (!header)
		return NULL;
	if (!atomic_compare_exchange_strong(&unit->lines, &other, header))
		header = other;
	return header->version ? header : NULL;
}

const struct line_file *dwarf_line_file(const struct line_header *lines, uint64_t index)
{
	if (!lines)
		return NULL;
	if (lines->version < 5)
		index--;	/* from 1; 0 wraps and is none */
	return index < lines->n_files ? &lines->files[index] : NULL;
}
