/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/lookup.h"

#include "base/err.h"
#include "base/test.h"
#include "elf/elf.h"
#include "elf/starts.h"

#define FILE_3_10 "tests/corpus/runtime/python/detect/3.10"	/* stripped, one section of its own */
#define FILE_3_13 "tests/corpus/runtime/python/detect/3.13"	/* with its symbol table */

static void open_file(struct elf *elf, const char *path)
{
	struct err err = { 0 };

	CHECK_EQ(elf_open(elf, path, &err), 0);
}

TEST(an_exported_symbol_is_found_by_its_hash)
{
	struct elf_symbol symbol;
	struct elf elf;

	open_file(&elf, FILE_3_10);
	CHECK(elf_lookup(&elf, STR("_PyRuntime"), &symbol));
	CHECK_EQ(symbol.type, STT_OBJECT);
	CHECK_EQ(symbol.size, 700);
	CHECK_EQ(symbol.vaddr, elf_find_section(&elf, STR(".PyRuntime"))->vaddr);
	CHECK(!elf_lookup(&elf, STR("_PyRuntim"), &symbol));
	CHECK(!elf_lookup(&elf, STR(""), &symbol));
	elf_close(&elf);
}

static bool count(void *context, const struct elf_symbol *symbol)
{
	uint32_t *n = context;

	++*n;
	return symbol->vaddr && *n < 2;
}

TEST(symbols_that_begin_alike_are_shown_until_it_is_enough)
{
	uint32_t n = 0;
	struct elf elf;

	open_file(&elf, FILE_3_13);
	elf_lookup_each(&elf, STR("_Py"), count, &n);
	CHECK_EQ(n, 2);
	elf_lookup_each(&elf, STR("no_such_symbol"), count, &n);
	CHECK_EQ(n, 2);
	elf_close(&elf);
}

TEST(functions_are_enumerated_with_their_ends)
{
	struct starts_range range, again;
	struct elf_symbol symbol;
	struct starts starts;
	struct elf elf;
	uint64_t n;

	open_file(&elf, FILE_3_13);
	CHECK_EQ(starts_load(&starts, &elf), 0);
	CHECK(elf_lookup(&elf, STR("_PyEval_EvalFrameDefault"), &symbol));
	CHECK(starts_find_range(&starts, symbol.vaddr + 1, &range));
	CHECK_EQ(range.start, symbol.vaddr);
	CHECK_EQ(range.size, symbol.size);
	n = starts_count(&starts);
	CHECK(n >= 2);
	for (uint64_t i = 0; i < n; i++)
		CHECK(starts_at(&starts, i, &again));
	CHECK(!starts_at(&starts, n, &again));
	starts_fini(&starts);
	elf_close(&elf);
}

TEST_MAIN(CASE(an_exported_symbol_is_found_by_its_hash),
	  CASE(symbols_that_begin_alike_are_shown_until_it_is_enough),
	  CASE(functions_are_enumerated_with_their_ends))
