/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "format/batch.h"
#include "format/folded.h"
#include "format/folded_worker.h"
#include "format/input.h"
#include "format/pieces.h"
#include "model/profile.h"

struct reader {
	struct profile *profile;
	struct input *input;
	struct batch batch;
	struct folded_worker workers[PIECE_WORKERS_MAX];
	struct folded_block blocks[PIECE_WORKERS_MAX][PIECE_BLOCKS];
	struct buf frames[PIECE_WORKERS_MAX];	/* a worker's number -> frame */
	size_t before_at;			/* of the row before, in the batch's words */
	uint64_t lines;				/* before the block */
	uint32_t columns;
};

/* Notes on a frame that people know from flamegraph.pl's Java colours and async-profiler. */
static const struct {
	struct str suffix;
	enum frame_kind kind;
	bool inlined;
} suffixes[] = {
	{ STR("_[k]"), FRAME_KERNEL, false },
	{ STR("_[j]"), FRAME_JIT, false },
	{ STR("_[i]"), FRAME_JIT, true },
	{ STR("_[0]"), FRAME_INTERPRETED, false },
	{ STR("_[1]"), FRAME_C1, false },
};

static uint32_t make_frame(struct reader *r, struct str name)
{
	struct frame frame = { .kind = FRAME_NATIVE };
	struct function function = { 0 };

	if (name.n > 4 && name.p[name.n - 1] == ']') {
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			if (!str_ends(name, suffixes[i].suffix))
				continue;
			name.n -= suffixes[i].suffix.n;
			frame.kind = (uint8_t)suffixes[i].kind;
			frame.inlined = suffixes[i].inlined;
			break;
		}
	}
	function.name = strings_add(&r->profile->strings, name);
	frame.function = frames_add_function(&r->profile->frames, &function);
	return frames_add(&r->profile->frames, &frame);
}

static void learn(struct reader *r, struct buf *frames, const struct folded_block *block)
{
	uint32_t frame = 0;

	if (block->reset)
		buf_clear(frames);
	if (!frames->n)
		buf_add(frames, &frame, sizeof(frame));		/* numbers begin at 1 */
	for (uint32_t k = 0; k < block->names.n; k++) {
		frame = make_frame(r, news_get(&block->names, k));
		buf_add(frames, &frame, sizeof(frame));
	}
	if (frames->failed)
		r->batch.failed = true;
}

static uint32_t *u32s(const struct buf *buf)
{
	return (uint32_t *)(void *)buf->p;
}

static bool add_row(struct reader *r, const uint32_t *frame_of, const struct folded_block *block,
		    const struct folded_row *row, const int64_t *values)
{
	uint32_t n = row->shared + row->n_words, *to = batch_words(&r->batch, n);
	const uint32_t *words = u32s(&block->words), *before = u32s(&r->batch.words) + r->before_at;

	if (!to)
		return false;
	/* still there when the batch was flushed in between, and then they may overlap */
	memmove(to, before, row->shared * sizeof(*to));
	for (uint32_t i = 0; i < row->n_words; i++)
		to[row->shared + i] = frame_of[words[row->first_word + i]];
	r->before_at = r->batch.words.n / sizeof(*to);
	batch_add(&r->batch, n, 0, 0, values);
	return !r->batch.failed;
}

static int take(void *owner, unsigned worker, void *from, struct err *err)
{
	struct reader *r = owner;
	const struct folded_block *block = from;
	const struct folded_row *rows = (const struct folded_row *)(const void *)block->rows.p;
	const int64_t *values = (const int64_t *)(const void *)block->values.p;

	if (block->failed)
		return -ENOMEM;
	if (block->bad)	/* any text that is nothing else is tried */
		return err_fail(err, -EBADMSG, "%s:%llu: %s, found '%s'%s", r->input->what,
				(unsigned long long)(r->lines + block->lines), block->bad, block->bad_line,
				r->lines || block->rows.n ? "" : "; and it is in no other format that Sonde reads");
	learn(r, &r->frames[worker], block);
	for (size_t i = 0; i < block->rows.n / sizeof(*rows); i++)
		if (!add_row(r, u32s(&r->frames[worker]), block, &rows[i], values + i * r->columns))
			return -ENOMEM;
	r->lines += block->lines;
	return r->batch.failed ? -ENOMEM : 0;
}

static int read_pieces(struct reader *r, struct err *err)
{
	struct pieces pieces = { .cut = folded_worker_cut, .work = folded_worker_work, .take = take,
				 .owner = r, .n_workers = pieces_workers(),
				 .record_max = FOLDED_LINE_MAX, .record = "the line" };
	int rc;

	for (unsigned w = 0; w < pieces.n_workers; w++) {
		r->workers[w].columns = r->columns;
		pieces.worker[w] = &r->workers[w];
		for (unsigned k = 0; k < PIECE_BLOCKS; k++)
			pieces.block[w][k] = &r->blocks[w][k];
	}
	rc = pieces_run(&pieces, r->input, err);
	return rc < 0 ? rc : batch_flush(&r->batch);
}

