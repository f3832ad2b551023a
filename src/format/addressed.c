/* SPDX-License-Identifier: Apache-2.0 */
#include "format/addressed.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "format/batch.h"
#include "format/input.h"
#include "model/profile.h"

int addressed_open(struct addressed *a, struct profile *profile, struct input *input, struct err *err)
{
	*a = (struct addressed){ .input = input, .profile = profile, .mapped = { .profile = profile } };
	return input_whole(input, &a->rest, err);
}

void addressed_fini(struct addressed *a)
{
	free(a->addresses);
	free(a->told);
	mapped_fini(&a->mapped);
}

int addressed_bad(const struct addressed *a, const char *why, struct err *err)
{
	return err_fail(err, -EBADMSG, "%s:%llu: %s", a->input->what, (unsigned long long)a->line, why);
}

bool addressed_line(struct addressed *a, struct str *ret_line)
{
	struct str line;

	while (a->rest.n) {
		line = str_trim(str_cut(&a->rest, '\n'));
		a->line++;
		if (str_eq(line, STR("MAPPED_LIBRARIES:")) || str_starts(line, STR("--- Memory map:"))) {
			mapped_read(&a->mapped, a->rest);
			return false;
		}
		if (line.n) {
			*ret_line = line;
			return true;
		}
	}
	return false;
}

int addressed_read(struct addressed *a, struct str text, struct addressed_stack *ret_stack, struct err *err)
{
	struct addressed_stack stack = { .at = a->n_addresses, .told_at = a->n_told };

	for (text = str_trim(text); text.n; text = str_trim(text)) {
		struct str word = str_cut(&text, ' ');
		uint64_t address;

		if (!str_starts(word, STR("0x")) || str_parse_u64(str_skip(word, 2), 16, &address) < 0)
			return addressed_bad(a, "expected addresses behind the '@'", err);
		if (stack.n == ADDRESSED_DEPTH_MAX || a->n_addresses == UINT32_MAX)
			return addressed_bad(a, "the stack is deeper than 65536", err);
		if (VEC_RESERVE(&a->addresses, &a->cap_addresses, (uint64_t)a->n_addresses + 1) < 0)
			return -ENOMEM;
		a->addresses[a->n_addresses++] = address ? address - 1 : 0;
		stack.n++;
	}
	*ret_stack = stack;
	return 0;
}

/* "main.keep+0xb0" and "/home/a/keep.go:653" */
static uint32_t told_frame(struct profile *profile, struct str name, struct str place, uint64_t address)
{
	ptrdiff_t plus = str_rfind(name, '+'), colon = str_rfind(place, ':');
	struct frame frame = { .kind = FRAME_NATIVE, .address = address };
	struct function function = { 0 };
	uint64_t line = 0;

	if (plus > 0 && str_starts(str_skip(name, (size_t)plus), STR("+0x")))
		name = str_head(name, (size_t)plus);
	if (colon > 0 && str_parse_u64(str_skip(place, (size_t)colon + 1), 10, &line) == 0 && line <= UINT32_MAX) {
		place = str_head(place, (size_t)colon);
		frame.line = (uint32_t)line;
	}
	function.name = strings_add(&profile->strings, name);
	function.file = strings_add(&profile->strings, place);
	frame.function = frames_add_function(&profile->frames, &function);
	return frames_add(&profile->frames, &frame);
}

bool addressed_tell(struct addressed *a, struct str line, struct addressed_stack *stack)
{
	struct str rest, word;
	uint64_t address;

	if (!str_starts(line, STR("#")))
		return false;
	rest = str_trim(str_skip(line, 1));
	word = str_cut(&rest, '\t');
	rest = str_trim(rest);
	if (!rest.n || !str_starts(word, STR("0x")) || str_parse_u64(str_skip(word, 2), 16, &address) < 0)
		return true;
	if (!stack || stack->n_told == ADDRESSED_DEPTH_MAX || a->n_told == UINT32_MAX ||
	    VEC_RESERVE(&a->told, &a->cap_told, (uint64_t)a->n_told + 1) < 0)
		return true;	/* the addresses are still there */
	word = str_cut(&rest, '\t');
	a->told[a->n_told++] = told_frame(a->profile, str_trim(word), str_trim(rest), address);
	stack->n_told++;
	return true;
}

int addressed_add(const struct addressed *a, struct batch *batch, const struct addressed_stack *stack, const int64_t *values)
{
	const uint64_t *addresses = stack->n ? a->addresses + stack->at : NULL;
	uint32_t n = stack->n_told ? stack->n_told : stack->n, skipped = 0, *to;

	while (!stack->n_told && skipped + 1 < n && mapped_in_allocator(&a->mapped, addresses[skipped]))
		skipped++;
	to = batch_words(batch, (size_t)n - skipped);
	if (!to)
		return -ENOMEM;
	for (uint32_t i = n; i-- > skipped;)
		*to++ = stack->n_told ? a->told[stack->told_at + i] : mapped_frame(&a->mapped, addresses[i]);
	batch_add(batch, (size_t)n - skipped, 0, 0, values);
	return 0;
}
