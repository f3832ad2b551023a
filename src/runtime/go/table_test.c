/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/table.h"

#include <errno.h>

#include "base/test.h"
#include "elf/elf.h"
#include "runtime/go/go.h"
#include "runtime/go/made_go.h"
#include "runtime/go/rows.h"

struct fixture {
	struct buf file;
	struct elf elf;
	struct go_table table;
};

static void begin(struct fixture *f, const struct made_go *made)
{
	*f = (struct fixture){ 0 };
	made_go_write(&f->file, made);
	CHECK_EQ(elf_open_bytes(&f->elf, buf_str(&f->file), "made", NULL), 0);
	CHECK_EQ(go_table_open(&f->table, &f->elf), 0);
}

static void end(struct fixture *f)
{
	elf_close(&f->elf);
	buf_fini(&f->file);
}

static const struct made_go ways[] = {
	{ .version = "go1.22.1" },
	{ .old = true, .version = "go1.18" },
	{ .without_text = true, .version = "go1.26.3 X:exp" },
	{ .relocated = true },
	{ .relocated = true, .old = true },
	{ .relocated = true, .without_text = true, .version = "devel go1.27" },
};

TEST(functions_are_found_however_the_file_was_linked)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct go_function function;
		struct fixture f;

		begin(&f, &ways[i]);
		CHECK_EQ(f.table.text, MADE_TEXT);
		CHECK_EQ(f.table.text_end, MADE_TEXT_END);
		CHECK(go_table_find(&f.table, MADE_TEXT + 0x3f, &function));
		CHECK_STR(function.name, "main.work");
		CHECK_EQ(function.start_line, ways[i].old ? 0 : 7);
		CHECK(go_table_find(&f.table, MADE_TEXT + 0x40, &function));
		CHECK_STR(function.name, "runtime.morestack");
		CHECK(go_table_find(&f.table, MADE_TEXT_END - 1, &function));
		CHECK(!go_table_find(&f.table, MADE_TEXT_END, &function));
		CHECK(!go_table_find(&f.table, MADE_TEXT - 1, &function));
		CHECK_STR(go_version(&f.elf), ways[i].version ? ways[i].version : "");
		end(&f);
	}
}

TEST(an_inlined_call_stands_before_its_caller)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct go_frame frames[GO_FRAMES_MAX];
		struct fixture f;

		begin(&f, &ways[i]);
		CHECK_EQ(go_table_frames(&f.table, MADE_TEXT + 0x18, frames), 2);
		CHECK_STR(frames[0].name, "main.helper");
		CHECK_STR(frames[0].file, "/src/helper.go");
		CHECK_EQ(frames[0].line, 31);
		CHECK_EQ(frames[0].inlined, true);
		CHECK_STR(frames[1].name, "main.work");
		CHECK_STR(frames[1].file, "/src/work.go");
		CHECK_EQ(frames[1].line, 10);	/* of the call, not of what was called */
		CHECK_EQ(frames[1].inlined, false);
		CHECK_EQ(go_table_frames(&f.table, MADE_TEXT + 0x20, frames), 1);
		CHECK_EQ(frames[0].line, 12);
		end(&f);
	}
}

TEST(a_c_function_that_go_linked_is_left_to_dwarf)
{
	struct go_frame frames[GO_FRAMES_MAX];
	struct fixture f;

	begin(&f, &ways[0]);
	CHECK_EQ(go_table_frames(&f.table, MADE_TEXT + 0x150, frames), 0);
	end(&f);
}

static const struct unwind_rule *rule_at(const struct go_rows *rows, uint64_t vaddr)
{
	const struct go_row *found = NULL;

	for (uint32_t i = 0; i < rows->n && rows->items[i].vaddr <= vaddr; i++)
		found = &rows->items[i];
	return found && found->rule != GO_RULE_KEEP ? &rows->rules[found->rule] : NULL;
}

