/* SPDX-License-Identifier: Apache-2.0 */
/* A diff as a page: the profile of both sides together, with what was found beside it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/diffgraph.h"
#include "analyze/difflines.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/diff.h"
#include "render/html.h"

#define ROWS_MOST 2000 /* functions whose numbers the page has; the others changed least */

static uint32_t frame_of(struct profile *profile, const struct place *place, uint32_t line)
{
	struct function function = { .name = strings_add(&profile->strings, place->name),
				     .file = strings_add(&profile->strings, place->file),
				     .start_line = place->line };
	struct module module = { .path = strings_add(&profile->strings, place->module),
				 .build_id = strings_add(&profile->strings, place->build_id) };
	struct frame frame = { .kind = place->kind, .line = line };

	frame.function = frames_add_function(&profile->frames, &function);
	frame.module = frames_add_module(&profile->frames, &module);
	return frames_add(&profile->frames, &frame);
}

static int64_t whole(double value)
{
	return value > 0 ? (int64_t)fmin(value + 0.5, 0x1p52) : 0;
}

static void add_types(struct profile *profile, const struct diff_view *view)
{
	struct str unit = strings_get(&view->profile->strings,
				      view->profile->types[view->type].unit);

	profile_add_type(profile, STR("base"), unit);
	profile_add_type(profile, STR("new"), unit);
}

/* Self costs of both sides, each in its own values; depth first as the graph is. */
static int make_of_items(struct profile *profile, const struct diff_view *view)
{
	const struct diff *diff = view->diff;
	const struct difftree *tree = &diff->tree;
	double base = diff->side[0].total / diff->side[0].norm;
	struct diffgraph graph;
	uint32_t *frame, *stack;
	int rc = diffgraph_init(&graph, diff, 0, NULL);

	if (rc < 0)
		return rc;
	frame = calloc((size_t)tree->subjects.n + 1, sizeof(*frame));
	stack = calloc((size_t)graph.n + 1, sizeof(*stack));
	for (uint32_t i = 1; frame && stack && i < graph.n; i++) {
		const struct diffgraph_node *node = &graph.nodes[i];
		uint32_t subject = tree->tree.frame[node->item];
		const struct place *place = &tree->subjects.items[subject].place;
		int64_t values[2] = { whole(node->base_self * base * diff->side[0].norm),
				      whole(node->now_self * base * diff->side[1].norm) };

		if (!frame[subject])
			frame[subject] = frame_of(profile, place, place->line);
		stack[i] = stacktree_append(&profile->tree, stack[node->parent], frame[subject]);
		if (values[0] || values[1])
			profile_add(profile, stack[i], 0, values);
	}
	rc = frame && stack ? 0 : -ENOMEM;
	free(frame);
	free(stack);
	diffgraph_fini(&graph);
	return rc;
}

/* The same with the lines of functions, which the page unpacks for the function that is looked at. */
static int make_of_lines(struct profile *profile, const struct diff_view *view)
{
	const struct difflines *lines = view->lines;
	const struct subject *subjects = view->diff->tree.subjects.items;
	uint32_t *frame = calloc((size_t)lines->n + 1, sizeof(*frame));
	uint32_t *stack = calloc((size_t)lines->tree.n + 1, sizeof(*stack));
	int rc = frame && stack ? 0 : -ENOMEM;

	for (uint32_t i = 1; rc == 0 && i < lines->tree.n; i++) {
		uint32_t at = lines->tree.frame[i];
		const struct diffline *line = &lines->lines[at];
		int64_t values[2] = { whole(lines->self[0][i]), whole(lines->self[1][i]) };

		if (!frame[at])
			frame[at] = frame_of(profile, &subjects[line->subject].place, line->number);
		stack[i] = stacktree_append(&profile->tree, stack[lines->tree.parent[i]], frame[at]);
		if (values[0] || values[1])
			profile_add(profile, stack[i], 0, values);
	}
	free(frame);
	free(stack);
	return rc;
}

int diff_html(struct buf *out, const struct diff_view *view, struct err *err)
{
	struct diff_view found = *view;
	struct buf json = { 0 }, title = { 0 };
	struct profile profile;
	int rc;

	profile_init(&profile);
	add_types(&profile, view);
	rc = view->lines ? make_of_lines(&profile, view) : make_of_items(&profile, view);
	if (rc == 0 && profile_failed(&profile))
		rc = -ENOMEM;
	found.text.limit = ROWS_MOST;
	found.text.unicode = true;
	if (rc == 0)
		rc = diff_json(&json, &found, err);
	diff_add_sentence(&title, &found);
	buf_add_u8(&title, 0);
	buf_add_u8(&json, 0);
	if (json.failed || title.failed)
		rc = -ENOMEM;
	if (rc == 0)
		rc = html_write(out, &profile, &(struct flame_options){
			.title = title.p, .filter_words = view->text.filter_words,
			.folded = view->text.folded, .diff = json.p, .sources = view->sources,
			.granularity = view->granularity }, err);
	if (rc == -ENOMEM)
		err_set(err, "out of memory for a page of %u boxes", profile.tree.n);
	buf_fini(&json);
	buf_fini(&title);
	profile_fini(&profile);
	return rc;
}
