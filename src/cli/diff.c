/* SPDX-License-Identifier: Apache-2.0 */
/* sonde diff: what really changed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/difflines.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/diffargs.h"
#include "cli/output.h"
#include "cli/readings.h"
#include "cli/screen.h"
#include "render/diff.h"
#include "render/source.h"

#define LIMIT_DEFAULT 30
#define LIMIT_UNSET UINT32_MAX
#define LEAST_DEFAULT 0.005	/* of all: what is smaller does not fail a build */

/* ---- output ---- */

typedef int (*diff_render_fn)(struct buf *out, const struct diff_view *view, struct err *err);

static const struct diff_renderer {
	const char *name, *suffix;
	diff_render_fn render;
	bool draws;	/* the tree, where of two equal boxes the one that comes first stands first */
} renderers[] = {
	{ "html", ".html", diff_html, true },
	{ "svg", ".svg", diff_svg, true },
	{ "json", ".json", diff_json, false },
	{ "md", ".md", diff_markdown, false },
	{ "txt", ".txt", diff_text, false },
};

#define N_RENDERERS (sizeof(renderers) / sizeof(*renderers))

static const struct diff_renderer *renderer_for(const struct diff_args *a, const char *path)
{
	for (size_t i = 0; i < N_RENDERERS; i++)
		if (a->format ? !strcmp(a->format, renderers[i].name)
			      : str_ends(str_of(path), str_of(renderers[i].suffix)))
			return &renderers[i];
	return NULL;
}

static int check_outputs(const struct command *command, const struct diff_args *a)
{
	struct buf known = { 0 };
	int rc = 0;

	for (size_t i = 0; i < N_RENDERERS; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", renderers[i].suffix);
	for (uint32_t i = 0; rc == 0 && i < a->n_outputs; i++)
		if (!renderer_for(a, a->outputs[i]))
			rc = usage_error(command, "%s: a diff is written as %.*s (or use -f)",
					 a->format ? a->format : a->outputs[i],
					 STR_ARG(buf_str(&known)));
	buf_fini(&known);
	return rc;
}

/* Only a page has a panel for lines. */
static bool wants_lines(const struct diff_args *a)
{
	bool page = false;

	for (uint32_t i = 0; i < a->n_outputs; i++)
		page = page || !strcmp(renderer_for(a, a->outputs[i])->name, "html");
	return page && a->options.granularity == BY_FUNCTION;
}

/* Whether nothing of what is written depends on the order of stacks. */
static bool tells_no_stacks(const struct diff_args *a)
{
	bool any = a->options.by_stack;

	for (uint32_t i = 0; i < a->n_outputs; i++)
		any = any || renderer_for(a, a->outputs[i])->draws;
	return !any;
}

static int write_outputs(const struct diff_args *a, const struct diff_view *view, struct err *err)
{
	struct buf out = { 0 };
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < a->n_outputs; i++) {
		struct diff_view wanted = *view;

		wanted.text.color = false;
		buf_clear(&out);
		rc = renderer_for(a, a->outputs[i])->render(&out, &wanted, err);
		if (rc == 0)
			rc = file_write_whole(a->outputs[i], buf_str(&out), err);
		if (rc == 0 && strcmp(a->outputs[i], "-"))
			fprintf(stderr, "written: %s\n", a->outputs[i]);
	}
	buf_fini(&out);
	return rc;
}

static int print(const struct diff_args *a, struct diff_view *view, struct err *err)
{
	static const diff_render_fn ways[] = { [AS_TEXT] = diff_text, [AS_JSON] = diff_json,
					       [AS_MARKDOWN] = diff_markdown };
	struct buf out = { 0 };
	int rc = ways[a->as](&out, view, err);

	if (rc == 0)
		rc = print_all(buf_str(&out), err);
	buf_fini(&out);
	return rc;
}

/* With files to write there is still the sentence to read, on standard error. */
static void tell(const struct diff_view *view, bool with_sentence, bool *ret_exceeded)
{
	struct buf words = { 0 };

	if (with_sentence) {
		diff_add_sentence(&words, view);
		fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&words)));
		buf_clear(&words);
	}
	*ret_exceeded = diff_add_gate(&words, view);
	if (*ret_exceeded)
		fprintf(stderr, "sonde: %.*s\n", STR_ARG(buf_str(&words)));
	buf_fini(&words);
}

/* ---- the whole ---- */

/* What a heap holds, or how many goroutines there are: of such, shares would hide that all of it grew. */
static bool is_state(const struct reading *reading)
{
	struct str type = profile_type_name(&reading->shown.profile, (uint32_t)reading->type);

	return str_starts(type, STR("inuse_")) || str_eq(type, STR("goroutine"));
}

/* What is counted wherever it happens, and differs from run to run by nothing that a machine does. */
static bool is_memory(const struct reading *reading)
{
	const struct profile *profile = &reading->shown.profile;
	struct str type = profile_type_name(profile, (uint32_t)reading->type);
	struct str unit = strings_get(&profile->strings, profile->types[reading->type].unit);

	return is_state(reading) || str_starts(type, STR("alloc")) || str_eq(unit, STR("bytes")) ||
	       str_eq(unit, STR("objects"));
}

