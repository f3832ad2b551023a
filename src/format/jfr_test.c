/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr.h"

#include <errno.h>

#include "base/test.h"
#include "format/input.h"
#include "format/memory_test.h"

/* A file in the making: a chunk whose types, constants and events are put together here. */
enum { LONG = 1, INT, STRING, SYMBOL, CLASS, METHOD, FRAME_TYPE, FRAME, STACK, THREAD, STATE, SAMPLE, ENTER, SETTING };

static void varint(struct buf *out, uint64_t v)
{
	buf_add_uleb(out, v);
}

static void text(struct buf *out, const char *s)
{
	buf_add_u8(out, 3);
	varint(out, strlen(s));
	buf_add_str(out, str_of(s));
}

struct words {
	const char *items[128];
	uint32_t n;
};

static uint32_t word(struct words *words, const char *s)
{
	uint32_t i = 0;

	while (i < words->n && strcmp(words->items[i], s))
		i++;
	if (i == words->n)
		words->items[words->n++] = strdup(s);
	return i;
}

static void attribute(struct buf *out, struct words *words, const char *key, const char *value)
{
	varint(out, word(words, key));
	varint(out, word(words, value));
}

struct test_field {
	const char *name;
	int type;
	bool constant, array;
};

static void type(struct buf *out, struct words *words, const char *name, int id, const struct test_field *fields,
		 uint32_t n)
{
	char number[12];

	snprintf(number, sizeof(number), "%d", id);
	varint(out, word(words, "class"));
	varint(out, 2);
	attribute(out, words, "name", name);
	attribute(out, words, "id", number);
	varint(out, n);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(number, sizeof(number), "%d", fields[i].type);
		varint(out, word(words, "field"));
		varint(out, 2u + fields[i].constant + fields[i].array);
		attribute(out, words, "name", fields[i].name);
		attribute(out, words, "class", number);
		if (fields[i].constant)
			attribute(out, words, "constantPool", "true");
		if (fields[i].array)
			attribute(out, words, "dimension", "1");
		varint(out, 0);
	}
}

#define TYPE(name, id, ...) \
	type(&tree, words, name, id, (struct test_field[]){ __VA_ARGS__ }, \
	     sizeof((struct test_field[]){ __VA_ARGS__ }) / sizeof(struct test_field))

static struct buf types(struct words *words)
{
	struct buf tree = { 0 };

	varint(&tree, word(words, "root"));
	varint(&tree, 0);
	varint(&tree, 1);
	varint(&tree, word(words, "metadata"));
	varint(&tree, 0);
	varint(&tree, 14);
	type(&tree, words, "long", LONG, NULL, 0);
	type(&tree, words, "int", INT, NULL, 0);
	type(&tree, words, "java.lang.String", STRING, NULL, 0);
	TYPE("jdk.types.Symbol", SYMBOL, { "string", STRING, false, false });
	TYPE("java.lang.Class", CLASS, { "name", SYMBOL, true, false }, { "modifiers", INT, false, false });
	TYPE("jdk.types.Method", METHOD, { "type", CLASS, true, false }, { "name", SYMBOL, true, false });
	TYPE("jdk.types.FrameType", FRAME_TYPE, { "description", STRING, false, false });
	TYPE("jdk.types.StackFrame", FRAME, { "method", METHOD, true, false }, { "lineNumber", INT, false, false },
	     { "type", FRAME_TYPE, true, false });
	TYPE("jdk.types.StackTrace", STACK, { "truncated", INT, false, false }, { "frames", FRAME, false, true });
	TYPE("java.lang.Thread", THREAD, { "osName", STRING, false, false }, { "osThreadId", LONG, false, false },
	     { "javaName", STRING, false, false });
	TYPE("jdk.types.ThreadState", STATE, { "name", STRING, false, false });
	TYPE("jdk.ExecutionSample", SAMPLE, { "startTime", LONG, false, false }, { "sampledThread", THREAD, true, false },
	     { "stackTrace", STACK, true, false }, { "state", STATE, true, false });
	TYPE("jdk.JavaMonitorEnter", ENTER, { "startTime", LONG, false, false }, { "duration", LONG, false, false },
	     { "eventThread", THREAD, true, false }, { "stackTrace", STACK, true, false },
	     { "monitorClass", CLASS, true, false });
	TYPE("jdk.ActiveSetting", SETTING, { "startTime", LONG, false, false }, { "id", LONG, false, false },
	     { "name", STRING, false, false }, { "value", STRING, false, false });
	return tree;
}

static struct buf description(void)
{
	struct words words = { 0 };
	struct buf tree = types(&words), out = { 0 };

	varint(&out, 0);
	varint(&out, 0);
	varint(&out, 0);
	varint(&out, 1);
	varint(&out, words.n);
	for (uint32_t i = 0; i < words.n; i++) {
		text(&out, words.items[i]);
		free((void *)words.items[i]);
	}
	buf_add_str(&out, buf_str(&tree));
	buf_fini(&tree);
	return out;
}

