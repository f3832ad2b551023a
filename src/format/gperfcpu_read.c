/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gperfcpu.h"

#include <errno.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/sum.h"
#include "format/batch.h"
#include "format/input.h"
#include "format/mapped.h"
#include "model/profile.h"

#define PERIOD_US_MAX 1000000000u
#define HEADER_WORDS_MAX 64
#define DEPTH_MAX 65536u

struct header {
	uint64_t zero, words, version, period_us, padding;
};

static struct header read_header(struct cursor *c)
{
	struct header h = { cursor_u64(c), cursor_u64(c), cursor_u64(c), cursor_u64(c), cursor_u64(c) };

	if (!c->failed && h.words > 3)
		cursor_skip(c, (h.words - 3) * 8);
	return h;
}

static bool is_sound(const struct header *h)
{
	return !h->zero && h->words >= 3 && h->words <= HEADER_WORDS_MAX && !h->version && h->period_us &&
	       h->period_us <= PERIOD_US_MAX && !h->padding;
}

static int bad(const struct input *input, size_t at, const char *why, struct err *err)
{
	return err_fail(err, -EBADMSG, "%s: byte %zu: %s", input->what, at, why);
}

/* Passes over the stacks: *ret_end is where the text begins. */
static int check_stacks(const struct input *input, struct cursor c, size_t *ret_end, struct err *err)
{
	for (;;) {
		size_t at = cursor_pos(&c);
		uint64_t count = cursor_u64(&c), depth = cursor_u64(&c), first;

		if (c.failed)
			return bad(input, at, "it ends before its last stack", err);
		if (!depth || depth > DEPTH_MAX)
			return bad(input, at, "a stack has no frames, or more than 65536", err);
		first = cursor_u64(&c);
		cursor_skip(&c, (depth - 1) * 8);
		if (c.failed)
			return bad(input, at, "a stack is cut short", err);
		if (!count && depth == 1 && !first) {
			*ret_end = cursor_pos(&c);
			return 0;
		}
	}
}

static int add_stack(struct batch *batch, const struct mapped *mapped, struct cursor *c, uint64_t period_us)
{
	uint64_t count = cursor_u64(c), depth = cursor_u64(c);
	uint32_t *to = batch_words(batch, depth), n = 0;
	int64_t values[2] = { count > INT64_MAX ? INT64_MAX : (int64_t)count };
	uint64_t first = 0;

	values[1] = sum_times(values[0], (int64_t)period_us * 1000);
	if (!to)
		return -ENOMEM;
	for (uint64_t i = 0; i < depth; i++) {
		uint64_t pc = cursor_u64(c);

		if (i == 0)
			first = pc;
		else if (i == 1 && pc == first)	/* told by the signal and by the walk, both */
			continue;
		to[n++] = mapped_frame(mapped, i && pc ? pc - 1 : pc);
	}
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t inner = to[i];

		to[i] = to[n - 1 - i];
		to[n - 1 - i] = inner;
	}
	batch_add(batch, n, 0, 0, values);
	return 0;
}

static int add_stacks(struct profile *profile, const struct mapped *mapped, struct cursor c, size_t end,
		      uint64_t period_us)
{
	struct batch batch = { .profile = profile };
	int rc = 0;

	while (rc == 0 && cursor_pos(&c) + 3 * 8 < end)
		rc = add_stack(&batch, mapped, &c, period_us);
	if (rc == 0)
		rc = batch_flush(&batch);
	batch_fini(&batch);
	return rc;
}

int gperfcpu_read(struct profile *profile, struct input *input, struct err *err)
{
	struct mapped mapped = { .profile = profile };
	struct header header = { 0 };
	struct cursor c = { 0 };
	struct str bytes = { 0 };
	size_t end = 0;
	int rc = input_whole(input, &bytes, err);

	profile_add_type(profile, STR("samples"), STR("count"));
	profile->default_type = profile_add_type(profile, STR("cpu"), STR("nanoseconds"));
	if (rc == 0) {
		c = cursor_over(bytes);
		header = read_header(&c);
		rc = c.failed || !is_sound(&header) ? bad(input, 0, "its header is cut short or damaged", err) :
						      check_stacks(input, c, &end, err);
	}
	if (rc == 0) {
		mapped_read(&mapped, str_skip(bytes, end));
		rc = mapped.failed ? -ENOMEM : add_stacks(profile, &mapped, c, end, header.period_us);
	}
	if (rc == 0) {
		profile->period_type = profile->types[1];
		profile->period = (int64_t)header.period_us * 1000;
	}
	mapped_fini(&mapped);
	return rc;
}

bool gperfcpu_detect(struct str head)
{
	struct cursor c = cursor_over(head);
	struct header h = read_header(&c);

	return !c.failed && is_sound(&h);
}
