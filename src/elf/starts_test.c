/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/starts.h"

#include "base/test.h"
#include "elf/elf.h"
#include "elf/starts_image.h"
#include "elf/symbols.h"

#define NOBODY UINT64_MAX
#define PCREL_S4 0x1b
#define DATAREL_S4 0x3b
#define OMIT 0xff
#define HEADER_BYTES 12		/* up to the table */

/* The bytes behind the program headers: .eh_frame_hdr with room for its rows, then .eh_frame. */
struct world {
	struct buf rest, file;
	uint32_t n_rows;
	size_t cie;
	struct elf elf;
	struct starts starts;
};

static void add_u32(struct buf *buf, uint32_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void put_u32(struct buf *buf, size_t at, uint32_t v)
{
	memcpy(buf->p + at, &v, sizeof(v));
}

static void end_entry(struct buf *buf, size_t at)
{
	put_u32(buf, at, (uint32_t)(buf->n - at - 4));
}

static void add_cie(struct world *w, const char *letters, struct str data)
{
	struct buf *b = &w->rest;

	w->cie = b->n;
	add_u32(b, 0);
	add_u32(b, 0);
	buf_add_u8(b, 1);
	buf_add(b, letters, strlen(letters) + 1);
	buf_add(b, "\1\x78\x10", 3);
	buf_add_u8(b, (uint8_t)data.n);
	buf_add_str(b, data);
	end_entry(b, w->cie);
}

/* table_encoding OMIT: no table. */
static void begin(struct world *w, uint32_t n_rows, uint8_t table_encoding)
{
	*w = (struct world){ 0 };
	buf_add_u8(&w->rest, 1);
	buf_add_u8(&w->rest, PCREL_S4);
	buf_add_u8(&w->rest, table_encoding == OMIT ? OMIT : 0x03);
	buf_add_u8(&w->rest, table_encoding);
	add_u32(&w->rest, HEADER_BYTES - 4 + n_rows * 8);
	add_u32(&w->rest, n_rows);
	for (uint32_t i = 0; i < n_rows * 2; i++)
		add_u32(&w->rest, 0);
	add_cie(w, "zR", STR("\x1b"));
}

/* An FDE, and its row where there is a table; in ascending order then. */
static void add_function(struct world *w, uint32_t start, uint32_t size, bool in_table)
{
	struct buf *b = &w->rest;
	size_t at = b->n, row = HEADER_BYTES + w->n_rows * 8;

	add_u32(b, 0);
	add_u32(b, (uint32_t)(at + 4 - w->cie));
	add_u32(b, start - (uint32_t)(STARTS_HEADER + b->n));
	add_u32(b, size);
	buf_add_u8(b, 0);
	end_entry(b, at);
	if (!in_table)
		return;
	put_u32(b, row, start - (uint32_t)STARTS_HEADER);
	put_u32(b, row + 4, (uint32_t)at);
	w->n_rows++;
}

static void load(struct world *w)
{
	starts_image_write(&w->file, buf_str(&w->rest));
	CHECK_EQ(elf_open_bytes(&w->elf, buf_str(&w->file), "made", NULL), 0);
	CHECK_EQ(starts_load(&w->starts, &w->elf), 0);
}

static uint64_t start_of(const struct world *w, uint64_t vaddr)
{
	uint64_t start;

	return starts_find(&w->starts, vaddr, &start) ? start : NOBODY;
}

static void end(struct world *w)
{
	starts_fini(&w->starts);
	elf_close(&w->elf);
	buf_fini(&w->file);
	buf_fini(&w->rest);
}

static void check_three_functions(const struct world *w)
{
	CHECK_EQ(start_of(w, 0xfff), NOBODY);
	CHECK_EQ(start_of(w, 0x1000), 0x1000);
	CHECK_EQ(start_of(w, 0x10ff), 0x1000);
	CHECK_EQ(start_of(w, 0x1100), 0x1100);
	CHECK_EQ(start_of(w, 0x117f), 0x1100);
	CHECK_EQ(start_of(w, 0x1180), NOBODY);	/* padding */
	CHECK_EQ(start_of(w, 0x2008), 0x2000);
	CHECK_EQ(start_of(w, UINT64_MAX), NOBODY);
}

TEST(the_table_finds_the_function_that_holds_an_address)
{
	struct world w;

	begin(&w, 3, DATAREL_S4);
	add_function(&w, 0x1000, 0x100, true);
	add_function(&w, 0x1100, 0x80, true);
	add_function(&w, 0x2000, 0x10, true);
	load(&w);
	CHECK_EQ(w.starts.n, 0);
	check_three_functions(&w);
	end(&w);
}

TEST(without_a_table_the_frames_are_read)
{
	struct world w;

	begin(&w, 0, OMIT);
	add_function(&w, 0x2000, 0x10, false);
	add_function(&w, 0x1100, 0x80, false);
	add_u32(&w.rest, 0);	/* a terminator in the middle */
	add_function(&w, 0, 0x700, false);	/* removed by the linker */
	add_function(&w, 0x1000, 0x100, false);
	load(&w);
	CHECK_EQ(w.starts.n, 3);
	check_three_functions(&w);
	end(&w);
}

TEST(letters_before_the_encoding_are_passed_over)
{
	static const struct {
		const char *letters;
		struct str data;
		uint64_t wanted;
	} rows[] = {
		{ "zPLR", { "\x9b\1\2\3\4\x1b\x1b", 7 }, 0x1000 },	/* indirect pcrel sdata4 */
		{ "zPLR", { "\x03\1\2\3\4\xff\x1b", 7 }, 0x1000 },
		{ "zRS", { "\x1b", 1 }, 0x1000 },
		{ "zR", { "\x9b", 1 }, NOBODY },
		{ "zR", { "\x2b", 1 }, NOBODY },
		{ "zR", { "", 0 }, NOBODY },
		{ "zQR", { "\x1b", 1 }, NOBODY },
		{ "Q", { "\x1b", 1 }, NOBODY },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		begin(&w, 1, DATAREL_S4);
		add_cie(&w, rows[i].letters, rows[i].data);
		add_function(&w, 0x1000, 0x100, true);
		load(&w);
		CHECK_EQ(start_of(&w, 0x1010), rows[i].wanted);
		end(&w);
	}
}

TEST(a_table_that_is_longer_than_its_file_is_not_believed)
{
	struct world w;

	begin(&w, 1, DATAREL_S4);
	add_function(&w, 0x1000, 0x100, true);
	put_u32(&w.rest, 8, 0x20000000);
	load(&w);
	CHECK_EQ(w.starts.row_bytes, 0);
	CHECK_EQ(start_of(&w, 0x1010), 0x1000);	/* by the frames */
	end(&w);
}

TEST(a_row_whose_frame_says_otherwise_names_nobody)
{
	static const uint32_t frames[] = { 0, 4, 0x7fffffff, 0xfffffff0 };

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct world w;

		begin(&w, 1, DATAREL_S4);
		add_function(&w, 0x1000, 0x100, true);
		put_u32(&w.rest, HEADER_BYTES + 4, frames[i]);
		load(&w);
		CHECK_EQ(start_of(&w, 0x1010), NOBODY);
		end(&w);
	}
}

