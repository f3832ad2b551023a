/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/dwarf.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/test.h"
#include "elf/bytes_test.h"
#include "elf/dwarf_image.h"
#include "elf/dwarf_internal.h"

/* ---- this program about itself */

#ifdef __aarch64__
#define HERE "adr %0, . + 4"
#else
#define HERE "lea 0(%%rip), %0"
#endif

static int line_of_probe;
static volatile int sink;

static inline __attribute__((always_inline)) uintptr_t inlined_probe(int x)
{
	uintptr_t here;

	sink = x;
	line_of_probe = __LINE__ + 1;
	__asm__ volatile(HERE : "=r"(here));
	return here;
}

static __attribute__((noinline)) uintptr_t outer_probe(int x)
{
	return inlined_probe(x) + 0 * (uintptr_t)x;
}

extern const char __executable_start[];	/* ld's: vaddr 0 of a position-independent program */

TEST(a_call_inlined_into_this_test_is_found_with_its_caller)
{
	uint64_t vaddr = outer_probe(1) - 1 - (uintptr_t)__executable_start;
	struct dwarf_result result;
	struct dwarf *dwarf;
	struct err err = { 0 };
	struct elf elf;

	CHECK_EQ(elf_open(&elf, "/proc/self/exe", &err), 0);
	CHECK_EQ(dwarf_open(&dwarf, &elf, "/proc/self/exe", &err), 0);
	CHECK_EQ(dwarf_resolve(dwarf, &vaddr, 1, &result, &err), 0);
	CHECK_EQ(result.n_frames, 2);
	CHECK_STR(result.frames[0].name, "inlined_probe");
	CHECK_EQ(result.frames[0].line, line_of_probe);
	CHECK_STR(str_basename(result.frames[0].file), "dwarf_test.c");
	CHECK_STR(result.frames[1].name, "outer_probe");
	CHECK(result.frames[1].start_line > result.frames[0].start_line);
	dwarf_result_fini(&result);
	dwarf_close(dwarf);
	elf_close(&elf);
}

/* ---- small images */

struct image {
	struct buf info, abbrev, file;
	struct elf elf;
	struct dwarf *dwarf;
	struct dwarf_result result;
};

/* One declaration: attribute and form pairs up to a 0. */
static void declare(struct buf *b, unsigned code, unsigned tag, unsigned children, ...)
{
	va_list args;
	unsigned v;

	buf_add_uleb(b, code);
	buf_add_uleb(b, tag);
	buf_add_u8(b, (uint8_t)children);
	va_start(args, children);
	while ((v = va_arg(args, unsigned)) != 0) {
		buf_add_uleb(b, v);
		buf_add_uleb(b, va_arg(args, unsigned));
	}
	va_end(args);
	buf_add(b, "\0\0", 2);
}

enum { ROOT = 1, FUNCTION, ORIGIN, INLINED };

/* A unit of version 4 over all of the text; close_unit() writes its length. */
static size_t open_unit(struct image *image)
{
	size_t at = image->info.n;

	u32(&image->info, 0);
	u16(&image->info, 4);
	u32(&image->info, 0);
	buf_add_u8(&image->info, 8);
	buf_add_uleb(&image->info, ROOT);
	u64(&image->info, IMAGE_TEXT);
	u32(&image->info, 0x1000);
	return at;
}

static void close_unit(struct image *image, size_t at)
{
	uint32_t length = (uint32_t)(image->info.n - at - 4);

	memcpy(image->info.p + at, &length, 4);
}

static void declare_all(struct image *image)
{
	struct buf *b = &image->abbrev;

	declare(b, ROOT, DW_TAG_compile_unit, true, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc,
		DW_FORM_data4, 0);
	declare(b, FUNCTION, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string, DW_AT_low_pc,
		DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, DW_AT_sibling, DW_FORM_ref4, 0);
	declare(b, ORIGIN, DW_TAG_subprogram, false, DW_AT_linkage_name, DW_FORM_string,
		DW_AT_abstract_origin, DW_FORM_ref4, 0);
	declare(b, INLINED, DW_TAG_inlined_subroutine, true, DW_AT_abstract_origin, DW_FORM_ref4,
		DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_data4, DW_AT_call_line,
		DW_FORM_data1, 0);
	buf_add_u8(b, 0);
}

static void add_function(struct image *image, const char *name, uint64_t lo, uint32_t size,
			 uint32_t sibling)
{
	buf_add_uleb(&image->info, FUNCTION);
	buf_add(&image->info, name, strlen(name) + 1);
	u64(&image->info, lo);
	u32(&image->info, size);
	u32(&image->info, sibling);
}

static void add_origin(struct image *image, const char *name, uint32_t origin)
{
	buf_add_uleb(&image->info, ORIGIN);
	buf_add(&image->info, name, strlen(name) + 1);
	u32(&image->info, origin);
}

