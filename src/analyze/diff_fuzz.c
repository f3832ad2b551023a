/* SPDX-License-Identifier: Apache-2.0 */
/* Two to four profiles of any stacks and values: what a diff says holds together. Its totals are those of the
 * profiles; nothing is not a number that should be one; intervals hold what they are of; the tree has no
 * node twice. */
#include "analyze/diffgraph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "model/profile.h"

#define DEPTH_MAX 64
#define PROFILES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A byte is a frame (one of 32 functions, some of them another's clone), or an order. */
static void make_profile(struct profile *p, struct cursor *c, bool timed)
{
	static const char *const ends[] = { "", ".part.0", "::{lambda()#1}", ".cold" };
	uint32_t stack = 0, depth = 0, n = 0;
	char name[64];

	profile_init(p);
	profile_add_type(p, STR("samples"), STR("count"));
	profile_add_type(p, STR("cpu"), STR("nanoseconds"));
	p->duration_ns = 1000000;
	while (cursor_more(c) && n < 4096) {
		uint8_t op = cursor_u8(c);
		int64_t count = op & 15, value = (int64_t)((uint64_t)count << (op & 32 ? 57 : 8));
		int64_t values[2] = { count, op == 0x9f ? -value : value };
		struct function function = { 0 };

		if (op == 0xff)
			return;
		snprintf(name, sizeof(name), "f%d%s", op >> 2 & 7, ends[op & 3]);
		function.name = op & 0x1f ? strings_add(&p->strings, str_of(name)) : 0;
		n++;
		if (op >= 0xc0 && stack)
			stack = p->tree.parent[stack], depth--;
		else if (op >= 0x80 && timed)
			profile_add_at(p, stack, 0, n * 64, values);
		else if (op >= 0x80)
			profile_add(p, stack, 0, values);
		else if (depth < DEPTH_MAX)
			stack = stacktree_push(&p->tree, stack, frames_add(&p->frames, &(struct frame){
				.kind = FRAME_NATIVE, .line = op >> 5,
				.function = frames_add_function(&p->frames, &function) })), depth++;
	}
}

static void check_number(const struct diff_number *number)
{
	if (isnan(number->base) || isnan(number->now) || isnan(number->low) || isnan(number->high) ||
	    isnan(number->relative) || isnan(number->relative_error))
		abort();
	if (number->verdict == DIFF_UNTESTED && !isnan(number->q))
		abort();
	if (!isnan(number->q) && (number->q < 0 || number->q > 1))
		abort();
}

static void check_diff(const struct diff *diff)
{
	double self[2] = { 0 };
	uint32_t named = 0;
	bool negative = false;

	for (uint32_t i = 0; i < diff->n; i++) {
		const struct diff_row *row = &diff->rows[i];

		check_number(&row->of[DIFF_SELF]);
		check_number(&row->of[DIFF_TOTAL]);
		named += row->of[DIFF_SELF].verdict == DIFF_NAMED ||
			 row->of[DIFF_TOTAL].verdict == DIFF_NAMED;
		negative |= row->of[DIFF_SELF].base < 0 || row->of[DIFF_SELF].now < 0;
		self[0] += row->of[DIFF_SELF].base;
		self[1] += row->of[DIFF_SELF].now;
		if (!diff_place(diff, row)->name.n)
			abort();
	}
	if (named > diff->n_named || (diff->n_named && !named))
		abort();
	for (int side = 0; side < 2 && diff->per == PER_TOTAL && !negative; side++)
		if (self[side] > 1 + 1e-6)
			abort();
}

static void check_graph(const struct diff *diff)
{
	struct diffgraph graph;

	if (diffgraph_init(&graph, diff, 0, NULL) < 0)
		abort();
	for (uint32_t i = 1; i < graph.n; i++) {
		const struct diffgraph_node *node = &graph.nodes[i];

		if (node->parent >= i || node->depth != graph.nodes[node->parent].depth + 1 ||
		    isnan(node->base) || isnan(node->now) || abs(node->tint) > DIFF_TINT_MOST)
			abort();
	}
	diffgraph_fini(&graph);
}

static void compare(const struct profile *profiles, uint32_t n, struct diff_options options)
{
	struct diff_input inputs[PROFILES];
	struct diff diff;

	for (uint32_t i = 0; i < n; i++)
		inputs[i] = (struct diff_input){ .profile = &profiles[i], .side = i >= n / 2,
						 .type = 1, .work = 3 };
	if (diff_init(&diff, inputs, n, &options, NULL) < 0)
		return;
	check_diff(&diff);
	check_graph(&diff);
	diff_fini(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	struct profile profiles[PROFILES];
	uint8_t way = cursor_u8(&c);
	uint32_t n = way & 1 ? 4 : 2;

	for (uint32_t i = 0; i < n; i++)
		make_profile(&profiles[i], &c, way & 2);
	compare(profiles, n, (struct diff_options){
		.per = (enum diff_per)(way >> 2 & 3),
		.by_stack = way & 16, .granularity = way & 32 ? BY_LINE : BY_FUNCTION });
	for (uint32_t i = 0; i < n; i++)
		profile_fini(&profiles[i]);
	return 0;
}
