/* SPDX-License-Identifier: Apache-2.0 */
#include "format/folded_worker.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stdlib.h>

#include "base/vec.h"
#include "format/batch.h"

#define PENDING 64

void folded_worker_fini(struct folded_worker *worker)
{
	strings_fini(&worker->names);
	free(worker->ends);
	worker->ends = NULL;
	worker->cap_ends = 0;
}

void folded_block_fini(struct folded_block *block)
{
	buf_fini(&block->rows);
	buf_fini(&block->words);
	buf_fini(&block->values);
	news_fini(&block->names);
}

/* A piece while it is worked on. */
struct work {
	struct folded_worker *worker;
	struct folded_block *block;
	struct str before;		/* the stack of the line before */
	uint32_t n_before;		/* its frames but the last, which may go on differently */
	const char *end;		/* of the piece */
	uint32_t n_pending;
	struct str pending[PENDING];	/* the last words' texts, looked up together */
};

/* "12", "-3" in a difference, or "12.7" as some tools write sums of shares. */
static bool parse_count(struct str text, int64_t *ret_count)
{
	char copy[64], *end;
	uint64_t whole = 0;
	double value;
	size_t i = 0;

	if (text.n > 1 && text.p[0] == '-' && text.p[1] != '-') {
		if (!parse_count(str_skip(text, 1), ret_count))
			return false;
		*ret_count = -*ret_count;
		return true;
	}
	for (; i < text.n && i < 18 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		whole = whole * 10 + (uint64_t)(text.p[i] - '0');
	if (i && i == text.n) {
		*ret_count = (int64_t)whole;
		return true;
	}
	if (str_parse_u64(text, 10, &whole) == 0 && whole <= INT64_MAX) {
		*ret_count = (int64_t)whole;
		return true;
	}
	if (!text.n || text.n >= sizeof(copy) || text.p[0] < '.' || text.p[0] > '9')
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	value = strtod(copy, &end);
	if (*end || !(value >= 0 && value < 9.2e18))
		return false;
	*ret_count = (int64_t)(value + 0.5);
	return true;
}

bool folded_cut_count(struct str *line, int64_t *ret_count)
{
	size_t n = line->n;

	while (n && line->p[n - 1] != ' ' && line->p[n - 1] != '\t')
		n--;
	if (n < 2 || !parse_count(str_skip(*line, n), ret_count))
		return false;
	while (n && (line->p[n - 1] == ' ' || line->p[n - 1] == '\t'))
		n--;
	line->n = n;
	return true;
}

static void look_up(struct work *w)
{
	uint32_t *words;

	if (!w->n_pending)
		return;
	words = (uint32_t *)(void *)(w->block->words.p + w->block->words.n);
	strings_add_all(&w->worker->names, w->pending, w->n_pending, words);
	for (uint32_t i = 0; i < w->n_pending; i++)
		news_note(&w->block->names, w->pending[i], words[i]);
	w->block->words.n += w->n_pending * sizeof(*words);
	w->n_pending = 0;
}

static uint32_t n_words(const struct work *w)
{
	return (uint32_t)(w->block->words.n / sizeof(uint32_t)) + w->n_pending;
}

static void add_word(struct work *w, struct str name)
{
	if (!w->n_pending && !buf_reserve(&w->block->words, sizeof(uint32_t) * PENDING))
		return;
	w->pending[w->n_pending++] = name;
	if (w->n_pending == PENDING)
		look_up(w);
}

/* How many bytes both begin with. */
static size_t common_prefix(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;
	uint64_t x, y;

	for (; n - i >= sizeof(x); i += sizeof(x)) {
		memcpy(&x, a.p + i, sizeof(x));
		memcpy(&y, b.p + i, sizeof(y));
		if (x != y)
			return i + (unsigned)__builtin_ctzll(x ^ y) / 8;
	}
	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

/* How many frames the stack shares with the one before; *ret_at is where it goes on. */
static uint32_t find_shared(const struct work *w, struct str stack, size_t *ret_at)
{
	size_t common = common_prefix(w->before, stack);
	uint32_t n = 0;

	while (n < w->n_before && w->worker->ends[n] <= common)
		n++;
	*ret_at = n ? w->worker->ends[n - 1] : 0;
	return n;
}

/* The first `n` of 64 bytes, of which those behind `end` are not there: a bit for each that ends a name. */
static uint64_t find_seps(const char *p, size_t n, const char *end)
{
	uint64_t seps = 0;
	char copy[64];

	if (end - p < 64) {
		memcpy(copy, p, n);
		memset(copy + n, 0, sizeof(copy) - n);
		p = copy;
	}
#ifdef __SSE2__
	for (int i = 0; i < 4; i++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
		int found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(';')));

		seps |= (uint64_t)found << (16 * i);
	}
#else
	for (int i = 0; i < 64; i++)
		seps |= (uint64_t)(p[i] == ';') << i;
#endif
	return n < 64 ? seps & (((uint64_t)1 << n) - 1) : seps;
}