static void add_inlined(struct image *image, uint32_t origin, uint64_t lo, uint32_t size)
{
	buf_add_uleb(&image->info, INLINED);
	u32(&image->info, origin);
	u64(&image->info, lo);
	u32(&image->info, size);
	buf_add_u8(&image->info, 7);
}

static int resolve(struct image *image, const uint64_t *vaddrs, uint32_t n)
{
	const struct image_section sections[] = {
		{ ".debug_info", buf_str(&image->info), 0 },
		{ ".debug_abbrev", buf_str(&image->abbrev), 0 },
	};
	int rc;

	image_build(&image->file, sections, sizeof(sections) / sizeof(*sections));
	rc = elf_open_bytes(&image->elf, buf_str(&image->file), "image", NULL);
	if (rc == 0)
		rc = dwarf_open(&image->dwarf, &image->elf, "/nowhere/image", NULL);
	if (rc == 0)
		rc = dwarf_resolve(image->dwarf, vaddrs, n, &image->result, NULL);
	return rc;
}

static void image_fini(struct image *image)
{
	dwarf_result_fini(&image->result);
	dwarf_close(image->dwarf);
	elf_close(&image->elf);
	buf_fini(&image->info);
	buf_fini(&image->abbrev);
	buf_fini(&image->file);
}

TEST(a_file_without_debug_information_is_not_found)
{
	struct image image = { 0 };

	CHECK_EQ(resolve(&image, NULL, 0), -ENOENT);
	image_fini(&image);
}

TEST(no_addresses_give_an_empty_result)
{
	struct image image = { 0 };

	declare_all(&image);
	close_unit(&image, open_unit(&image));
	CHECK_EQ(resolve(&image, NULL, 0), 0);
	CHECK_EQ(image.result.n, 0);
	CHECK_EQ(image.result.n_frames, 0);
	image_fini(&image);
}

TEST(addresses_outside_of_functions_have_no_frames)
{
	const uint64_t vaddrs[] = { 0, 0x1010, 0x101f, 0x1020, UINT64_MAX };
	struct image image = { 0 };
	size_t unit;

	declare_all(&image);
	unit = open_unit(&image);
	add_function(&image, "f", 0x1010, 0x10, 0);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 5), 0);
	CHECK_EQ(image.result.first[1], 0);
	CHECK_EQ(image.result.first[2], 1);
	CHECK_EQ(image.result.first[3], 2);
	CHECK_EQ(image.result.n_frames, 2);
	CHECK_STR(image.result.frames[0].name, "f");
	image_fini(&image);
}

TEST(an_origin_that_names_itself_ends)
{
	const uint64_t vaddrs[] = { 0x1010, 0x1014 };
	struct image image = { 0 };
	uint32_t origin;
	size_t unit;

	declare_all(&image);
	unit = open_unit(&image);
	origin = (uint32_t)(image.info.n - unit);
	add_origin(&image, "", origin);
	add_function(&image, "f", 0x1010, 0x10, 0);
	add_inlined(&image, origin, 0x1014, 4);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 2), 0);
	CHECK_EQ(image.result.n_frames, 3);
	CHECK_EQ(image.result.frames[1].name.n, 0);
	CHECK_EQ(image.result.frames[2].line, 7);
	CHECK_STR(image.result.frames[2].name, "f");
	image_fini(&image);
}

TEST(a_sibling_that_points_backwards_ends_the_unit_only)
{
	const uint64_t vaddrs[] = { 0x1050 };
	struct image image = { 0 };
	size_t unit;

	declare_all(&image);
	unit = open_unit(&image);
	add_function(&image, "unwanted", 0x1010, 0x10, 12);
	close_unit(&image, unit);
	unit = open_unit(&image);
	add_function(&image, "wanted", 0x1050, 0x10, 0);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 1), 0);
	CHECK_EQ(image.result.n_frames, 1);
	CHECK_STR(image.result.frames[0].name, "wanted");
	image_fini(&image);
}

TEST(a_function_nested_behind_a_sibling_is_found)
{
	const uint64_t vaddrs[] = { 0x1014, 0x1054 };
	struct image image = { 0 };
	size_t unit, sibling;
	uint32_t end;

	declare_all(&image);
	unit = open_unit(&image);
	add_function(&image, "outer", 0x1100, 0x10, 0);
	sibling = image.info.n - 4;
	add_function(&image, "nested", 0x1050, 0x10, 0);
	buf_add(&image.info, "\0\0", 2);
	end = (uint32_t)(image.info.n - unit);
	memcpy(image.info.p + sibling, &end, 4);
	add_function(&image, "next", 0x1010, 0x10, 0);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 2), 0);
	CHECK_EQ(image.result.n_frames, 2);
	CHECK_STR(image.result.frames[0].name, "next");
	CHECK_STR(image.result.frames[1].name, "nested");
	image_fini(&image);
}

