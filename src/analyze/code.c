/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/code.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/named.h"
#include "analyze/places.h"
#include "analyze/tally.h"
#include "base/err.h"
#include "base/sum.h"
#include "model/profile.h"

/* Instructions are the places of a walk: those of one module with one address. */
struct builder {
	const struct profile *profile;
	struct places instructions;	/* of_frame only */
	uint32_t *of_instruction;	/* instruction -> a frame there, that of its function where there is one */
	bool *chosen;			/* function -> some instruction of it is named so */
};

static int by_module_and_address(const void *left, const void *right, void *context)
{
	const struct frame *frames = context;
	const struct frame *a = &frames[*(const uint32_t *)left], *b = &frames[*(const uint32_t *)right];

	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->inlined - b->inlined;	/* the function's own first */
}

static int find_instructions(struct builder *b)
{
	const struct frames *frames = &b->profile->frames;
	uint32_t n = frames->n_frames, *order = calloc((size_t)n + 1, sizeof(*order));
	struct places *places = &b->instructions;
	const struct frame *last = NULL;

	places->of_frame = calloc((size_t)n + 1, sizeof(*places->of_frame));
	b->of_instruction = calloc((size_t)n + 1, sizeof(*b->of_instruction));
	if (!order || !places->of_frame || !b->of_instruction) {
		free(order);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_module_and_address, frames->frames);
	places->n = 1;	/* place 0 is nothing */
	for (uint32_t i = 0; i < n; i++) {
		const struct frame *frame = &frames->frames[order[i]];

		if (!last || frame->module != last->module || frame->address != last->address)
			b->of_instruction[places->n++] = order[i];
		places->of_frame[order[i]] = places->n - 1;
		last = frame;
	}
	free(order);
	return 0;
}

/* The function whose code a frame's instruction is. */
static uint32_t function_at(const struct builder *b, uint32_t frame)
{
	uint32_t instruction = b->instructions.of_frame[frame];

	return b->profile->frames.frames[b->of_instruction[instruction]].function;
}

static int choose(struct builder *b, const char *expression, struct err *err)
{
	const struct frames *frames = &b->profile->frames;
	struct places names;
	bool *named = NULL;
	int rc = places_init(&names, b->profile, BY_FUNCTION, err);

	if (rc < 0)
		return rc;
	rc = named_places(&names, expression, &named, err);
	b->chosen = calloc((size_t)frames->n_functions + 1, sizeof(*b->chosen));
	if (rc == 0 && !b->chosen)
		rc = -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < frames->n_frames; i++)
		if (named[names.of_frame[i]])
			b->chosen[function_at(b, i)] = true;
	free(named);
	places_fini(&names);
	return rc;
}

static int by_function(const void *left, const void *right)
{
	const struct code_row *a = left, *b = right;

	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	return (a->address > b->address) - (a->address < b->address);
}

static int make_rows(struct code *code, const struct builder *b, const struct tally *tally)
{
	code->rows = calloc((size_t)b->instructions.n + 1, sizeof(*code->rows));
	if (!code->rows)
		return -ENOMEM;
	for (uint32_t i = 1; i < b->instructions.n; i++) {
		uint32_t id = b->of_instruction[i];
		const struct frame *frame = &b->profile->frames.frames[id];

		if (tally[i].seen && frame->address && b->chosen[frame->function])
			code->rows[code->n++] = (struct code_row){
				frame->address, frame->module, frame->function, id, tally[i].self,
				tally[i].total };
	}
	qsort(code->rows, code->n, sizeof(*code->rows), by_function);
	return 0;
}

static int costliest_first(const void *left, const void *right)
{
	const struct code_function *a = left, *b = right;

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

static int make_functions(struct code *code)
{
	struct code_function *last = NULL;

	code->functions = calloc((size_t)code->n + 1, sizeof(*code->functions));
	if (!code->functions)
		return -ENOMEM;
	for (uint32_t i = 0; i < code->n; i++) {
		const struct code_row *row = &code->rows[i];

		if (!i || row->module != row[-1].module || row->function != row[-1].function) {
			last = &code->functions[code->n_functions++];
			last->first = i;
		}
		last->n++;
		sum_add(&last->self, row->self);
	}
	qsort(code->functions, code->n_functions, sizeof(*code->functions), costliest_first);
	return 0;
}

static int explain_nothing(const struct builder *b, const struct tally *tally, const char *expression,
			   struct err *err)
{
	for (uint32_t i = 1; i < b->instructions.n; i++)
		if (tally[i].seen && b->chosen[b->profile->frames.frames[b->of_instruction[i]].function])
			return err_fail(err, -EINVAL, "the profile has no addresses of what matches '%s': it may be "
					"code that was made while the program ran, which is in no file",
					expression);
	return err_fail(err, -EINVAL, "no function in these samples matches '%s'", expression);
}

int code_init(struct code *code, const struct profile *profile, const struct code_options *options,
	      struct err *err)
{
	struct builder b = { .profile = profile };
	struct tally *tally = NULL;
	int rc;

	*code = (struct code){ 0 };
	if (options->type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", options->type);
	rc = find_instructions(&b);
	if (rc == 0)
		rc = choose(&b, options->expression, err);
	if (rc == 0) {
		tally = tally_places(profile, &b.instructions, options->filter, options->type, &code->total);
		rc = tally ? make_rows(code, &b, tally) : -ENOMEM;
	}
	if (rc == 0)
		rc = make_functions(code);
	if (rc == 0 && !code->n)
		rc = explain_nothing(&b, tally, options->expression, err);
	if (rc == -ENOMEM)
		err_set(err, "out of memory over %u frames", profile->frames.n_frames);
	free(tally);
	free(b.of_instruction);
	free(b.chosen);
	places_fini(&b.instructions);
	if (rc < 0)
		code_fini(code);
	return rc;
}

void code_fini(struct code *code)
{
	free(code->rows);
	free(code->functions);
	*code = (struct code){ 0 };
}
