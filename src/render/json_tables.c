/* SPDX-License-Identifier: Apache-2.0 */
#include "render/json_tables.h"

#include "analyze/peek.h"
#include "analyze/threads.h"
#include "analyze/top.h"
#include "analyze/view.h"
#include "base/json.h"
#include "model/profile.h"
#include "render/text.h"

static void put_kinds(struct json *json, uint32_t kinds)
{
	json_key(json, "kinds");
	json_open(json, '[');
	for (unsigned kind = 0; kind < FRAME_KIND_COUNT; kind++)
		if (kinds >> kind & 1)
			json_str(json, str_of(frame_kind_name((enum frame_kind)kind)));
	json_close(json, ']');
}

void json_put_place(struct json *json, const struct place *place)
{
	json_put_str(json, "name", place->name);
	json_put_str(json, "module", place->module);
	json_put_str(json, "file", place->file);
	json_put_int(json, "line", place->line);
	json_put_str(json, "kind", str_of(frame_kind_name(place->kind)));
	put_kinds(json, place->kinds);
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
	return limit && limit < n ? limit : n;
}

/* How many rows --limit left out, if it did. */
static void put_left_out(struct json *json, uint32_t n, uint32_t limit)
{
	if (at_most(n, limit) < n)
		json_put_int(json, "left_out", n - limit);
}

int json_put_top(struct json *json, const struct profile *profile, const struct text_options *view,
	     uint32_t type, struct err *err)
{
	static const char *const members[] = { [BY_FUNCTION] = "functions", [BY_LINE] = "lines",
					       [BY_FILE] = "files", [BY_MODULE] = "modules",
					       [BY_ADDRESS] = "addresses", [BY_KIND] = "kinds" };
	struct top top;
	int rc = top_init(&top, profile, &(struct top_options){
		.filter = view->filter, .granularity = view->granularity, .order = view->order,
		.min_share = view->min_share, .type = type }, err);

	if (rc < 0)
		return rc;
	json_key(json, members[view->granularity]);
	json_open(json, '[');
	for (uint32_t i = 0; i < at_most(top.n, view->limit); i++) {
		json_open(json, '{');
		json_put_place(json, &top.places.items[top.rows[i].place]);
		json_put_int(json, "self", top.rows[i].self);
		json_put_int(json, "total", top.rows[i].total);
		json_close(json, '}');
	}
	json_close(json, ']');
	put_left_out(json, top.n, view->limit);
	top_fini(&top);
	return 0;
}

/* Flat: a nest as deep as a stack would break readers. */
int json_put_tree(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err)
{
	struct view tree;
	int rc = view_init(&tree, profile, &(struct view_options){
		.filter = view->filter, .granularity = view->granularity, .order = ORDER_BY_VALUE,
		.min_share = view->min_share, .type = type }, err);

	if (rc < 0)
		return rc;
	json_key(json, "tree");
	json_open(json, '[');
	for (uint32_t i = 1; i < tree.n && (!view->limit || i <= view->limit); i++) {
		json_open(json, '{');
		json_key(json, "caller");
		if (tree.parent[i])
			json_uint(json, tree.parent[i] - 1);
		else
			json_null(json);
		json_put_place(json, &tree.places.items[tree.place[i]]);
		json_put_int(json, "self", tree.self[i]);
		json_put_int(json, "total", tree.total[i]);
		json_close(json, '}');
	}
	json_close(json, ']');
	put_left_out(json, tree.n ? tree.n - 1 : 0, view->limit);
	view_fini(&tree);
	return 0;
}

static void put_id(struct json *json, const char *key, bool known, int64_t id)
{
	json_key(json, key);
	if (known)
		json_int(json, id);
	else
		json_null(json);
}

int json_put_threads(struct json *json, const struct profile *profile, const struct text_options *view,
		 uint32_t type, struct err *err)
{
	struct threads threads;
	int rc = threads_init(&threads, profile, view->filter, type, err);

	if (rc < 0)
		return rc;
	json_key(json, "threads");
	json_open(json, '[');
	for (uint32_t i = 0; i < at_most(threads.n, view->limit); i++) {
		const struct thread_row *row = &threads.rows[i];

		json_open(json, '{');
		json_put_str(json, "process", row->process);
		json_put_str(json, "thread", row->thread);
		put_id(json, "pid", row->has_pid, row->pid);
		put_id(json, "tid", row->has_tid, row->tid);
		json_key(json, "samples");
		json_uint(json, row->samples);
		json_put_int(json, "total", row->value);
		json_close(json, '}');
	}
	json_close(json, ']');
	put_left_out(json, threads.n, view->limit);
	threads_fini(&threads);
	return 0;
}

static void put_side(struct json *json, const char *key, const struct peeks *peeks,
		     const struct peek_row *rows, uint32_t n)
{
	json_key(json, key);
	json_open(json, '[');
	for (uint32_t i = 0; i < n; i++) {
		json_open(json, '{');
		if (rows[i].place) {
			json_put_place(json, &peeks->places.items[rows[i].place]);
		} else {
			json_key(json, "name");
			json_null(json);
		}
		json_put_int(json, "total", rows[i].value);
		json_close(json, '}');
	}
	json_close(json, ']');
}

int json_put_peek(struct json *json, const struct profile *profile, const struct text_options *view,
	      uint32_t type, struct err *err)
{
	struct peeks peeks;
	int rc = peeks_init(&peeks, profile, &(struct peek_options){
		.filter = view->filter, .expression = view->expression, .limit = view->limit,
		.type = type }, err);

	if (rc < 0)
		return rc;
	json_key(json, "peek");
	json_open(json, '[');
	for (uint32_t i = 0; i < peeks.n; i++) {
		const struct peek *peek = &peeks.items[i];

		json_open(json, '{');
		json_put_place(json, &peeks.places.items[peek->place]);
		json_put_int(json, "self", peek->self);
		json_put_int(json, "total", peek->total);
		if (view->callers)
			put_side(json, "callers", &peeks, peek->callers, peek->n_callers);
		if (view->callees)
			put_side(json, "callees", &peeks, peek->callees, peek->n_callees);
		json_close(json, '}');
	}
	json_close(json, ']');
	peeks_fini(&peeks);
	return 0;
}
