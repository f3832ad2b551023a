/* SPDX-License-Identifier: Apache-2.0 */
/* A diff as a comment in a pull request. */
#include <errno.h>
#include <math.h>

#include "analyze/diff.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/diff.h"
#include "render/label.h"
#include "render/page.h"

#define NAME_BYTES 200
#define SENTENCE_BYTES 4000	/* names in it are short already */
#define CONTEXT_ROWS 5 /* of what did not change, so that a reader sees what all is about */

/* Text from outside as it is: no markup, no HTML, no cell's end, no mention of a person. */
static void add_escaped(struct buf *out, struct str text, size_t bytes_most)
{
	struct buf clean = { 0 };

	label_clean(&clean, text, bytes_most);
	for (size_t i = 0; i < clean.n; i++) {
		char c = clean.p[i];

		if (c == '<')
			buf_add_str(out, STR("&lt;"));
		else if (c == '>')
			buf_add_str(out, STR("&gt;"));
		else if (c == '&')
			buf_add_str(out, STR("&amp;"));
		else if (c == '@' || c == '#' || c == ':')
			buf_addf(out, "&#%d;", c);
		else if (strchr("\\`*_{}[]()|~!", c))
			buf_addf(out, "\\%c", c);
		else
			buf_add_u8(out, (uint8_t)c);
	}
	out->failed |= clean.failed;
	buf_fini(&clean);
}

static void add_name(struct buf *out, const struct diff_view *view, const struct diff_row *row)
{
	struct buf name = { 0 };

	if (view->diff->by_stack)
		diff_add_stack(&name, view, row, " ← ");
	else
		diff_add_name(&name, view, row);
	add_escaped(out, buf_str(&name), NAME_BYTES);
	if (row->measure == DIFF_TOTAL && !view->diff->by_stack)
		buf_add_str(out, STR(" and all it calls"));
	out->failed |= name.failed;
	buf_fini(&name);
}

static void put_row(struct buf *out, const struct diff_view *view, const struct diff_row *row)
{
	const struct diff *diff = view->diff;
	const struct diff_number *number = &row->of[row->measure];
	bool named = number->verdict == DIFF_NAMED;
	struct buf where = { 0 };

	buf_add_str(out, !named ? STR("| | ") : number->now > number->base ? STR("| 🔺 | ")
									  : STR("| 🔽 | "));
	add_name(out, view, row);
	buf_add_str(out, STR(" | "));
	page_add_where(&where, diff_place(diff, row));
	add_escaped(out, buf_str(&where), NAME_BYTES);
	buf_add_str(out, STR(" | "));
	diff_add_points(out, diff_part(diff, number->base), false);
	buf_add_str(out, STR(" | "));
	diff_add_points(out, diff_part(diff, number->now), false);
	buf_add_str(out, named ? STR(" | **") : STR(" | "));
	diff_add_points(out, diff_part(diff, number->now - number->base), true);
	buf_add_str(out, named ? STR("** | ") : STR(" | "));
	diff_add_points(out, diff_part(diff, number->low), true);
	buf_add_str(out, STR(" … "));
	diff_add_points(out, diff_part(diff, number->high), true);
	if (number->base > 0 && number->now > 0)
		buf_addf(out, " | %+.1f %%", number->relative * 100);
	else
		buf_add_str(out, number->base > 0  ? STR(" | gone")
				 : number->now > 0 ? STR(" | new")
						   : STR(" | -"));
	buf_add_str(out, STR(" | "));
	if (number->verdict == DIFF_FOLLOWS)
		buf_add_str(out, STR("follows"));
	else if (number->verdict == DIFF_WITHIN)
		buf_add_str(out, STR("within"));
	else
		diff_add_p(out, number->q);
	buf_add_str(out, STR(" |\n"));
	buf_fini(&where);
}

static uint32_t rows_shown(const struct diff_view *view)
{
	uint32_t n = view->text.limit ? view->text.limit : view->diff->n_named + CONTEXT_ROWS;

	if (view->only_named)
		n = view->diff->n_named;
	return n < view->diff->n ? n : view->diff->n;
}

int diff_markdown(struct buf *out, const struct diff_view *asked, struct err *err)
{
	struct diff_view view = *asked;
	struct buf words = { 0 };
	uint32_t rows = rows_shown(&view);
	bool exceeded;

	view.text.unicode = true;
	diff_add_sentence(&words, &view);
	buf_add_str(out, STR("**"));
	add_escaped(out, buf_str(&words), SENTENCE_BYTES);
	buf_add_str(out, STR("**\n\n"));
	buf_clear(&words);
	exceeded = diff_add_gate(&words, &view);
	if (view.above > 0) {
		buf_add_str(out, exceeded ? STR("❌ ") : STR("✅ "));
		add_escaped(out, buf_str(&words), SENTENCE_BYTES);
		buf_add_str(out, STR("\n\n"));
	}
	if (rows)
		buf_add_str(out, STR("| | Function | Where | base % | new % | change | 95 % interval | "
				     "of itself | p |\n|-|-|-|-:|-:|-:|-:|-:|-:|\n"));
	for (uint32_t i = 0; i < rows; i++)
		put_row(out, &view, &view.diff->rows[i]);
	for (unsigned side = 0; side < 2; side++) {
		buf_clear(&words);
		diff_add_side(&words, &view, side);
		buf_addf(out, "%s", side ? " New: " : "\n<sub>Base: ");
		add_escaped(out, buf_str(&words), SENTENCE_BYTES);
		buf_add_u8(out, '.');
	}
	buf_clear(&words);
	diff_add_noise(&words, &view);
	buf_add_str(out, STR(" Noise: "));
	add_escaped(out, buf_str(&words), SENTENCE_BYTES);
	buf_add_str(out, STR(".</sub>\n"));
	out->failed |= words.failed;
	buf_fini(&words);
	return out->failed ? err_fail(err, -ENOMEM, "out of memory for the diff") : 0;
}
