/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfscript_worker.h"

#include "format/batch.h"
#include "format/perfscript_line.h"

void perf_worker_fini(struct perf_worker *worker)
{
	strings_fini(&worker->frames);
	strings_fini(&worker->who);
	strings_fini(&worker->events);
	*worker = (struct perf_worker){ 0 };
}

void perf_block_fini(struct perf_block *block)
{
	buf_fini(&block->samples);
	buf_fini(&block->words);
	news_fini(&block->frames);
	news_fini(&block->who);
	news_fini(&block->events);
	*block = (struct perf_block){ 0 };
}

/* The text's number, and news when it is new. */
static uint32_t number_of(struct strings *known, struct news *news, struct str text)
{
	uint32_t id = strings_add(known, text);

	news_note(news, text, id);
	return id;
}

#define PENDING 64

/* A piece while it is worked on. */
struct work {
	struct perf_worker *worker;
	struct perf_block *block;
	const char *at, *end;
	struct perf_sample sample;
	bool open;		/* a head was read, its frames follow */
	bool frame_in_head;	/* -F addr looks like one: a call chain takes its place */
	uint32_t n_pending;
	struct str pending[PENDING];	/* the last words' texts, looked up together */
};

static struct str next_line(struct work *w)
{
	const char *newline = memchr(w->at, '\n', (size_t)(w->end - w->at));
	struct str line = { w->at, (size_t)((newline ? newline : w->end) - w->at) };

	w->at = newline ? newline + 1 : w->end;
	w->block->lines++;
	return line;
}

static void note_bad(struct work *w)
{
	if (!w->block->bad++)
		w->block->first_bad = w->block->lines;
}

static uint32_t n_words(const struct work *w)
{
	return (uint32_t)(w->block->words.n / sizeof(uint32_t)) + w->n_pending;
}

static void close_sample(struct work *w)
{
	if (!w->open)
		return;
	w->open = false;
	w->sample.n_words = n_words(w) - w->sample.first_word;
	if (w->sample.n_words > STACK_FRAMES_MAX && !w->block->too_deep)
		w->block->too_deep = w->block->lines;
	buf_add(&w->block->samples, &w->sample, sizeof(w->sample));
}

static void look_up(struct work *w)
{
	uint32_t *words;

	if (!w->n_pending)
		return;
	words = (uint32_t *)(void *)(w->block->words.p + w->block->words.n);
	strings_add_all(&w->worker->frames, w->pending, w->n_pending, words);
	for (uint32_t i = 0; i < w->n_pending; i++)
		news_note(&w->block->frames, w->pending[i], words[i]);
	w->block->words.n += w->n_pending * sizeof(*words);
	w->n_pending = 0;
}

static void add_word(struct work *w, struct str text)
{
	if (!w->n_pending && !buf_reserve(&w->block->words, sizeof(uint32_t) * PENDING))
		return;
	w->pending[w->n_pending++] = text;
	if (w->n_pending == PENDING)
		look_up(w);
}

static bool is_inlined(struct str record)
{
	return str_ends(record, STR("(inlined)"));
}

/* The frame's line, and the source line behind it when there is one. */
static struct str with_source(struct work *w, struct str line)
{
	while (w->end - w->at > 2 && w->at[0] == ' ' && w->at[1] == ' ' && w->at[2] != ' ' &&
	       w->at[2] != '\n') {
		struct str source = next_line(w);

		line.n = (size_t)(source.p + source.n - line.p);
	}
	return line;
}

/* A frame inlined into the next one takes its module from it: together they are one text. */
static struct str with_callers(struct work *w, struct str line)
{
	struct str last = line;

	while (is_inlined(last) && w->at < w->end && *w->at == '\t') {
		last = with_source(w, next_line(w));
		line.n = (size_t)(last.p + last.n - line.p);
	}
	return line;
}

/* What tells places apart, once there is a name: not the address, of which a function has many. It is left
 * where it says that the kernel runs (it has no leading blanks), and where there is no name. */
static struct str without_address(struct str line)
{
	if (line.n > 19 && line.p[0] == '\t' && line.p[1] == ' ' && line.p[16] != ' ' &&
	    line.p[17] == ' ' && line.p[18] != '[' && line.p[18] != ' ' && line.p[line.n - 1] == ')')
		return str_skip(line, 18);
	return line;
}

static void add_frame(struct work *w, struct str line)
{
	if (w->at < w->end && *w->at == ' ')
		line = with_source(w, line);
	if (line.n > 9 && line.p[line.n - 1] == ')' && line.p[line.n - 2] == 'd' &&
	    is_inlined(line))
		line = with_callers(w, line);
	else
		line = without_address(line);
	add_word(w, line);
}

static uint32_t number_of_who(struct work *w, struct str who)
{
	/* numbers begin at 1, and the empty text is 0: it gets one too */
	return number_of(&w->worker->who, &w->block->who, who.n ? who : STR(" "));
}

