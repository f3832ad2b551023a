/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/folded.h"
#include "format/input.h"
#include "model/profile.h"

#define CHUNK ((size_t)256 << 10)	/* stays in the second-level cache */
#define LINE_MAX_BYTES ((size_t)64 << 20)

struct reader {
	struct profile *profile;
	struct input *input;
	struct err *err;
	struct batch batch;
	uint64_t line;			/* number of the current one, from 1 */
	uint32_t *frame_of;		/* string -> frame; 0: not seen as a name yet */
	uint32_t cap_frame_of;

	/* The line before, while its bytes are still in the buffer: what both begin with is not looked
	 * up again. */
	struct str before;
	uint32_t *ends, cap_ends;	/* frame -> offset behind its ';' */
	uint32_t n_ends;
	size_t before_at;		/* of its first frame in the batch */
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

static uint32_t make_frame(struct reader *r, uint32_t string, struct str name)
{
	struct frame frame = { .kind = FRAME_NATIVE };
	struct function function = { .name = string };

	if (name.n > 4 && name.p[name.n - 1] == ']') {
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			if (!str_ends(name, suffixes[i].suffix))
				continue;
			name.n -= suffixes[i].suffix.n;
			function.name = strings_add(&r->profile->strings, name);
			frame.kind = (uint8_t)suffixes[i].kind;
			frame.inlined = suffixes[i].inlined;
			break;
		}
	}
	frame.function = frames_add_function(&r->profile->frames, &function);
	return frames_add(&r->profile->frames, &frame);
}

static uint32_t frame_of(struct reader *r, struct str name)
{
	uint32_t string = strings_add(&r->profile->strings, name);

	if (string >= r->cap_frame_of &&
	    VEC_RESERVE(&r->frame_of, &r->cap_frame_of, (uint64_t)string + 1) < 0) {
		r->batch.failed = true;
		return 0;
	}
	if (!r->frame_of[string])
		r->frame_of[string] = make_frame(r, string, name);
	return r->frame_of[string];
}

/* "12", or "12.7" as some tools write sums of shares. */
static int parse_count(struct str text, int64_t *ret_count)
{
	char copy[64], *end;
	uint64_t whole;
	double value;

	if (str_parse_u64(text, 10, &whole) == 0 && whole <= INT64_MAX) {
		*ret_count = (int64_t)whole;
		return 0;
	}
	if (!text.n || text.n >= sizeof(copy) || text.p[0] < '.' || text.p[0] > '9')
		return -EINVAL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	value = strtod(copy, &end);
	if (*end || !(value >= 0 && value < 9.2e18))
		return -EINVAL;
	*ret_count = (int64_t)(value + 0.5);
	return 0;
}

