/* SPDX-License-Identifier: Apache-2.0 */
/* Debug information in other files: .dwo, .dwp (DWARF 5, 7.3.5; version 2 of its index: the GCC
 * wiki's DebugFissionDWP), and dwz's alternate file (.gnu_debugaltlink, .debug_sup). */
#include "elf/dwarf_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COLUMNS_MAX 16	/* of a .dwp's index; the standard knows 8 */

void dwarf_file_fini(struct dwarf_file *file)
{
	free(file->units);
	elf_close(&file->own);
	*file = (struct dwarf_file){ 0 };
}

/* Opens path when it is a regular file: it is named by the input, which might name a pipe. */
static int open_file(struct worker *worker, const char *path, bool split,
		     struct dwarf_file **ret_file)
{
	struct dwarf_file *file;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	file = arena_alloc(&worker->keep, sizeof(*file));
	if (!file)
		return -ENOMEM;
	if (elf_open(&file->own, path, NULL) < 0)
		return -ENOENT;
	file->elf = &file->own;
	file->before = worker->others;
	worker->others = file;
	dwarf_sections_load(file, split);
	*ret_file = file;
	return 0;
}

__attribute__((format(printf, 2, 3)))
static bool format_path(char path[PATH_MAX], const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return n > 0 && n < PATH_MAX;
}

/* "/a/b/" of "/a/b/c"; empty for "c". */
static struct str directory_of(const char *path)
{
	return str_head(str_of(path), (size_t)(str_rfind(str_of(path), '/') + 1));
}

/* ---- .dwo */

/* Where a .dwo may be: at the place the compiler wrote it, or moved along with the binary. */
static bool dwo_path(const struct dwarf *dwarf, const struct unit_root *root, unsigned attempt,
		     char path[PATH_MAX])
{
	struct str name = root->dwo_name, near = directory_of(dwarf->path);

	switch (attempt) {
	case 0:
		if (str_starts(name, STR("/")) || !root->comp_dir.n)
			return format_path(path, "%.*s", STR_ARG(name));
		return format_path(path, "%.*s/%.*s", STR_ARG(root->comp_dir), STR_ARG(name));
	case 1:
		return !str_starts(name, STR("/")) &&
		       format_path(path, "%.*s%.*s", STR_ARG(near), STR_ARG(name));
	default:
		name = str_basename(name);
		return format_path(path, "%.*s%.*s", STR_ARG(near), STR_ARG(name));
	}
}

/* The unit of a .dwo with that id, tied to its skeleton. */
static struct unit *tie(struct worker *worker, struct unit *found, struct unit *skeleton,
			uint64_t dwo_id)
{
	const struct unit_root *root;
	struct unit *unit = arena_alloc(&worker->keep, sizeof(*unit));

	if (!unit) {
		worker->rc = -ENOMEM;
		return NULL;
	}
	*unit = *found;		/* a copy: a damaged file may tie one unit to two skeletons */
	atomic_init(&unit->root, NULL);
	unit->split = true;
	unit->skeleton = skeleton;
	root = dwarf_root(worker, unit);
	return root && root->dwo_id == dwo_id && root->tag == DW_TAG_compile_unit ? unit : NULL;
}

static struct unit *open_dwo(struct worker *worker, struct unit *skeleton,
			     const struct unit_root *root)
{
	char path[PATH_MAX];

	for (unsigned attempt = 0; attempt < 3; attempt++) {
		struct dwarf_file *file;
		struct unit *unit = NULL;

		if (!dwo_path(worker->dwarf, root, attempt, path) ||
		    atomic_load(&worker->dwarf->n_dwos) >= DWARF_DWOS_MAX ||
		    open_file(worker, path, true, &file) < 0)
			continue;
		atomic_fetch_add(&worker->dwarf->n_dwos, 1);
		if (dwarf_units_load(file, true) < 0)
			worker->rc = -ENOMEM;
		for (uint32_t i = 0; i < file->n_units && !unit; i++)
			unit = tie(worker, &file->units[i], skeleton, root->dwo_id);
		if (unit)
			return unit;
	}
	return NULL;
}

/* ---- .dwp */

int dwarf_dwp_open(struct dwarf *dwarf)
{
	char path[PATH_MAX];
	int rc;

	if (!format_path(path, "%s.dwp", dwarf->path))
		return 0;
	rc = open_file(&dwarf->workers[0], path, true, &dwarf->dwp);
	return rc == -ENOMEM ? rc : 0;
}

/* The row (from 1) of the index's hash table that has that id, or 0. */
static uint32_t dwp_row(struct cursor index, uint64_t id, uint32_t n_slots)
{
	uint32_t mask = n_slots - 1, slot = (uint32_t)id & mask;
	uint32_t stride = ((uint32_t)(id >> 32) & mask) | 1;

	for (uint32_t tried = 0; tried < n_slots; tried++) {
		struct cursor c = index, rows = index;
		uint32_t row;

		cursor_skip(&c, 16 + (uint64_t)slot * 8);
		cursor_skip(&rows, 16 + (uint64_t)n_slots * 8 + (uint64_t)slot * 4);
		if (cursor_u64(&c) == id && (row = cursor_u32(&rows)) != 0)
			return row;
		if (rows.failed || c.failed)
			return 0;
		slot = (slot + stride) & mask;
	}
	return 0;
}

