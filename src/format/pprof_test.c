/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pprof.h"

#include <errno.h>

#include "base/test.h"
#include "format/format.h"
#include "format/memory_test.h"
#include "format/proto.h"

/* A profile with a bit of everything that pprof or our comments can hold. */
static void fill(struct profile *p)
{
	int64_t values[3][2] = { { 5, 50 }, { -1, INT64_MAX }, { 0, 7 } };
	struct label labels[2] = { { 0 } };
	uint32_t at, caller;

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	profile_add_type(p, STR("cpu"), STR("nanoseconds"));
	p->default_type = 0;
	caller = stacktree_push(&p->tree, 0, test_frame(p, "main", "/bin/x", 0x10, false, FRAME_NATIVE));
	at = stacktree_push(&p->tree, caller, test_frame(p, "parse", "/bin/x", 0x20, false, FRAME_NATIVE));
	at = stacktree_push(&p->tree, at, test_frame(p, "skip", "/bin/x", 0x20, true, FRAME_NATIVE));
	at = stacktree_push(&p->tree, at, test_frame(p, "is_space", "/bin/x", 0x20, true, FRAME_NATIVE));
	labels[0] = (struct label){ .key = strings_add(&p->strings, STR("thread")),
				    .str = strings_add(&p->strings, STR("worker")) };
	labels[1] = (struct label){ .key = strings_add(&p->strings, STR("tid")), .num = -7,
				    .unit = strings_add(&p->strings, STR("id")) };
	profile_add(p, at, labels_add(&p->labels, labels, 2), values[0]);
	at = stacktree_push(&p->tree, caller,
			    test_frame(p, "read", "[kernel.kallsyms]", UINT64_MAX, false, FRAME_KERNEL));
	profile_add(p, at, 0, values[1]);
	at = stacktree_push(&p->tree, at, test_frame(p, "", NULL, 0x99, false, FRAME_UNKNOWN));
	profile_add(p, at, 0, values[2]);
	p->start_wall_ns = 1700000000000000000;
	p->duration_ns = 5000000000;
	p->period = 10101010;
	p->period_type = p->types[1];
	p->drop_frames = strings_add(&p->strings, STR("runtime\\..*"));
	p->doc_url = strings_add(&p->strings, STR("https://example.org"));
	profile_add_comment(p, STR("sonde: tier BPF"));
	profile_add_comment(p, STR("a comment of a person"));
	p->stats = (struct profile_stats){ .known = true, .events = 20, .recorded = 5, .complete = 4,
					   .frames = 60, .frames_named = 59 };
	profile_add_drop(p, STR("ring full"), 12);
	profile_add_drop(p, STR("no mapping holds pc"), 3);
}

/* The profile after writing and reading; `fresh` is filled. */
static void again(const struct profile *p, struct profile *fresh)
{
	struct buf bytes = written(p, pprof_write);
	struct err err = { 0 };

	profile_init(fresh);
	CHECK(!bytes.failed);
	if (format_read_bytes(fresh, buf_str(&bytes), "memory", &err) < 0)
		fail_msg("%s", err.text);
	buf_fini(&bytes);
}

TEST(what_is_written_is_read_back)
{
	static const char *const stacks[] = { "main;parse;skip;is_space", "main;read", "main;read;" };
	struct profile p, q;
	const struct label *labels;
	uint32_t n;

	fill(&p);
	again(&p, &q);
	CHECK_EQ(q.n, 3);
	CHECK_EQ(q.n_types, 2);
	CHECK_EQ(q.default_type, 0);
	for (uint32_t i = 0; i < 3; i++) {
		char *text = stack_text(&q, q.stack[i]);

		CHECK_STR(str_of(text), stacks[i]);
		free(text);
		for (uint32_t t = 0; t < 2; t++)
			CHECK_EQ(q.values[i * 2 + t], p.values[i * 2 + t]);
	}
	labels = labels_get(&q.labels, q.label_set[0], &n);
	CHECK_EQ(n, 2);
	for (uint32_t i = 0; i < n; i++) {
		if (labels[i].str) {
			CHECK_STR(strings_get(&q.strings, labels[i].key), "thread");
			CHECK_STR(strings_get(&q.strings, labels[i].str), "worker");
		} else {
			CHECK_STR(strings_get(&q.strings, labels[i].key), "tid");
			CHECK_STR(strings_get(&q.strings, labels[i].unit), "id");
			CHECK_EQ(labels[i].num, -7);
		}
	}
	CHECK_EQ(q.label_set[1], 0);
	profile_fini(&p);
	profile_fini(&q);
}

