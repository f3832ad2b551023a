/* SPDX-License-Identifier: Apache-2.0 */
#include "format/otlp.h"

#include <errno.h>

#include "base/test.h"
#include "format/memory_test.h"
#include "format/proto.h"

static void text(struct buf *to, uint32_t number, const char *s)
{
	proto_add_bytes(to, number, str_of(s));
}

static void message(struct buf *to, uint32_t number, struct buf *body)
{
	proto_add_bytes(to, number, buf_str(body));
	buf_fini(body);
	*body = (struct buf){ 0 };
}

static void numbers(struct buf *to, uint32_t number, uint64_t a, uint64_t b)
{
	struct buf list = { 0 };

	buf_add_uleb(&list, a);
	if (b)
		buf_add_uleb(&list, b);
	message(to, number, &list);
}

/* main (of libc.so.6, and no word on what ran) calls f, into which g is inlined; attribute 1 is thread.name = "w". */
static struct buf dictionary(void)
{
	static const char *const strings[] = { "", "samples", "count", "cpu", "nanoseconds", "main", "f", "g",
					       "thread.name", "a.c", "/usr/lib/libc.so.6" };
	struct buf d = { 0 }, m = { 0 }, n = { 0 };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		text(&d, OTLP_STRINGS, strings[i]);
	message(&d, OTLP_ATTRIBUTES, &m);
	proto_add_uint(&m, OTLP_ATTRIBUTE_KEY, 8);
	text(&n, OTLP_ANY_STRING, "w");
	message(&m, OTLP_ATTRIBUTE_VALUE, &n);
	message(&d, OTLP_ATTRIBUTES, &m);
	message(&d, OTLP_FUNCTIONS, &m);
	for (uint32_t name = 5; name <= 7; name++) {
		proto_add_uint(&m, OTLP_FUNCTION_NAME, name);
		proto_add_uint(&m, OTLP_FUNCTION_FILE, 9);
		message(&d, OTLP_FUNCTIONS, &m);
	}
	message(&d, OTLP_MAPPINGS, &m);
	proto_add_uint(&m, OTLP_MAPPING_FILE, 10);
	message(&d, OTLP_MAPPINGS, &m);
	message(&d, OTLP_LOCATIONS, &m);
	proto_add_uint(&m, OTLP_LOCATION_MAPPING, 1);
	proto_add_uint(&n, OTLP_LINE_FUNCTION, 1);
	message(&m, OTLP_LOCATION_LINES, &n);
	message(&d, OTLP_LOCATIONS, &m);
	for (uint32_t function = 3; function >= 2; function--) {
		proto_add_uint(&n, OTLP_LINE_FUNCTION, function);
		proto_add_uint(&n, OTLP_LINE_LINE, 7);
		message(&m, OTLP_LOCATION_LINES, &n);
	}
	message(&d, OTLP_LOCATIONS, &m);
	message(&d, OTLP_STACKS, &m);
	numbers(&m, OTLP_STACK_LOCATIONS, 2, 1);
	message(&d, OTLP_STACKS, &m);
	return d;
}

/* A file with that one sample. */
static struct buf file_of(struct buf *sample, uint64_t period)
{
	struct buf file = { 0 }, profile = { 0 }, scope = { 0 }, resource = { 0 }, m = { 0 };
	struct buf d = dictionary();

	numbers(&m, OTLP_TYPE, 0, 0);
	buf_clear(&m);
	proto_add_uint(&m, OTLP_TYPE, 1);
	proto_add_uint(&m, OTLP_UNIT, 2);
	message(&profile, OTLP_SAMPLE_TYPE, &m);
	message(&profile, OTLP_SAMPLES, sample);
	if (period) {
		proto_add_uint(&m, OTLP_TYPE, 3);
		proto_add_uint(&m, OTLP_UNIT, 4);
		message(&profile, OTLP_PERIOD_TYPE, &m);
		proto_add_uint(&profile, OTLP_PERIOD, period);
	}
	message(&scope, OTLP_PROFILES, &profile);
	message(&resource, OTLP_SCOPE_PROFILES, &scope);
	message(&file, OTLP_RESOURCE_PROFILES, &resource);
	message(&file, OTLP_DICTIONARY, &d);
	return file;
}