static const char *add_stack(struct work *w, struct str stack)
{
	struct folded_worker *self = w->worker;
	size_t most = stack.n / 2 + 1, at;	/* a frame takes two bytes, unless names are empty */
	uint32_t room = (uint32_t)(most < STACK_FRAMES_MAX ? most : STACK_FRAMES_MAX), n;
	struct folded_row row = { .first_word = n_words(w) };

	if (VEC_RESERVE(&self->ends, &self->cap_ends, room) < 0) {
		w->block->failed = true;
		return NULL;
	}
	n = row.shared = find_shared(w, stack, &at);
	for (size_t from = at; at <= stack.n; from += 64) {
		size_t left = stack.n - from;
		uint64_t seps = find_seps(stack.p + from, left < 64 ? left : 64, w->end);

		if (left < 64)
			seps |= (uint64_t)1 << left;	/* the end ends a name too */
		for (; seps; seps &= seps - 1) {
			size_t end = from + (unsigned)__builtin_ctzll(seps);

			if (end > at) {
				if (n == room)
					return "expected at most 1048576 frames";
				add_word(w, (struct str){ stack.p + at, end - at });
				self->ends[n++] = (uint32_t)(end + 1);
			} else if (n) {
				self->ends[n - 1]++;	/* an empty name is passed over */
			}
			at = end + 1;
		}
	}
	row.n_words = n - row.shared;
	w->n_before = n ? n - 1 : 0;
	w->before = stack;
	buf_add(&w->block->rows, &row, sizeof(row));
	return NULL;
}

/* NULL, or why the line is refused. */
static const char *add_line(struct work *w, struct str line)
{
	struct buf *values = &w->block->values;
	uint32_t columns = w->worker->columns;
	int64_t counts[FOLDED_COLUMNS_MAX];

	if (!line.n || line.p[0] == '#')
		return NULL;
	for (uint32_t i = columns; i-- > 0;)
		if (!folded_cut_count(&line, &counts[i]))
			return columns == 1 ? "expected 'frame;frame;frame count'" :
					      "expected a stack and a count for each column";
	buf_add(values, counts, columns * sizeof(*counts));
	return add_stack(w, line);
}

static void refuse(struct folded_block *block, struct str line, const char *why)
{
	size_t cap = sizeof(block->bad_line), n = line.n < cap ? line.n : cap - 4;

	block->bad = why;
	for (size_t i = 0; i < n; i++)
		block->bad_line[i] = line.p[i] < ' ' || line.p[i] == 0x7f ? '?' : line.p[i];
	memcpy(block->bad_line + n, n < line.n ? "..." : "", n < line.n ? 4 : 1);
}

static void add_lines(struct work *w, struct str text)
{
	const char *at = text.p, *end = text.p + text.n;

	while (at < end && !w->block->bad) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct str line = { at, (size_t)((newline ? newline : end) - at) };
		const char *why;

		w->block->lines++;
		while (line.n && (uint8_t)line.p[line.n - 1] <= ' ')	/* "\r\n" too */
			line.n--;
		why = add_line(w, line);
		if (why)
			refuse(w->block, line, why);
		at = newline ? newline + 1 : end;
	}
}

void folded_worker_work(void *worker, struct str text, void *block)
{
	struct folded_worker *self = worker;
	struct folded_block *b = block;
	struct work w = { .worker = self, .block = b, .end = text.p + text.n };

	b->reset = self->names.arena.bytes > NEWS_TEXT_MAX;
	if (b->reset)
		strings_fini(&self->names);
	buf_clear(&b->rows);
	buf_clear(&b->words);
	buf_clear(&b->values);
	news_start(&b->names, &self->names);
	b->lines = 0;
	b->bad = NULL;
	b->failed = false;
	if (text.n)
		add_lines(&w, text);
	look_up(&w);
	b->failed = b->failed || self->names.failed || b->rows.failed || b->words.failed ||
		    b->values.failed || news_failed(&b->names);
}

size_t folded_worker_cut(struct str text)
{
	const char *newline = text.n ? memrchr(text.p, '\n', text.n) : NULL;

	return newline ? (size_t)(newline - text.p) + 1 : 0;
}
