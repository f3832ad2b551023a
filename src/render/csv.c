/* SPDX-License-Identifier: Apache-2.0 */
#include "render/csv.h"

#include <errno.h>
#include <inttypes.h>

#include "analyze/groups.h"
#include "analyze/listing.h"
#include "analyze/peek.h"
#include "analyze/threads.h"
#include "analyze/view.h"
#include "base/buf.h"
#include "base/csv.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/text.h"

struct table {
	struct buf *out;
	const struct profile *profile;
	const struct text_options *view;
	uint32_t type;
};

static void add_text(struct table *t, struct str text)
{
	csv_add_field(t->out, text, ',');
	buf_add_u8(t->out, ',');
}

static void add_place(struct table *t, const struct place *place)
{
	add_text(t, place->name);
	add_text(t, place->module);
	add_text(t, place->file);
	buf_addf(t->out, "%u,%s,", place->line, frame_kind_name(place->kind));
}

/* The last column or two, and the line's end. */
static void add_costs(struct table *t, int64_t self, int64_t total)
{
	buf_addf(t->out, "%" PRId64 ",%" PRId64 "\n", self, total);
}

static void add_total(struct table *t, int64_t total)
{
	buf_addf(t->out, "%" PRId64 "\n", total);
}

/* "self_cpu_nanoseconds", as `sonde convert` names it. */
static void add_column(struct table *t, const char *word, char after)
{
	struct buf name = { 0 };

	buf_addf(&name, "%s_%.*s_%.*s", word, STR_ARG(profile_type_name(t->profile, t->type)),
		 STR_ARG(profile_type_unit(t->profile, t->type)));
	csv_add_field(t->out, buf_str(&name), ',');
	buf_add_u8(t->out, (uint8_t)after);
	buf_fini(&name);
}

static void add_head(struct table *t, const char *columns, bool self)
{
	buf_add_str(t->out, str_of(columns));
	if (self)
		add_column(t, "self", ',');
	add_column(t, "total", '\n');
}

static bool is_full(const struct table *t, uint32_t rows)
{
	return t->view->limit && rows >= t->view->limit;
}

static int put_top(struct table *t, struct err *err)
{
	struct top top;
	int rc = top_init(&top, t->profile, &(struct top_options){
		.filter = t->view->filter, .granularity = t->view->granularity, .order = t->view->order,
		.min_share = t->view->min_share, .type = t->type }, err);

	if (rc < 0)
		return rc;
	add_head(t, "name,module,file,line,kind,", true);
	for (uint32_t i = 0; i < top.n && !is_full(t, i); i++) {
		add_place(t, &top.places.items[top.rows[i].place]);
		add_costs(t, top.rows[i].self, top.rows[i].total);
	}
	top_fini(&top);
	return 0;
}

/* `depth` stands for the shape: a node's caller is the last one before it that is one less deep. */
static int put_tree(struct table *t, struct err *err)
{
	uint32_t depth = 0, at = 0;
	struct view tree;
	int rc = view_init(&tree, t->profile, &(struct view_options){
		.filter = t->view->filter, .granularity = t->view->granularity,
		.order = ORDER_BY_VALUE, .min_share = t->view->min_share, .type = t->type }, err);

	if (rc < 0)
		return rc;
	add_head(t, "depth,name,module,file,line,kind,", true);
	for (uint32_t i = 1; i < tree.n && !is_full(t, i - 1); i++) {
		for (; at != tree.parent[i]; at = tree.parent[at])
			depth--;
		at = i;
		buf_addf(t->out, "%u,", depth++);
		add_place(t, &tree.places.items[tree.place[i]]);
		add_costs(t, tree.self[i], tree.total[i]);
	}
	view_fini(&tree);
	return 0;
}

static void add_id(struct table *t, bool known, int64_t id)
{
	if (known)
		buf_addf(t->out, "%" PRId64, id);
	buf_add_u8(t->out, ',');
}

static int put_threads(struct table *t, struct err *err)
{
	struct threads threads;
	int rc = threads_init(&threads, t->profile, t->view->filter, t->type, err);

	if (rc < 0)
		return rc;
	add_head(t, "process,thread,pid,tid,samples,", false);
	for (uint32_t i = 0; i < threads.n && !is_full(t, i); i++) {
		const struct thread_row *row = &threads.rows[i];

		add_text(t, row->process);
		add_text(t, row->thread);
		add_id(t, row->has_pid, row->pid);
		add_id(t, row->has_tid, row->tid);
		buf_addf(t->out, "%" PRIu64 ",", row->samples);
		add_total(t, row->value);
	}
	threads_fini(&threads);
	return 0;
}