/* The profile has its value types, one a column. */
static int read_columns(struct profile *profile, struct input *input, struct err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->profile = r->batch.profile = profile;
	r->input = input;
	r->columns = profile->n_types;
	rc = read_pieces(r, err);
	for (unsigned w = 0; w < PIECE_WORKERS_MAX; w++) {
		folded_worker_fini(&r->workers[w]);
		buf_fini(&r->frames[w]);
		for (unsigned k = 0; k < PIECE_BLOCKS; k++)
			folded_block_fini(&r->blocks[w][k]);
	}
	batch_fini(&r->batch);
	free(r);
	return rc;
}

/* "# samples/count *cpu/nanoseconds": adds the types; false: it is no such line. */
static bool add_named_types(struct profile *profile, struct str line)
{
	uint32_t n = 0, starred = 0;

	if (!str_starts(line, STR("# ")))
		return false;
	for (struct str rest = str_trim(str_skip(line, 2)); rest.n; n++) {
		struct str word = str_cut(&rest, ' '), type;

		if (word.n && word.p[0] == '*') {
			starred = n;
			word = str_skip(word, 1);
		}
		type = str_cut(&word, '/');
		if (!type.n || !word.n || str_find(word, '/') >= 0 || n == FOLDED_COLUMNS_MAX)
			return false;
		if (profile)
			profile_add_type(profile, type, word);
	}
	if (profile)
		profile->default_type = starred;
	return n > 0;
}

/* How many counts all whole lines of the head end in, at least. */
static uint32_t count_columns(struct str head)
{
	uint32_t least = UINT32_MAX;
	struct str rest = head;

	while (rest.n) {
		ptrdiff_t end = str_find(rest, '\n');
		struct str line = str_trim(end < 0 ? rest : str_head(rest, (size_t)end));
		uint32_t n = 0;
		int64_t count;

		if (end < 0 && rest.n < head.n && head.n == INPUT_HEAD_MAX)
			break;		/* goes on behind the head */
		rest = end < 0 ? (struct str){ 0 } : str_skip(rest, (size_t)end + 1);
		if (!line.n || line.p[0] == '#')
			continue;
		while (n < least && n < FOLDED_COLUMNS_MAX && folded_cut_count(&line, &count))
			n++;
		least = n;
	}
	return least == UINT32_MAX ? 0 : least;
}

bool folded_columns_detect(struct str head)
{
	struct str rest = head;

	return folded_detect(head) &&
	       (add_named_types(NULL, str_cut(&rest, '\n')) || count_columns(head) >= 2);
}

int folded_columns_read(struct profile *profile, struct input *input, struct err *err)
{
	struct str rest = input_head(input);
	uint32_t n = count_columns(rest);
	char name[32];

	if (!add_named_types(profile, str_cut(&rest, '\n'))) {
		for (uint32_t i = 0; i < n; i++) {
			snprintf(name, sizeof(name), n == 2 ? i ? "new" : "base" : "column%u", i + 1);
			profile_add_type(profile, str_of(name), STR("count"));
		}
		profile->default_type = n == 2 ? 1 : 0;
	}
	if (!profile->n_types)
		return err_fail(err, -EBADMSG, "%s: its lines hold no counts", input->what);
	return read_columns(profile, input, err);
}

int folded_read(struct profile *profile, struct input *input, struct err *err)
{
	profile_add_type(profile, STR("samples"), STR("count"));
	return read_columns(profile, input, err);
}

/* Whether some line of the head looks like a stack: it ends in a digit, or has frames. What goes on behind it is not known. */
static bool has_stacks(struct str head)
{
	bool any = false;

	while (head.n) {
		ptrdiff_t end = str_find(head, '\n');
		struct str line = str_trim(end < 0 ? head : str_head(head, (size_t)end));

		if (line.n && line.p[0] != '#') {
			char last = line.p[line.n - 1];

			if ((last >= '0' && last <= '9') || str_find(line, ';') >= 0 || (end < 0 && !any && line.n >= INPUT_HEAD_MAX / 2))
				return true;
			any = true;
		}
		head = end < 0 ? (struct str){ 0 } : str_skip(head, (size_t)end + 1);
	}
	return !any;
}

/* Text with a stack in some line. Whether the others are sound is for the reader, which can say which one is
 * not. */
bool folded_detect(struct str head)
{
	if (str_starts(head, STR("{\"")) || str_starts(head, STR("{\n")))	/* JSON of some kind */
		return false;
	return head.n && str_find(head, '\0') < 0 && has_stacks(head);
}
