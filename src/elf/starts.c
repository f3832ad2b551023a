/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/starts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bisect.h"
#include "base/cursor.h"
#include "base/vec.h"
#include "elf/elf.h"

enum {	/* DW_EH_PE_* */
	PTR_ABS = 0x00, PTR_ULEB = 0x01, PTR_U2 = 0x02, PTR_U4 = 0x03, PTR_U8 = 0x04,
	PTR_SLEB = 0x09, PTR_S2 = 0x0a, PTR_S4 = 0x0b, PTR_S8 = 0x0c, PTR_FORMAT = 0x0f,
	PTR_PCREL = 0x10, PTR_DATAREL = 0x30, PTR_BASE = 0x70, PTR_INDIRECT = 0x80,
	PTR_OMIT = 0xff,
};

/* Real ones take some twenty bytes. Hostile FDEs may each name another "CIE" in the middle of entries:
 * the cap keeps the sum of their lengths in bounds. */
#define CIE_BYTES_MAX 4096

/* A piece of the loaded file. */
struct area {
	struct cursor c;
	uint64_t vaddr;		/* of where the cursor began */
	uint64_t data_base;
};

static struct area area_from(const struct elf *elf, uint64_t vaddr, uint64_t max)
{
	struct str bytes = { 0 };

	for (uint32_t i = 0; i < elf->n_segments && !bytes.n; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t left;

		if (s->type != PT_LOAD || vaddr < s->vaddr || vaddr - s->vaddr >= s->filesz)
			continue;
		left = s->filesz - (vaddr - s->vaddr);
		bytes = elf_bytes_at(elf, vaddr, left < max ? left : max);
	}
	return (struct area){ .c = cursor_over(bytes), .vaddr = vaddr };
}

/* 0: none, or not the same for all pointers. */
static unsigned pointer_bytes(uint8_t encoding)
{
	switch (encoding & PTR_FORMAT) {
	case PTR_U2:
	case PTR_S2:
		return 2;
	case PTR_U4:
	case PTR_S4:
		return 4;
	case PTR_ABS:
	case PTR_U8:
	case PTR_S8:
		return 8;
	}
	return 0;
}

static uint64_t read_value(struct cursor *c, uint8_t format)
{
	switch (format) {
	case PTR_ABS:
	case PTR_U8:
	case PTR_S8:
		return cursor_u64(c);
	case PTR_ULEB:
		return cursor_uleb(c);
	case PTR_SLEB:
		return (uint64_t)cursor_sleb(c);
	case PTR_U2:
		return cursor_u16(c);
	case PTR_S2:
		return (uint64_t)(int64_t)cursor_s16(c);
	case PTR_U4:
		return cursor_u32(c);
	case PTR_S4:
		return (uint64_t)(int64_t)cursor_s32(c);
	}
	cursor_fail(c);
	return 0;
}

/* Fails the cursor on what no linker writes for code: indirect, text-relative, aligned pointers. */
static uint64_t read_pointer(struct area *area, uint8_t encoding)
{
	uint64_t base = 0, value;

	if ((encoding & PTR_BASE) == PTR_PCREL)
		base = area->vaddr + cursor_pos(&area->c);
	else if ((encoding & PTR_BASE) == PTR_DATAREL)
		base = area->data_base;
	else if (encoding & PTR_BASE)
		cursor_fail(&area->c);
	if (encoding & PTR_INDIRECT)
		cursor_fail(&area->c);
	value = read_value(&area->c, encoding & PTR_FORMAT);
	return area->c.failed ? 0 : base + value;
}

/* A CIE or FDE up to and with its CIE pointer; false at a terminator and at damage. */
struct entry {
	struct area body;
	uint64_t cie_vaddr;
	bool is_cie;
};

static bool read_entry(struct area *area, struct entry *entry)
{
	unsigned id_bytes = 4;
	uint64_t length = cursor_u32(&area->c), at, id;

	if (length == UINT32_MAX) {
		length = cursor_u64(&area->c);
		id_bytes = 8;
	}
	if (!length || area->c.failed)
		return false;
	at = area->vaddr + cursor_pos(&area->c);
	entry->body = (struct area){ .c = cursor_sub(&area->c, length), .vaddr = at };
	id = cursor_uint(&entry->body.c, id_bytes);
	entry->is_cie = id == 0;
	entry->cie_vaddr = at - id;
	return !entry->body.c.failed;
}