/* The offsets of a row, by DW_SECT_*. */
static bool dwp_offsets(struct cursor index, uint32_t row, uint32_t offsets[COLUMNS_MAX])
{
	struct cursor c = index, names, values;
	uint32_t version = cursor_u32(&c), columns = cursor_u32(&c), rows = cursor_u32(&c);
	uint64_t n_slots = cursor_u32(&c);

	if (row > rows || columns > COLUMNS_MAX)
		return false;
	names = values = index;
	cursor_skip(&names, 16 + n_slots * 12);
	cursor_skip(&values, 16 + n_slots * 12 + (uint64_t)row * columns * 4);
	for (uint32_t i = 0; i < columns; i++) {
		uint32_t name = cursor_u32(&names), off = cursor_u32(&values);

		/* version 2 has another section under the number of version 5's range lists */
		if (name < COLUMNS_MAX && !(name == DW_SECT_RNGLISTS && (version & 0xffff) < 5))
			offsets[name] = off;
	}
	return !names.failed && !values.failed;
}

static struct unit *dwp_unit(struct worker *worker, struct unit *skeleton, uint64_t id)
{
	struct dwarf_file *dwp = worker->dwarf->dwp;
	struct cursor index = cursor_over(dwp->sections.cu_index), c = index;
	uint32_t offsets[COLUMNS_MAX] = { 0 }, row, n_slots;
	struct unit unit;
	uint64_t next;

	cursor_skip(&c, 12);
	n_slots = cursor_u32(&c);
	if (c.failed || !n_slots || (n_slots & (n_slots - 1)))
		return NULL;
	row = dwp_row(index, id, n_slots);
	if (!row || !dwp_offsets(index, row, offsets) ||
	    !dwarf_unit_header(dwp, offsets[DW_SECT_INFO], &unit, &next) || !unit.type)
		return NULL;
	unit.abbrev_off += offsets[DW_SECT_ABBREV];
	unit.str_offsets_base += offsets[DW_SECT_STR_OFFSETS];
	unit.rnglists_base += offsets[DW_SECT_RNGLISTS];
	unit.split = true;
	return tie(worker, &unit, skeleton, id);
}

struct unit *dwarf_unit_with_dies(struct worker *worker, struct unit *unit)
{
	const struct unit_root *root;

	if (!unit->dwo_sought) {
		unit->dwo_sought = true;
		root = dwarf_root(worker, unit);
		if (root && root->dwo_name.n && worker->dwarf->dwp)
			unit->dwo = dwp_unit(worker, unit, root->dwo_id);
		if (root && root->dwo_name.n && !unit->dwo)
			unit->dwo = open_dwo(worker, unit, root);
	}
	return unit->dwo ? unit->dwo : unit;
}

/* ---- dwz */

struct alt_link {
	struct str path, id;	/* id: a build id, or .debug_sup's checksum */
	bool sup;
};

static bool read_sup(struct elf *elf, bool is_supplementary, struct alt_link *ret_link)
{
	struct str bytes = { 0 };
	struct cursor c;
	bool ok;

	if (elf_section_by_name(elf, STR(".debug_sup"), &bytes, NULL) < 0 || !bytes.n)
		return false;
	c = cursor_over(bytes);
	ok = cursor_u16(&c) == 5 && (cursor_u8(&c) != 0) == is_supplementary;
	ret_link->path = cursor_cstr(&c);
	ret_link->id = cursor_bytes(&c, cursor_uleb(&c));
	ret_link->sup = true;
	return ok && !c.failed;
}

static bool read_link(struct elf *elf, struct alt_link *ret_link)
{
	struct str bytes = { 0 };
	struct cursor c;

	if (elf_section_by_name(elf, STR(".gnu_debugaltlink"), &bytes, NULL) < 0 || !bytes.n)
		return read_sup(elf, false, ret_link);
	c = cursor_over(bytes);
	ret_link->path = cursor_cstr(&c);
	ret_link->id = cursor_bytes(&c, cursor_left(&c));
	ret_link->sup = false;
	return !c.failed;
}

static bool alt_path(const struct dwarf *dwarf, const struct alt_link *link, unsigned attempt,
		     char path[PATH_MAX])
{
	char hex[2 * 64 + 1];

	if (attempt == 0 && str_starts(link->path, STR("/")))
		return format_path(path, "%.*s", STR_ARG(link->path));
	if (attempt == 0)
		return format_path(path, "%.*s%.*s", STR_ARG(directory_of(dwarf->path)),
				   STR_ARG(link->path));
	if (link->sup || link->id.n < 2)
		return false;
	elf_build_id_hex(link->id, hex, sizeof(hex));
	return format_path(path, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
}

static bool is_linked(struct dwarf_file *file, const struct alt_link *link)
{
	struct alt_link own;

	if (!link->sup)
		return str_eq(file->elf->build_id, link->id);
	return read_sup(file->elf, true, &own) && str_eq(own.id, link->id);
}

int dwarf_alt_open(struct dwarf *dwarf)
{
	struct worker *worker = &dwarf->workers[0];
	struct alt_link link = { 0 };
	char path[PATH_MAX];

	if (!read_link(dwarf->main.elf, &link))
		return 0;
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		struct dwarf_file *file;
		int rc = -ENOENT;

		if (alt_path(dwarf, &link, attempt, path))
			rc = open_file(worker, path, false, &file);
		if (rc == -ENOMEM)
			return rc;
		if (rc < 0 || !is_linked(file, &link))
			continue;
		dwarf->main.alt = file;
		return dwarf_units_load(file, false);
	}
	return 0;
}