static void add_side(struct table *t, const struct peeks *peeks, struct str name, const char *side,
		     const struct peek_row *rows, uint32_t n)
{
	static const struct place nobody = { .kind = FRAME_NONE };

	for (uint32_t i = 0; i < n; i++) {
		add_text(t, name);
		buf_addf(t->out, "%s,", side);
		add_place(t, rows[i].place ? &peeks->places.items[rows[i].place] : &nobody);
		add_total(t, rows[i].value);
	}
}

static int put_peek(struct table *t, struct err *err)
{
	struct peeks peeks;
	int rc = peeks_init(&peeks, t->profile, &(struct peek_options){
		.filter = t->view->filter, .expression = t->view->expression, .limit = t->view->limit,
		.type = t->type }, err);

	if (rc < 0)
		return rc;
	add_head(t, "of,what,name,module,file,line,kind,", false);
	for (uint32_t i = 0; i < peeks.n; i++) {
		const struct peek *peek = &peeks.items[i];
		struct str name = peeks.places.items[peek->place].name;
		struct peek_row own = { peek->place, peek->total }, self = { peek->place, peek->self };

		if (t->view->callers)
			add_side(t, &peeks, name, "caller", peek->callers, peek->n_callers);
		add_side(t, &peeks, name, "total", &own, 1);
		add_side(t, &peeks, name, "self", &self, 1);
		if (t->view->callees)
			add_side(t, &peeks, name, "callee", peek->callees, peek->n_callees);
	}
	peeks_fini(&peeks);
	return 0;
}

static int put_list(struct table *t, struct err *err)
{
	struct listing listing;
	int rc = listing_init(&listing, t->profile, &(struct listing_options){
		.filter = t->view->filter, .expression = t->view->expression, .type = t->type }, err);

	if (rc < 0)
		return rc;
	add_head(t, "name,module,file,line,kind,", true);
	for (uint32_t f = 0; f < listing.n_functions && !is_full(t, f); f++) {
		const struct listing_function *function = &listing.functions[f];

		for (uint32_t i = function->first; i < function->first + function->n; i++) {
			add_place(t, listing_place(&listing, i));
			add_costs(t, listing.rows[i]->self, listing.rows[i]->total);
		}
	}
	listing_fini(&listing);
	return 0;
}

static int refuse_code(struct table *t, struct err *err)
{
	(void)t;
	return err_fail(err, -EINVAL, "code is no table for a spreadsheet: --json has it, --granularity "
			"address what each address cost");
}

static int put_groups(struct table *t, struct err *err)
{
	struct groups groups;
	int rc = groups_init(&groups, t->profile, t->view->by, t->view->filter, t->type, err);

	if (rc < 0)
		return rc;
	add_text(t, str_of(t->view->by));
	add_head(t, "samples,", false);
	for (uint32_t i = 0; i < groups.n && !is_full(t, i); i++) {
		struct buf value = { 0 };

		if (groups.rows[i].label)
			group_add_value(&value, &groups.rows[i]);
		add_text(t, buf_str(&value));
		buf_addf(t->out, "%" PRIu64 ",", groups.rows[i].samples);
		add_total(t, groups.rows[i].value);
		buf_fini(&value);
	}
	groups_fini(&groups);
	return 0;
}

static int (*const tables[])(struct table *t, struct err *err) = {
	[TEXT_TOP] = put_top,	[TEXT_TREE] = put_tree, [TEXT_THREADS] = put_threads,
	[TEXT_PEEK] = put_peek, [TEXT_LIST] = put_list, [TEXT_CODE] = refuse_code,
};

int csv_report(struct buf *out, const struct profile *profile, const struct text_options *view,
	       struct err *err)
{
	struct table t = { .out = out, .profile = profile, .view = view,
			   .type = view->type < 0 ? profile->default_type : (uint32_t)view->type };

	if (t.type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", t.type);
	return view->by ? put_groups(&t, err) : tables[view->table](&t, err);
}
