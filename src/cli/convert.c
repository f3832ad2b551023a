/* SPDX-License-Identifier: Apache-2.0 */
/* sonde convert: any format to any other. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/reading.h"
#include "cli/unnamed.h"
#include "format/format.h"
#include "model/profile.h"

int run_convert(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	struct output_options options = { .type = -1 };
	const char **words = calloc((size_t)argc + 1, sizeof(*words)), *format = NULL;
	struct err err = { 0 };
	struct profile profile;
	const char *out;
	int id, n = 0, rc;

	if (!words)
		return failed("out of memory");
	while ((id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE;
		if (id == ARG_BAD)
			return EXIT_USAGE;
		if (id == 'f')
			format = args.value;
		else if (id == OPTION_NATIVE)
			options.native = true;
		else if (n < argc)
			words[n++] = args.value;
	}
	if (n < 2)
		return usage_error(command, "takes two files, IN and OUT");
	out = words[n - 1];
	/* a pattern of the shell that was meant to be all inputs would lose the last one */
	if (n > 2 && access(out, F_OK) == 0)
		return usage_error(command, "with several files to read, the one to write must not be "
				   "there: %s is", out);
	if (output_check(out, format, &err) < 0)
		return usage_error(command, "%s", err.text);
	profile_init(&profile);
	rc = format_read_all(&profile, words, (size_t)n - 1, &err);
	if (rc == 0)
		rc = unnamed_resolve(&profile, &err);
	if (rc == 0)
		rc = output_write(&profile, out, format, &options, &err);
	profile_fini(&profile);
	free(words);
	return rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
}
