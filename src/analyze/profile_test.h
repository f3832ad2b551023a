/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/profile_test.h - profiles for tests, built from words: "main;parse;lex 3". */
#ifndef SONDE_ANALYZE_PROFILE_TEST_H
#define SONDE_ANALYZE_PROFILE_TEST_H

#include "base/test.h"
#include "model/profile.h"

/* "lex@k" -> FRAME_KERNEL, and *name without it. */
static inline uint8_t test_kind(struct str *name)
{
	static const struct {
		const char *suffix;
		enum frame_kind kind;
	} kinds[] = { { "@k", FRAME_KERNEL },	   { "@l", FRAME_LIBRARY }, { "@r", FRAME_RUNTIME },
		      { "@i", FRAME_INTERPRETED }, { "@c", FRAME_C2 }, { "@u", FRAME_UNKNOWN } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!str_ends(*name, str_of(kinds[i].suffix)))
			continue;
		*name = str_head(*name, name->n - 2);
		return kinds[i].kind;
	}
	return FRAME_NATIVE;
}

/* A frame by name: "lex", "lex:12" (with a line), "0x77" (an address only), "lex@k" (kernel; @l library,
 * @r runtime, @i interpreted, @c compiled by C2, @u unknown). */
static inline uint32_t test_frame(struct profile *p, struct str name)
{
	struct frame frame = { .kind = FRAME_NATIVE };
	struct str head = name;
	struct function function = { 0 };
	struct module module = { 0 };
	uint64_t n = 0;

	if (str_starts(name, STR("0x"))) {
		str_parse_u64(str_skip(name, 2), 16, &frame.address);
		module.path = strings_add(&p->strings, STR("/lib/libx.so"));
	} else {
		frame.kind = test_kind(&name);
		head = name;
		if (str_rfind(name, ':') > 0 && name.p[str_rfind(name, ':') - 1] != ':') {
			head = str_head(name, (size_t)str_rfind(name, ':'));
			str_parse_u64(str_skip(name, head.n + 1), 10, &n);
			function.file = strings_add(&p->strings, STR("/src/a.c"));
			function.start_line = 10;
		}
		function.name = strings_add(&p->strings, head);
		module.path = strings_add(&p->strings, STR("/usr/bin/app"));
		frame.line = (uint32_t)n;
		frame.function = frames_add_function(&p->frames, &function);
	}
	frame.module = frames_add_module(&p->frames, &module);
	return frames_add(&p->frames, &frame);
}

static inline uint32_t test_stack(struct profile *p, struct str frames)
{
	uint32_t stack = 0;

	while (frames.p && frames.n)
		stack = stacktree_push(&p->tree, stack, test_frame(p, str_cut(&frames, ';')));
	return stack;
}

/* Adds a sample "a;b;c 3" to every value type (times 10 for the second), of a thread. */
static inline void test_sample(struct profile *p, const char *line, int64_t pid, int64_t tid)
{
	struct str s = str_of(line), frames;
	ptrdiff_t space = str_rfind(s, ' ');
	uint64_t value = 0;
	int64_t values[VALUE_TYPES_MAX];
	struct label set[4];
	char name[32];

	frames = str_head(s, (size_t)space);
	str_parse_u64(str_skip(s, (size_t)space + 1), 10, &value);
	for (int t = 0; t < VALUE_TYPES_MAX; t++)
		values[t] = (int64_t)value * (t == 1 ? 10 : 1);
	snprintf(name, sizeof(name), "worker-%d", (int)tid);
	set[0] = (struct label){ .key = strings_add(&p->strings, STR("pid")), .num = pid };
	set[1] = (struct label){ .key = strings_add(&p->strings, STR("tid")), .num = tid };
	set[2] = (struct label){ .key = strings_add(&p->strings, STR("process")),
				 .str = strings_add(&p->strings, STR("app")) };
	set[3] = (struct label){ .key = strings_add(&p->strings, STR("thread")),
				 .str = strings_add(&p->strings, str_of(name)) };
	profile_add(p, test_stack(p, frames), pid ? labels_add(&p->labels, set, 4) : 0, values);
}

/* A profile of lines without threads; values are "samples" in "count". */
#define test_profile(p, ...)                                                   \
	do {                                                                   \
		const char *lines[] = { __VA_ARGS__ };                         \
		profile_init(p);                                               \
		profile_add_type(p, STR("samples"), STR("count"));             \
		for (size_t li = 0; li < sizeof(lines) / sizeof(*lines); li++) \
			test_sample(p, lines[li], 0, 0);                       \
	} while (0)

#endif
