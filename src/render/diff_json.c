/* SPDX-License-Identifier: Apache-2.0 */
/* A diff for programs: version 1, described in docs/diff-json.md. */
#include <errno.h>
#include <math.h>

#include "analyze/diff.h"
#include "base/err.h"
#include "base/json.h"
#include "model/profile.h"
#include "render/diff.h"

#define VERSION 1
#define DIGITS 6

static const char *const verdicts[] = {
	[DIFF_NOISE] = "noise",
	[DIFF_WITHIN] = "within",
	[DIFF_UNTESTED] = "untested",
	[DIFF_FOLLOWS] = "follows",
	[DIFF_NAMED] = "changed",
};

static const char *const bases[] = {
	[DIFF_BY_RUNS] = "runs",
	[DIFF_BY_TIMES] = "times",
	[DIFF_BY_ITEMS] = "sampling",
	[DIFF_BY_SAMPLING] = "sampling",
};

static const char *const norms[] = {
	[PER_TOTAL] = "total",
	[PER_TIME] = "time",
	[PER_WORK] = "work",
	[PER_PROFILE] = "profile",
};

static void put_digits(struct json *json, const char *key, double value)
{
	json_key(json, key);
	json_digits(json, value, DIGITS);
}

static void put_text(struct json *json, const char *key, struct str value)
{
	json_key(json, key);
	json_str(json, value);
}

static void put_number(struct json *json, const char *key, const struct diff *diff,
		       const struct diff_number *number)
{
	json_key(json, key);
	json_open(json, '{');
	put_text(json, "verdict", str_of(verdicts[number->verdict]));
	put_digits(json, "base", number->base);
	put_digits(json, "new", number->now);
	put_digits(json, "change", number->now - number->base);
	put_digits(json, "low", number->low);
	put_digits(json, "high", number->high);
	put_digits(json, "relative", number->relative);
	put_digits(json, "relative_error", isfinite(number->relative) ? number->relative_error
								       : NAN);
	put_digits(json, "base_value", number->base * diff->side[0].norm);
	put_digits(json, "new_value", number->now * diff->side[1].norm);
	put_digits(json, "p", number->p);
	put_digits(json, "q", number->q);
	json_close(json, '}');
}

static void put_side(struct json *json, const char *key, const struct diff_view *view,
		     unsigned side)
{
	const struct diff_side *s = &view->diff->side[side];

	json_key(json, key);
	json_open(json, '{');
	json_key(json, "files");
	json_open(json, '[');
	for (uint32_t i = 0; i < view->n_files[side]; i++)
		json_str(json, str_of(view->files[side][i]));
	json_close(json, ']');
	json_key(json, "runs");
	json_uint(json, s->runs);
	json_key(json, "samples");
	json_uint(json, s->samples);
	json_key(json, "total");
	json_double(json, s->total, 0);
	json_key(json, "seconds");
	json_digits(json, view->diff->tree.timed ? s->seconds : NAN, 9);
	json_key(json, "work");
	json_digits(json, view->diff->tree.worked ? s->work : NAN, 15);
	json_key(json, "norm");
	json_digits(json, s->norm, 15);
	json_key(json, "weight");
	json_digits(json, s->weight, 15);
	json_close(json, '}');
}

static void put_stack(struct json *json, const struct difftree *tree, uint32_t node)
{
	uint32_t depth = stacktree_depth(&tree->tree, node);

	json_key(json, "stack");
	json_open(json, '[');
	for (uint32_t i = 0; i < depth && node; i++, node = tree->tree.parent[node])
		json_str(json, tree->subjects.items[tree->tree.frame[node]].place.name);
	json_close(json, ']');
}

