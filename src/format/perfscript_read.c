/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/input.h"
#include "format/perfevents.h"
#include "format/perfscript.h"
#include "format/perfscript_frames.h"
#include "format/perfscript_line.h"
#include "format/perfscript_worker.h"
#include "format/pieces.h"
#include "model/profile.h"

#define SAMPLE_MAX_BYTES ((size_t)256 << 20)
#define WAITING_ROWS_MAX ((uint32_t)2 << 20)	/* samples on their way into the profile: its bound on memory */
#define WAITING_WORDS_MAX ((size_t)32 << 20)

/* What a worker's numbers are in the profile. */
struct meanings {
	struct buf spans;	/* frame line -> its frames in `ids` */
	struct buf ids;		/* frames, innermost first */
	struct buf sets;	/* who -> label set without an event */
	struct buf events;	/* event -> index into the reader's events */
};

struct reader {
	struct profile *profile;
	struct input *input;
	struct batch batch;
	struct perf_worker workers[PIECE_WORKERS_MAX];
	struct perf_block blocks[PIECE_WORKERS_MAX][PIECE_BLOCKS];
	struct meanings meanings[PIECE_WORKERS_MAX];
	struct perfevents events;
	uint64_t lines;		/* before the block */
	uint64_t n_samples, lost, bad, first_bad, last_ns;
	uint64_t falls;		/* how often a time was before the one before it */
	bool from_zero;		/* the first time is 0 */
};

static uint32_t intern(struct reader *r, struct str s)
{
	return strings_add(&r->profile->strings, s);
}

static void meanings_clear(struct meanings *m)
{
	static const struct stack_span none = { 0 };
	static const uint32_t zero = 0;

	buf_clear(&m->spans);
	buf_clear(&m->ids);
	buf_clear(&m->sets);
	buf_clear(&m->events);
	buf_add(&m->spans, &none, sizeof(none));	/* numbers begin at 1 */
	buf_add(&m->sets, &zero, sizeof(zero));
	buf_add(&m->events, &zero, sizeof(zero));
}

static void meanings_fini(struct meanings *m)
{
	buf_fini(&m->spans);
	buf_fini(&m->ids);
	buf_fini(&m->sets);
	buf_fini(&m->events);
}

static void learn_frame(struct reader *r, struct meanings *m, struct str text)
{
	struct stack_span span = { .at = (uint32_t)(m->ids.n / sizeof(uint32_t)) };

	perf_frames_add(r->profile, text, &m->ids);
	span.n = (uint32_t)(m->ids.n / sizeof(uint32_t)) - span.at;
	buf_add(&m->spans, &span, sizeof(span));
}

static void add_number(struct reader *r, struct label *set, uint32_t *n, struct str key, bool known,
		       uint64_t value)
{
	if (known && value <= INT64_MAX)
		set[(*n)++] = (struct label){ .key = intern(r, key), .num = (int64_t)value };
}

static void learn_who(struct reader *r, struct meanings *m, struct str text)
{
	struct label set[4];
	struct perf_who who;
	uint32_t n = 0, id;

	perf_who_parse(text, &who);
	add_number(r, set, &n, STR("pid"), who.has_pid, who.pid);
	add_number(r, set, &n, STR("tid"), who.has_tid, who.tid);
	add_number(r, set, &n, STR("cpu"), who.has_cpu, who.cpu);
	who.comm = str_trim(who.comm);
	if (who.comm.n)
		set[n++] = (struct label){ .key = intern(r, STR("thread")),
					   .str = intern(r, who.comm) };
	id = labels_add(&r->profile->labels, set, n);
	buf_add(&m->sets, &id, sizeof(id));
}

static void learn(struct reader *r, struct meanings *m, const struct perf_block *block)
{
	for (uint32_t k = 0; k < block->frames.n; k++)
		learn_frame(r, m, news_get(&block->frames, k));
	for (uint32_t k = 0; k < block->who.n; k++)
		learn_who(r, m, news_get(&block->who, k));
	for (uint32_t k = 0; k < block->events.n; k++) {
		uint32_t id = perfevents_find(&r->events, news_get(&block->events, k));

		buf_add(&m->events, &id, sizeof(id));
	}
	if (m->spans.failed || m->ids.failed || m->sets.failed || m->events.failed)
		r->batch.failed = true;
}