TEST(a_file_cut_anywhere_is_no_error)
{
	struct world w;
	struct str all;

	begin(&w, 2, DATAREL_S4);
	add_function(&w, 0x1000, 0x100, true);
	add_function(&w, 0x1100, 0x80, true);
	starts_image_write(&w.file, buf_str(&w.rest));
	all = buf_str(&w.file);
	for (size_t n = sizeof(struct starts_image); n < all.n; n++) {
		struct elf elf;
		struct starts starts;
		uint64_t start;

		if (elf_open_bytes(&elf, str_head(all, n), "cut", NULL) < 0)
			continue;
		CHECK_EQ(starts_load(&starts, &elf), 0);
		if (starts_find(&starts, 0x1010, &start))
			CHECK_EQ(start, 0x1000);
		starts_fini(&starts);
		elf_close(&elf);
	}
	end(&w);
}

/* This program has both: a symbol table and the tables for exceptions. */
TEST(what_a_symbol_table_calls_a_function_starts_where_it_does)
{
	struct symbols symbols;
	struct starts starts;
	struct elf elf;
	uint32_t same = 0, other = 0;

	CHECK_EQ(elf_open(&elf, "/proc/self/exe", NULL), 0);
	CHECK_EQ(symbols_load(&symbols, &elf, NULL), 0);
	CHECK_EQ(starts_load(&starts, &elf), 0);
	for (uint32_t i = 0; i < symbols.n; i++) {
		const struct symbol *symbol = &symbols.items[i];
		uint64_t start;

		/* the entries of the PLT have one frame together */
		if (!str_ends(symbol->name, STR("@plt")) &&
		    starts_find(&starts, symbol->vaddr + symbol->size / 2, &start)) {
			same += start == symbol->vaddr;
			other += start != symbol->vaddr;
		}
	}
	CHECK(same > 100);
	CHECK_EQ(other, 0);
	starts_fini(&starts);
	symbols_fini(&symbols);
	elf_close(&elf);
}

TEST_MAIN(CASE(the_table_finds_the_function_that_holds_an_address),
	  CASE(without_a_table_the_frames_are_read),
	  CASE(letters_before_the_encoding_are_passed_over),
	  CASE(a_table_that_is_longer_than_its_file_is_not_believed),
	  CASE(a_row_whose_frame_says_otherwise_names_nobody),
	  CASE(a_file_cut_anywhere_is_no_error),
	  CASE(what_a_symbol_table_calls_a_function_starts_where_it_does))
