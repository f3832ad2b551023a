/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/test.h"
#include "elf/bytes_test.h"
#include "elf/dwarf.h"
#include "elf/dwarf_image.h"
#include "elf/dwarf_internal.h"

#define UNITS 40u
#define UNIT_CODE 0x40u
#define FILLING 1500	/* bytes that cannot be compressed, in each unit */

/* A file of UNITS units with a function each: unit 7 has f07 at IMAGE_TEXT + 7 * UNIT_CODE.
 * All are of one size. */
struct image {
	struct buf info, abbrev, aranges, compressed, file;
	uint32_t units[UNITS], functions[UNITS];	/* offsets */
	struct elf elf;
	struct dwarf *dwarf;
	struct dwarf_result result;
};

/* 1: a unit. 2: a function with a name. 3: one that has its name elsewhere. */
static void declare_all(struct buf *b)
{
	static const uint8_t bytes[] = {
		1, DW_TAG_compile_unit, 1, DW_AT_name, DW_FORM_string, 0, 0,
		2, DW_TAG_subprogram, 0, DW_AT_name, DW_FORM_string, DW_AT_low_pc, DW_FORM_addr,
		DW_AT_high_pc, DW_FORM_data4, 0, 0,
		3, DW_TAG_subprogram, 0, DW_AT_abstract_origin, DW_FORM_ref_addr, DW_AT_low_pc,
		DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, 0, 0,
		0,
	};

	buf_add(b, bytes, sizeof(bytes));
}

static void add_unit(struct image *image, unsigned i, uint32_t origin)
{
	struct buf *b = &image->info;
	uint64_t lo = IMAGE_TEXT + i * UNIT_CODE;
	size_t at = b->n;
	uint32_t length;
	char name[16];

	image->units[i] = (uint32_t)at;
	u32(b, 0);
	u16(b, 4);
	u32(b, 0);
	buf_add_u8(b, 8);
	buf_add_u8(b, 1);
	for (int k = 0; k < FILLING; k++)
		buf_add_u8(b, (uint8_t)(rand() % 255 + 1));
	buf_add_u8(b, 0);
	image->functions[i] = (uint32_t)b->n;
	buf_add_u8(b, origin ? 3 : 2);
	if (origin)
		u32(b, origin);
	else
		buf_add(b, name, (size_t)snprintf(name, sizeof(name), "f%02u", i) + 1);
	u64(b, lo);
	u32(b, UNIT_CODE);
	buf_add_u8(b, 0);
	length = (uint32_t)(b->n - at - 4);
	memcpy(b->p + at, &length, 4);

	u32(&image->aranges, 4 * 11);
	u16(&image->aranges, 2);
	u32(&image->aranges, at);
	u16(&image->aranges, 8);	/* addresses of 8 bytes, no segments */
	u32(&image->aranges, 0);
	u64(&image->aranges, lo);
	u64(&image->aranges, UNIT_CODE);
	u64(&image->aranges, 0);
	u64(&image->aranges, 0);
}

static void compress(struct image *image)
{
	Elf64_Chdr header = { .ch_type = ELFCOMPRESS_ZLIB, .ch_size = image->info.n };
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t room = libdeflate_zlib_compress_bound(c, image->info.n);
	char *out = malloc(room);

	assert_non_null(out);
	buf_add(&image->compressed, &header, sizeof(header));
	buf_add(&image->compressed, out,
		libdeflate_zlib_compress(c, image->info.p, image->info.n, out, room));
	free(out);
	libdeflate_free_compressor(c);
}

/* The function of unit `referring` (0: none of them) has its name in the last unit. */
static void image_open(struct image *image, unsigned referring)
{
	*image = (struct image){ 0 };
	srand(1);
	declare_all(&image->abbrev);
	for (unsigned i = 0; i < UNITS; i++)
		add_unit(image, i, referring && i == referring ?
				   (UNITS - 1) * image->units[1] + image->functions[0] : 0);
	compress(image);
	image_build(&image->file, (const struct image_section[]){
		{ ".debug_info", buf_str(&image->compressed), SHF_COMPRESSED },
		{ ".debug_abbrev", buf_str(&image->abbrev), 0 },
		{ ".debug_aranges", buf_str(&image->aranges), 0 },
	}, 3);
	CHECK_EQ(elf_open_bytes(&image->elf, buf_str(&image->file), "image", NULL), 0);
	CHECK_EQ(dwarf_open(&image->dwarf, &image->elf, "/nowhere/image", NULL), 0);
}