static int too_deep(const struct reader *r, uint64_t line, struct err *err)
{
	return err_fail(err, -EBADMSG, "%s:%llu: the stack that ends here has more than %zu frames",
			r->input->what, (unsigned long long)line, STACK_FRAMES_MAX);
}

/* The frames, outermost first. */
static int add_stack(struct reader *r, const struct meanings *m, const uint32_t *words, uint32_t n,
		     uint32_t *ret_n)
{
	const struct stack_span *spans = (const struct stack_span *)(const void *)m->spans.p;
	const uint32_t *ids = (const uint32_t *)(const void *)m->ids.p;
	uint32_t total = 0, *to;

	for (uint32_t i = 0; i < n; i++)
		total += spans[words[i]].n;
	if (total > STACK_FRAMES_MAX)
		return -E2BIG;
	to = batch_words(&r->batch, total);
	if (!to)
		return -ENOMEM;
	for (uint32_t i = n; i-- > 0;)
		for (uint32_t k = spans[words[i]].n; k-- > 0;)
			*to++ = ids[spans[words[i]].at + k];
	*ret_n = total;
	return 0;
}

static int add_sample(struct reader *r, const struct meanings *m, const struct perf_block *block,
		      const struct perf_sample *sample)
{
	const uint32_t *words = (const uint32_t *)(const void *)block->words.p;
	uint32_t event = ((const uint32_t *)(const void *)m->events.p)[sample->event], type;
	uint32_t set = ((const uint32_t *)(const void *)m->sets.p)[sample->who], n = 0;
	int64_t values[VALUE_TYPES_MAX] = { 1 };
	int rc;

	if (!r->n_samples++) {
		r->batch.timed = sample->has_time;
		r->from_zero = sample->time_ns == 0;
	}
	r->falls += sample->has_time && sample->time_ns < r->last_ns;
	if (sample->has_time)
		r->last_ns = sample->time_ns;
	if (perfevents_settle_labels(&r->events) < 0)
		return -ENOMEM;
	set = perfevents_label(&r->events, set, event);
	if (sample->has_period && perfevents_need_type(&r->events, event) < 0)
		return -ENOMEM;
	type = r->events.items[event].type;
	if (sample->has_period && type != PERFEVENTS_NO_TYPE)
		values[type] = sample->period > INT64_MAX ? INT64_MAX : (int64_t)sample->period;
	rc = add_stack(r, m, sample->n_words ? words + sample->first_word : NULL, sample->n_words, &n);
	if (rc < 0)
		return rc;
	batch_add(&r->batch, n, set, r->last_ns, values);
	return r->batch.failed ? -ENOMEM : 0;
}

static int take(void *owner, unsigned worker, void *from, struct err *err)
{
	struct reader *r = owner;
	const struct perf_block *block = from;
	struct meanings *m = &r->meanings[worker];
	const struct perf_sample *samples = (const struct perf_sample *)(const void *)block->samples.p;
	int rc = 0;

	if (block->failed)
		return -ENOMEM;
	if (block->too_deep)
		return too_deep(r, r->lines + block->too_deep, err);
	if (block->reset)
		meanings_clear(m);
	learn(r, m, block);
	if (r->batch.failed)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < block->samples.n / sizeof(*samples); i++)
		rc = add_sample(r, m, block, &samples[i]);
	if (rc == -E2BIG)
		return too_deep(r, r->lines + block->lines, err);
	if (rc < 0)
		return -ENOMEM;
	if (block->bad && !r->bad)
		r->first_bad = r->lines + block->first_bad;
	r->bad += block->bad;
	r->lost += block->lost;
	r->lines += block->lines;
	if (r->batch.n >= WAITING_ROWS_MAX || r->batch.words.n >= WAITING_WORDS_MAX * sizeof(uint32_t))
		batch_flush(&r->batch);
	return r->batch.failed ? -ENOMEM : 0;
}

