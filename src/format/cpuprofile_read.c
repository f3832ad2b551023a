/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/jsonread.h"
#include "base/sum.h"
#include "base/vec.h"
#include "format/callframe.h"
#include "format/cpuprofile.h"
#include "format/input.h"
#include "model/profile.h"

struct node {
	uint64_t id;
	struct str children, ticks;	/* arrays of the text */
	uint32_t parent;		/* index + 1; 0: none */
	uint32_t frame;			/* without a line; 0: the root, which is no function */
	uint32_t stack;
	uint32_t first_tick, n_ticks;	/* in reader.ticks */
	uint32_t hits;
	bool placed;			/* its stack is known */
};

struct tick {		/* so many of a node's samples were in that line */
	uint32_t line, left;
};

struct reader {
	struct profile *profile;
	const char *what;
	struct str text;
	struct err *err;
	struct node *nodes;
	uint32_t n, cap;
	struct idindex index;	/* node's id -> index + 1 */
	struct tick *ticks;
	uint32_t n_ticks, cap_ticks;
	uint32_t *path, cap_path;
	double start, end;
};

/* The object's first keys: V8 begins with the nodes, Chrome may not. */
bool cpuprofile_detect(struct str head)
{
	head = str_trim(head);
	return str_starts(head, STR("{")) && str_contains(head, STR("\"callFrame\"")) &&
	       str_contains(head, STR("\"functionName\"")) && !str_contains(head, STR("\"traceEvents\""));
}

static struct node read_node(struct reader *r, struct json_reader *json)
{
	struct node node = { 0 };
	struct str key;

	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("id")))
			node.id = (uint64_t)json_take_int(json);
		else if (str_eq(key, STR("callFrame")))
			node.frame = callframe_read(r->profile, json);
		else if (str_eq(key, STR("hitCount")))
			node.hits = json_take_index(json, UINT32_MAX, "a number of hits that is none");
		else if (str_eq(key, STR("children")))
			node.children = json_pass(json);
		else if (str_eq(key, STR("positionTicks")))
			node.ticks = json_pass(json);
		else
			json_pass(json);
	}
	return node;
}

static uint32_t find_node(const struct reader *r, uint64_t id)
{
	uint32_t step = 0, found;

	while ((found = idindex_probe(&r->index, hash_u64(id, 0), &step)))
		if (r->nodes[found - 1].id == id)
			return found;
	return 0;
}

