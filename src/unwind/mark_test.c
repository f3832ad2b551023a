/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/mark.h"

#include "base/test.h"
#include "unwind/rows.h"
#include "unwind/unwind.h"

#define MARK UNWIND_MARK_PYTHON

/* A table of three functions: [0x1000, 0x2000) by rsp, [0x2000, 0x2fff0) by rbp, and nothing else. */
struct fixture {
	struct unwind_rules rules;
	struct unwind_table table;
	uint32_t by_rsp, by_rbp;
};

static void begin(struct fixture *f)
{
	struct unwind_rule rule = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8,
				    .ra_off = -8, .ra_reg = UNWIND_RIP };
	struct rows rows;

	f->table = (struct unwind_table){ 0 };
	CHECK_EQ(unwind_rules_init(&f->rules), 0);
	f->by_rsp = unwind_rules_add(&f->rules, &rule);
	rule.cfa_base = UNWIND_RBP;
	f->by_rbp = unwind_rules_add(&f->rules, &rule);
	CHECK_EQ(rows_init(&rows, 0x1000, 0x2ffff, 8), 0);
	rows_add(&rows, 0x1000, f->by_rsp);
	rows_add(&rows, 0x2000, f->by_rbp);
	rows_add(&rows, 0x2fff0, UNWIND_RULE_NONE);
	CHECK_EQ(rows_finish(&rows, &f->table), 0);
	rows_fini(&rows);
}

static void end(struct fixture *f)
{
	unwind_table_fini(&f->table);
	unwind_rules_fini(&f->rules);
}

static bool is_marked(const struct fixture *f, uint64_t vaddr)
{
	return f->rules.items[unwind_find(&f->table, vaddr)].kind & MARK;
}

TEST(a_span_inside_a_function_gets_rows_of_its_own)
{
	struct unwind_span span = { 0x1100, 0x1200 };
	struct fixture f;

	begin(&f);
	CHECK_EQ(unwind_mark(&f.table, &f.rules, &span, 1, MARK), 0);
	CHECK_EQ(unwind_find(&f.table, 0x10ff), f.by_rsp);
	CHECK_EQ(is_marked(&f, 0x1100), 1);
	CHECK_EQ(is_marked(&f, 0x11ff), 1);
	CHECK_EQ(unwind_find(&f.table, 0x1200), f.by_rsp);
	CHECK_EQ(f.rules.items[unwind_find(&f.table, 0x1180)].cfa_base, UNWIND_RSP);
	end(&f);
}

TEST(spans_may_cross_functions_and_pages_and_come_in_any_order)
{
	struct unwind_span spans[] = { { 0x1ff00, 0x20100 }, { 0x1f00, 0x2100 }, { 0x2080, 0x2200 } };
	struct fixture f;

	begin(&f);
	CHECK_EQ(unwind_mark(&f.table, &f.rules, spans, 3, MARK), 0);
	CHECK_EQ(is_marked(&f, 0x1eff), 0);
	CHECK_EQ(is_marked(&f, 0x1f00), 1);
	CHECK_EQ(is_marked(&f, 0x21ff), 1);
	CHECK_EQ(f.rules.items[unwind_find(&f.table, 0x2100)].cfa_base, UNWIND_RBP);
	CHECK_EQ(is_marked(&f, 0x2200), 0);
	CHECK_EQ(is_marked(&f, 0x1ff00), 1);
	CHECK_EQ(is_marked(&f, 0x200ff), 1);
	CHECK_EQ(unwind_find(&f.table, 0x20100), f.by_rbp);
	CHECK_EQ(unwind_find(&f.table, 0x2fff0), UNWIND_RULE_NONE);
	end(&f);
}

TEST(without_spans_or_rows_nothing_changes)
{
	struct unwind_span backwards = { 0x1200, 0x1100 };
	struct unwind_table empty = { 0 };
	struct fixture f;

	begin(&f);
	CHECK_EQ(unwind_mark(&f.table, &f.rules, &backwards, 1, MARK), 0);
	CHECK_EQ(is_marked(&f, 0x1180), 0);
	CHECK_EQ(unwind_mark(&empty, &f.rules, &backwards, 1, MARK), 0);
	CHECK_EQ(empty.n_cells, 0);
	end(&f);
}

TEST_MAIN(CASE(a_span_inside_a_function_gets_rows_of_its_own),
	  CASE(spans_may_cross_functions_and_pages_and_come_in_any_order),
	  CASE(without_spans_or_rows_nothing_changes))