TEST(rows_say_how_far_the_stack_pointer_has_moved)
{
	struct go_rows rows;
	struct fixture f;

	begin(&f, &ways[0]);
	CHECK_EQ(go_rows_make(&rows, &f.table, &f.elf), 0);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 3)->cfa_off, 8);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 3)->saves, UNWIND_SAME);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 4)->cfa_off, 0x20);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 4)->saves, UNWIND_AT_CFA);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 4)->fp_off, -16);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 0x3c)->cfa_off, 8);
	CHECK(!rule_at(&rows, MADE_TEXT + 0x140));
	go_rows_fini(&rows);
	end(&f);
}

TEST(changes_of_stacks_are_known_by_their_code)
{
	uint64_t morestack = MADE_TEXT + 0x40, systemstack = MADE_TEXT + 0x80;
	struct go_rows rows;
	struct fixture f;

	begin(&f, &ways[0]);
	CHECK_EQ(go_rows_make(&rows, &f.table, &f.elf), 0);
	CHECK_EQ(rule_at(&rows, morestack + 16)->kind, UNWIND_CFA);
	CHECK_EQ(rule_at(&rows, morestack + 17)->kind, UNWIND_GO_MORESTACK);
	CHECK_EQ(rule_at(&rows, systemstack + 10)->kind, UNWIND_CFA);
	CHECK_EQ(rule_at(&rows, systemstack + 12)->kind, UNWIND_GO_SYSTEMSTACK);
	CHECK_EQ(rule_at(&rows, systemstack + 17)->kind, UNWIND_CFA);
	CHECK_EQ(rule_at(&rows, MADE_TEXT + 0xc0)->kind, UNWIND_END);
	go_rows_fini(&rows);
	end(&f);
}

static bool read_nothing(void *context, void *out, size_t n, uint64_t address)
{
	(void)context, (void)out, (void)n, (void)address;
	return false;
}

TEST(a_layout_comes_from_code_and_from_the_version)
{
	struct walk_go layout;
	struct go_file file;
	struct fixture f;

	begin(&f, &ways[0]);
	CHECK(go_detect(&file, &f.elf));
	CHECK_EQ(file.minor, 22);
	CHECK(go_layout(&file, 0, read_nothing, NULL, &layout));
	CHECK_EQ(layout.g_tls, -8);
	CHECK_EQ(layout.m_curg, 0xc0);
	CHECK_EQ(layout.g_sched_bp, 0x68);
	CHECK_EQ(layout.g_goid, 152);
	CHECK_EQ(layout.labels, GO_LABELS_MAP);
	end(&f);
}

TEST(of_a_version_that_nobody_knows_no_labels_are_read)
{
	struct walk_go layout;
	struct go_file file;
	struct fixture f;

	begin(&f, &ways[5]);
	CHECK(go_detect(&file, &f.elf));
	CHECK(go_layout(&file, 0, read_nothing, NULL, &layout));
	CHECK_EQ(layout.g_goid, RUNTIME_NO_FIELD);
	CHECK_EQ(layout.g_labels, RUNTIME_NO_FIELD);
	end(&f);
}

TEST(a_table_whose_moduledata_is_gone_is_no_table)
{
	struct go_table table;
	struct fixture f;

	begin(&f, &(struct made_go){ .version = NULL });
	f.file.p[f.file.n - 44 * 8 - 32] ^= 1;	/* its first word */
	CHECK_EQ(go_table_open(&table, &f.elf), -ENOENT);
	end(&f);
}

TEST_MAIN(CASE(functions_are_found_however_the_file_was_linked),
	  CASE(an_inlined_call_stands_before_its_caller),
	  CASE(a_c_function_that_go_linked_is_left_to_dwarf),
	  CASE(rows_say_how_far_the_stack_pointer_has_moved),
	  CASE(changes_of_stacks_are_known_by_their_code),
	  CASE(a_layout_comes_from_code_and_from_the_version),
	  CASE(of_a_version_that_nobody_knows_no_labels_are_read),
	  CASE(a_table_whose_moduledata_is_gone_is_no_table))
