/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/kernelbtf.h"

#include <errno.h>
#include <linux/btf.h>

#include "base/test.h"

/* struct outer { int a; struct { int b; int c : 3; int d; }; }; at 0, and 8 */
struct image {
	struct btf_header header;
	struct {
		struct btf_type type;
		uint32_t encoding;
	} number;
	struct {
		struct btf_type type;
		struct btf_member members[3];
	} inner;
	struct {
		struct btf_type type;
		struct btf_member members[2];
	} outer;
	char strings[32];
};

#define INFO(kind, n, flag) ((uint32_t)(flag) << 31 | (uint32_t)(kind) << 24 | (n))

static const struct image image = {
	.header = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(struct btf_header),
		    .type_len = offsetof(struct image, strings) - sizeof(struct btf_header),
		    .str_off = offsetof(struct image, strings) - sizeof(struct btf_header),
		    .str_len = 32 },
	.number = { { 1, INFO(BTF_KIND_INT, 0, 0), { 4 } }, 32 },
	.inner = { { 0, INFO(BTF_KIND_STRUCT, 3, 1), { 12 } },
		   { { 7, 1, 0 }, { 9, 1, 3u << 24 | 32 }, { 11, 1, 64 } } },
	.outer = { { 13, INFO(BTF_KIND_STRUCT, 2, 0), { 24 } }, { { 5, 1, 0 }, { 0, 2, 64 } } },
	.strings = "\0int\0a\0b\0c\0d\0outer",
};

static int find(const void *bytes, size_t n, const char *structure, const char *member,
		uint32_t *ret_offset)
{
	struct kernel_btf btf = { 0 };
	int rc = kernel_btf_parse(&btf, str_over(bytes, n), NULL);

	return rc < 0 ? rc : kernel_btf_find_member(&btf, str_of(structure), str_of(member), ret_offset);
}

TEST(members_are_found_also_in_anonymous_structures)
{
	uint32_t off = 99;

	CHECK_EQ(find(&image, sizeof(image), "outer", "a", &off), 0);
	CHECK_EQ(off, 0);
	CHECK_EQ(find(&image, sizeof(image), "outer", "b", &off), 0);
	CHECK_EQ(off, 8);
	CHECK_EQ(find(&image, sizeof(image), "outer", "d", &off), 0);
	CHECK_EQ(off, 16);
}

TEST(what_is_not_there_or_a_bit_field_is_not_found)
{
	uint32_t off = 99;

	CHECK_EQ(find(&image, sizeof(image), "outer", "c", &off), -ENOENT);
	CHECK_EQ(find(&image, sizeof(image), "outer", "e", &off), -ENOENT);
	CHECK_EQ(find(&image, sizeof(image), "oute", "a", &off), -ENOENT);
	CHECK_EQ(find(&image, sizeof(image), "int", "a", &off), -ENOENT);
	CHECK_EQ(off, 99);
}

TEST(a_structure_that_is_inside_itself_ends)
{
	struct image bad = image;
	uint32_t off = 99;

	bad.outer.members[1].type = 3;	/* itself */
	CHECK_EQ(find(&bad, sizeof(bad), "outer", "d", &off), -ENOENT);
}

TEST(what_is_cut_is_damaged_or_without_the_member)
{
	for (size_t n = 0; n < sizeof(image); n++) {
		uint32_t off;

		CHECK(find(&image, n, "outer", "d", &off) < 0);
	}
}

TEST(a_task_of_this_kernel_has_a_number)
{
	struct kernel_btf btf;
	uint32_t tgid = 0, pid = 0, fs = 0;

	if (kernel_btf_open(&btf, NULL) < 0)
		return;	/* built without type information */
	CHECK_EQ(kernel_btf_find_member(&btf, STR("task_struct"), STR("pid"), &pid), 0);
	CHECK_EQ(kernel_btf_find_member(&btf, STR("task_struct"), STR("tgid"), &tgid), 0);
	CHECK_EQ(tgid, pid + 4);
	CHECK_EQ(kernel_btf_find_member(&btf, STR("task_struct"), STR("thread"), &fs), 0);
	kernel_btf_close(&btf);
}

TEST_MAIN(CASE(members_are_found_also_in_anonymous_structures),
	  CASE(what_is_not_there_or_a_bit_field_is_not_found),
	  CASE(a_structure_that_is_inside_itself_ends),
	  CASE(what_is_cut_is_damaged_or_without_the_member),
	  CASE(a_task_of_this_kernel_has_a_number))
