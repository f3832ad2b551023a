/* SPDX-License-Identifier: Apache-2.0 */
/* Over made-up interpreters: one function for each instruction, what calls the first, and others. */
#include "runtime/python/tail.h"

#include "base/test.h"
#include "elf/elf.h"
#include "elf/starts.h"
#include "elf/starts_image.h"
#include "runtime/python/python.h"

#define TABLE 0x5000u
#define OTHER_TABLE 0x6000u
#define FUNCTIONS_MAX 200

struct world {
	struct buf code, file;
	struct starts_range ranges[FUNCTIONS_MAX];
	struct elf elf;
	struct starts starts;
	struct python_file python;
};

static uint64_t here(const struct world *w)
{
	return STARTS_HEADER + w->code.n;
}

static void begin_function(struct world *w)
{
	w->ranges[w->starts.n].start = here(w);
}

static uint32_t end_function(struct world *w)
{
	struct starts_range *range = &w->ranges[w->starts.n];

	buf_add_u8(&w->code, 0xc3);
	range->size = here(w) - range->start;
	return w->starts.n++;
}

static void add_operand(struct world *w, uint32_t operand)
{
	buf_add(&w->code, &operand, sizeof(operand));
}

/* call (0x14) or jmp (0x24) *table(,%rax,8); position-independent: lea table(%rip),%rcx first. */
static uint64_t add_dispatch(struct world *w, uint8_t modrm, uint32_t table, bool pic)
{
	uint64_t at;

	if (pic) {
		buf_add(&w->code, "\x48\x8d\x0d", 3);
		add_operand(w, table - (uint32_t)(here(w) + 4));
		buf_add(&w->code, "\x31\xc0", 2);	/* xor %eax,%eax */
		at = here(w);
		buf_add(&w->code, (uint8_t[]){ 0xff, modrm, 0xc1 }, 3);
		return at;
	}
	at = here(w);
	buf_add(&w->code, (uint8_t[]){ 0xff, modrm, 0xc5 }, 3);
	add_operand(w, table);
	return at;
}

static uint64_t add_call(struct world *w, uint64_t target)
{
	uint64_t at = here(w);

	buf_add_u8(&w->code, 0xe8);
	add_operand(w, (uint32_t)(target - (at + 5)));
	return at;
}

struct told {
	struct { uint64_t start, end; bool pushed; } items[8];
	uint32_t n;
};

static void take_stack(void *context, uint64_t start, uint64_t end, bool pushed)
{
	struct told *told = context;

	if (told->n < 8) {
		told->items[told->n].start = start;
		told->items[told->n].end = end;
		told->items[told->n].pushed = pushed;
	}
	told->n++;
}

static bool find(struct world *w, uint32_t function)
{
	bool found;

	starts_image_write(&w->file, buf_str(&w->code));
	CHECK_EQ(elf_open_bytes(&w->elf, buf_str(&w->file), "made", NULL), 0);
	w->starts.elf = &w->elf;
	w->starts.items = w->ranges;
	found = python_tail_find(&w->python, &w->elf, &w->starts, &w->ranges[function]);
	elf_close(&w->elf);
	buf_fini(&w->file);
	buf_fini(&w->code);
	return found;
}

static void check_site(const struct world *w, uint32_t i, uint64_t start, uint64_t bytes)
{
	CHECK_EQ(w->python.loops[i].start, start);
	CHECK_EQ(w->python.loops[i].end, start + bytes);
}

static void check_made(bool pic)
{
	struct world w = { 0 };
	uint64_t site, inlined, direct;
	uint32_t loop;

	for (int i = 0; i < 100; i++) {
		begin_function(&w);
		add_dispatch(&w, 0x24, TABLE, pic);
		end_function(&w);
	}
	begin_function(&w);
	site = add_dispatch(&w, 0x14, TABLE, pic);
	loop = end_function(&w);
	begin_function(&w);	/* a copy of it; what it calls elsewhere begins no run */
	add_call(&w, w.ranges[loop].start);
	add_dispatch(&w, 0x14, OTHER_TABLE, pic);
	inlined = add_dispatch(&w, 0x14, TABLE, pic);
	end_function(&w);
	begin_function(&w);
	direct = add_call(&w, w.ranges[3].start);
	end_function(&w);
	CHECK(find(&w, loop));
	CHECK_EQ(w.python.n_loops, 3);
	check_site(&w, 0, site, pic ? 3 : 7);
	check_site(&w, 1, inlined, pic ? 3 : 7);
	check_site(&w, 2, direct, 5);
}

TEST(what_calls_the_first_function_of_an_instruction_begins_a_run)
{
	check_made(false);
}

TEST(a_table_may_be_told_by_its_distance)
{
	check_made(true);
}

/* As BOLT inlines one instruction into another. */
TEST(the_stack_is_known_where_a_function_is_left_or_a_frame_begins)
{
	struct world w = { .python = { .tail_table = TABLE } };
	uint64_t frame, jump, again, last;
	struct told told = { 0 };

	begin_function(&w);
	frame = here(&w);
	buf_add(&w.code, "\x55\x48\x89\xe5\x5d", 5);
	jump = add_dispatch(&w, 0x24, TABLE, false);
	again = here(&w);
	buf_add(&w.code, "\x55\x48\x89\xe5\x5d", 5);
	last = add_dispatch(&w, 0x24, TABLE, false);
	end_function(&w);
	starts_image_write(&w.file, buf_str(&w.code));
	CHECK_EQ(elf_open_bytes(&w.elf, buf_str(&w.file), "made", NULL), 0);
	w.starts.elf = &w.elf;
	w.starts.items = w.ranges;
	python_tail_stack(&w.python, &w.elf, &w.starts, take_stack, &told);
	CHECK_EQ(told.n, 6);
	CHECK_EQ(told.items[0].start, frame);
	CHECK(told.items[1].pushed && told.items[1].end == frame + 4);
	CHECK_EQ(told.items[2].start, jump);
	CHECK_EQ(told.items[3].start, again);
	CHECK(!told.items[5].pushed && told.items[5].start == last && told.items[5].end == last + 7);
	elf_close(&w.elf);
	buf_fini(&w.file);
	buf_fini(&w.code);
}

TEST(a_loop_in_one_function_is_none_of_tail_calls)
{
	struct world w = { 0 };

	begin_function(&w);
	for (int i = 0; i < 100; i++)
		add_dispatch(&w, 0x24, TABLE, false);
	end_function(&w);
	CHECK(!find(&w, 0));
	CHECK_EQ(w.python.n_loops, 0);
}

TEST(a_few_functions_that_jump_through_a_table_are_no_interpreter)
{
	struct world w = { 0 };

	for (int i = 0; i < 20; i++) {
		begin_function(&w);
		add_dispatch(&w, 0x24, TABLE, false);
		end_function(&w);
	}
	begin_function(&w);
	add_dispatch(&w, 0x14, TABLE, false);
	CHECK(!find(&w, end_function(&w)));
	CHECK_EQ(w.python.n_loops, 0);
}

TEST_MAIN(CASE(what_calls_the_first_function_of_an_instruction_begins_a_run),
	  CASE(a_table_may_be_told_by_its_distance),
	  CASE(the_stack_is_known_where_a_function_is_left_or_a_frame_begins),
	  CASE(a_loop_in_one_function_is_none_of_tail_calls),
	  CASE(a_few_functions_that_jump_through_a_table_are_no_interpreter))
