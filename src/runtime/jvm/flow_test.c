/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/flow.h"

#include "base/test.h"
#include "runtime/jvm/image_test.h"

#define CODE 0x1000ull

/* As C1 of 17 compiles a loop that is inlined: the place is at its poll, the next one at a call behind it. */
static const uint8_t loop[] = {
	0xff, 0xc0,			/*  0 inc eax */
	0x4d, 0x8b, 0x97, 0x08, 0, 0, 0,	/*  2 mov r10, [r15 + 8] */
	0x41, 0x85, 0x02,		/*  9 test [r10], eax: a place, the poll */
	0x83, 0xfe, 0x00,		/* 12 cmp esi, 0 */
	0x7f, 0xef,			/* 15 jg 0 */
	0x90,				/* 17 */
	0xe8, 0, 0, 0, 0,		/* 18 call */
	0xc3,				/* 23 a place: the call's. ret */
};

/* A slow path behind the end of the method goes back before the poll. */
static const uint8_t slow[] = {
	0x90,				/*  0 */
	0x41, 0x85, 0x02,		/*  1 a place, the poll */
	0x74, 0x02,			/*  4 je 8 */
	0x90,				/*  6 */
	0xc3,				/*  7 ret */
	0xe8, 0, 0, 0, 0,		/*  8 call */
	0x90,				/* 13 a place: the call's */
	0xeb, 0xf0,			/* 14 jmp 0 */
	0xe8, 0, 0, 0, 0,		/* 16 call */
	0xf4,				/* 21 a place: that of another call */
};

static uint32_t next_in(const void *code, size_t n, uint32_t bytes, uint32_t off, const int32_t offs[3])
{
	struct jvm_pc pcs[] = { { -1, 0 }, { offs[0], 1 }, { offs[1], 2 }, { offs[2], 3 } };
	struct jvm_scopes scopes = { .pcs = pcs, .n_pcs = 4 };
	struct buf image = { 0 };
	struct str view;
	struct jvm_memory memory = { image_read, &view };
	struct jvm_flow flow = { &memory, CODE, bytes };
	uint32_t found;

	image_add(&image, CODE, code, n);
	view = str_over(image.p, image.n);
	found = jvm_flow_next(&flow, &scopes, off);
	buf_fini(&image);
	return found;
}

#define NEXT(code, off, ...) next_in(code, sizeof(code), sizeof(code), off, (const int32_t[3]){ __VA_ARGS__ })

TEST(before_a_place_an_instruction_counts_for_it)
{
	CHECK_EQ(NEXT(loop, 0, 9, 23, INT32_MAX), 1);
	CHECK_EQ(NEXT(loop, 2, 9, 23, INT32_MAX), 1);
	CHECK_EQ(NEXT(loop, 17, 9, 23, INT32_MAX), 2);
	CHECK_EQ(NEXT(loop, 18, 9, 23, INT32_MAX), 2);
}

TEST(behind_a_loops_poll_the_poll_comes_next_and_not_what_follows_the_loop)
{
	CHECK_EQ(NEXT(loop, 12, 9, 23, INT32_MAX), 1);
	CHECK_EQ(NEXT(loop, 15, 9, 23, INT32_MAX), 1);
}

TEST(a_poll_is_its_own_place_and_what_follows_a_call_is_not_the_calls)
{
	CHECK_EQ(NEXT(loop, 9, 9, 23, INT32_MAX), 1);
	CHECK_EQ(NEXT(slow, 13, 1, 13, 21), 1);
}

TEST(what_comes_to_a_return_before_a_place_counts_by_address)
{
	CHECK_EQ(NEXT(loop, 23, 9, 23, INT32_MAX), 3);
	CHECK_EQ(NEXT(slow, 6, 1, 13, 21), 2);
	CHECK_EQ(NEXT(loop, 23, 40, 50, INT32_MAX), 1);	/* not for what is before the first one */
}

TEST(a_jump_back_is_followed_from_where_no_loop_is)
{
	CHECK_EQ(NEXT(slow, 14, 1, 13, 21), 1);
}

TEST(a_loop_without_a_place_counts_for_what_is_behind_it)
{
	CHECK_EQ(NEXT(loop, 12, 23, INT32_MAX, INT32_MAX), 1);
	CHECK_EQ(NEXT(loop, 0, 23, INT32_MAX, INT32_MAX), 1);
}

TEST(code_that_cannot_be_read_or_is_none_counts_by_address)
{
	static const uint8_t odd[] = { 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06 };

	CHECK_EQ(next_in(loop, 4, sizeof(loop), 12, (const int32_t[3]){ 9, 23, INT32_MAX }), 2);
	CHECK_EQ(NEXT(odd, 5, 2, 9, INT32_MAX), 2);
	CHECK_EQ(NEXT(loop, 400, 9, 23, INT32_MAX), 3);
	CHECK_EQ(NEXT(loop, 16, 9, 23, INT32_MAX), 2);	/* in the middle of an instruction */
}

TEST(jumps_that_never_come_to_a_place_end)
{
	static const uint8_t round[] = { 0xeb, 0x10, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
					 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xeb, 0xec };

	CHECK_EQ(NEXT(round, 0, 10, 19, INT32_MAX), 1);
}

TEST_MAIN(CASE(before_a_place_an_instruction_counts_for_it),
	  CASE(behind_a_loops_poll_the_poll_comes_next_and_not_what_follows_the_loop),
	  CASE(a_poll_is_its_own_place_and_what_follows_a_call_is_not_the_calls),
	  CASE(what_comes_to_a_return_before_a_place_counts_by_address), CASE(a_jump_back_is_followed_from_where_no_loop_is),
	  CASE(a_loop_without_a_place_counts_for_what_is_behind_it),
	  CASE(code_that_cannot_be_read_or_is_none_counts_by_address),
	  CASE(jumps_that_never_come_to_a_place_end))