TEST(header_fields_and_comments_survive)
{
	struct profile p, q;

	fill(&p);
	again(&p, &q);
	CHECK_EQ(q.start_wall_ns, p.start_wall_ns);
	CHECK_EQ(q.duration_ns, p.duration_ns);
	CHECK_EQ(q.period, p.period);
	CHECK_STR(strings_get(&q.strings, q.period_type.type), "cpu");
	CHECK_STR(strings_get(&q.strings, q.drop_frames), "runtime\\..*");
	CHECK_STR(strings_get(&q.strings, q.doc_url), "https://example.org");
	CHECK_EQ(q.n_comments, 2);
	CHECK_STR(strings_get(&q.strings, q.comments[0]), "sonde: tier BPF");
	CHECK_STR(strings_get(&q.strings, q.comments[1]), "a comment of a person");
	profile_fini(&p);
	profile_fini(&q);
}

TEST(losses_and_completeness_travel_in_comments)
{
	struct profile p, q;

	fill(&p);
	again(&p, &q);
	CHECK(q.stats.known);
	CHECK_EQ(q.stats.events, 20);
	CHECK_EQ(q.stats.recorded, 5);
	CHECK_EQ(q.stats.complete, 4);
	CHECK_EQ(q.stats.frames, 60);
	CHECK_EQ(q.stats.frames_named, 59);
	CHECK_EQ(q.stats.n_drops, 2);
	CHECK_EQ(q.stats.drops[0].count, 12);
	CHECK_STR(strings_get(&q.strings, q.stats.drops[1].reason), "no mapping holds pc");
	profile_fini(&p);
	profile_fini(&q);
}

TEST(inlined_frames_share_a_location_and_come_back_inlined)
{
	struct profile p, q;
	uint32_t at;
	const struct frame *frame;

	fill(&p);
	again(&p, &q);
	at = q.stack[0];
	for (int i = 0; i < 3; i++, at = q.tree.parent[at]) {
		frame = &q.frames.frames[q.tree.frame[at]];
		CHECK_EQ(frame->inlined, i < 2);
		CHECK_EQ(frame->address, 0x20);
		CHECK_EQ(frame->kind, FRAME_NATIVE);
	}
	frame = &q.frames.frames[q.tree.frame[at]];
	CHECK_EQ(frame->inlined, 0);
	CHECK_EQ(frame->address, 0x10);
	CHECK_EQ(frame->line, 4);
	profile_fini(&p);
	profile_fini(&q);
}

TEST(kinds_travel_as_ranges_of_locations)
{
	struct profile p, q;
	const struct frame *frame;

	fill(&p);
	again(&p, &q);
	frame = &q.frames.frames[q.tree.frame[q.stack[1]]];
	CHECK_EQ(frame->kind, FRAME_KERNEL);
	CHECK_EQ(frame->address, UINT64_MAX);
	frame = &q.frames.frames[q.tree.frame[q.stack[2]]];
	CHECK_EQ(frame->kind, FRAME_UNKNOWN);
	CHECK_EQ(frame->function, 0);
	CHECK_EQ(frame->address, 0x99);
	profile_fini(&p);
	profile_fini(&q);
}

TEST(every_kind_comes_back)
{
	struct profile p, q;
	uint32_t at = 0, caller;

	fill(&p);
	for (int kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		CHECK_EQ(frame_kind_of(str_of(frame_kind_name((enum frame_kind)kind))), kind);
		at = stacktree_push(&p.tree, at, test_frame(&p, "f", "/bin/x", 0x20 + (uint64_t)kind, false,
							    (enum frame_kind)kind));
	}
	profile_add(&p, at, 0, (int64_t[]){ 1, 1 });
	again(&p, &q);
	at = q.stack[q.n - 1];
	for (int kind = FRAME_KIND_COUNT; kind-- > 0; at = caller) {
		caller = q.tree.parent[at];
		CHECK_EQ(q.frames.frames[q.tree.frame[at]].kind, kind);
	}
	profile_fini(&p);
	profile_fini(&q);
}

