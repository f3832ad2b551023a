/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gperfcpu.h"

#include <errno.h>

#include "base/test.h"
#include "format/format.h"
#include "format/memory_test.h"

#define MAPS "2000-3000 r-xp 00001000 00:00 1    /bin/app\n"

/* The words, then the text. */
static struct str made(char *to, const uint64_t *words, size_t n, const char *text)
{
	memcpy(to, words, n * sizeof(*words));
	memcpy(to + n * sizeof(*words), text, strlen(text));
	return str_over(to, n * sizeof(*words) + strlen(text));
}

TEST(stacks_have_their_time_and_the_signals_frame_once)
{
	static const uint64_t words[] = { 0, 3, 0, 10000, 0, 5, 3, 0x2100, 0x2100, 0x2200, 1, 1, 0x2300, 0, 1, 0 };
	struct err err = { 0 };
	char bytes[512];
	struct profile p;
	const struct frame *f;

	profile_init(&p);
	if (format_read_bytes(&p, made(bytes, words, 16, MAPS), "x", &err) < 0)
		fail_msg("%s", err.text);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.values[0], 5);
	CHECK_EQ(p.values[1], 50000000);
	CHECK_EQ(p.period, 10000000);
	CHECK_EQ(stacktree_depth(&p.tree, p.stack[0]), 2);
	f = &p.frames.frames[p.tree.frame[p.stack[0]]];
	CHECK_EQ(f->address, 0x2100);
	CHECK_EQ(p.frames.modules[f->module].offset, 0x1000);
	f = &p.frames.frames[p.tree.frame[p.tree.parent[p.stack[0]]]];
	CHECK_EQ(f->address, 0x21ff);
	profile_fini(&p);
}

static void check_refused(const uint64_t *words, size_t n, const char *sentence)
{
	struct err err = { 0 };
	char bytes[512];
	struct profile p;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, made(bytes, words, n, ""), "x", &err), -EBADMSG);
	CHECK_STR(str_of(err.text), sentence);
	profile_fini(&p);
}

TEST(damage_is_named_with_its_byte)
{
	check_refused((uint64_t[]){ 0, 3, 0, 10000, 0, 5, 3, 0x2100 }, 8, "x: byte 40: a stack is cut short");
	check_refused((uint64_t[]){ 0, 3, 0, 10000, 0, 5, 1, 0x2100 }, 8,
		      "x: byte 64: it ends before its last stack");
	check_refused((uint64_t[]){ 0, 3, 0, 10000, 0, 5, 0, 0 }, 8,
		      "x: byte 40: a stack has no frames, or more than 65536");
}

TEST_MAIN(CASE(stacks_have_their_time_and_the_signals_frame_once), CASE(damage_is_named_with_its_byte))
