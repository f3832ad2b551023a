/* SPDX-License-Identifier: Apache-2.0 */
/* Where a file has its function table and its moduledata. */
#include <errno.h>

#include "base/cursor.h"
#include "elf/elf.h"
#include "runtime/go/table.h"

#define MAGIC_118 0xfffffff0u
#define MAGIC_120 0xfffffff1u
#define HEADER_BYTES 72u
#define FUNCTIONS_MAX (1u << 24)
#define POINTER_ALIGN 8u

/* Words of the moduledata (runtime/symtab.go); those up to `text` have stood since 1.18. */
enum {
	MODULE_HEADER = 0,
	MODULE_NAMES = 1,
	MODULE_RECORDS = 13,
	MODULE_TEXT = 22,
	MODULE_GOFUNC_118 = 38,
	MODULE_GOFUNC_120 = 40,		/* two words more before it: covctrs, ecovctrs */
	MODULE_WORDS
};

/* A word of the file and what is to be added where it was loaded. */
struct go_module {
	uint64_t vaddr;
	uint64_t words[MODULE_WORDS];
};

static bool parse_header(struct go_table *table, struct str bytes, uint64_t vaddr)
{
	struct cursor c = cursor_over(bytes);
	uint32_t magic = cursor_u32(&c);
	uint64_t n, at[5];

	if (magic != MAGIC_118 && magic != MAGIC_120)
		return false;
	if (cursor_u16(&c) != 0 || cursor_u8(&c) != 1 || cursor_u8(&c) != sizeof(uint64_t))
		return false;		/* not x86-64's smallest instruction and pointer */
	n = cursor_u64(&c);
	cursor_skip(&c, 16);		/* files, text */
	for (int i = 0; i < 5; i++)
		at[i] = cursor_u64(&c);
	if (c.failed || !n || n > FUNCTIONS_MAX || at[0] < HEADER_BYTES || at[4] > bytes.n)
		return false;
	for (int i = 1; i < 5; i++)
		if (at[i] < at[i - 1])
			return false;
	*table = (struct go_table){
		.layout = magic == MAGIC_118 ? GO_LAYOUT_118 : GO_LAYOUT_120,
		.vaddr = vaddr,
		.n_functions = (uint32_t)n,
		.names = str_head(str_skip(bytes, at[0]), at[1] - at[0]),
		.units = str_head(str_skip(bytes, at[1]), at[2] - at[1]),
		.files = str_head(str_skip(bytes, at[2]), at[3] - at[2]),
		.values = str_head(str_skip(bytes, at[3]), at[4] - at[3]),
		.records = str_skip(bytes, at[4]),
	};
	return table->records.n / 8 > n;
}

/* ---- Relocated words. ---- */

/* The relocations of a position-independent file; empty in others. */
static struct str relocations(const struct elf *elf)
{
	uint64_t vaddr = 0, size = 0;

	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		struct cursor c;

		if (segment->type != PT_DYNAMIC)
			continue;
		c = cursor_over(elf_bytes_at(elf, segment->vaddr, segment->filesz));
		while (cursor_more(&c)) {
			uint64_t tag = cursor_u64(&c), value = cursor_u64(&c);

			if (tag == DT_RELA)
				vaddr = value;
			if (tag == DT_RELASZ)
				size = value;
		}
	}
	return vaddr ? elf_bytes_at(elf, vaddr, size) : (struct str){ 0 };
}

static bool next_relative(struct cursor *c, uint64_t *ret_vaddr, uint64_t *ret_value)
{
	while (cursor_more(c)) {
		uint64_t vaddr = cursor_u64(c), info = cursor_u64(c), addend = cursor_u64(c);

		if (c->failed || ELF64_R_TYPE(info) != R_X86_64_RELATIVE)
			continue;
		*ret_vaddr = vaddr;
		*ret_value = addend;
		return true;
	}
	return false;
}

static void read_module(struct go_module *module, const struct elf *elf, uint64_t vaddr,
			struct str relocs)
{
	struct cursor c = cursor_over(elf_bytes_at(elf, vaddr, sizeof(module->words)));
	uint64_t at, value;

	module->vaddr = vaddr;
	for (int i = 0; i < MODULE_WORDS; i++)
		module->words[i] = cursor_u64(&c);
	c = cursor_over(relocs);
	while (next_relative(&c, &at, &value))
		if (at - vaddr < sizeof(module->words) && (at - vaddr) % 8 == 0)
			module->words[(at - vaddr) / 8] = value;
}

static uint64_t part_vaddr(const struct go_table *table, struct str part, struct str bytes)
{
	return table->vaddr + (uint64_t)(part.p - bytes.p);
}

static bool is_executable(const struct elf *elf, uint64_t vaddr)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD && (segment->flags & PF_X) &&
		    vaddr - segment->vaddr < segment->filesz)
			return true;
	}
	return false;
}

/* What follows a vaddr in its segment. */
static struct str bytes_from(const struct elf *elf, uint64_t vaddr)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type == PT_LOAD && vaddr - segment->vaddr < segment->filesz)
			return elf_bytes_at(elf, vaddr,
					    segment->filesz - (vaddr - segment->vaddr));
	}
	return (struct str){ 0 };
}

