/* SPDX-License-Identifier: Apache-2.0 */
/* Over small files that look like Node.js, with the numbers for debuggers of real ones; 25 has no .symtab and
 * no name for the lengths of bytecodes. */
#include "runtime/v8/v8.h"

#include "base/err.h"
#include "base/test.h"
#include "elf/elf.h"
#include "elf/lookup.h"
#include "runtime/v8/rows.h"

#define FILES "tests/corpus/runtime/v8/detect/"

static struct elf elf;
static struct v8_file file;

static void open_file(const char *path)
{
	struct err err = { 0 };

	CHECK_EQ(elf_open(&elf, path, &err), 0);
	CHECK(v8_detect(&file, &elf));
}

TEST(a_file_tells_its_version_its_layout_and_its_builtins)
{
	struct walk_v8 walk;

	open_file(FILES "20");
	CHECK_EQ(file.objects.version, 1103);
	CHECK_EQ(file.objects.n_bytecodes, 200);
	CHECK_EQ(file.objects.bytecode_bytes[1][5], 3);
	CHECK(file.blob && file.blob_end > file.blob && file.trampoline > file.blob);
	CHECK(!file.dispatch_group);
	CHECK(v8_layout(&file, 0x1000, &walk));
	CHECK_EQ(walk.function_code, 48);
	CHECK_EQ(walk.code_start, 40);
	CHECK_EQ(walk.frame_wasm, 4);
	elf_close(&elf);
}

TEST(a_stripped_file_tells_it_by_what_is_in_it)
{
	struct walk_v8 walk;

	open_file(FILES "25");
	CHECK_EQ(file.objects.version, 1401);
	CHECK_EQ(file.objects.n_bytecodes, 200);
	CHECK_EQ(file.objects.bytecode_bytes[2][5], 5);
	CHECK(file.dispatch_group);
	CHECK_EQ(file.dispatch_table, 0x1a8);
	CHECK(v8_layout(&file, 0x1000, &walk));
	CHECK_EQ(walk.dispatch_group_at, file.dispatch_group + 0x1000);
	CHECK_EQ(walk.function_code, walk.function_shared - 8);
	elf_close(&elf);
}

/* Rows of the file that is open. */
static struct { uint64_t vaddr; struct unwind_rule rule; } rows[256];
static uint32_t n_rows;

static void see_row(void *context, uint64_t vaddr, const struct unwind_rule *rule)
{
	(void)context;
	CHECK(n_rows < 256);
	CHECK(!n_rows || vaddr > rows[n_rows - 1].vaddr);
	rows[n_rows].vaddr = vaddr;
	rows[n_rows++].rule = *rule;
}

static struct unwind_rule rule_at(const char *builtin, int64_t off)
{
	struct unwind_rule rule = { 0 };
	struct elf_symbol symbol;

	CHECK(elf_lookup(&elf, str_of(builtin), &symbol));
	for (uint32_t i = 0; i < n_rows && rows[i].vaddr <= symbol.vaddr + (uint64_t)off; i++)
		rule = rows[i].rule;
	return rule;
}

static void check_rule(const char *builtin, int64_t off, unsigned base, int32_t cfa_off, bool marked)
{
	struct unwind_rule rule = rule_at(builtin, off);

	CHECK_EQ(rule.cfa_base, base);
	CHECK_EQ(rule.cfa_off, cfa_off);
	CHECK_EQ(rule.ra_reg, UNWIND_RIP);
	CHECK_EQ(!!(rule.kind & UNWIND_MARK_V8), marked);
}

TEST(builtins_have_rows_that_follow_their_instructions)
{
	open_file(FILES "20");
	n_rows = 0;
	CHECK_EQ(v8_rows_make(&file, &elf, see_row, NULL), 0);
	check_rule("Builtins_Leaf", 0, UNWIND_RSP, 8, false);
	check_rule("Builtins_Leaf", 4, UNWIND_RSP, 16, false);
	check_rule("Builtins_Leaf", 8, UNWIND_RSP, 8, false);
	/* push rbp; mov rbp, rsp */
	check_rule("Builtins_JSEntry", 1, UNWIND_RSP, 16, false);
	check_rule("Builtins_JSEntry", 4, UNWIND_RBP, 16, false);
	CHECK_EQ(rule_at("Builtins_JSEntry", 4).saves >> 4, UNWIND_AT_CFA);
	CHECK_EQ(rule_at("Builtins_JSEntry", 4).bx_off, -72);
	check_rule("Builtins_InterpreterEntryTrampoline", 0, UNWIND_RSP, 8, false);
	check_rule("Builtins_InterpreterEntryTrampoline", 4, UNWIND_RBP, 16, true);
	elf_close(&elf);
}

TEST(builtins_that_go_on_with_a_functions_frame_begin_with_it)
{
	open_file(FILES "20");
	n_rows = 0;
	CHECK_EQ(v8_rows_make(&file, &elf, see_row, NULL), 0);
	check_rule("Builtins_BaselineLeaveFrame", 0, UNWIND_RBP, 16, true);
	check_rule("Builtins_InterpreterEnterAtNextBytecode", 0, UNWIND_RBP, 16, true);
	/* it is returned to at its first byte */
	CHECK_EQ(rule_at("Builtins_InterpreterEnterAtNextBytecode", 0).cfa_add, 0);
	CHECK_EQ(rule_at("Builtins_InterpreterEnterAtNextBytecode", -1).cfa_add, 1);
	CHECK_EQ(rule_at("Builtins_InterpreterEnterAtNextBytecode", -1).cfa_base, UNWIND_RBP);
	CHECK_EQ(rule_at("Builtins_InterpreterEnterAtNextBytecode", -2).cfa_add, 0);
	/* its return address is dropped: its caller's is on top */
	check_rule("Builtins_Drops", 4, UNWIND_RSP, 8, false);
	check_rule("Builtins_Drops", 8, UNWIND_RBP, 16, false);
	elf_close(&elf);
}

TEST_MAIN(CASE(a_file_tells_its_version_its_layout_and_its_builtins),
	  CASE(a_stripped_file_tells_it_by_what_is_in_it),
	  CASE(builtins_have_rows_that_follow_their_instructions),
	  CASE(builtins_that_go_on_with_a_functions_frame_begin_with_it))