/* Work.main calls Work$$Lambda/0x1f.run; thread 7 is "main" (4711). */
static struct buf constants(void)
{
	static const char *const symbols[] = { "pkg/Work", "pkg/Work$$Lambda/0x1f", "main", "run", "[Ljava/lang/Object;" };
	struct buf out = { 0 };

	varint(&out, 1);		/* type */
	varint(&out, 0);
	varint(&out, 0);
	varint(&out, 0);		/* delta */
	buf_add_u8(&out, 0);
	varint(&out, 7);
	varint(&out, SYMBOL);
	varint(&out, 5);
	for (uint32_t i = 0; i < 5; i++) {
		varint(&out, 10 + i);
		text(&out, symbols[i]);
	}
	varint(&out, CLASS);
	varint(&out, 3);
	for (uint32_t i = 0; i < 3; i++) {
		varint(&out, 20 + i);
		varint(&out, i == 2 ? 14 : 10 + i);
		varint(&out, 0);
	}
	varint(&out, METHOD);
	varint(&out, 2);
	for (uint32_t i = 0; i < 2; i++) {
		varint(&out, 30 + i);
		varint(&out, 20 + i);
		varint(&out, 12 + i);
	}
	varint(&out, FRAME_TYPE);
	varint(&out, 1);
	varint(&out, 1);
	text(&out, "Interpreted");
	varint(&out, STACK);
	varint(&out, 1);
	varint(&out, 40);
	varint(&out, 0);
	varint(&out, 2);
	for (uint32_t i = 2; i-- > 0;) {
		varint(&out, 30 + i);
		varint(&out, 5 + i);
		varint(&out, 1);
	}
	varint(&out, THREAD);
	varint(&out, 1);
	varint(&out, 7);
	text(&out, "os");
	varint(&out, 4711);
	text(&out, "main");
	varint(&out, STATE);
	varint(&out, 1);
	varint(&out, 2);
	buf_add_u8(&out, 5);		/* Latin-1 */
	varint(&out, 1);
	buf_add_u8(&out, 0xe9);
	return out;
}

/* Its size in front, itself counted. */
static void sized(struct buf *out, struct buf *body)
{
	varint(out, body->n + (body->n < 126 ? 1 : body->n < 16381 ? 2 : 3));
	buf_add_str(out, buf_str(body));
	buf_fini(body);
}

static void numbers(struct buf *out, uint32_t n, const uint64_t *values)
{
	struct buf body = { 0 };

	for (uint32_t i = 0; i < n; i++)
		varint(&body, values[i]);
	sized(out, &body);
}

static void big_endian(struct buf *out, uint64_t v, int bytes)
{
	while (bytes--)
		buf_add_u8(out, (uint8_t)(v >> bytes * 8));
}

static struct buf file(void)
{
	struct buf body = { 0 }, out = { 0 }, part = description();
	uint64_t checkpoint, metadata;

	numbers(&body, 5, (uint64_t[]){ SAMPLE, 1000, 7, 40, 2 });
	numbers(&body, 5, (uint64_t[]){ SAMPLE, 3000, 7, 40, 2 });
	numbers(&body, 6, (uint64_t[]){ ENTER, 2000, 500, 7, 40, 22 });
	{
		struct buf setting = { 0 };

		varint(&setting, SETTING);
		varint(&setting, 0);
		varint(&setting, SAMPLE);
		text(&setting, "period");
		text(&setting, "20 ms");
		sized(&body, &setting);
	}
	metadata = 68 + body.n;
	sized(&body, &part);
	checkpoint = 68 + body.n;
	part = constants();
	sized(&body, &part);
	buf_add(&out, "FLR\0\0\2\0\1", 8);
	big_endian(&out, 68 + body.n, 8);
	big_endian(&out, checkpoint, 8);
	big_endian(&out, metadata, 8);
	big_endian(&out, 1700000000000000000ull, 8);
	big_endian(&out, 1000000, 8);
	big_endian(&out, 0, 8);			/* ticks at the start, and in a second */
	big_endian(&out, 1000000000, 8);
	big_endian(&out, 1, 4);
	buf_add_str(&out, buf_str(&body));
	buf_fini(&body);
	return out;
}

static void read_file(struct profile *p, struct str bytes)
{
	struct err err = { 0 };

	profile_init(p);
	if (format_read_bytes(p, bytes, "x", &err) < 0)
		fail_msg("%s", err.text);
}

TEST(events_become_samples)
{
	struct buf bytes = file();
	struct profile p;
	char *stack;

	read_file(&p, buf_str(&bytes));
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.n_types, 4);
	stack = stack_text(&p, p.stack[0]);
	CHECK_STR(str_of(stack), "pkg.Work.main;pkg.Work$$Lambda.run");
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("cpu"))), 40000000);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("delay"))), 500);
	CHECK_EQ(p.time_ns[1], 3000);
	CHECK_EQ(p.frames.frames[p.tree.frame[p.stack[0]]].kind, FRAME_INTERPRETED);
	CHECK_EQ(p.frames.frames[p.tree.frame[p.stack[0]]].line, 6);
	free(stack);
	buf_fini(&bytes);
	profile_fini(&p);
}

