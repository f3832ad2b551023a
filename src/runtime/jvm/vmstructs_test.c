/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/vmstructs.h"

#include "base/test.h"
#include "runtime/jvm/tables_test.h"

static const struct table_row rows[] = {
	{ JVM_FIELDS, "Method", "_constMethod", false, 8 },
	{ JVM_FIELDS, "CodeCache", "_heaps", true, 0x700000 },
	{ JVM_FIELDS, "Method", "_constMethod", false, 99 },	/* again: the first counts */
	{ JVM_FIELDS, "Huge", "_field", false, 70000 },
	{ JVM_TYPES, "Method", NULL, false, 88 },
	{ JVM_INTS, "CompLevel_any", NULL, false, 0xffffffff },
	{ JVM_LONGS, "markWord::klass_shift", NULL, false, 42 },
};

static bool read_tables(struct jvm_vmstructs *structs, struct buf *image, uint64_t bias)
{
	struct tables tables = { 0 };
	struct str view;
	bool ok;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tables_add(&tables, &rows[i]);
	tables_finish(&tables, image);
	for (int t = 0; t < JVM_TABLES; t++) {
		struct jvm_vmtable *place = &tables.places.tables[t];

		place->rows -= bias;
		place->stride -= bias;
		for (int i = 0; i < JVM_COLUMNS_MAX && place->columns[i]; i++)
			place->columns[i] -= bias;
	}
	view = str_over(image->p, image->n);
	ok = jvm_vmstructs_read(structs, &tables.places, bias, image_read, &view);
	return ok;
}

TEST(fields_sizes_and_numbers_are_found_by_name)
{
	struct buf image = { 0 };
	struct jvm_vmstructs structs;
	uint32_t value;
	uint64_t vaddr;
	int64_t number;

	CHECK(read_tables(&structs, &image, 0x1000));
	CHECK(jvm_field(&structs, "Method", "_constMethod", &value));
	CHECK_EQ(value, 8);
	CHECK(jvm_static(&structs, "CodeCache", "_heaps", &vaddr));
	CHECK_EQ(vaddr, 0x6ff000);
	CHECK(jvm_type_size(&structs, "Method", &value));
	CHECK_EQ(value, 88);
	CHECK(jvm_int(&structs, "CompLevel_any", &number));
	CHECK_EQ(number, -1);
	CHECK(jvm_int(&structs, "markWord::klass_shift", &number));
	CHECK_EQ(number, 42);
	jvm_vmstructs_fini(&structs);
	buf_fini(&image);
}

TEST(what_is_not_there_is_not_found)
{
	struct buf image = { 0 };
	struct jvm_vmstructs structs;
	uint32_t value;
	uint64_t vaddr;

	CHECK(read_tables(&structs, &image, 0x1000));
	CHECK(!jvm_field(&structs, "Method", "_gone", &value));
	CHECK(!jvm_field(&structs, "CodeCache", "_heaps", &value));	/* no offset */
	CHECK(!jvm_static(&structs, "Method", "_constMethod", &vaddr));
	CHECK(!jvm_field(&structs, "Huge", "_field", &value));
	CHECK(!jvm_type_size(&structs, "CodeCache", &value));
	jvm_vmstructs_fini(&structs);
	buf_fini(&image);
}

TEST(memory_that_cannot_be_read_has_no_tables)
{
	struct jvm_vmstructs structs;
	struct jvm_places places = { 0 };
	struct str nothing = { 0 };

	CHECK(!jvm_vmstructs_read(&structs, &places, 0, image_read, &nothing));
}

TEST_MAIN(CASE(fields_sizes_and_numbers_are_found_by_name), CASE(what_is_not_there_is_not_found),
	  CASE(memory_that_cannot_be_read_has_no_tables))