static int read_nodes(struct reader *r, struct str text)
{
	struct json_reader json = json_reader_over(text);

	json_enter(&json, '[');
	while (json_next_item(&json)) {
		struct node node = read_node(r, &json);

		if (json.why)
			break;
		if (find_node(r, node.id)) {
			json_reader_fail(&json, "two nodes of one id");
			break;
		}
		if (VEC_RESERVE(&r->nodes, &r->cap, (uint64_t)r->n + 1) < 0 ||
		    idindex_add(&r->index, hash_u64(node.id, 0), r->n + 1) < 0) {
			json_reader_fini(&json);
			return -ENOMEM;
		}
		r->nodes[r->n++] = node;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

/* The node's children learn who their parent is. */
static int read_children(struct reader *r, uint32_t i)
{
	struct json_reader json = json_reader_over(r->nodes[i].children);

	if (!r->nodes[i].children.n)
		return 0;
	json_enter(&json, '[');
	while (json_next_item(&json)) {
		uint32_t child = find_node(r, (uint64_t)json_take_int(&json));

		if (!json.why && (!child || child - 1 == i || r->nodes[child - 1].parent))
			json_reader_fail(&json, child ? "a node is the child of two" :
							"a child is no node of the file");
		if (!json.why)
			r->nodes[child - 1].parent = i + 1;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

static struct tick read_tick(struct json_reader *json)
{
	struct tick tick = { 0 };
	struct str key;

	json_enter(json, '{');
	while (json_next_key(json, &key)) {
		if (str_eq(key, STR("line")))
			tick.line = json_take_index(json, UINT32_MAX, "a line that is none");
		else if (str_eq(key, STR("ticks")))
			tick.left = json_take_index(json, UINT32_MAX, "a number of ticks that is none");
		else
			json_pass(json);
	}
	return tick;
}

static int read_ticks(struct reader *r, struct node *node)
{
	struct json_reader json = json_reader_over(node->ticks);

	node->first_tick = r->n_ticks;
	if (!node->ticks.n)
		return 0;
	json_enter(&json, '[');
	while (json_next_item(&json)) {
		if (VEC_RESERVE(&r->ticks, &r->cap_ticks, (uint64_t)r->n_ticks + 1) < 0) {
			json_reader_fini(&json);
			return -ENOMEM;
		}
		r->ticks[r->n_ticks++] = read_tick(&json);
		node->n_ticks++;
	}
	return json_reader_end(&json, r->what, r->text, r->err);
}

/* Nodes may stand before their parents. A node whose callers are in a circle reaches no root. */
static int place_nodes(struct reader *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t n = 0, at = i + 1;

		for (; at && !r->nodes[at - 1].placed; at = r->nodes[at - 1].parent) {
			if (n == r->n)
				return err_fail(r->err, -EBADMSG, "%s: node %llu calls itself through its "
						"own callers", r->what,
						(unsigned long long)r->nodes[i].id);
			if (VEC_RESERVE(&r->path, &r->cap_path, (uint64_t)n + 1) < 0)
				return -ENOMEM;
			r->path[n++] = at - 1;
		}
		while (n--) {
			struct node *node = &r->nodes[r->path[n]];
			uint32_t above = node->parent ? r->nodes[node->parent - 1].stack : 0;

			node->stack = node->frame ?
				stacktree_push(&r->profile->tree, above, node->frame) : above;
			node->placed = true;
		}
	}
	return 0;
}

/* The stack of one sample of the node. The file says how many of them were in each line, and not which:
 * they are dealt out in the order of the lines. */
static uint32_t stack_of_sample(struct reader *r, struct node *node)
{
	struct frame frame;
	uint32_t above;

	while (node->n_ticks && !r->ticks[node->first_tick].left) {
		node->first_tick++;
		node->n_ticks--;
	}
	if (!node->n_ticks || !node->frame)
		return node->stack;
	r->ticks[node->first_tick].left--;
	frame = r->profile->frames.frames[node->frame];
	frame.line = r->ticks[node->first_tick].line;
	above = node->parent ? r->nodes[node->parent - 1].stack : 0;
	return stacktree_push(&r->profile->tree, above, frames_add(&r->profile->frames, &frame));
}

static int64_t nanoseconds(double us)
{
	return us > 0 ? sum_round(us * 1e3) : 0;
}

static void add_sample(struct reader *r, struct node *node, double at, double us)
{
	int64_t values[2] = { 1, nanoseconds(us) };

	profile_add_at(r->profile, stack_of_sample(r, node), 0, (uint64_t)nanoseconds(at - r->start),
		       values);
}

/* A sample lasts until the next one, and the last until the end. */
static int read_samples(struct reader *r, struct str samples, struct str deltas)
{
	struct json_reader ids = json_reader_over(samples), times = json_reader_over(deltas);
	struct node *before = NULL;
	double at = r->start, last = at;
	int rc, rc_ids;

	json_enter(&ids, '[');
	if (deltas.n)
		json_enter(&times, '[');
	while (json_next_item(&ids)) {
		uint32_t node = find_node(r, (uint64_t)json_take_int(&ids));

		if (!node)
			json_reader_fail(&ids, "a sample is of no node of the file");
		if (deltas.n && json_next_item(&times))
			at += json_take_double(&times);
		if (ids.why || times.why)
			break;
		if (before)
			add_sample(r, before, last, at - last);
		before = &r->nodes[node - 1];
		last = at;
	}
	if (before)
		add_sample(r, before, last, r->end > last ? r->end - last : 0);
	rc = json_reader_end(&times, r->what, r->text, r->err);
	rc_ids = json_reader_end(&ids, r->what, r->text, rc ? NULL : r->err);
	return rc ? rc : rc_ids;
}

/* Without times there are only counts. */
static void add_hits(struct reader *r)
{
	uint64_t hits = 0;

	for (uint32_t i = 0; i < r->n; i++)
		hits += r->nodes[i].hits;
	for (uint32_t i = 0; i < r->n; i++) {
		double share = hits ? (double)r->nodes[i].hits / (double)hits : 0;
		int64_t values[2] = { r->nodes[i].hits, nanoseconds((r->end - r->start) * share) };

		if (r->nodes[i].hits)
			profile_add(r->profile, r->nodes[i].stack, 0, values);
	}
}

static int read_file(struct reader *r)
{
	struct json_reader json = json_reader_over(r->text);
	struct str key, nodes = { 0 }, samples = { 0 }, deltas = { 0 };
	int rc;

	json_enter(&json, '{');
	while (json_next_key(&json, &key)) {
		if (str_eq(key, STR("nodes")))
			nodes = json_pass(&json);
		else if (str_eq(key, STR("samples")))
			samples = json_pass(&json);
		else if (str_eq(key, STR("timeDeltas")))
			deltas = json_pass(&json);
		else if (str_eq(key, STR("startTime")))
			r->start = json_take_double(&json);
		else if (str_eq(key, STR("endTime")))
			r->end = json_take_double(&json);
		else
			json_pass(&json);
	}
	if (!json.why && !nodes.n)
		json_reader_fail(&json, "the file has no nodes");
	rc = json_reader_end(&json, r->what, r->text, r->err);
	if (rc == 0)
		rc = read_nodes(r, nodes);
	for (uint32_t i = 0; rc == 0 && i < r->n; i++)
		rc = read_children(r, i);
	for (uint32_t i = 0; rc == 0 && i < r->n; i++)
		rc = read_ticks(r, &r->nodes[i]);
	if (rc == 0)
		rc = place_nodes(r);
	if (rc < 0)
		return rc;
	r->profile->duration_ns = (uint64_t)nanoseconds(r->end - r->start);
	if (samples.n)
		return read_samples(r, samples, deltas);
	add_hits(r);
	return 0;
}

int cpuprofile_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .what = input->what, .err = err };
	int rc = input_whole(input, &r.text, err);

	profile_add_type(profile, STR("samples"), STR("count"));
	profile->default_type = profile_add_type(profile, STR("wall"), STR("nanoseconds"));
	if (rc == 0)
		rc = read_file(&r);
	free(r.nodes);
	free(r.ticks);
	free(r.path);
	idindex_fini(&r.index);
	return rc;
}