static void check_name(struct image *image, unsigned unit, const char *name)
{
	uint64_t vaddr = IMAGE_TEXT + unit * UNIT_CODE + 5;

	dwarf_result_fini(&image->result);
	CHECK_EQ(dwarf_resolve(image->dwarf, &vaddr, 1, &image->result, NULL), 0);
	CHECK_EQ(image->result.n_frames, 1);
	CHECK_STR(image->result.frames[0].name, name);
}

static void image_close(struct image *image)
{
	dwarf_result_fini(&image->result);
	dwarf_close(image->dwarf);
	elf_close(&image->elf);
	buf_fini(&image->info);
	buf_fini(&image->abbrev);
	buf_fini(&image->aranges);
	buf_fini(&image->compressed);
	buf_fini(&image->file);
}

TEST(a_query_in_an_early_unit_reads_no_further)
{
	struct image image;

	image_open(&image, 0);
	check_name(&image, 3, "f03");
	CHECK(image.dwarf->main.cut);
	CHECK_EQ(image.dwarf->main.sections.info.n, image.units[4]);
	CHECK(!image.dwarf->whole);
	image_close(&image);
}

TEST(a_query_in_a_late_unit_reads_all)
{
	struct image image;

	image_open(&image, 0);
	check_name(&image, UNITS - 2, "f38");
	CHECK(!image.dwarf->main.cut);
	image_close(&image);
}

TEST(later_queries_are_answered_from_all)
{
	struct image image;

	image_open(&image, 0);
	check_name(&image, 3, "f03");
	check_name(&image, 39, "f39");
	CHECK(image.dwarf->whole != NULL);
	check_name(&image, 4, "f04");
	image_close(&image);
}

TEST(what_was_prepared_for_some_answers_for_others)
{
	const uint64_t early = IMAGE_TEXT + 3 * UNIT_CODE, late = IMAGE_TEXT + 39 * UNIT_CODE;
	struct image image;

	image_open(&image, 0);
	dwarf_prepare(image.dwarf, &early, 1);
	CHECK_EQ(image.dwarf->main.sections.info.n, image.units[4]);
	check_name(&image, 2, "f02");
	CHECK(!image.dwarf->whole);
	check_name(&image, 38, "f38");
	image_close(&image);

	image_open(&image, 0);
	dwarf_prepare(image.dwarf, &early, 1);
	check_name(&image, 38, "f38");
	image_close(&image);

	image_open(&image, 0);
	dwarf_prepare(image.dwarf, &late, 1);
	CHECK(!image.dwarf->main.cut);
	check_name(&image, 2, "f02");
	CHECK(!image.dwarf->whole);
	image_close(&image);
}

TEST(a_name_that_stands_behind_the_part_is_found)
{
	struct image image;

	image_open(&image, 2);
	check_name(&image, 2, "f39");
	CHECK(image.dwarf->whole != NULL);
	image_close(&image);
}

TEST(a_damaged_stream_gives_no_frames)
{
	const uint64_t vaddr = IMAGE_TEXT + 5;
	struct image image;

	image_open(&image, 0);
	memset(image.file.p + sizeof(Elf64_Ehdr) + 6 * sizeof(Elf64_Shdr) + sizeof(Elf64_Chdr) + 100,
	       0xff, 20000);
	CHECK_EQ(dwarf_resolve(image.dwarf, &vaddr, 1, &image.result, NULL), 0);
	image_close(&image);
}

TEST_MAIN(CASE(a_query_in_an_early_unit_reads_no_further), CASE(a_query_in_a_late_unit_reads_all),
	  CASE(later_queries_are_answered_from_all),
	  CASE(what_was_prepared_for_some_answers_for_others),
	  CASE(a_name_that_stands_behind_the_part_is_found), CASE(a_damaged_stream_gives_no_frames))
