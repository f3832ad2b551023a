/* SPDX-License-Identifier: Apache-2.0 */
/* sonde flame: draw a profile. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/readings.h"
#include "format/wrap.h"

#define FLAME_DEFAULT "flame.html"

struct flame_args {
	struct reading reading;		/* the options that all files share */
	struct output_options options;
	const char *output, *format;
	const char **paths;		/* at least one; NULL is the default file */
	uint32_t n_paths;
};

/* Refuses what would be left out of the file without a word. */
static int check_output(const struct flame_args *a, struct err *err)
{
	const struct reading *reading = &a->reading;
	int rc = output_check(a->output, a->format, err);

	if (rc < 0)
		return rc;
	if (a->n_paths > 1 && !output_is_page(a->output, a->format))
		return err_fail(err, -EINVAL, "only an .html page shows several profiles: for %s name one, "
				"or make one of them with sonde convert", a->output);
	if (!output_is_page(a->output, a->format) && (reading->source_directory || reading->no_source || reading->no_times))
		return err_fail(err, -EINVAL, "%s is for an .html page, which has source lines and times, not for %s",
				reading->no_times ? "--no-times" : reading->no_source ? "--no-source" : "--source", a->output);
	if (output_is_view(a->output, a->format))
		return 0;
	if (reading->words[0] || reading->by)
		return err_fail(err, -EINVAL, "a pprof file keeps all samples as they are: %s is for "
				".html, .svg, .json and .folded",
				reading->words[0] ? reading->words : "--by");
	return 0;
}

/* 0, or what to exit with. */
static int parse(const struct command *command, int argc, char **argv, struct flame_args *a)
{
	struct args args = { .command = command, .argc = argc, .argv = argv, .only_words = true };
	int id;

	while ((id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return -1;
		if (id == ARG_BAD)
			return EXIT_USAGE;
		if (reading_option(&a->reading, id, args.value))
			continue;
		if (id == 'o')
			a->output = args.value;
		else if (id == 'f')
			a->format = args.value;
		else if (id == 300)
			a->options.icicle = true;
		else if (id == 301)
			a->options.title = args.value;
		else if (id == ARG_WORD)
			a->paths[a->n_paths++] = args.value;
	}
	if (!a->n_paths)
		a->n_paths = 1;
	return 0;
}

static int write_page(const struct flame_args *a, const struct readings *readings, struct err *err)
{
	struct buf page = { 0 };
	int rc = pages_write(&page, readings, a->options.title, err);

	if (rc == 0 && page.failed)
		rc = err_fail(err, -ENOMEM, "cannot write %s: out of memory", a->output);
	if (rc == 0)
		rc = output_end(wrap_write_whole(a->output, !a->format, buf_str(&page), err), a->output);
	buf_fini(&page);
	return rc;
}

static int draw(struct flame_args *a, struct err *err)
{
	struct readings readings;
	int rc;

	a->reading.page = output_is_page(a->output, a->format);
	a->reading.untimed = !output_shows_times(a->output, a->format);
	rc = readings_open(&readings, &a->reading, a->paths, a->n_paths, err);

	if (rc == 0 && output_is_page(a->output, a->format)) {
		rc = write_page(a, &readings, err);
	} else if (rc == 0) {
		struct reading *reading = &readings.items[0];

		a->options.filter = &reading->filter;
		a->options.filter_words = reading->words[0] ? reading->words : NULL;
		a->options.type = reading->type;
		a->options.shown = &reading->shown;
		rc = reading_unit(reading, &a->options.unit, err);
		if (rc == 0)
			rc = output_write(&reading->profile, a->output, a->format,
					  &a->options, err);
	}
	readings_close(&readings);
	return rc;
}

int run_flame(const struct command *command, int argc, char **argv)
{
	struct flame_args a = { .options = { .type = -1 }, .output = FLAME_DEFAULT };
	struct err err = { 0 };
	int rc;

	a.paths = calloc((size_t)argc + 1, sizeof(*a.paths));
	if (!a.paths)
		return failed("out of memory");
	rc = parse(command, argc, argv, &a);
	if (rc == 0 && check_output(&a, &err) < 0)
		rc = usage_error(command, "%s", err.text);
	if (rc) {
		free(a.paths);
		return rc < 0 ? EXIT_DONE : rc;
	}
	rc = draw(&a, &err);
	free(a.paths);
	if (rc < 0)
		return failed("%s", err.text[0] ? err.text : err_text(rc));
	if (strcmp(a.output, "-"))
		fprintf(stderr, "written: %s\n", a.output);
	return EXIT_DONE;
}