static void read_file(struct profile *p, struct buf *file)
{
	struct err err = { 0 };

	profile_init(p);
	if (format_read_bytes(p, buf_str(file), "x", &err) < 0)
		fail_msg("%s", err.text);
	buf_fini(file);
}

static void check_one(const struct profile *p, uint32_t type, int64_t value)
{
	char *stack = stack_text(p, p->stack[0]);
	const struct label *label = labels_find(&p->labels, p->label_set[0],
						strings_find(&p->strings, STR("thread")));

	CHECK_EQ(p->n, 1);
	CHECK_STR(str_of(stack), "main;f;g");
	CHECK_EQ(p->values[type], value);
	CHECK(label);
	CHECK_STR(strings_get(&p->strings, label->str), "w");
	CHECK(p->frames.frames[p->tree.frame[p->stack[0]]].inlined);
	free(stack);
}

TEST(samples_of_today)
{
	struct buf sample = { 0 }, file;
	struct profile p;

	proto_add_uint(&sample, OTLP_STACK, 1);
	numbers(&sample, OTLP_SAMPLE_ATTRIBUTES, 1, 0);
	numbers(&sample, OTLP_VALUES, 3, 4);
	file = file_of(&sample, 10);
	read_file(&p, &file);
	CHECK_EQ(p.n_types, 2);
	CHECK_STR(strings_get(&p.strings, p.types[p.default_type].type), "cpu");
	check_one(&p, 1, 70);
	profile_fini(&p);
}

TEST(what_ran_follows_from_the_mapping)
{
	struct buf sample = { 0 }, file;
	struct profile p;
	uint32_t f, outer;

	proto_add_uint(&sample, OTLP_STACK, 1);
	numbers(&sample, OTLP_VALUES, 3, 0);
	file = file_of(&sample, 0);
	read_file(&p, &file);
	f = p.tree.parent[p.stack[0]];
	outer = p.tree.parent[f];
	CHECK_EQ(p.frames.frames[p.tree.frame[f]].kind, FRAME_NATIVE);
	CHECK_EQ(p.frames.frames[p.tree.frame[outer]].kind, FRAME_LIBRARY);
	profile_fini(&p);
}

TEST(samples_of_version_1_9)
{
	struct buf sample = { 0 }, file;
	struct profile p;

	proto_add_uint(&sample, OTLP_STACK, 1);
	numbers(&sample, OTLP_OLD_VALUES, 9, 0);
	numbers(&sample, OTLP_OLD_ATTRIBUTES, 1, 0);
	file = file_of(&sample, 0);
	read_file(&p, &file);
	check_one(&p, 0, 9);
	profile_fini(&p);
}

/* As a Java sender of today does: numbers that are not packed. */
TEST(lists_that_are_not_packed)
{
	struct buf sample = { 0 }, file;
	struct profile p;

	proto_add_uint(&sample, OTLP_STACK, 1);
	proto_add_uint(&sample, OTLP_SAMPLE_ATTRIBUTES, 1);
	proto_add_uint(&sample, OTLP_VALUES, 5);
	file = file_of(&sample, 0);
	read_file(&p, &file);
	check_one(&p, 0, 5);
	profile_fini(&p);
}

TEST(samples_that_say_when)
{
	uint64_t times[] = { 1000, 3000 };
	struct buf sample = { 0 }, file;
	struct profile p;

	proto_add_uint(&sample, OTLP_STACK, 1);
	proto_add_bytes(&sample, OTLP_TIMESTAMPS, str_over(times, sizeof(times)));
	file = file_of(&sample, 0);
	read_file(&p, &file);
	CHECK_EQ(p.n, 2);
	CHECK_EQ(p.values[1], 1);
	CHECK_EQ(p.time_ns[1], 3000);
	profile_fini(&p);
}