static void put_row(struct json *json, const struct diff *diff, const struct diff_row *row)
{
	uint32_t subject = diff->by_stack ? diff->tree.tree.frame[row->item] : row->item;
	const struct subject *about = &diff->tree.subjects.items[subject];
	const struct place *place = &about->place;

	json_open(json, '{');
	put_text(json, "name", place->name);
	put_text(json, "module", place->module);
	put_text(json, "file", place->file);
	json_key(json, "line");
	json_uint(json, place->line);
	put_text(json, "kind", str_of(frame_kind_name(place->kind)));
	if (about->was.n)
		put_text(json, "was", about->was);
	if (about->was_file.n)
		put_text(json, "was_file", about->was_file);
	if (diff->by_stack)
		put_stack(json, &diff->tree, row->item);
	put_text(json, "changed", row->of[row->measure].verdict != DIFF_NAMED ? STR("")
				  : row->measure == DIFF_SELF ? STR("self") : STR("total"));
	put_number(json, "self", diff, &row->of[DIFF_SELF]);
	put_number(json, "total", diff, &row->of[DIFF_TOTAL]);
	json_close(json, '}');
}

static void put_gate(struct json *json, const struct diff_view *view)
{
	struct buf words = { 0 };
	bool exceeded = diff_add_gate(&words, view);

	json_key(json, "gate");
	if (!(view->above > 0)) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	put_digits(json, "above", view->above);
	put_digits(json, "at_least", view->least);
	json_key(json, "exceeded");
	json_bool(json, exceeded);
	put_text(json, "words", buf_str(&words));
	json_close(json, '}');
	json->out->failed |= words.failed;
	buf_fini(&words);
}

/* What two runs may differ by; with several runs a side they tell that. */
static void put_least(struct json *json, const struct diffprior *prior)
{
	static const char *const names[] = { [DIFF_CODE_OWN] = "code", [DIFF_CODE_KERNEL] = "kernel",
					     [DIFF_CODE_GO] = "go_runtime" };

	json_key(json, "least");
	if (!(prior->least[DIFF_CODE_OWN] > 0)) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	for (unsigned i = 0; i < DIFF_CODES; i++)
		put_digits(json, names[i], prior->least[i]);
	put_digits(json, "whole", prior->whole);
	json_close(json, '}');
}

static void put_head(struct json *json, const struct diff_view *view)
{
	const struct diff *diff = view->diff;
	const struct profile *profile = view->profile;
	struct diff_view plain = *view;
	struct buf words = { 0 };

	plain.text.unicode = true;
	json_key(json, "version");
	json_uint(json, VERSION);
	diff_add_sentence(&words, &plain);
	put_text(json, "summary", buf_str(&words));
	put_text(json, "type", strings_get(&profile->strings, profile->types[view->type].type));
	put_text(json, "unit", strings_get(&profile->strings, profile->types[view->type].unit));
	put_text(json, "per", str_of(norms[diff->per]));
	put_side(json, "base", view, 0);
	put_side(json, "new", view, 1);
	json_key(json, "noise");
	json_open(json, '{');
	put_text(json, "basis", str_of(bases[diff->noise.basis]));
	put_digits(json, "ratio", diff->noise.ratio);
	put_least(json, &diff->prior);
	json_close(json, '}');
	put_digits(json, "level", diff->level);
	put_digits(json, "confidence", 1 - DIFF_CONFIDENCE);
	json_key(json, "tested");
	json_uint(json, diff->n_tested);
	put_digits(json, "seen", diff->seen);
	if (diff->per == PER_TOTAL) {
		json_key(json, "whole");
		json_null(json);
	} else {
		put_number(json, "whole", diff, &diff->whole);
	}
	json_key(json, "folded");
	json_bool(json, view->text.folded);
	put_gate(json, view);
	json->out->failed |= words.failed;
	buf_fini(&words);
}

int diff_json(struct buf *out, const struct diff_view *view, struct err *err)
{
	const struct diff *diff = view->diff;
	struct json json = { .out = out };
	uint32_t n = view->text.limit && view->text.limit < diff->n ? view->text.limit : diff->n;

	json_open(&json, '{');
	put_head(&json, view);
	json_key(&json, diff->by_stack ? "stacks"
			: view->granularity == BY_LINE ? "lines" : "functions");
	json_open(&json, '[');
	for (uint32_t i = 0; i < n; i++)
		put_row(&json, diff, &diff->rows[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	buf_add_u8(out, '\n');
	return out->failed ? err_fail(err, -ENOMEM, "out of memory for the diff") : 0;
}