TEST(the_same_profile_gives_the_same_bytes_also_after_reading_it)
{
	struct profile p, q;
	struct buf a, b, c;

	fill(&p);
	again(&p, &q);
	a = written(&p, pprof_write);
	b = written(&p, pprof_write);
	c = written(&q, pprof_write_plain);
	CHECK(str_eq(buf_str(&a), buf_str(&b)));
	profile_fini(&p);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&c), "memory", NULL), 0);
	buf_fini(&b);
	b = written(&p, pprof_write_plain);
	CHECK(str_eq(buf_str(&b), buf_str(&c)));
	profile_fini(&p);
	profile_fini(&q);
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
}

/* What pprof does when it filters or renumbers: comments stay as they are. */
static void tamper(const struct profile *p, const char *from, const char *to, struct profile *fresh)
{
	struct buf bytes = written(p, pprof_write_plain);
	char *at = memmem(bytes.p, bytes.n, from, strlen(from));

	CHECK(at && strlen(from) == strlen(to));
	memcpy(at, to, strlen(to));
	profile_init(fresh);
	CHECK_EQ(format_read_bytes(fresh, buf_str(&bytes), "memory", NULL), 0);
	buf_fini(&bytes);
}

TEST(comments_about_other_samples_or_locations_are_not_believed)
{
	struct profile p, q;

	fill(&p);
	tamper(&p, "sonde: recorded 5", "sonde: recorded 6", &q);	/* not covered by the sum */
	CHECK(q.stats.known);
	profile_fini(&q);
	p.values[0]++;
	tamper(&p, "sonde: samples", "sonde: samples", &q);
	CHECK(q.stats.known);
	profile_fini(&q);
	tamper(&p, "\x12\x02\x06\x32", "\x12\x02\x07\x32", &q);	/* a value of the first sample */
	CHECK(!q.stats.known);
	CHECK_EQ(q.stats.n_drops, 0);
	profile_fini(&q);
	tamper(&p, "\x04main", "\x04lain", &q);		/* location 2 is another now */
	CHECK(q.stats.known);
	CHECK_EQ(q.frames.frames[q.tree.frame[q.stack[2]]].kind, FRAME_NATIVE);
	profile_fini(&q);
	profile_fini(&p);
}

TEST(samples_with_times_keep_them)
{
	struct profile p, q;
	int64_t one = 1;
	uint32_t n;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	profile_add_at(&p, 0, 0, 0, &one);
	profile_add_at(&p, 0, 0, 123456789, &one);
	again(&p, &q);
	CHECK_EQ(q.n, 2);
	CHECK(q.time_ns != NULL);
	CHECK_EQ(q.time_ns[0], 0);
	CHECK_EQ(q.time_ns[1], 123456789);
	labels_get(&q.labels, q.label_set[1], &n);
	CHECK_EQ(n, 0);
	profile_fini(&p);
	profile_fini(&q);
}

TEST(many_samples_keep_their_order)
{
	struct profile p, q;
	uint32_t frame;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	frame = test_frame(&p, "f", NULL, 0, false, FRAME_NATIVE);
	for (int64_t i = 0; i < 50000; i++)	/* enough for two threads */
		profile_add_at(&p, i % 2 ? stacktree_push(&p.tree, 0, frame) : 0, 0, (uint64_t)i, &i);
	again(&p, &q);
	CHECK_EQ(q.n, 50000);
	for (uint32_t i = 0; i < q.n; i++) {
		CHECK_EQ(q.values[i], i);
		CHECK_EQ(q.time_ns[i], i);
		CHECK_EQ(q.stack[i], i % 2);
	}
	profile_fini(&p);
	profile_fini(&q);
}

/* Files as others might write them, put together by hand. */
struct file {
	struct buf out, message, inner;
};

static void file_fini(struct file *f)
{
	buf_fini(&f->out);
	buf_fini(&f->message);
	buf_fini(&f->inner);
}

static void add(struct file *f, uint32_t field)
{
	proto_add_bytes(&f->out, field, buf_str(&f->message));
	buf_clear(&f->message);
}