/* The encoding of 'R' among the letters after 'z' ("Augmentation String Format"). */
static bool read_letters(struct str letters, struct area *data, uint8_t *ret_encoding)
{
	for (size_t i = 0; i < letters.n; i++) {
		uint8_t encoding;

		switch (letters.p[i]) {
		case 'R':
			*ret_encoding = cursor_u8(&data->c);
			return !data->c.failed;
		case 'P':
			encoding = cursor_u8(&data->c);
			if (encoding != PTR_OMIT)
				read_value(&data->c, encoding & PTR_FORMAT);
			break;
		case 'L':
			cursor_u8(&data->c);
			break;
		case 'S':
		case 'B':
		case 'G':
			break;
		default:
			return false;
		}
	}
	return true;
}

/* How the FDEs of the CIE at vaddr write their addresses. */
static bool read_cie(const struct elf *elf, uint64_t vaddr, uint8_t *ret_encoding)
{
	struct area area = area_from(elf, vaddr, CIE_BYTES_MAX);
	struct entry entry;
	struct cursor *c;
	struct str letters;
	uint8_t version;

	if (!read_entry(&area, &entry) || !entry.is_cie)
		return false;
	c = &entry.body.c;
	version = cursor_u8(c);
	letters = cursor_cstr(c);
	*ret_encoding = PTR_ABS;
	if (c->failed || (version != 1 && version != 3 && version != 4))
		return false;
	if (!str_starts(letters, STR("z")))
		return !letters.n || str_eq(letters, STR("eh"));
	if (version == 4)	/* address and segment sizes */
		cursor_skip(c, 2);
	cursor_uleb(c);		/* code alignment */
	cursor_sleb(c);		/* data alignment */
	if (version == 1)	/* return address register */
		cursor_u8(c);
	else
		cursor_uleb(c);
	cursor_uleb(c);		/* bytes of augmentation */
	return read_letters(str_skip(letters, 1), &entry.body, ret_encoding);
}

static bool read_fde(struct entry *entry, uint8_t encoding, struct starts_range *ret_range)
{
	ret_range->start = read_pointer(&entry->body, encoding);
	ret_range->size = read_value(&entry->body.c, encoding & PTR_FORMAT);
	return !entry->body.c.failed;
}

/* ---- without a table */