TEST(what_is_not_there_is_refused)
{
	struct buf sample = { 0 }, file;
	struct err err = { 0 };
	struct profile p;

	proto_add_uint(&sample, OTLP_STACK, 7);
	numbers(&sample, OTLP_VALUES, 1, 0);
	file = file_of(&sample, 0);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&file), "x", &err), -EBADMSG);
	CHECK(strstr(err.text, "an index is outside its table of the dictionary"));
	profile_fini(&p);
	for (size_t n = 4; n < file.n; n++) {	/* no cut may be read past its end */
		char *copy = malloc(n);

		memcpy(copy, file.p, n);
		profile_init(&p);
		format_read_bytes(&p, str_over(copy, n), "x", NULL);
		profile_fini(&p);
		free(copy);
	}
	buf_fini(&file);
}

/* async-profiler 4.1 writes such: a sample is a range of the profile's list of locations. */
TEST(a_file_of_the_time_before_stacks_had_a_table_is_called_what_it_is)
{
	struct buf file = { 0 }, dictionary = { 0 }, body = { 0 }, outer = { 0 };
	struct err err = { 0 };
	struct profile p;

	message(&dictionary, OTLP_LOCATIONS, &body);
	message(&dictionary, OTLP_LOCATIONS, &body);
	proto_add_uint(&body, 1, 1);
	proto_add_uint(&body, 2, 1);
	message(&outer, OTLP_SAMPLES, &body);
	message(&body, OTLP_PROFILES, &outer);
	message(&outer, OTLP_SCOPE_PROFILES, &body);
	message(&file, OTLP_RESOURCE_PROFILES, &outer);
	message(&file, OTLP_DICTIONARY, &dictionary);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&file), "x", &err), -EBADMSG);
	CHECK(strstr(err.text, "before 1.8") && strstr(err.text, "jfr"));
	profile_fini(&p);
	buf_fini(&file);
}

TEST(what_is_written_is_read_back)
{
	struct profile p, q;
	struct label set[2] = { { 0 }, { 0 } };
	int64_t values[2] = { 2, -5 };
	struct buf first, second;
	uint32_t stack;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	p.default_type = profile_add_type(&p, STR("space"), STR("bytes"));
	stack = stacktree_push(&p.tree, 0, test_frame(&p, "main", "/bin/x", 16, false, FRAME_NATIVE));
	stack = stacktree_push(&p.tree, stack, test_frame(&p, "f", "/bin/x", 32, false, FRAME_C2));
	stack = stacktree_push(&p.tree, stack, test_frame(&p, "g", "/bin/x", 32, true, FRAME_C2));
	set[0] = (struct label){ .key = strings_add(&p.strings, STR("tid")), .num = 0 };
	set[1] = (struct label){ .key = strings_add(&p.strings, STR("size")), .num = 64,
				 .unit = strings_add(&p.strings, STR("bytes")) };
	profile_add(&p, stack, labels_add(&p.labels, set, 2), values);
	first = written(&p, otlp_write);
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&first), "x", NULL), 0);
	CHECK_EQ(q.n_types, 2);
	CHECK_EQ(profile_total(&q, (uint32_t)profile_find_type(&q, STR("space"))), -5);
	CHECK_EQ(q.frames.frames[q.tree.frame[q.stack[0]]].kind, FRAME_C2);
	CHECK(labels_find(&q.labels, q.label_set[0], strings_find(&q.strings, STR("size")))->unit);
	CHECK(labels_find(&q.labels, q.label_set[0], strings_find(&q.strings, STR("tid"))));
	second = written(&q, otlp_write);
	CHECK_EQ(second.n, first.n);
	buf_fini(&first);
	buf_fini(&second);
	profile_fini(&p);
	profile_fini(&q);
}

TEST_MAIN(CASE(samples_of_today), CASE(what_ran_follows_from_the_mapping), CASE(samples_of_version_1_9), CASE(lists_that_are_not_packed),
	  CASE(samples_that_say_when), CASE(what_is_not_there_is_refused),
	  CASE(a_file_of_the_time_before_stacks_had_a_table_is_called_what_it_is), CASE(what_is_written_is_read_back))
