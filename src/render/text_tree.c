/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/view.h"
#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/page.h"

/* Only where calls branch does the tree move to the right; what has one callee goes straight down,
 * so that a stack of 200 frames stays on the screen:
 *
 *    100   0  main
 *    100   0  run
 *   61.2   4  ├─ compress
 *   57.2  57  │  deflate
 *   38.8   0  └─ walk ×40         forty calls of itself, one after another
 */
#define PERCENT 7
#define NARROW 64
#define GUIDE 3 /* columns of "├─ " */
#define MIN_SHARE_DEFAULT 0.01
#define WHERE_LEAST 12 /* room worth telling a file and line in */

struct tree {
	struct page *page;
	const struct view *view;
	uint32_t *level; /* node -> guides before it */
	bool *more;	 /* level -> siblings follow the branch drawn there */
	uint32_t cap_more;
};

static const char *const guides[2][2][2] = {
	/* unicode, own branch, siblings follow */
	{ { "   ", "|  " }, { "`- ", "|- " } },
	{ { "   ", "│  " }, { "└─ ", "├─ " } },
};

static bool has_one_callee(const struct view *view, uint32_t node)
{
	return node + 1 < view->end[node] && view->end[node + 1] == view->end[node];
}

static bool is_branch(const struct view *view, uint32_t node)
{
	return !has_one_callee(view, view->parent[node]);
}

static int place_node(struct tree *tree, uint32_t node)
{
	const struct view *view = tree->view;
	uint32_t parent = view->parent[node];
	uint32_t level = tree->level[parent] + is_branch(view, node);

	if (VEC_RESERVE(&tree->more, &tree->cap_more, (uint64_t)level + 1) < 0)
		return -ENOMEM;
	tree->level[node] = level;
	if (is_branch(view, node))
		tree->more[level] = view->end[node] < view->end[parent];
	return 0;
}

/* At most half of the room; of more, only the innermost guides are drawn. */
static uint32_t put_guides(struct tree *tree, uint32_t node, uint32_t room)
{
	bool unicode = tree->page->options->unicode;
	uint32_t level = tree->level[node], most = room / 2 / GUIDE, from = 1, used = 0;

	if (level > most) {
		from = level - most + 2;
		used = GUIDE;
		buf_add_str(tree->page->out, unicode ? STR("…  ") : STR("~  "));
	}
	for (uint32_t l = from; l <= level; l++, used += GUIDE) {
		bool own = l == level && is_branch(tree->view, node);

		buf_add_str(tree->page->out, str_of(guides[unicode][own][tree->more[l]]));
	}
	return used;
}

/* A module is worth a word only where calls enter it. */
static bool is_where_news(const struct view *view, uint32_t node)
{
	const struct place *place = &view->places.items[view->place[node]];
	const struct place *caller = &view->places.items[view->place[view->parent[node]]];

	return place->file.n || !str_eq(place->module, caller->module);
}

static void put_name(struct tree *tree, uint32_t node, uint32_t times, uint32_t room)
{
	struct page *page = tree->page;
	const struct place *place = &tree->view->places.items[tree->view->place[node]];
	struct buf where = { 0 }, count = { 0 };
	uint32_t count_columns;

	page_style(page, STYLE_DIM);
	room -= put_guides(tree, node, room);
	page_style(page, STYLE_PLAIN);
	if (times > 1)
		buf_addf(&count, page->options->unicode ? " ×%u" : " x%u", times);
	count_columns = label_columns(buf_str(&count), room);
	room -= label_fit(page->out, place->name, room - count_columns, page->options->unicode);
	buf_add_str(page->out, buf_str(&count));
	room -= count_columns;
	page_add_where(&where, place);
	if (room >= WHERE_LEAST && where.n && is_where_news(tree->view, node)) {
		buf_add_str(page->out, STR("  "));
		page_style(page, STYLE_DIM);
		label_fit(page->out, buf_str(&where), room - 2, page->options->unicode);
		page_style(page, STYLE_PLAIN);
	}
	page_end_line(page);
	buf_fini(&where);
	buf_fini(&count);
}

static void put_heading(struct page *page, bool amounts)
{
	page_style(page, STYLE_DIM);
	buf_add_str(&page->cell, STR("total%"));
	page_put_right(page, PERCENT);
	buf_add_str(&page->cell, STR("self%"));
	page_put_right(page, PERCENT);
	if (amounts) {
		buf_add_str(&page->cell, STR("total"));
		page_put_right(page, page->amount);
	}
	buf_add_str(page->out, STR("  Call tree"));
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
}

/* A function that only called itself is one line; its last call's id comes back. */
static uint32_t end_of_recursion(const struct view *view, uint32_t node, int64_t *ret_self)
{
	*ret_self = view->self[node];
	while (has_one_callee(view, node) && view->place[node + 1] == view->place[node]) {
		node++;
		sum_add(ret_self, view->self[node]);
	}
	return node;
}

static int put_nodes(struct tree *tree, bool amounts)
{
	struct page *page = tree->page;
	const struct view *view = tree->view;
	uint32_t fixed = 2 * PERCENT + (amounts ? page->amount : 0) + 2, rows = 0;
	uint32_t limit = page->options->limit;

	for (uint32_t i = 1; i < view->n; i++) {
		int64_t self;
		uint32_t last = end_of_recursion(view, i, &self);

		if (limit && rows++ == limit) {
			buf_addf(page->out, "and %u more\n", view->n - i);
			break;
		}
		if (place_node(tree, i) < 0)
			return -ENOMEM;
		page_put_percent(page, view->total[i], view->total[0], PERCENT);
		page_put_percent(page, self, view->total[0], PERCENT);
		if (amounts)
			page_put_amount(page, view->total[i], page->amount);
		buf_add_str(page->out, STR("  "));
		put_name(tree, i, last - i + 1, page->width - fixed);
		tree->level[last] = tree->level[i];
		i = last;
	}
	return 0;
}

int text_tree(struct page *page, struct err *err)
{
	const struct text_options *options = page->options;
	struct view_options wanted = {
		.filter = options->filter,
		.granularity = options->granularity,
		.order = ORDER_BY_VALUE,
		.min_share = options->min_share > 0 ? options->min_share : MIN_SHARE_DEFAULT,
		.type = page->type,
	};
	struct view view;
	struct tree tree = { .page = page, .view = &view };
	bool amounts = page->width >= NARROW;
	int rc = view_init(&view, page->profile, &wanted, err);

	if (rc < 0)
		return rc;
	tree.level = calloc(view.n, sizeof(*tree.level));
	put_heading(page, amounts);
	rc = tree.level ? put_nodes(&tree, amounts) : -ENOMEM;
	if (rc < 0)
		err_set(err, "out of memory over %u nodes of the call tree", view.n);
	else
		buf_addf(page->out, "calls of less than %g %% are left out\n",
			 wanted.min_share * 100);
	free(tree.level);
	free(tree.more);
	view_fini(&view);
	return rc;
}