/* "PERF_RECORD_LOST lost 12" and other records that were asked for (--show-...-events): no samples. */
static bool take_record(struct work *w, const struct perf_head *head)
{
	struct str text = str_trim(head->event.n ? head->event : head->rest), rest, word;
	uint64_t n;

	if (!str_starts(text, STR("PERF_RECORD_")))
		return false;
	rest = head->event.n ? str_trim(head->rest) : text;
	if (str_starts(text, STR("PERF_RECORD_LOST"))) {
		while (rest.p) {
			word = str_cut(&rest, ' ');
			if (str_parse_u64(word, 10, &n) == 0 && n < (uint64_t)1 << 48) {
				w->block->lost += n;
				break;
			}
		}
	}
	return true;
}

static void open_sample(struct work *w, const struct perf_head *head)
{
	w->sample = (struct perf_sample){
		.who = number_of_who(w, head->who),
		.event = number_of(&w->worker->events, &w->block->events, head->event),
		.first_word = n_words(w),
		.has_time = head->has_time, .has_period = head->has_period,
		.time_ns = head->time_ns, .period = head->period,
	};
	w->open = true;
	w->frame_in_head = false;
}

/* The next line, which is not taken yet. */
static struct str seen_next(const struct work *w)
{
	struct str rest = { w->at, (size_t)(w->end - w->at) };

	return str_cut(&rest, '\n');
}

static void add_head(struct work *w, struct str line)
{
	struct perf_head head;
	struct perf_frame frame;

	close_sample(w);
	if (!(perf_head_parse(line, &head) || perf_head_parse_bare(line, seen_next(w), &head)) ||
	    (line.p[0] == '#' && !head.has_time)) {
		if (str_trim(line).n && line.p[0] != '#')
			note_bad(w);
		return;
	}
	if (take_record(w, &head))
		return;
	open_sample(w, &head);
	w->frame_in_head = head.rest.n && perf_frame_in_head(head.rest, &frame);
	if (w->frame_in_head)
		add_word(w, with_source(w, head.rest));
}

/* -F ip,sym without call chains: each line is a sample. */
static void add_lone_frame(struct work *w, struct str line)
{
	open_sample(w, &(struct perf_head){ 0 });
	add_word(w, line);
	close_sample(w);
}

/* A line that begins with a blank, but not with a tab: a head without a call chain is padded so, and so
 * are old frames; registers, branches and bytes (-F iregs, brstack, bpf-output) are neither. */
static void add_padded(struct work *w, struct str line)
{
	struct perf_head head;
	struct perf_frame frame;

	if (perf_head_parse(line, &head) && head.has_time)
		add_head(w, line);
	else if (w->open && perf_frame_parse(line, &frame))
		add_frame(w, line);
	else if (!w->open && perf_frame_in_head(line, &frame))
		add_lone_frame(w, line);
	else if (!w->open)
		add_head(w, line);
}

/* -F ip,sym: no field of the head was asked for. */
static bool open_without_head(struct work *w, struct str line)
{
	struct perf_frame frame;

	if (!w->open && perf_frame_parse(line, &frame))
		open_sample(w, &(struct perf_head){ 0 });
	return w->open;
}

static void add_tabbed(struct work *w, struct str line)
{
	if (!w->open && !open_without_head(w, line)) {
		note_bad(w);
		return;
	}
	if (w->frame_in_head) {
		look_up(w);
		w->block->words.n = w->sample.first_word * sizeof(uint32_t);
	}
	w->frame_in_head = false;
	add_frame(w, line);
}

static void add_line(struct work *w, struct str line)
{
	char first = line.n ? line.p[0] : '\n';

	if (first == '\t') {
		add_tabbed(w, line);
	} else if (first == '\n' || first == '\r') {
		close_sample(w);
	} else if (first == ' ') {
		add_padded(w, line);
	} else if (first != '|') {
		add_head(w, line);
	}
}

void perf_worker_work(void *worker, struct str text, void *block)
{
	struct perf_worker *self = worker;
	struct perf_block *b = block;
	struct work w = { .worker = self, .block = b, .at = text.p ? text.p : "" };

	w.end = w.at + text.n;
	b->reset = self->frames.arena.bytes + self->who.arena.bytes + self->events.arena.bytes >
		   NEWS_TEXT_MAX;
	if (b->reset)
		perf_worker_fini(self);
	buf_clear(&b->samples);
	buf_clear(&b->words);
	news_start(&b->frames, &self->frames);
	news_start(&b->who, &self->who);
	news_start(&b->events, &self->events);
	b->lines = b->lost = b->bad = b->first_bad = b->too_deep = 0;
	while (w.at < w.end)
		add_line(&w, next_line(&w));
	close_sample(&w);
	look_up(&w);
	b->failed = self->frames.failed || self->who.failed || self->events.failed ||
		    b->samples.failed || b->words.failed || news_failed(&b->frames) ||
		    news_failed(&b->who) || news_failed(&b->events);
}

/* A blank line ends a record, a head at the line's beginning begins one; where there are no call chains,
 * every line is one. */
size_t perf_worker_cut(struct str text)
{
	bool chains = str_contains(text, STR("\n\t"));
	size_t n = text.n;

	while (n > 1) {
		const char *newline = memrchr(text.p, '\n', n - 1);
		char after;

		if (!newline)
			break;
		after = newline[1];
		n = (size_t)(newline - text.p) + 1;
		if (after == '\n')
			return n + 1;
		if (after == '\r' ? n + 1 < text.n && newline[2] == '\n' :
				    (after != ' ' && after != '\t' && after != '|') || !chains)
			return n;
	}
	return 0;
}
