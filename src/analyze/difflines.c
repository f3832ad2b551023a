/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/difflines.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/filter.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/large.h"
#include "base/vec.h"
#include "model/profile.h"

struct builder {
	struct difflines *lines;
	const struct difftree *functions;
	struct idindex index;		/* (subject, number) -> line */
	struct difftree merged;		/* as far as difftree_merge() looks: lines for subjects */
};

/* The line of a frame as the new side counts. */
static uint32_t number_of(const struct builder *b, const struct frames *frames,
			  const struct frame *frame, uint32_t subject)
{
	const struct place *place = &b->functions->subjects.items[subject].place;
	uint32_t first = frames->functions[frame->function].start_line;
	int64_t moved = (int64_t)frame->line - first + place->line;

	if (place->unnamed)
		return 0;
	if (!frame->line || !first || !place->line)
		return frame->line;
	return moved > 0 && moved <= INT32_MAX ? (uint32_t)moved : frame->line;
}

/* Its id; 0: out of memory. */
static uint32_t line_of(struct builder *b, uint32_t subject, uint32_t number)
{
	struct difflines *lines = b->lines;
	uint64_t hash = hash_u64((uint64_t)subject << 32 | number, 0);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&b->index, hash, &step)))
		if (lines->lines[id].subject == subject && lines->lines[id].number == number)
			return id;
	if (VEC_RESERVE(&lines->lines, &lines->cap, (uint64_t)lines->n + 1) < 0 ||
	    idindex_add(&b->index, hash, lines->n) < 0)
		return 0;
	lines->lines[lines->n] = (struct diffline){ subject, number };
	return lines->n++;
}

static int number_frames(struct builder *b, const struct profile *profile, uint32_t input)
{
	const struct frames *frames = &profile->frames;
	const uint32_t *subject = b->functions->subjects.of_frame[input];
	uint32_t *of_frame = calloc((size_t)frames->n_frames + 1, sizeof(*of_frame));

	b->merged.subjects.of_frame[input] = of_frame;
	for (uint32_t f = 0; of_frame && f < frames->n_frames; f++) {
		of_frame[f] = line_of(b, subject[f], number_of(b, frames, &frames->frames[f], subject[f]));
		if (!of_frame[f])
			return -ENOMEM;
	}
	return of_frame ? 0 : -ENOMEM;
}

static int add_up(struct difflines *lines, const struct diff_input *inputs, uint32_t n,
		  const uint32_t *node, const uint32_t *first)
{
	for (unsigned side = 0; side < 2; side++) {
		lines->self[side] = large_calloc((size_t)lines->tree.n + 1, sizeof(double));
		if (!lines->self[side])
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct profile *profile = inputs[i].profile;

		for (uint32_t s = 0; s < profile->n; s++)
			if (filter_keeps(inputs[i].filter, s))
				lines->self[inputs[i].side][node[first[i] + profile->stack[s]]] +=
					(double)profile->values[(size_t)s * profile->n_types + inputs[i].type];
	}
	return 0;
}

static int build(struct builder *b, const struct diff_input *inputs, uint32_t n, struct err *err)
{
	struct subjects *numbered = &b->merged.subjects;
	uint32_t *node = NULL, *first = calloc((size_t)n + 1, sizeof(*first));
	int rc;

	numbered->of_frame = calloc((size_t)n + 1, sizeof(*numbered->of_frame));
	numbered->n_inputs = n;
	rc = first && numbered->of_frame && VEC_RESERVE(&b->lines->lines, &b->lines->cap, 1) == 0 ? 0 : -ENOMEM;
	b->lines->n = 1;
	for (unsigned side = 2; side-- > 0;)	/* lines that the new side has come first, in its order */
		for (uint32_t i = 0; rc == 0 && i < n; i++)
			if (inputs[i].side == side)
				rc = number_frames(b, inputs[i].profile, i);
	numbered->n = b->lines->n;
	stacktree_init(&b->merged.tree);
	if (rc == 0)
		rc = difftree_merge(&b->merged, inputs, n, &node, first, err);
	b->lines->tree = b->merged.tree;
	if (rc == 0)
		rc = add_up(b->lines, inputs, n, node, first);
	free(node);
	free(first);
	return rc == 0 && b->lines->tree.failed ? -ENOMEM : rc;
}

int difflines_init(struct difflines *lines, const struct difftree *functions,
		   const struct diff_input *inputs, uint32_t n, struct err *err)
{
	struct builder b = { .lines = lines, .functions = functions };
	int rc;

	*lines = (struct difflines){ 0 };
	rc = build(&b, inputs, n, err);
	free(b.merged.outer);
	subjects_fini(&b.merged.subjects);
	idindex_fini(&b.index);
	if (rc < 0) {
		difflines_fini(lines);
		return err_fail(err, rc, "out of memory over the lines of %u profiles", n);
	}
	return 0;
}

void difflines_fini(struct difflines *lines)
{
	free(lines->lines);
	free(lines->self[0]);
	free(lines->self[1]);
	stacktree_fini(&lines->tree);
	*lines = (struct difflines){ 0 };
}
