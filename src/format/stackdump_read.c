/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "format/batch.h"
#include "format/dump_line.h"
#include "format/input.h"
#include "format/lines.h"
#include "format/module_kind.h"
#include "format/stackdump.h"
#include "model/profile.h"

/* A frame before its source line is known. */
struct place {
	struct function function;
	struct frame frame;
};

struct reader {
	struct profile *profile;
	struct lines lines;
	struct batch batch;
	struct buf places;		/* of the open thread, innermost first */
	struct label labels[8];
	uint32_t n_labels;
	int64_t count;			/* threads with that stack */
	enum dump_tool tool;
	bool open, wants_source;
	bool has_pid;
	uint64_t pid;
	uint64_t n_threads, n_empty;
};

static uint32_t intern(struct reader *r, struct str s)
{
	return strings_add(&r->profile->strings, s);
}

static struct place *place_at(const struct reader *r, size_t i)
{
	return (struct place *)(void *)r->places.p + i;
}

static size_t n_places(const struct reader *r)
{
	return r->places.n / sizeof(struct place);
}

/* What was inlined is where its caller is. */
static void settle_inlined(struct reader *r)
{
	for (size_t i = n_places(r); i-- > 1;) {
		const struct frame *caller = &place_at(r, i)->frame;
		struct frame *frame = &place_at(r, i - 1)->frame;

		if (!frame->inlined)
			continue;
		frame->module = caller->module;
		frame->kind = caller->kind;
		frame->address = caller->address;
	}
}

static int close_thread(struct reader *r)
{
	size_t n = n_places(r);
	uint32_t *to;

	if (!r->open)
		return 0;
	r->open = false;
	if (!r->count)		/* Go's "0 @ ..." */
		return 0;
	if (!n && r->tool != DUMP_GO_COUNTS) {	/* threadcreate?debug=1 knows of no stack, and counts */
		r->n_empty++;
		return 0;
	}
	settle_inlined(r);
	to = batch_words(&r->batch, n);
	for (size_t i = n; to && i-- > 0;) {
		struct place *place = place_at(r, i);

		place->frame.function = frames_add_function(&r->profile->frames, &place->function);
		*to++ = frames_add(&r->profile->frames, &place->frame);
	}
	if (to)
		batch_add(&r->batch, n, labels_add(&r->profile->labels, r->labels, r->n_labels), 0,
			  &r->count);
	r->n_threads++;
	if (!to || r->batch.failed || r->places.failed || profile_failed(r->profile))
		return -ENOMEM;
	return 0;
}

static void add_text(struct reader *r, struct str key, struct str text)
{
	if (text.n)
		r->labels[r->n_labels++] = (struct label){ .key = intern(r, key),
							   .str = intern(r, text) };
}

static void add_number(struct reader *r, struct str key, bool known, uint64_t value)
{
	if (known && value <= INT64_MAX)
		r->labels[r->n_labels++] = (struct label){ .key = intern(r, key),
							   .num = (int64_t)value };
}

static void open_thread(struct reader *r, const struct dump_thread *thread)
{
	buf_clear(&r->places);
	r->open = true;
	r->wants_source = false;
	r->tool = thread->tool;
	r->count = thread->count > INT64_MAX ? INT64_MAX : (int64_t)thread->count;
	r->n_labels = 0;
	add_text(r, STR("thread"), thread->name);
	add_text(r, STR("state"), thread->state);
	add_number(r, STR("tid"), thread->has_tid, thread->tid);
	add_number(r, STR("goroutine"), thread->has_goroutine, thread->goroutine);
	add_number(r, STR("vthread"), thread->has_vthread, thread->vthread);
	if (r->tool != DUMP_JAVA && r->tool != DUMP_GO)
		add_number(r, STR("pid"), r->has_pid, r->pid);
	if (thread->holds_gil)
		add_text(r, STR("gil"), STR("held"));
}

static uint8_t kind_of(const struct reader *r, const struct dump_line *line)
{
	if (line->unknown)
		return FRAME_UNKNOWN;
	if (line->python)
		return FRAME_INTERPRETED;
	if (line->java)		/* interpreted or compiled: the dump does not say */
		return FRAME_NONE;
	return r->tool == DUMP_JAVA ? FRAME_NATIVE : (uint8_t)module_kind(line->module);
}