TEST(a_removed_function_at_address_zero_takes_nothing)
{
	const uint64_t vaddrs[] = { 0x1014 };
	struct image image = { 0 };
	size_t unit;

	declare_all(&image);
	unit = open_unit(&image);
	add_function(&image, "removed", 0, 0x2000, 0);
	buf_add_u8(&image.info, 0);
	add_function(&image, "kept", 0x1010, 0x10, 0);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 1), 0);
	CHECK_EQ(image.result.n_frames, 1);
	CHECK_STR(image.result.frames[0].name, "kept");
	image_fini(&image);
}

TEST(a_claim_without_a_function_passes_to_the_next_unit)
{
	const uint64_t vaddrs[] = { 0x1014 };
	struct image image = { 0 };
	size_t unit;

	declare_all(&image);
	for (int i = 0; i < 3; i++)
		close_unit(&image, open_unit(&image));
	unit = open_unit(&image);
	add_function(&image, "f", 0x1010, 0x10, 0);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 1), 0);
	CHECK_EQ(image.result.n_frames, 1);
	CHECK_STR(image.result.frames[0].name, "f");
	image_fini(&image);
}

TEST(a_thousand_calls_inlined_into_one_another_are_cut)
{
	const uint64_t vaddrs[] = { 0x1014 };
	struct image image = { 0 };
	size_t unit;

	declare_all(&image);
	unit = open_unit(&image);
	add_function(&image, "f", 0x1010, 0x10, 0);
	for (int i = 0; i < 1000; i++)
		add_inlined(&image, 0, 0x1010, 0x10);
	close_unit(&image, unit);
	CHECK_EQ(resolve(&image, vaddrs, 1), 0);
	CHECK_EQ(image.result.n_frames, 512);
	CHECK_STR(image.result.frames[511].name, "f");
	image_fini(&image);
}

/* ---- pieces */

TEST(every_cut_of_a_program_resolves_or_fails_without_harm)
{
	const uint64_t vaddrs[] = { 0x1010, 0x1014, 0x1100 };
	struct image whole = { 0 };
	size_t unit;

	declare_all(&whole);
	unit = open_unit(&whole);
	add_function(&whole, "f", 0x1010, 0x10, 0);
	add_inlined(&whole, 0x30, 0x1014, 4);
	close_unit(&whole, unit);
	for (size_t n = 0; n < whole.info.n + whole.abbrev.n; n++) {
		struct image image = { 0 };

		buf_add(&image.info, whole.info.p, n < whole.info.n ? n : whole.info.n);
		buf_add(&image.abbrev, whole.abbrev.p,
			n < whole.info.n ? whole.abbrev.n : n - whole.info.n);
		if (n > 4 && n < whole.info.n)
			close_unit(&image, 0);
		(void)!resolve(&image, vaddrs, 3);
		image_fini(&image);
	}
	image_fini(&whole);
}

TEST(queries_are_found_by_their_address)
{
	const uint64_t vaddrs[] = { 5, 6, 7, 1000, 1001, 500000, UINT64_MAX };
	struct queries queries;

	CHECK_EQ(queries_init(&queries, vaddrs, 7), 0);
	CHECK_EQ(queries_first(&queries, 0), 0);
	CHECK_EQ(queries_first(&queries, 5), 0);
	CHECK_EQ(queries_first(&queries, 6), 1);
	CHECK_EQ(queries_first(&queries, 8), 3);
	CHECK_EQ(queries_first(&queries, 1001), 4);
	CHECK_EQ(queries_first(&queries, 1002), 5);
	CHECK_EQ(queries_first(&queries, 500001), 6);
	CHECK_EQ(queries_first(&queries, UINT64_MAX), 6);
	queries_fini(&queries);
}

TEST(a_string_without_an_end_is_empty)
{
	CHECK_STR(dwarf_cstr_at(STR("ab\0cd"), 0), "ab");
	CHECK_STR(dwarf_cstr_at(STR("ab\0cd"), 1), "b");
	CHECK_EQ(dwarf_cstr_at(STR("ab\0cd"), 3).n, 0);
	CHECK_EQ(dwarf_cstr_at(STR("ab\0cd"), 99).n, 0);
	CHECK_EQ(dwarf_cstr_at((struct str){ 0 }, 0).n, 0);
}

TEST_MAIN(CASE(a_call_inlined_into_this_test_is_found_with_its_caller),
	  CASE(a_file_without_debug_information_is_not_found),
	  CASE(no_addresses_give_an_empty_result),
	  CASE(addresses_outside_of_functions_have_no_frames),
	  CASE(an_origin_that_names_itself_ends),
	  CASE(a_sibling_that_points_backwards_ends_the_unit_only),
	  CASE(a_function_nested_behind_a_sibling_is_found),
	  CASE(a_removed_function_at_address_zero_takes_nothing),
	  CASE(a_claim_without_a_function_passes_to_the_next_unit),
	  CASE(a_thousand_calls_inlined_into_one_another_are_cut),
	  CASE(every_cut_of_a_program_resolves_or_fails_without_harm),
	  CASE(queries_are_found_by_their_address),
	  CASE(a_string_without_an_end_is_empty))
