/* SPDX-License-Identifier: Apache-2.0 */
/* What a made-up HotSpot (layout_test.h) says of itself. */
#include "base/test.h"
#include "runtime/jvm/layout_test.h"

struct made {
	struct jvm_image image;
	struct jvm_file file;
	struct walk_jvm jvm;
};

static void begin(struct made *m, bool old)
{
	jvm_image_make(&m->image, old);
	CHECK(jvm_file_init(&m->file, &m->image.places));
	memset(&m->jvm, 0, sizeof(m->jvm));
}

static bool layout(struct made *m)
{
	return jvm_layout(&m->file, JVM_IMAGE_BIAS, jvm_image_read, &m->image, &m->jvm);
}

/* A row's name is another one. */
static void rename_row(struct made *m, const char *from, const char *to)
{
	for (uint32_t i = JVM_IMAGE_STRINGS; i < m->image.strings; i++)
		if (!strcmp((const char *)m->image.memory + i, from) && m->image.memory[i - 1] == '\0')
			memcpy(m->image.memory + i, to, strlen(from));
}

TEST(a_layout_is_what_the_tables_say)
{
	struct made m;

	begin(&m, false);
	CHECK(layout(&m));
	CHECK_EQ(m.jvm.n_heaps, 3);
	CHECK_EQ(m.jvm.heaps[1].low, 0x7f3000010000);
	CHECK_EQ(m.jvm.heaps[1].high, 0x7f3000020000);
	CHECK_EQ(m.jvm.heaps[1].segmap, 0x7f4000001000);
	CHECK_EQ(m.jvm.segment_bits, 7);
	CHECK_EQ(m.jvm.block_bytes, 8);
	CHECK_EQ(m.jvm.block_used, 4);
	CHECK_EQ(m.jvm.code_offsets, 1);
	CHECK_EQ(m.jvm.complete_bytes, 2);
	CHECK_EQ(m.jvm.entry_bytes, 2);
	CHECK_EQ(m.jvm.nmethod_deopt, 0xa8);
	CHECK_EQ(m.jvm.nmethod_deopt_mh, RUNTIME_NO_FIELD);
	CHECK_EQ(m.jvm.blob_bytes, 0xb0);
	CHECK_EQ(m.jvm.call_stub_at, JVM_IMAGE_BIAS + JVM_IMAGE_STATICS + 8);
	jvm_file_fini(&m.file);
}

TEST(before_23_places_in_a_blob_are_pointers)
{
	struct made m;

	begin(&m, true);
	CHECK(layout(&m));
	CHECK_EQ(m.jvm.code_offsets, 0);
	CHECK_EQ(m.jvm.blob_code, 0x38);
	CHECK_EQ(m.jvm.complete_bytes, 4);
	CHECK_EQ(m.jvm.entry_bytes, 8);
	CHECK_EQ(m.jvm.nmethod_method, 0x80);
	CHECK_EQ(m.jvm.nmethod_deopt_mh, 0x98);
	CHECK_EQ(m.jvm.chunk_klass, 0);
	jvm_file_fini(&m.file);
}

TEST(a_heap_that_is_being_made_is_waited_for)
{
	struct made m;

	begin(&m, false);
	jvm_image_put(&m.image, JVM_IMAGE_HEAPS + 0x300 + 0x70 + 16, 0, 8);	/* its segments */
	CHECK(!layout(&m));
	CHECK(jvm_comes_later(&m.file));
	jvm_image_heaps(&m.image, 3);
	CHECK(layout(&m));
	jvm_file_fini(&m.file);
}

TEST(a_jvm_that_has_not_begun_is_waited_for)
{
	struct made m;

	begin(&m, false);
	jvm_image_put(&m.image, JVM_IMAGE_STATICS, 0, 8);
	CHECK(!layout(&m));
	CHECK(jvm_comes_later(&m.file));
	jvm_file_fini(&m.file);
}

TEST(tables_that_are_not_relocated_yet_are_read_again)
{
	struct made m;
	uint64_t rows;

	begin(&m, false);
	memcpy(&rows, m.image.memory + JVM_IMAGE_VARIABLES, 8);
	jvm_image_put(&m.image, JVM_IMAGE_VARIABLES, 0, 8);
	CHECK(!layout(&m));
	CHECK(jvm_comes_later(&m.file));
	jvm_image_put(&m.image, JVM_IMAGE_VARIABLES, rows, 8);
	CHECK(layout(&m));
	jvm_file_fini(&m.file);
}

/* The loader goes through a library while it is looked at: of a table the first rows may be relocated and the others not. */
TEST(a_table_that_is_relocated_in_part_is_read_again)
{
	struct made m;
	uint64_t name;
	uint32_t row;

	begin(&m, false);
	row = JVM_IMAGE_ROWS + 48 * 9;
	memcpy(&name, m.image.memory + row, 8);
	jvm_image_put(&m.image, row, name - JVM_IMAGE_BIAS, 8);
	CHECK(!layout(&m));
	CHECK(jvm_comes_later(&m.file));
	jvm_image_put(&m.image, row, name, 8);
	CHECK(layout(&m));
	jvm_file_fini(&m.file);
}