static int add_frame(struct reader *r, const struct dump_line *line, struct err *err)
{
	struct module module = { .path = intern(r, line->module) };
	struct place place = { .frame = { .line = line->line, .inlined = line->inlined } };
	char text[256];

	if (n_places(r) == STACK_FRAMES_MAX)
		return err_fail(err, -EBADMSG, "%s:%llu: the stack has more than %zu frames",
				r->lines.input->what, (unsigned long long)r->lines.number,
				STACK_FRAMES_MAX);
	place.frame.module = line->module.n ? frames_add_module(&r->profile->frames, &module) : 0;
	place.frame.kind = kind_of(r, line);
	if (line->unknown)
		place.frame.address = line->address;
	place.function.name = intern(r, line->name.n ? line->name :
					module_frame_name(line->module, text, sizeof(text)));
	place.function.file = intern(r, line->file);
	if (line->inlines && n_places(r))
		place_at(r, n_places(r) - 1)->frame.inlined = 1;
	buf_add(&r->places, &place, sizeof(place));
	r->wants_source = !line->line;
	return 0;
}

static void add_source(struct reader *r, const struct dump_line *line)
{
	struct place *last = n_places(r) ? place_at(r, n_places(r) - 1) : NULL;

	if (!last || !r->wants_source)
		return;
	last->function.file = intern(r, line->file);
	last->frame.line = line->line;
	last->frame.column = line->column > UINT16_MAX ? 0 : (uint16_t)line->column;
	r->wants_source = false;
}

static void set_state(struct reader *r, struct str state)
{
	for (uint32_t i = 0; i < r->n_labels; i++)
		if (str_eq(strings_get(&r->profile->strings, r->labels[i].key), STR("state")))
			return;
	add_text(r, STR("state"), state);
}

static int take_line(struct reader *r, struct str text, struct err *err)
{
	struct dump_line line;
	int rc = 0;

	dump_line_parse(r->open ? r->tool : DUMP_NONE, text, &line);
	switch (line.what) {
	case DUMP_FRAME:
		if (line.is_first && r->open && n_places(r))
			rc = close_thread(r);
		if (!r->open)		/* gdb's bt: no line begins the thread */
			open_thread(r, &(struct dump_thread){ .tool = DUMP_NATIVE, .count = 1 });
		return rc < 0 ? rc : add_frame(r, &line, err);
	case DUMP_SOURCE:
		add_source(r, &line);
		return 0;
	case DUMP_STATE:
		set_state(r, line.state);
		return 0;
	case DUMP_END:
		return close_thread(r);
	case DUMP_OTHER:
		r->wants_source = false;
		return 0;
	}
	return 0;
}

static int read_lines(struct reader *r, struct err *err)
{
	struct dump_thread thread;
	struct str line;
	int rc;

	while ((rc = lines_next(&r->lines, &line, err)) > 0) {
		if (dump_process_parse(line, &r->pid)) {
			r->has_pid = true;
			rc = close_thread(r);
		} else if (dump_thread_parse(line, &thread)) {
			rc = close_thread(r);
			open_thread(r, &thread);
		} else {
			rc = take_line(r, line, err);
		}
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : close_thread(r);
}

static int finish(struct reader *r, struct err *err)
{
	char text[128];

	if (batch_flush(&r->batch) < 0)
		return -ENOMEM;
	if (!r->n_threads)
		return err_fail(err, -EBADMSG, "%s looks like a stack dump, but there is no stack in it",
				r->lines.input->what);
	if (r->n_empty) {
		snprintf(text, sizeof(text), "sonde: note %llu threads have no stack in the dumps and are left out",
			 (unsigned long long)r->n_empty);
		profile_add_comment(r->profile, str_of(text));
	}
	return 0;
}

int stackdump_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .lines = { .input = input },
			    .batch = { .profile = profile } };
	int rc;

	profile_add_type(profile, STR("samples"), STR("count"));
	rc = read_lines(&r, err);
	if (rc == 0)
		rc = finish(&r, err);
	lines_fini(&r.lines);
	batch_fini(&r.batch);
	buf_fini(&r.places);
	return rc;
}

/* A line that begins a thread, or gdb's innermost frame, among the first ones: what was logged before a panic may
 * stand in front. */
bool stackdump_detect(struct str head)
{
	struct str rest = head;
	struct dump_thread thread;
	struct dump_line line;

	while (rest.n) {
		struct str text = str_cut(&rest, '\n');

		if (text.n && text.p[text.n - 1] == '\r')
			text.n--;
		if (str_starts(text, STR("Full thread dump ")) ||
		    str_starts(text, STR("goroutine profile: total ")) ||
		    (rest.p && dump_thread_parse(text, &thread)))
			return true;
		if (!str_starts(text, STR("#0 ")))
			continue;
		dump_line_parse(DUMP_NATIVE, text, &line);
		if (line.what == DUMP_FRAME && (line.has_address || line.file.n || line.module.n))
			return true;
	}
	return false;
}