static int bad_line(struct reader *r, struct str line, const char *why)
{
	char shown[64];
	size_t n = line.n < sizeof(shown) - 1 ? line.n : sizeof(shown) - 1;

	for (size_t i = 0; i < n; i++)
		shown[i] = line.p[i] < ' ' || line.p[i] == 0x7f ? '?' : line.p[i];
	shown[n] = '\0';
	return err_fail(r->err, -EBADMSG, "%s:%llu: %s, found '%s%s'", r->input->what,
			(unsigned long long)r->line, why, shown, n < line.n ? "..." : "");
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

/* Takes over the frames that this stack shares with the line before; *ret_at is where to go on. */
static uint32_t reuse(struct reader *r, struct str stack, uint32_t *frames, size_t *ret_at)
{
	size_t common = common_prefix(r->before, stack);
	const uint32_t *old = (const uint32_t *)(const void *)r->batch.words.p + r->before_at;
	uint32_t n = 0;

	while (n < r->n_ends && r->ends[n] <= common)
		n++;
	if (n)
		memcpy(frames, old, n * sizeof(*frames));
	*ret_at = n ? r->ends[n - 1] : 0;
	return n;
}

static int add_stack(struct reader *r, struct str stack, int64_t count)
{
	size_t most = stack.n / 2 + 1, at, room;
	uint32_t n, *frames;

	/* a frame takes two bytes, unless names are empty */
	room = most < STACK_FRAMES_MAX ? most : STACK_FRAMES_MAX;
	frames = batch_words(&r->batch, room);
	if (!frames || VEC_RESERVE(&r->ends, &r->cap_ends, room) < 0)
		return -ENOMEM;
	n = reuse(r, stack, frames, &at);
	for (;;) {
		const char *sep = memchr(stack.p + at, ';', stack.n - at);
		struct str name = { stack.p + at, (sep ? (size_t)(sep - stack.p) : stack.n) - at };

		if (name.n) {
			if (n == room)
				return -E2BIG;
			frames[n] = frame_of(r, name);
			r->ends[n++] = (uint32_t)(at + name.n + 1);
		}
		if (!sep)
			break;
		at += name.n + 1;
		if (!name.n && n)
			r->ends[n - 1]++;	/* an empty name is passed over */
	}
	r->n_ends = n ? n - 1 : 0;
	r->before = stack;
	r->before_at = r->batch.words.n / sizeof(*frames);
	batch_add(&r->batch, n, 0, 0, &count);
	if (!r->batch.n)	/* it was flushed: nothing is left to share */
		r->before.n = 0;
	return r->batch.failed ? -ENOMEM : 0;
}

static int add_line(struct reader *r, struct str line)
{
	ptrdiff_t space;
	struct str stack;
	int64_t count;
	int rc;

	while (line.n && (uint8_t)line.p[line.n - 1] <= ' ')	/* "\r\n" too */
		line.n--;
	if (!line.n || line.p[0] == '#')
		return 0;
	space = str_rfind(line, ' ');
	if (space <= 0 || parse_count(str_skip(line, (size_t)space + 1), &count) < 0)
		return bad_line(r, line, "expected 'frame;frame;frame count'");
	stack = str_head(line, (size_t)space);
	while (stack.n && stack.p[stack.n - 1] == ' ')
		stack.n--;
	rc = add_stack(r, stack, count);
	if (rc == -E2BIG)
		return bad_line(r, line, "expected at most 1048576 frames");
	return rc;
}

/* All whole lines of the text; *ret_used is where the last, unfinished one begins. */
static int add_lines(struct reader *r, struct str text, size_t *ret_used)
{
	size_t at = 0;
	int rc = 0;

	r->before.n = r->n_ends = 0;
	while (rc == 0) {
		const char *end = memchr(text.p + at, '\n', text.n - at);

		if (!end)
			break;
		r->line++;
		rc = add_line(r, (struct str){ text.p + at, (size_t)(end - text.p) - at });
		at = (size_t)(end - text.p) + 1;
	}
	*ret_used = at;
	return rc;
}

/* Reads on behind what is left of the last chunk. */
static ssize_t fill(struct reader *r, struct buf *text)
{
	ssize_t got;

	if (!buf_reserve(text, CHUNK))
		return err_fail(r->err, -EFBIG, "%s:%llu: the line is longer than %zu MiB", r->input->what,
				(unsigned long long)r->line + 1, LINE_MAX_BYTES >> 20);
	got = input_read(r->input, text->p + text->n, CHUNK, r->err);
	if (got > 0)
		text->n += (size_t)got;
	return got;
}

static int read_lines(struct reader *r, struct buf *text)
{
	size_t used;
	ssize_t got;
	int rc;

	while ((got = fill(r, text)) > 0) {
		rc = add_lines(r, buf_str(text), &used);
		if (rc < 0)
			return rc;
		memmove(text->p, text->p + used, text->n - used);
		text->n -= used;
	}
	if (got < 0)
		return (int)got;
	r->line++;
	r->before.n = r->n_ends = 0;
	rc = add_line(r, buf_str(text));	/* the last one may lack its newline */
	return rc < 0 ? rc : batch_flush(&r->batch);
}

int folded_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .input = input, .err = err };
	struct buf text = { .max = LINE_MAX_BYTES + 2 * CHUNK };
	int rc;

	profile_add_type(profile, STR("samples"), STR("count"));
	r.batch.profile = profile;
	rc = read_lines(&r, &text);
	if (rc == 0 && profile_failed(profile))
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		err_set(err, "cannot read %s: out of memory", input->what);
	buf_fini(&text);
	batch_fini(&r.batch);
	free(r.frame_of);
	free(r.ends);
	return rc;
}

/* Text: no byte that a name would not hold. Whether the lines are sound is for the reader, which can
 * say which one is not. */
bool folded_detect(struct str head)
{
	if (str_starts(head, STR("{\"")) || str_starts(head, STR("{\n")))	/* JSON of some kind */
		return false;
	for (size_t i = 0; i < head.n; i++)
		if ((uint8_t)head.p[i] < ' ' && head.p[i] != '\n' && head.p[i] != '\r' &&
		    head.p[i] != '\t')
			return false;
	return head.n > 0;
}