static void add_strings(struct file *f)
{
	static const char *const strings[] = { "", "samples", "count", "f", "g", "/usr/lib/libm.so.6",
					       "sonde: kind jit 7" };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		proto_add_bytes(&f->out, PPROF_STRING, str_of(strings[i]));
}

static void add_type(struct file *f)
{
	proto_add_uint(&f->message, PPROF_TYPE_TYPE, 1);
	proto_add_uint(&f->message, PPROF_TYPE_UNIT, 2);
	add(f, PPROF_SAMPLE_TYPE);
}

static void add_location(struct file *f, uint64_t id, uint64_t mapping, uint64_t function)
{
	proto_add_uint(&f->message, PPROF_LOCATION_ID, id);
	proto_add_uint(&f->message, PPROF_LOCATION_MAPPING, mapping);
	if (function) {
		buf_clear(&f->inner);
		proto_add_uint(&f->inner, PPROF_LINE_FUNCTION, function);
		proto_add_bytes(&f->message, PPROF_LOCATION_LINE, buf_str(&f->inner));
	}
	add(f, PPROF_LOCATION);
}

static void add_function(struct file *f, uint64_t id, uint64_t name)
{
	proto_add_uint(&f->message, PPROF_FUNCTION_ID, id);
	proto_add_uint(&f->message, PPROF_FUNCTION_NAME, name);
	add(f, PPROF_FUNCTION);
}

static void add_unpacked_sample(struct file *f, uint64_t leaf, uint64_t root, uint64_t value)
{
	proto_add_uint(&f->message, PPROF_SAMPLE_LOCATION, leaf);
	proto_add_uint(&f->message, PPROF_SAMPLE_LOCATION, root);
	proto_add_uint(&f->message, PPROF_SAMPLE_VALUE, value);
	add(f, PPROF_SAMPLE);
}

static const char *refusal(struct file *f, struct err *err)
{
	struct profile p;

	profile_init(&p);
	*err = (struct err){ 0 };
	CHECK_EQ(format_read_bytes(&p, buf_str(&f->out), "x.pb", err), -EBADMSG);
	profile_fini(&p);
	file_fini(f);
	*f = (struct file){ 0 };
	return err->text;
}

TEST(unpacked_numbers_huge_ids_and_unknown_fields_are_read)
{
	struct file f = { 0 };
	struct profile p;
	char *text;

	add_type(&f);
	add_unpacked_sample(&f, UINT64_MAX, 7, (uint64_t)1 << 32);
	add_unpacked_sample(&f, UINT64_MAX, 7, 5);
	proto_add_uint(&f.message, 99, 3);
	add_location(&f, UINT64_MAX, 0, (uint64_t)1 << 60);
	add_location(&f, 7, 0, 2);
	add_function(&f, (uint64_t)1 << 60, 3);
	add_function(&f, 2, 4);
	add_strings(&f);
	proto_add_uint(&f.out, PPROF_COMMENT, 6);
	proto_add_uint(&f.out, 99, 3);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&f.out), "x.pb", NULL), 0);
	CHECK_EQ(p.n, 1);
	CHECK_EQ(p.values[0], ((int64_t)1 << 32) + 5);
	text = stack_text(&p, p.stack[0]);
	CHECK_STR(str_of(text), "g;f");
	CHECK_EQ(p.frames.frames[p.tree.frame[1]].kind, FRAME_JIT);
	CHECK_EQ(p.frames.frames[p.tree.frame[2]].kind, FRAME_NATIVE);
	CHECK_EQ(p.n_comments, 0);
	free(text);
	profile_fini(&p);
	file_fini(&f);
}

static void add_line(struct file *f, uint64_t function)
{
	buf_clear(&f->inner);
	proto_add_uint(&f->inner, PPROF_LINE_FUNCTION, function);
	proto_add_bytes(&f->message, PPROF_LOCATION_LINE, buf_str(&f->inner));
}

