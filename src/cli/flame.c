/* SPDX-License-Identifier: Apache-2.0 */
/* sonde flame: draw a profile. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/reading.h"

#define FLAME_DEFAULT "flame.html"

/* Refuses what would be left out of the file without a word. */
static int check_output(const struct reading *reading, const char *output, const char *format,
			struct err *err)
{
	int rc = output_check(output, format, err);

	if (rc < 0 || output_is_view(output, format))
		return rc;
	if (reading->words[0] || reading->by)
		return err_fail(err, -EINVAL, "a pprof file keeps all samples as they are: %s is for "
				".html, .svg, .json and .folded",
				reading->words[0] ? reading->words : "--by");
	return 0;
}

int run_flame(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	struct output_options options = { .type = -1 };
	struct reading reading = { 0 };
	struct err err = { 0 };
	const char *output = FLAME_DEFAULT, *format = NULL;
	int id, rc;

	while ((id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE;
		if (id == ARG_BAD)
			return EXIT_USAGE;
		if (reading_option(&reading, id, args.value))
			continue;
		if (id == 'o')
			output = args.value;
		else if (id == 'f')
			format = args.value;
		else if (id == 300)
			options.icicle = true;
		else if (id == 301)
			options.title = args.value;
		else if (reading_word(&reading, command, id, args.value))
			return EXIT_USAGE;
	}
	if (check_output(&reading, output, format, &err) < 0)
		return usage_error(command, "%s", err.text);
	rc = reading_open(&reading, &err);
	options.filter = &reading.filter;
	options.filter_words = reading.words[0] ? reading.words : NULL;
	options.type = reading.type;
	options.shown = &reading.shown;
	if (rc == 0)
		rc = reading_group(&reading, &err);
	if (rc == 0)
		rc = output_write(&reading.profile, output, format, &options, &err);
	reading_close(&reading);
	if (rc < 0)
		return failed("%s", err.text[0] ? err.text : err_text(rc));
	if (strcmp(output, "-"))
		fprintf(stderr, "written: %s\n", output);
	return EXIT_DONE;
}