/* What the header (perf script --header) says of the recording: the first bytes hold it. */
static void add_comments(struct reader *r)
{
	static const char *const keys[] = { "captured on", "hostname", "os release", "perf version",
					    "arch", "cpudesc", "cmdline" };
	struct str rest = input_head(r->input);

	while (rest.n && rest.p[0] == '#') {
		struct str line = str_cut(&rest, '\n'), value = str_skip(line, 2), key;
		char text[512];

		if (str_find(value, ':') < 0)
			continue;
		key = str_trim(str_cut(&value, ':'));
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			if (!str_eq(key, str_of(keys[i])))
				continue;
			snprintf(text, sizeof(text), "perf %s: %.*s", keys[i],
				 STR_ARG(str_trim(value)));
			profile_add_comment(r->profile, str_of(text));
		}
	}
}

static void add_notes(struct reader *r)
{
	char text[160];

	if (r->lost) {
		snprintf(text, sizeof(text), "sonde: note perf lost %llu events", (unsigned long long)r->lost);
		profile_add_comment(r->profile, str_of(text));
	}
	if (r->bad) {
		snprintf(text, sizeof(text), "sonde: note %llu lines are none of perf script's, the first is line "
			 "%llu", (unsigned long long)r->bad, (unsigned long long)r->first_bad);
		profile_add_comment(r->profile, str_of(text));
	}
}

static int read_all(struct reader *r, struct err *err)
{
	struct pieces pieces = { .cut = perf_worker_cut, .work = perf_worker_work, .take = take,
				 .owner = r, .n_workers = pieces_workers(),
				 .record_max = SAMPLE_MAX_BYTES, .record = "the sample" };
	int rc;

	for (unsigned w = 0; w < pieces.n_workers; w++) {
		meanings_clear(&r->meanings[w]);
		pieces.worker[w] = &r->workers[w];
		for (unsigned k = 0; k < PIECE_BLOCKS; k++)
			pieces.block[w][k] = &r->blocks[w][k];
	}
	rc = pieces_run(&pieces, r->input, err);
	if (rc == 0)
		rc = batch_flush(&r->batch);
	if (rc < 0)
		return rc;
	if (!r->n_samples)
		return err_fail(err, -EBADMSG, "%s is perf script's, but there is no sample in it",
				r->input->what);
	if (r->from_zero && r->falls > r->n_samples / 8) {
		profile_forget_times(r->profile);
		profile_add_comment(r->profile, STR("sonde: note times are told from sample to sample "
						    "(--deltatime) and are not kept: --reltime keeps them"));
	}
	add_notes(r);
	perfevents_settle_times(r->profile);
	return 0;
}

int perfscript_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->profile = profile;
	r->input = input;
	r->batch.profile = profile;
	perfevents_init(&r->events, &r->batch);	/* the first is number 0 of every worker */
	add_comments(r);
	rc = read_all(r, err);
	for (unsigned w = 0; w < PIECE_WORKERS_MAX; w++) {
		perf_worker_fini(&r->workers[w]);
		meanings_fini(&r->meanings[w]);
		for (unsigned k = 0; k < PIECE_BLOCKS; k++)
			perf_block_fini(&r->blocks[w][k]);
	}
	batch_fini(&r->batch);
	perfevents_fini(&r->events);
	free(r);
	return rc;
}

/* An address that is padded to its width. */
static bool is_padded_frame(struct str line)
{
	struct perf_frame frame;

	return line.n > 16 && perf_frame_in_head(line, &frame);
}

/* A head with a time and an event (or a frame, or one in the next line): folded stacks have none. */
bool perfscript_detect(struct str head)
{
	struct str rest = head;
	struct perf_head found;
	struct perf_frame frame;

	if (str_starts(head, STR("# ========\n# captured on")))
		return true;
	for (int i = 0; i < 64 && rest.p; i++) {
		struct str line = str_cut(&rest, '\n');

		if (!str_trim(line).n || line.p[0] == '#')
			continue;
		if (is_padded_frame(line))	/* -F ip,sym */
			return true;
		if (!perf_head_parse(line, &found))
			return perf_head_parse_bare(line, str_cut(&rest, '\n'), &found);
		if (is_padded_frame(str_cut(&rest, '\n')))
			return true;
		if (perf_frame_in_head(found.rest, &frame))
			return true;
		return found.has_time && found.who.n && found.event.n;
	}
	return false;
}