/* Location 1 is f, 2 is g inlined into that f, 3 is 2 under another number. */
TEST(locations_that_begin_with_the_same_frame_share_its_node)
{
	struct file f = { 0 };
	struct profile p;
	char *text;

	add_type(&f);
	add_function(&f, 1, 3);
	add_function(&f, 2, 4);
	add_location(&f, 1, 0, 1);
	for (uint64_t id = 2; id <= 3; id++) {
		proto_add_uint(&f.message, PPROF_LOCATION_ID, id);
		add_line(&f, 2);
		add_line(&f, 1);
		add(&f, PPROF_LOCATION);
	}
	add_unpacked_sample(&f, 1, 2, 1);	/* f g f */
	add_unpacked_sample(&f, 2, 1, 1);	/* f f g */
	add_unpacked_sample(&f, 2, 3, 1);	/* f g f g */
	add_unpacked_sample(&f, 3, 2, 1);	/* the same */
	add_unpacked_sample(&f, 1, 1, 1);	/* f f */
	add_strings(&f);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&f.out), "x.pb", NULL), 0);
	CHECK_EQ(p.tree.n, 7);	/* root f g f g / f g */
	CHECK_EQ(p.n, 4);
	CHECK_EQ(p.values[2], 2);
	text = stack_text(&p, p.stack[2]);
	CHECK_STR(str_of(text), "f;g;f;g");
	free(text);
	profile_fini(&p);
	file_fini(&f);
}

/* Managed code has no address: equal frames are one, with what is inlined into them and without. */
TEST(a_caller_that_has_inlined_is_alone_again_in_the_next_row)
{
	static const char *const want[] = { "main;f;g;h", "main;f;g;e", "main;f;e" };
	struct profile p, q;
	uint32_t at[3], e;
	int64_t value = 1;

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	at[0] = stacktree_push(&p.tree, 0, test_frame(&p, "main", NULL, 0, false, FRAME_C1));
	at[1] = stacktree_push(&p.tree, at[0], test_frame(&p, "f", NULL, 0, false, FRAME_C2));
	at[2] = stacktree_push(&p.tree, at[1], test_frame(&p, "g", NULL, 0, true, FRAME_C2));
	e = test_frame(&p, "e", NULL, 0, false, FRAME_C1);
	profile_add(&p, stacktree_push(&p.tree, at[2], test_frame(&p, "h", NULL, 0, true, FRAME_C2)), 0, &value);
	profile_add(&p, stacktree_push(&p.tree, at[2], e), 0, &value);
	profile_add(&p, stacktree_push(&p.tree, at[1], e), 0, &value);
	again(&p, &q);
	CHECK_EQ(q.n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		char *text = stack_text(&q, q.stack[i]);

		CHECK_STR(str_of(text), want[i]);
		free(text);
	}
	profile_fini(&p);
	profile_fini(&q);
}

TEST(rows_without_times_are_written_by_their_stacks)
{
	struct profile p, q;
	uint32_t stacks[3];

	profile_init(&p);
	profile_add_type(&p, STR("samples"), STR("count"));
	stacks[0] = stacktree_push(&p.tree, 0, test_frame(&p, "f", NULL, 0, false, FRAME_NATIVE));
	stacks[1] = stacktree_push(&p.tree, 0, test_frame(&p, "g", NULL, 0, false, FRAME_NATIVE));
	stacks[2] = stacktree_push(&p.tree, stacks[0],
				   test_frame(&p, "h", NULL, 0, false, FRAME_NATIVE));
	for (int64_t i = 3; i-- > 0;)
		profile_add(&p, stacks[i], 0, &i);
	again(&p, &q);
	CHECK_EQ(q.n, 3);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(q.values[i], i);
	profile_fini(&p);
	profile_fini(&q);
}

TEST(without_a_comment_the_kind_follows_from_the_mapping)
{
	struct file f = { 0 };
	struct profile p;

	add_type(&f);
	proto_add_uint(&f.message, PPROF_MAPPING_ID, 3);
	proto_add_uint(&f.message, PPROF_MAPPING_FILE, 5);
	add(&f, PPROF_MAPPING);
	add_location(&f, 1, 3, 0);
	proto_add_uint(&f.message, PPROF_SAMPLE_LOCATION, 1);
	proto_add_uint(&f.message, PPROF_SAMPLE_VALUE, 1);
	add(&f, PPROF_SAMPLE);
	add_strings(&f);
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&f.out), "x.pb", NULL), 0);
	CHECK_EQ(p.frames.frames[p.tree.frame[1]].kind, FRAME_LIBRARY);
	profile_fini(&p);
	file_fini(&f);
}