static bool is_one_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Seconds that a value of 1 is; 0: it is no CPU time. */
static double cpu_seconds(const struct reading *reading)
{
	const struct profile *profile = &reading->shown.profile;
	struct str unit = strings_get(&profile->strings, profile->types[reading->type].unit);

	if (!str_eq(profile_type_name(profile, (uint32_t)reading->type), STR("cpu")))
		return 0;
	return str_eq(unit, STR("nanoseconds")) ? 1e-9 : str_eq(unit, STR("microseconds")) ? 1e-6 : 0;
}

/* Those that were left a list. */
static struct diff_stacks take_stacks(struct loose *rows)
{
	struct diff_stacks stacks = { .list = loose_stacks(rows), .n_words = rows->n_spans,
				      .of_row = loose_stack_of(rows) };

	stacks.words = loose_take_words(rows);
	return stacks;
}

static int compare(struct diff_args *a, struct readings *readings, bool *ret_exceeded,
		   struct err *err)
{
	const struct reading *newest = &readings->items[readings->n - 1];
	struct diff_input *inputs = calloc((size_t)readings->n + 1, sizeof(*inputs));
	struct diff_view view = { .profile = &newest->shown.profile, .type = (uint32_t)newest->type,
				  .text = a->text, .granularity = a->options.granularity,
				  .above = a->above, .least = a->least,
				  .only_named = a->only_named };
	struct diff diff = { 0 };
	struct difflines lines = { 0 };
	struct source_places sources;
	struct diff_stacks *stacks = calloc((size_t)readings->n + 1, sizeof(*stacks));
	int rc = inputs && stacks ? 0 : -ENOMEM;

	a->options.of_memory = is_memory(newest);
	a->options.cpu_seconds = cpu_seconds(newest);
	if (!a->per_told && is_state(newest)) {
		a->options.per = PER_PROFILE;
		a->work[0] = a->work[1] = 1;
	}
	for (uint32_t i = 0; rc == 0 && i < readings->n; i++) {
		struct reading *reading = &readings->items[i];
		unsigned side = i >= a->n_files[0];

		stacks[i] = take_stacks(&reading->rows);
		inputs[i] = (struct diff_input){ .profile = &reading->shown.profile,
						 .filter = &reading->filter, .side = side,
						 .type = (uint32_t)reading->type,
						 .stacks = stacks[i].list.n ? &stacks[i] : NULL,
						 .work = a->work[side] };
		view.text.folded |= reading->shown.folded;
	}
	if (rc == 0)
		rc = diff_init(&diff, inputs, readings->n, &a->options, err);
	view.diff = &diff;
	if (rc == 0 && wants_lines(a)) {
		rc = difflines_init(&lines, &diff.tree, inputs, readings->n, err);
		view.lines = &lines;
	}
	output_sources(&sources, &newest->profile, newest->path ? newest->path : FILE_DEFAULT_NAME,
		       a->reading.source_directory);
	view.sources = a->reading.no_source ? NULL : &sources;
	view.text.type = newest->type;
	if (rc == 0)
		rc = reading_unit(newest, &view.text.unit, err);
	view.text.filter_words = newest->words[0] ? newest->words : NULL;
	for (unsigned side = 0; side < 2; side++) {
		view.files[side] = a->files + (side ? a->n_files[0] : 0);
		view.n_files[side] = a->n_files[side];
	}
	if (rc == 0 && a->n_files[0] == 1 && a->n_files[1] == 1 && is_one_file(a->files[0], a->files[1]))
		fprintf(stderr, "sonde: %s and %s are one file\n", a->files[0], a->files[1]);
	if (rc == 0)
		rc = a->n_outputs ? write_outputs(a, &view, err) : print(a, &view, err);
	if (rc == 0)
		tell(&view, a->n_outputs > 0, ret_exceeded);
	difflines_fini(&lines);
	diff_fini(&diff);
	for (uint32_t i = 0; stacks && i < readings->n; i++)
		free(stacks[i].words);
	free(stacks);
	free(inputs);
	return rc;
}

int run_diff(const struct command *command, int argc, char **argv)
{
	struct diff_args a = { .text.limit = LIMIT_UNSET, .least = LEAST_DEFAULT };
	struct readings readings = { 0 };
	struct err err = { 0 };
	bool exceeded = false;
	int rc = diff_args_parse(command, argc, argv, &a);

	if (rc == 0)
		rc = diff_args_find_sides(command, &a);
	if (rc == 0)
		rc = check_outputs(command, &a);
	if (rc) {
		free(a.files);
		return rc < 0 ? EXIT_DONE : rc;
	}
	if (a.text.limit == LIMIT_UNSET)
		a.text.limit = a.as == AS_TEXT && !a.n_outputs ? LIMIT_DEFAULT : 0;
	screen_options(&a.text, a.n_outputs ? -1 : STDOUT_FILENO);
	a.reading.listed = tells_no_stacks(&a);
	rc = readings_open(&readings, &a.reading, a.files, a.n_files[0] + a.n_files[1], &err);
	if (rc == 0)
		rc = readings_agree(&readings, &err);
	if (rc == 0)
		rc = compare(&a, &readings, &exceeded, &err);
	readings_close(&readings);
	free(a.files);
	if (rc < 0)
		return failed("%s", err.text[0] ? err.text : err_text(rc));
	return exceeded ? EXIT_ABOVE : EXIT_DONE;
}