TEST(a_jvm_that_describes_itself_in_other_words_is_not_waited_for)
{
	struct made m;

	begin(&m, false);
	rename_row(&m, "_segmap", "_sogmap");
	CHECK(!layout(&m));
	CHECK(!jvm_comes_later(&m.file));
	jvm_file_fini(&m.file);
}

TEST(a_heap_of_a_file_is_passed_over)
{
	struct made m;

	begin(&m, false);
	jvm_image_put(&m.image, JVM_IMAGE_HEAPS + 0x200 + 0xf8, 0, 4);
	jvm_image_put(&m.image, JVM_IMAGE_HEAPS + 0x200 + 0x70 + 16, 0, 8);
	CHECK(layout(&m));
	CHECK_EQ(m.jvm.n_heaps, 2);
	jvm_file_fini(&m.file);
}

TEST(more_heaps_than_there_can_be_are_no_layout)
{
	struct made m;

	begin(&m, false);
	jvm_image_heaps(&m.image, JVM_HEAPS_MAX + 1);
	CHECK(!layout(&m));
	jvm_image_put(&m.image, JVM_IMAGE_HEAPS, UINT32_MAX, 4);
	CHECK(!layout(&m));
	jvm_file_fini(&m.file);
}

TEST(a_field_beyond_what_is_read_of_a_blob_is_no_layout)
{
	struct made m;

	begin(&m, false);
	for (uint32_t row = JVM_IMAGE_ROWS; row < m.image.rows[JVM_FIELDS]; row += 48) {
		uint64_t name;

		memcpy(&name, m.image.memory + row + 8, 8);
		if (!strcmp((const char *)m.image.memory + (name - JVM_IMAGE_BIAS), "_orig_pc_offset"))
			jvm_image_put(&m.image, row + 32, 384, 8);
	}
	CHECK(!layout(&m));
	jvm_file_fini(&m.file);
}

TEST(chunks_are_described_by_their_classes)
{
	struct made m;

	begin(&m, false);
	CHECK(layout(&m));
	CHECK_EQ(m.jvm.chunk_klass, JVM_IMAGE_BIAS + JVM_IMAGE_CLASSES + 0x800 + 2 * 0x200);
	CHECK_EQ(m.jvm.chunk_narrow, (JVM_IMAGE_CLASSES + 0x800 + 2 * 0x200) >> 3);
	CHECK_EQ(m.jvm.chunk_sp, 20);
	CHECK_EQ(m.jvm.chunk_bottom, 24);
	CHECK_EQ(m.jvm.chunk_parent, 28);
	CHECK_EQ(m.jvm.cont_tail, 32);
	CHECK_EQ(m.jvm.chunk_stack, 48);
	CHECK_EQ(m.jvm.oop_bytes, 4);
	CHECK_EQ(m.jvm.oop_base, 0x700000000);
	CHECK_EQ(m.jvm.oop_shift, 3);
	jvm_file_fini(&m.file);
}

TEST(classes_that_are_not_there_yet_are_no_fault)
{
	struct made m;

	begin(&m, false);
	jvm_image_put(&m.image, JVM_IMAGE_CLASSES + 3 * 8, 0, 8);
	CHECK(layout(&m));
	CHECK_EQ(m.jvm.chunk_klass, 0);
	jvm_file_fini(&m.file);
}

TEST(tables_without_an_end_are_refused)
{
	struct jvm_vmstructs s;
	struct made m;

	begin(&m, false);
	jvm_image_put(&m.image, JVM_IMAGE_VARIABLES + 8, 0, 8);		/* a row's size */
	CHECK(!jvm_vmstructs_read(&s, &m.image.places, JVM_IMAGE_BIAS, jvm_image_read, &m.image));
	jvm_image_put(&m.image, JVM_IMAGE_VARIABLES + 8, 1u << 20, 8);
	CHECK(!jvm_vmstructs_read(&s, &m.image.places, JVM_IMAGE_BIAS, jvm_image_read, &m.image));
	jvm_image_put(&m.image, JVM_IMAGE_VARIABLES + 8, 48, 8);
	for (uint32_t i = m.image.rows[JVM_FIELDS]; i < JVM_IMAGE_BYTES; i++)
		m.image.memory[i] |= 1;
	CHECK(!jvm_vmstructs_read(&s, &m.image.places, JVM_IMAGE_BIAS, jvm_image_read, &m.image));
	jvm_file_fini(&m.file);
}

TEST_MAIN(CASE(a_layout_is_what_the_tables_say), CASE(before_23_places_in_a_blob_are_pointers),
	  CASE(a_heap_that_is_being_made_is_waited_for), CASE(a_jvm_that_has_not_begun_is_waited_for),
	  CASE(tables_that_are_not_relocated_yet_are_read_again),
	  CASE(a_table_that_is_relocated_in_part_is_read_again),
	  CASE(a_jvm_that_describes_itself_in_other_words_is_not_waited_for),
	  CASE(a_heap_of_a_file_is_passed_over), CASE(more_heaps_than_there_can_be_are_no_layout),
	  CASE(a_field_beyond_what_is_read_of_a_blob_is_no_layout), CASE(chunks_are_described_by_their_classes),
	  CASE(classes_that_are_not_there_yet_are_no_fault),
	  CASE(tables_without_an_end_are_refused))
