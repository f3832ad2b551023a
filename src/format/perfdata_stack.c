/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of a sample: its call chain, the processor's own list of calls, or a walk over its copied stack. */
#include <linux/perf_event.h>
#include <stdio.h>

#include "base/cursor.h"
#include "format/perfdata_code.h"
#include "format/perfdata_event.h"
#include "format/perfdata_head.h"
#include "format/perfdata_task.h"
#include "model/profile.h"

#define FRAMES_MAX 8192u	/* of a walked stack */

static void add_frame(struct perfdata_code *code, uint32_t frame)
{
	buf_add(&code->frames, &frame, sizeof(frame));
}

/* A frame that only says something. */
static void add_words(struct perfdata_code *code, const char *words)
{
	struct frame frame = { .function = perfdata_code_function(code, str_of(words)), .kind = FRAME_UNKNOWN };

	add_frame(code, frames_add(&code->profile->frames, &frame));
}

/* Walks the copied stack. False: there was no frame of user space in it. */
static bool add_walked(struct perfdata_code *code, const struct perfdata_event *event,
		       const struct perfdata_sample *sample, struct perfdata_space *space)
{
	struct code_stack stack = { .bytes = sample->stack, .full = sample->stack_full };
	struct cursor regs = cursor_over(sample->regs);
	uint64_t addresses[FRAMES_MAX];
	const char *cut = NULL;
	char text[128];
	uint32_t n;

	for (uint32_t bit = 0; bit < CODE_REGS; bit++)
		if (event->regs_user >> bit & 1)
			stack.regs[bit] = cursor_u64(&regs);
	for (uint32_t i = 0; space && !space->asked && i < space->n; i++)
		perfdata_code_ask(code, &space->maps[i]);
	if (space) {
		space->asked = true;
		stack.maps = space->maps;
		stack.n_maps = space->n;
		stack.generation = space->id;
	}
	n = code->aid->walk(code->state, &stack, addresses, FRAMES_MAX, &cut);
	for (uint32_t i = 0; i < n; i++)
		add_frame(code, perfdata_code_frame(code, space, false, addresses[i]));
	if (cut) {
		snprintf(text, sizeof(text), "[stack cut: %s]", cut);
		add_words(code, text);
	}
	return n;
}

/* Why a copied stack cannot be walked here; NULL: it can. */
static const char *unwalkable(const struct perfdata_code *code, const struct perfdata_sample *sample)
{
	if (!code->aid)
		return "a copied stack, which was not walked";
	if (sample->regs_abi != PERF_SAMPLE_REGS_ABI_64)
		return "32-bit process";
	if (code->head->arch.n && !str_eq(code->head->arch, STR("x86_64")))
		return "copied on a machine of another kind";
	return NULL;
}

enum context { CONTEXT_KERNEL, CONTEXT_USER, CONTEXT_OTHER };

static enum context context_of(uint64_t marker)
{
	switch (marker) {
	case (uint64_t)PERF_CONTEXT_KERNEL:
		return CONTEXT_KERNEL;
	case (uint64_t)PERF_CONTEXT_USER:
		return CONTEXT_USER;
	default:
		return CONTEXT_OTHER;	/* a guest, a hypervisor */
	}
}

static enum context context_of_misc(uint16_t misc)
{
	switch (misc & PERF_RECORD_MISC_CPUMODE_MASK) {
	case PERF_RECORD_MISC_KERNEL:
		return CONTEXT_KERNEL;
	case PERF_RECORD_MISC_USER:
		return CONTEXT_USER;
	default:
		return CONTEXT_OTHER;
	}
}

static void add_address(struct perfdata_code *code, enum context context, struct perfdata_space *kernel,
			struct perfdata_space *space, uint64_t address)
{
	switch (context) {
	case CONTEXT_KERNEL:
		add_frame(code, perfdata_code_frame(code, kernel, true, address));
		break;
	case CONTEXT_USER:
		add_frame(code, perfdata_code_frame(code, space, false, address));
		break;
	case CONTEXT_OTHER:
		add_words(code, "[guest or hypervisor]");
		break;
	}
}

/* The call chain as it was recorded: runs of addresses, each after a word that says where they are from. The
 * first of a run is where it was, the others where a call returns to. */
static void add_chain(struct perfdata_code *code, const struct perfdata_sample *sample, uint16_t misc,
		      bool without_user, struct perfdata_space *kernel, struct perfdata_space *space)
{
	enum context context = context_of_misc(misc);
	struct cursor c = cursor_over(sample->chain);
	bool first = true;

	while (cursor_more(&c)) {
		uint64_t address = cursor_u64(&c);

		if (address >= (uint64_t)PERF_CONTEXT_MAX) {
			context = context_of(address);
			first = true;
			continue;
		}
		if (!(without_user && context == CONTEXT_USER))
			add_address(code, context, kernel, space, address - !first);
		first = false;
	}
}

/* The processor's own list of calls: each was where it was called from. What runs is not in it: in user space it is the
 * sampled address, and in the kernel the function that was called last. */
static void add_calls(struct perfdata_code *code, const struct perfdata_sample *sample, uint16_t misc,
		      struct perfdata_space *space)
{
	struct cursor c = cursor_over(sample->calls);

	for (uint32_t i = 0; cursor_more(&c); i++) {
		uint64_t from = cursor_u64(&c), to = cursor_u64(&c);

		cursor_skip(&c, PERFDATA_BRANCH_BYTES - 16);
		if (i == 0)
			add_address(code, CONTEXT_USER, NULL, space,
				    context_of_misc(misc) == CONTEXT_USER ? sample->ip : to);
		add_address(code, CONTEXT_USER, NULL, space, from);
	}
}

void perfdata_code_stack(struct perfdata_code *code, const struct perfdata_event *event,
			 const struct perfdata_sample *sample, uint16_t misc,
			 struct perfdata_space *kernel, struct perfdata_space *space)
{
	bool copied = sample->regs_abi && (event->sample_type & PERF_SAMPLE_STACK_USER);
	const char *trouble = copied ? unwalkable(code, sample) : NULL;

	perfdata_code_kernel(code);
	buf_clear(&code->frames);
	add_chain(code, sample, misc, (copied && !trouble) || sample->calls.n, kernel, space);
	add_calls(code, sample, misc, space);
	if (!code->frames.n && (!copied || trouble || context_of_misc(misc) != CONTEXT_USER))
		add_address(code, context_of_misc(misc), kernel, space, sample->ip);
	if (copied && trouble) {
		char text[128];

		snprintf(text, sizeof(text), "[stack cut: %s]", trouble);
		add_words(code, text);
	} else if (copied && !add_walked(code, event, sample, space) && !code->frames.n) {
		add_address(code, CONTEXT_USER, kernel, space, sample->ip);
	}
	if (code->frames.failed)
		code->failed = true;
}

void perfdata_code_jump(struct perfdata_code *code, uint64_t from, uint64_t to,
			struct perfdata_space *kernel, struct perfdata_space *space)
{
	perfdata_code_kernel(code);
	buf_clear(&code->frames);
	add_address(code, to >> 63 ? CONTEXT_KERNEL : CONTEXT_USER, kernel, space, to);
	add_address(code, from >> 63 ? CONTEXT_KERNEL : CONTEXT_USER, kernel, space, from);
	code->failed |= code->frames.failed;
}