TEST(what_is_named_but_not_there_is_refused_with_the_place)
{
	struct file f = { 0 };
	struct err err;

	add_type(&f);
	add_unpacked_sample(&f, 1, 1, 1);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "x.pb: not a sound pprof file: at byte 8 (unpacked), a sample "
					"names location 1, which is not there"));
	add_type(&f);
	add_location(&f, 1, 0, 9);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "names function 9, which is not there"));
	add_type(&f);
	add_location(&f, 1, 4, 0);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "names mapping 4, which is not there"));
	add_type(&f);
	add_function(&f, 1, 200);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "it names string 200 of 7"));
	add_type(&f);
	add_location(&f, 1, 0, 0);
	add_location(&f, 1, 0, 0);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "two locations have the id 1"));
	add_type(&f);
	add_location(&f, 0, 0, 0);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "a location has no id"));
}

TEST(a_sample_needs_one_value_for_each_type)
{
	struct file f = { 0 };
	struct err err;

	add_type(&f);
	add_type(&f);
	add_location(&f, 1, 0, 0);
	add_unpacked_sample(&f, 1, 1, 1);
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "a sample has 1 values for 2 value types"));
}

TEST(a_file_cut_anywhere_is_refused_or_sound_but_never_read_past)
{
	struct profile p, q;
	struct buf bytes;
	struct err err;

	fill(&p);
	bytes = written(&p, pprof_write_plain);
	for (size_t n = 1; n < bytes.n; n++) {
		char *cut = malloc(n);	/* so that the sanitizer sees a step beyond */

		memcpy(cut, bytes.p, n);
		profile_init(&q);
		err = (struct err){ 0 };
		if (format_read_bytes(&q, str_over(cut, n), "cut", &err) < 0)
			CHECK(err.text[0]);
		profile_fini(&q);
		free(cut);
	}
	profile_fini(&p);
	buf_fini(&bytes);
}

TEST(a_file_that_unfolds_to_absurdly_many_frames_is_refused)
{
	struct file f = { 0 };
	struct err err;

	add_type(&f);
	proto_add_uint(&f.message, PPROF_LOCATION_ID, 1);
	proto_add_uint(&f.inner, PPROF_LINE_FUNCTION, 1);
	for (int i = 0; i < 4000; i++)
		proto_add_bytes(&f.message, PPROF_LOCATION_LINE, buf_str(&f.inner));
	add(&f, PPROF_LOCATION);
	add_function(&f, 1, 3);
	for (int i = 0; i < 100; i++) {
		buf_clear(&f.inner);
		for (int k = 0; k < 250; k++)
			buf_add_uleb(&f.inner, 1);
		proto_add_bytes(&f.message, PPROF_SAMPLE_LOCATION, buf_str(&f.inner));
		proto_add_uint(&f.message, PPROF_SAMPLE_VALUE, 1);
		add(&f, PPROF_SAMPLE);
	}
	add_strings(&f);
	CHECK(strstr(refusal(&f, &err), "unfold to far more frames"));
}

TEST_MAIN(CASE(what_is_written_is_read_back),
	  CASE(header_fields_and_comments_survive),
	  CASE(losses_and_completeness_travel_in_comments),
	  CASE(inlined_frames_share_a_location_and_come_back_inlined),
	  CASE(kinds_travel_as_ranges_of_locations),
	  CASE(every_kind_comes_back),
	  CASE(the_same_profile_gives_the_same_bytes_also_after_reading_it),
	  CASE(comments_about_other_samples_or_locations_are_not_believed),
	  CASE(samples_with_times_keep_them),
	  CASE(many_samples_keep_their_order),
	  CASE(unpacked_numbers_huge_ids_and_unknown_fields_are_read),
	  CASE(locations_that_begin_with_the_same_frame_share_its_node),
	  CASE(a_caller_that_has_inlined_is_alone_again_in_the_next_row),
	  CASE(rows_without_times_are_written_by_their_stacks),
	  CASE(without_a_comment_the_kind_follows_from_the_mapping),
	  CASE(what_is_named_but_not_there_is_refused_with_the_place),
	  CASE(a_sample_needs_one_value_for_each_type),
	  CASE(a_file_cut_anywhere_is_refused_or_sound_but_never_read_past),
	  CASE(a_file_that_unfolds_to_absurdly_many_frames_is_refused))