static int by_start(const void *left, const void *right)
{
	const struct starts_range *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static int read_frames(struct starts *starts, struct area area)
{
	uint64_t cie_vaddr = 0;
	uint8_t encoding = PTR_OMIT;

	while (cursor_more(&area.c)) {
		struct starts_range range;
		struct entry entry;

		/* terminators stand in the middle too, where the linker joined objects */
		if (!read_entry(&area, &entry) || entry.is_cie)
			continue;
		if (entry.cie_vaddr != cie_vaddr || encoding == PTR_OMIT) {
			cie_vaddr = entry.cie_vaddr;
			if (!read_cie(starts->elf, cie_vaddr, &encoding))
				encoding = PTR_OMIT;
		}
		/* functions that the linker removed have no size, or start at 0 */
		if (encoding == PTR_OMIT || !read_fde(&entry, encoding, &range) || !range.size ||
		    !range.start)
			continue;
		if (VEC_RESERVE(&starts->items, &starts->cap, (uint64_t)starts->n + 1) < 0)
			return -ENOMEM;
		starts->items[starts->n++] = range;
	}
	if (starts->n)
		qsort(starts->items, starts->n, sizeof(*starts->items), by_start);
	return 0;
}

/* ---- the table */

/* Takes the table, and tells where .eh_frame is. */
static void read_header(struct starts *starts, const struct elf_segment *header,
			uint64_t *ret_frames_vaddr)
{
	struct area area = area_from(starts->elf, header->vaddr, header->filesz);
	uint8_t version = cursor_u8(&area.c), frames_encoding = cursor_u8(&area.c);
	uint8_t count_encoding = cursor_u8(&area.c), encoding = cursor_u8(&area.c);
	unsigned row_bytes = 2 * pointer_bytes(encoding);
	uint64_t n;

	area.data_base = header->vaddr;
	if (version != 1)
		return;
	if (frames_encoding != PTR_OMIT)
		*ret_frames_vaddr = read_pointer(&area, frames_encoding);
	if (count_encoding == PTR_OMIT || encoding == PTR_OMIT || !row_bytes)
		return;
	n = read_pointer(&area, count_encoding);
	if (area.c.failed || !n || n > cursor_left(&area.c) / row_bytes)
		return;
	starts->table_vaddr = area.vaddr + cursor_pos(&area.c);
	starts->table = cursor_bytes(&area.c, n * row_bytes);
	starts->base = header->vaddr;
	starts->encoding = encoding;
	starts->row_bytes = row_bytes;
}

int starts_load(struct starts *starts, const struct elf *elf)
{
	const struct elf_section *section = elf_find_section(elf, STR(".eh_frame"));
	uint64_t vaddr = 0, bytes = UINT64_MAX;
	int rc;

	*starts = (struct starts){ .elf = elf };
	for (uint32_t i = 0; i < elf->n_segments && !starts->row_bytes; i++)
		if (elf->segments[i].type == PT_GNU_EH_FRAME)
			read_header(starts, &elf->segments[i], &vaddr);
	if (starts->row_bytes)
		return 0;
	if (section && section->type != SHT_NOBITS) {
		vaddr = section->vaddr;
		bytes = section->size;
	}
	if (!vaddr)
		return 0;
	rc = read_frames(starts, area_from(elf, vaddr, bytes));
	if (rc < 0)
		starts_fini(starts);
	return rc;
}

uint64_t starts_count(const struct starts *starts)
{
	return starts->row_bytes ? starts->table.n / starts->row_bytes : starts->n;
}

/* Where row i says that a function starts, and its FDE's vaddr. */
static uint64_t row_at(const struct starts *starts, uint64_t i, uint64_t *ret_fde)
{
	uint64_t at = i * starts->row_bytes, start;
	struct area area = {
		.c = cursor_over(str_head(str_skip(starts->table, at), starts->row_bytes)),
		.vaddr = starts->table_vaddr + at,
		.data_base = starts->base,
	};

	start = read_pointer(&area, starts->encoding);
	*ret_fde = read_pointer(&area, starts->encoding);
	return start;
}

/* The table is searched, not checked: what it says of the start the FDE has to say too. */
static bool read_row(const struct starts *starts, uint64_t i, struct starts_range *ret_range)
{
	uint64_t fde = 0, start = row_at(starts, i, &fde);
	struct area area = area_from(starts->elf, fde, UINT64_MAX);
	struct entry entry;
	uint8_t encoding;

	return read_entry(&area, &entry) && !entry.is_cie &&
	       read_cie(starts->elf, entry.cie_vaddr, &encoding) &&
	       read_fde(&entry, encoding, ret_range) && ret_range->start == start;
}

static bool find_in_table(const struct starts *starts, uint64_t vaddr,
			  struct starts_range *ret_range)
{
	uint64_t low = 0, high = starts_count(starts), other;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (row_at(starts, middle, &other) <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low && read_row(starts, low - 1, ret_range);
}

static bool find_in_items(const struct starts *starts, uint64_t vaddr,
			  struct starts_range *ret_range)
{
	uint32_t before = BISECT(starts->n, i, starts->items[i].start <= vaddr);

	if (before)
		*ret_range = starts->items[before - 1];
	return before;
}

bool starts_find_range(const struct starts *starts, uint64_t vaddr, struct starts_range *ret_range)
{
	struct starts_range range = { 0 };

	if (starts->row_bytes ? !find_in_table(starts, vaddr, &range) :
				!find_in_items(starts, vaddr, &range))
		return false;
	if (vaddr < range.start || vaddr - range.start >= range.size)
		return false;
	*ret_range = range;
	return true;
}

bool starts_find(const struct starts *starts, uint64_t vaddr, uint64_t *ret_start)
{
	struct starts_range range;

	if (!starts_find_range(starts, vaddr, &range))
		return false;
	*ret_start = range.start;
	return true;
}

bool starts_at(const struct starts *starts, uint64_t i, struct starts_range *ret_range)
{
	if (i >= starts_count(starts))
		return false;
	if (starts->row_bytes)
		return read_row(starts, i, ret_range);
	*ret_range = starts->items[i];
	return true;
}

void starts_fini(struct starts *starts)
{
	free(starts->items);
	*starts = (struct starts){ 0 };
}
