/* SPDX-License-Identifier: Apache-2.0 */
/* Over small files that look like interpreters; their _Py_DebugOffsets are those of real ones. */
#include "runtime/python/python.h"

#include "base/err.h"
#include "base/test.h"
#include "elf/elf.h"

#define FILES "tests/corpus/runtime/python/detect/"

static bool detect(const char *path, struct python_file *file)
{
	struct err err = { 0 };
	struct elf elf;
	bool found;

	CHECK_EQ(elf_open(&elf, path, &err), 0);
	found = python_detect(file, &elf);
	elf_close(&elf);
	return found;
}

static void check_offsets(const char *path, unsigned minor)
{
	struct python_offsets table;
	struct python_file file;

	CHECK(detect(path, &file));
	CHECK_EQ(file.minor, minor);
	CHECK(python_offsets_of(&table, minor, false));
	CHECK(memcmp(&table, &file.offsets, sizeof(table)) == 0);
}

TEST(what_interpreters_say_of_themselves_is_what_the_tables_have)
{
	check_offsets(FILES "3.10", 10);
	check_offsets(FILES "3.13", 13);
	check_offsets(FILES "3.14", 14);
}

TEST(other_programs_are_no_interpreters)
{
	struct python_file file;

	CHECK(!detect("/proc/self/exe", &file));
}

static void check_refused(uint64_t word, uint64_t value)
{
	struct python_offsets o;
	struct elf elf;
	char bytes[PYTHON_DEBUG_BYTES];

	CHECK_EQ(elf_open(&elf, FILES "3.14", NULL), 0);
	memcpy(bytes, memmem(elf.bytes.p, elf.bytes.n, "xdebugpy", 8), sizeof(bytes));
	elf_close(&elf);
	CHECK(python_offsets_read(&o, str_over(bytes, sizeof(bytes))));
	memcpy(bytes + 8 * word, &value, sizeof(value));
	CHECK(!python_offsets_read(&o, str_over(bytes, sizeof(bytes))));
}

TEST(implausible_descriptions_are_refused)
{
	check_refused(1, 0x030f00f0);		/* a version that is not known */
	check_refused(1, 0x040e00f0);
	check_refused(2, 2);			/* neither with nor without the GIL */
	check_refused(24, 1000000);		/* a field past the end of its structure */
	check_refused(31, 4096);		/* a frame that is no frame */
	check_refused(36, UINT64_MAX);
}

TEST(a_layout_is_there_before_the_interpreter_runs)
{
	struct walk_python walk;
	struct python_file file;

	CHECK(detect(FILES "3.14", &file));
	CHECK(python_layout(&file, 0x10000, NULL, NULL, &walk));
	CHECK_EQ(walk.key_at, file.runtime + 0x10000 + 2336 + 4);
	CHECK_EQ(walk.segment, PYTHON_SEGMENT_SHIM);
	CHECK_EQ(walk.frame_bytes, 80);
	CHECK_EQ(walk.tsd_at, 0x310);
}

TEST_MAIN(CASE(what_interpreters_say_of_themselves_is_what_the_tables_have),
	  CASE(other_programs_are_no_interpreters), CASE(implausible_descriptions_are_refused),
	  CASE(a_layout_is_there_before_the_interpreter_runs))