/* Whether the words at vaddr are the moduledata of this table; takes what it tells. */
static bool take_module(struct go_table *table, const struct elf *elf, struct str bytes,
			uint64_t vaddr, struct str relocs)
{
	struct go_module module;
	struct cursor c;
	uint64_t text, end, gofunc;

	read_module(&module, elf, vaddr, relocs);
	if (module.words[MODULE_HEADER] != table->vaddr ||
	    module.words[MODULE_NAMES] != part_vaddr(table, table->names, bytes) ||
	    module.words[MODULE_RECORDS] != part_vaddr(table, table->records, bytes))
		return false;
	text = module.words[MODULE_TEXT];
	c = cursor_over(table->records);
	cursor_skip(&c, 8 * (uint64_t)table->n_functions);
	end = cursor_u32(&c);
	if (c.failed || !end || !is_executable(elf, text) || !is_executable(elf, text + end - 1))
		return false;
	gofunc = module.words[table->layout == GO_LAYOUT_118 ? MODULE_GOFUNC_118 : MODULE_GOFUNC_120];
	table->module = vaddr;
	table->text = text;
	table->text_end = text + end;
	table->inlines = bytes_from(elf, gofunc);
	return true;
}

/* Looks for a word that points to the table: the moduledata begins with it. */
static bool find_module(struct go_table *table, const struct elf *elf, struct str bytes)
{
	struct str relocs = relocations(elf);
	struct cursor c = cursor_over(relocs);
	uint64_t at, value;

	while (next_relative(&c, &at, &value))
		if (value == table->vaddr && take_module(table, elf, bytes, at, relocs))
			return true;
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (segment->type != PT_LOAD || !(segment->flags & PF_W))
			continue;
		c = cursor_over(elf_bytes_at(elf, segment->vaddr, segment->filesz));
		for (at = segment->vaddr; cursor_left(&c) >= 8; at += 8)
			if (cursor_u64(&c) == table->vaddr &&
			    take_module(table, elf, bytes, at, relocs))
				return true;
	}
	return false;
}

static bool take_table(struct go_table *table, const struct elf *elf, struct str bytes,
		       uint64_t vaddr)
{
	struct go_table found;

	if (!parse_header(&found, bytes, vaddr) || !find_module(&found, elf, bytes))
		return false;
	*table = found;
	return true;
}

/* Where no section tells: GNU ld puts the table of a position-independent program into .data.rel.ro. */
static bool scan_segments(struct go_table *table, const struct elf *elf)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		struct str bytes;

		if (segment->type != PT_LOAD || (segment->vaddr & (POINTER_ALIGN - 1)))
			continue;
		bytes = elf_bytes_at(elf, segment->vaddr, segment->filesz);
		for (size_t at = 0; bytes.n >= HEADER_BYTES && at <= bytes.n - HEADER_BYTES;
		     at += POINTER_ALIGN) {
			uint32_t magic;

			memcpy(&magic, bytes.p + at, sizeof(magic));
			if ((magic == MAGIC_118 || magic == MAGIC_120) &&
			    take_table(table, elf, str_skip(bytes, at), segment->vaddr + at))
				return true;
		}
	}
	return false;
}

/* Files that the Go linker had a hand in. Without section headers nothing tells them apart but what is
 * looked for. */
static bool is_go(const struct elf *elf)
{
	return !elf->n_sections || elf_find_section(elf, STR(".note.go.buildid")) ||
	       elf_find_section(elf, STR(".go.buildinfo"));
}

int go_table_open(struct go_table *ret_table, struct elf *elf)
{
	static const struct str names[] = { { ".gopclntab", 10 },
					    { ".data.rel.ro.gopclntab", 22 } };
	struct go_table table;

	if (elf->machine != EM_X86_64)
		return -ENOENT;
	for (size_t i = 0; i < 2; i++) {
		const struct elf_section *section = elf_find_section(elf, names[i]);
		struct str bytes = { 0 };

		if (section && section->type != SHT_NOBITS)
			bytes = elf_bytes_at(elf, section->vaddr, section->size);
		if (bytes.n && take_table(&table, elf, bytes, section->vaddr)) {
			*ret_table = table;
			return 0;
		}
	}
	if (!is_go(elf) || !scan_segments(&table, elf))
		return -ENOENT;
	*ret_table = table;
	return 0;
}

/* ---- The version. ----
 *
 * debug/buildinfo: "\xff Go buildinf:", pointer size, flags; with flag 2 (1.18 and later) the version
 * follows at 32 with its length before it. */

#define BUILDINFO_HEAD 32u
#define BUILDINFO_INLINE 2u
#define VERSION_MAX 64u

static struct str parse_buildinfo(struct str bytes)
{
	struct cursor c = cursor_over(bytes);
	uint64_t n;
	struct str version;

	if (!str_starts(bytes, STR("\xff Go buildinf:")))
		return (struct str){ 0 };
	cursor_skip(&c, 15);
	if (!(cursor_u8(&c) & BUILDINFO_INLINE))
		return (struct str){ 0 };
	cursor_seek(&c, BUILDINFO_HEAD);
	n = cursor_uleb(&c);
	version = cursor_bytes(&c, n <= VERSION_MAX ? n : VERSION_MAX);
	return c.failed ? (struct str){ 0 } : version;
}

struct str go_version(struct elf *elf)
{
	const struct elf_section *section = elf_find_section(elf, STR(".go.buildinfo"));

	if (section)
		return parse_buildinfo(elf_bytes_at(elf, section->vaddr, section->size));
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		struct str bytes;

		if (segment->type != PT_LOAD || !(segment->flags & PF_W))
			continue;
		bytes = elf_bytes_at(elf, segment->vaddr, segment->filesz);
		for (; bytes.n >= BUILDINFO_HEAD; bytes = str_skip(bytes, 16))
			if (bytes.p[0] == '\xff' && parse_buildinfo(bytes).n)
				return parse_buildinfo(bytes);
	}
	return (struct str){ 0 };
}