static struct str label_of(const struct profile *p, uint32_t row, const char *key)
{
	const struct label *label = labels_find(&p->labels, p->label_set[row],
						strings_find(&p->strings, str_of(key)));

	return label ? strings_get(&p->strings, label->str) : (struct str){ 0 };
}

TEST(threads_states_and_classes_are_labels)
{
	struct buf bytes = file();
	struct profile p;

	read_file(&p, buf_str(&bytes));
	CHECK_STR(label_of(&p, 0, "thread"), "main");
	CHECK_STR(label_of(&p, 0, "state"), "\xc3\xa9");
	CHECK_STR(label_of(&p, 2, "class"), "java.lang.Object[]");
	buf_fini(&bytes);
	profile_fini(&p);
}

TEST(chunks_follow_each_other)
{
	struct buf bytes = file(), again = file();
	struct profile p;

	buf_add_str(&bytes, buf_str(&again));
	read_file(&p, buf_str(&bytes));
	CHECK_EQ(p.n, 6);
	CHECK_EQ(p.tree.n, 3);
	buf_fini(&bytes);
	buf_fini(&again);
	profile_fini(&p);
}

/* Parts are of at least 8 MiB: three of them, each with chunks of its own. */
TEST(a_large_file_is_read_in_parts_as_if_in_one)
{
	struct buf one = file(), bytes = { 0 };
	struct profile p;
	uint32_t n = 0;

	while (bytes.n < ((size_t)20 << 20)) {
		buf_add_str(&bytes, buf_str(&one));
		n++;
	}
	read_file(&p, buf_str(&bytes));
	CHECK_EQ(p.n, 3 * n);
	CHECK_EQ(p.tree.n, 3);
	CHECK_EQ(p.labels.n, 3);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("samples"))), 2 * (int64_t)n);
	for (uint32_t i = 0; i < p.n; i++) {
		CHECK_EQ(p.time_ns[i], i % 3 == 2 ? 2000u : i % 3 == 1 ? 3000u : 1000u);
		CHECK_EQ(p.stack[i], p.stack[0]);
		CHECK_EQ(p.label_set[i], i % 3 == 2 ? p.label_set[2] : p.label_set[0]);
	}
	buf_fini(&one);
	buf_fini(&bytes);
	profile_fini(&p);
}

static void read_aided(struct profile *p, struct str bytes, const struct read_aid *aid)
{
	struct input input;

	profile_init(p);
	CHECK_EQ(input_open_bytes(&input, bytes, "x", NULL), 0);
	input.aid = aid;
	CHECK_EQ(jfr_read(p, &input, NULL), 0);
	input_close(&input);
}

TEST(times_that_nobody_looks_at_are_left_out)
{
	struct buf bytes = file();
	struct profile p;

	read_aided(&p, buf_str(&bytes), &(struct read_aid){ .untimed = true });
	CHECK(!p.time_ns);
	CHECK_EQ(p.n, 2);	/* both samples of one stack and thread are one row */
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("samples"))), 2);
	CHECK_EQ(p.n_comments, 0);
	profile_fini(&p);

	read_aided(&p, buf_str(&bytes), &(struct read_aid){ .times_max = 2 });
	CHECK(!p.time_ns);
	CHECK_STR(strings_get(&p.strings, p.comments[0]), "sonde: times-left-out more than 2 samples");
	profile_fini(&p);

	read_aided(&p, buf_str(&bytes), &(struct read_aid){ .times_max = 3 });
	CHECK(p.time_ns);
	CHECK_EQ(p.n, 3);
	profile_fini(&p);
	buf_fini(&bytes);
}

TEST(every_cut_is_refused)
{
	struct buf bytes = file();
	struct profile p;

	for (size_t n = 4; n < bytes.n; n++) {
		char *copy = malloc(n);

		memcpy(copy, bytes.p, n);
		profile_init(&p);
		CHECK_EQ(format_read_bytes(&p, str_over(copy, n), "x", NULL), -EBADMSG);
		profile_fini(&p);
		free(copy);
	}
	buf_fini(&bytes);
}

TEST(what_is_unfinished_says_so)
{
	struct buf bytes = file();
	struct err err = { 0 };
	struct profile p;

	memset(bytes.p + 8, 0, 8);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&bytes), "x", &err), -EBADMSG);
	CHECK(strstr(err.text, "it was not finished"));
	profile_fini(&p);
	buf_fini(&bytes);
}

TEST_MAIN(CASE(events_become_samples), CASE(threads_states_and_classes_are_labels),
	  CASE(chunks_follow_each_other), CASE(a_large_file_is_read_in_parts_as_if_in_one),
	  CASE(times_that_nobody_looks_at_are_left_out), CASE(every_cut_is_refused), CASE(what_is_unfinished_says_so))
