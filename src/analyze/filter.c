/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/groups.h"
#include "base/err.h"
#include "model/profile.h"

/* An expression, and what it said of each string so far. */
struct matcher {
	regex_t re;
	const struct strings *strings;
	uint8_t *known; /* string id -> 0, MATCHES or DIFFERS */
};

enum { MATCHES = 1, DIFFERS };

static int matcher_open(struct matcher *m, const struct profile *profile, const char *what,
			const char *expression, struct err *err)
{
	int code = regcomp(&m->re, expression, REG_EXTENDED | REG_NOSUB);
	char why[256];

	if (code) {
		regerror(code, &m->re, why, sizeof(why));
		return err_fail(err, -EINVAL, "%s '%s' is not a regular expression: %s", what,
				expression, why);
	}
	m->strings = &profile->strings;
	m->known = calloc((size_t)profile->strings.n + 1, 1);
	if (m->known)
		return 0;
	regfree(&m->re);
	return err_fail(err, -ENOMEM, "out of memory over %u strings", profile->strings.n);
}

static void matcher_close(struct matcher *m)
{
	regfree(&m->re);
	free(m->known);
}

/* The empty string is a missing name: it never matches, not even ".*". */
static bool matches(struct matcher *m, uint32_t id)
{
	if (!id || id >= m->strings->n)
		return false;
	if (!m->known[id]) /* strings are kept with a NUL behind them */
		m->known[id] =
			regexec(&m->re, m->strings->items[id].p, 0, NULL, 0) ? DIFFERS : MATCHES;
	return m->known[id] == MATCHES;
}

static bool frame_matches(struct matcher *m, const struct frames *frames, const struct frame *frame)
{
	const struct function *function = &frames->functions[frame->function];
	char address[24];

	if (matches(m, function->name) || matches(m, function->system_name) ||
	    matches(m, function->file) || matches(m, frames->modules[frame->module].path))
		return true;
	if (function->name || function->system_name || !frame->address)
		return false;
	snprintf(address, sizeof(address), "0x%" PRIx64, frame->address);
	return !regexec(&m->re, address, 0, NULL, 0);
}

int filter_frames(const struct profile *profile, const char *option, const char *expression,
		  bool **ret_matches, struct err *err)
{
	const struct frames *frames = &profile->frames;
	bool *matching = calloc((size_t)frames->n_frames + 1, 1);
	struct matcher m;
	int rc = matching ? matcher_open(&m, profile, option, expression, err)
			  : err_fail(err, -ENOMEM, "out of memory over %u frames", frames->n_frames);

	if (rc < 0) {
		free(matching);
		return rc;
	}
	for (uint32_t i = 0; i < frames->n_frames; i++)
		matching[i] = frame_matches(&m, frames, &frames->frames[i]);
	matcher_close(&m);
	*ret_matches = matching;
	return 0;
}

/* Drops samples whose stack has a matching frame (or, when `wanted`, has none). */
static int filter_by_frame(struct filter *filter, const struct profile *profile, const char *what,
			   const char *expression, bool wanted, struct err *err)
{
	const struct stacktree *tree = &profile->tree;
	bool *frame_hit = NULL, *stack_hit = calloc((size_t)tree->n + 1, 1);
	int rc = stack_hit ? filter_frames(profile, what, expression, &frame_hit, err)
			   : err_fail(err, -ENOMEM, "out of memory over %u stacks", tree->n);

	for (uint32_t i = 1; rc == 0 && i < tree->n; i++)
		stack_hit[i] = stack_hit[tree->parent[i]] || frame_hit[tree->frame[i]];
	for (uint32_t i = 0; rc == 0 && i < profile->n; i++)
		if (stack_hit[profile->stack[i]] != wanted)
			filter->keep[i] = false;
	free(frame_hit);
	free(stack_hit);
	return rc;
}

static int filter_by_time(struct filter *filter, const struct profile *profile,
			  const struct filter_options *options, struct err *err)
{
	if (!profile->time_ns)
		return err_fail(err, -EINVAL, "the profile does not say when its samples were taken");
	for (uint32_t i = 0; i < profile->n; i++)
		if (profile->time_ns[i] < options->time_from_ns || profile->time_ns[i] >= options->time_to_ns)
			filter->keep[i] = false;
	return 0;
}

static bool is_number(struct profile const *profile, uint32_t set, uint32_t key, uint64_t wanted)
{
	const struct label *label = key ? labels_find(&profile->labels, set, key) : NULL;

	return label && !label->str && label->num >= 0 && (uint64_t)label->num == wanted;
}

/* Label sets are few and samples many: each set is judged once. */
static int filter_by_thread(struct filter *filter, const struct profile *profile,
			   const struct filter_options *options, struct err *err)
{
	const struct strings *strings = &profile->strings;
	uint32_t pid = strings_find(strings, STR("pid")), tid = strings_find(strings, STR("tid"));
	uint32_t thread = strings_find(strings, STR("thread")), n = profile->labels.n;
	bool *set_drop = calloc((size_t)n + 1, 1);
	struct matcher m = { 0 };
	bool by_id = false, by_name = false;
	uint64_t wanted = 0;
	int rc = set_drop ? 0 : err_fail(err, -ENOMEM, "out of memory over %u label sets", n);

	if (!rc && options->thread) {
		by_id = str_parse_u64(str_of(options->thread), 10, &wanted) == 0;
		by_name = !by_id;
	}
	if (!rc && by_name)
		rc = matcher_open(&m, profile, "thread", options->thread, err);
	if (rc < 0)
		goto out;
	for (uint32_t set = 0; set < n; set++) {
		const struct label *name =
			by_name && thread ? labels_find(&profile->labels, set, thread) : NULL;

		set_drop[set] = (options->has_pid && !is_number(profile, set, pid, options->pid)) ||
				(by_id && !is_number(profile, set, tid, wanted)) ||
				(by_name && !(name && matches(&m, name->str)));
	}
	for (uint32_t i = 0; i < profile->n; i++)
		if (set_drop[profile->label_set[i]])
			filter->keep[i] = false;
	if (by_name)
		matcher_close(&m);
out:
	free(set_drop);
	return rc;
}

/* NULL m: any value will do. */
static bool label_matches(struct matcher *m, const struct label *label)
{
	char number[24];

	if (!m)
		return true;
	if (label->str)
		return matches(m, label->str);
	snprintf(number, sizeof(number), "%" PRId64, label->num);
	return !regexec(&m->re, number, 0, NULL, 0);
}

/* Drops samples without a label of that key whose value matches, or (not) those with one. A set may have several. */
static int filter_by_value(struct filter *filter, const struct profile *profile, struct str key,
			   const char *expression, bool not, struct err *err)
{
	uint32_t id = strings_find(&profile->strings, key), n_sets = profile->labels.n;
	bool *set_keep = calloc((size_t)n_sets + 1, 1);
	struct matcher m = { 0 };
	int rc = set_keep ? groups_check_key(profile, key, err)
			  : err_fail(err, -ENOMEM, "out of memory over %u label sets", n_sets);

	if (!rc && expression)
		rc = matcher_open(&m, profile, "label", expression, err);
	for (uint32_t set = 0; !rc && set < n_sets; set++) {
		uint32_t n;
		const struct label *labels = labels_get(&profile->labels, set, &n);

		for (uint32_t i = 0; i < n && !set_keep[set]; i++)
			set_keep[set] = labels[i].key == id &&
					label_matches(expression ? &m : NULL, &labels[i]);
	}
	for (uint32_t i = 0; !rc && i < profile->n; i++)
		if (set_keep[profile->label_set[i]] == not)
			filter->keep[i] = false;
	if (!rc && expression)
		matcher_close(&m);
	free(set_keep);
	return rc;
}

struct str filter_label_key(const char *label, const char **ret_expression, bool *ret_not)
{
	const char *equals = strchr(label, '=');
	bool not = equals && equals > label && equals[-1] == '!';

	if (ret_expression)
		*ret_expression = equals ? equals + 1 : NULL;
	if (ret_not)
		*ret_not = not;
	return equals ? str_over(label, (size_t)(equals - label) - not) : str_of(label);
}

static int filter_by_labels(struct filter *filter, const struct profile *profile,
			    const struct filter_options *options, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < options->n_labels; i++) {
		const char *expression;
		bool not;
		struct str key = filter_label_key(options->labels[i], &expression, &not);

		rc = filter_by_value(filter, profile, key, expression, not, err);
	}
	return rc;
}

/* The label is there only for interpreters that have such a lock. */
static int filter_by_gil(struct filter *filter, const struct profile *profile, struct err *err)
{
	if (groups_check_key(profile, STR("gil"), NULL) < 0)
		return err_fail(err, -EINVAL, "the profile does not say who held the GIL: no sample has a "
				"label 'gil' (only recordings of Python have)");
	return filter_by_value(filter, profile, STR("gil"), "^held$", false, err);
}

int filter_init(struct filter *filter, const struct profile *profile,
		const struct filter_options *options, struct err *err)
{
	int rc = 0;

	*filter = (struct filter){ .n = profile->n, .kept = profile->n };
	if (!options->focus && !options->ignore && !options->thread && !options->has_pid &&
	    !options->n_labels && !options->gil && !options->has_time)
		return 0;
	filter->keep = malloc((size_t)profile->n + 1);
	if (!filter->keep)
		return err_fail(err, -ENOMEM, "out of memory over %u samples", profile->n);
	memset(filter->keep, true, (size_t)profile->n + 1);
	if (options->focus)
		rc = filter_by_frame(filter, profile, "focus", options->focus, true, err);
	if (!rc && options->ignore)
		rc = filter_by_frame(filter, profile, "ignore", options->ignore, false, err);
	if (!rc && (options->thread || options->has_pid))
		rc = filter_by_thread(filter, profile, options, err);
	if (!rc)
		rc = filter_by_labels(filter, profile, options, err);
	if (!rc && options->gil)
		rc = filter_by_gil(filter, profile, err);
	if (!rc && options->has_time)
		rc = filter_by_time(filter, profile, options, err);
	if (rc < 0) {
		filter_fini(filter);
		return rc;
	}
	filter->kept = 0;
	for (uint32_t i = 0; i < profile->n; i++)
		filter->kept += filter->keep[i];
	return 0;
}

void filter_fini(struct filter *filter)
{
	free(filter->keep);
	*filter = (struct filter){ 0 };
}
