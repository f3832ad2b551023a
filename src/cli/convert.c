/* SPDX-License-Identifier: Apache-2.0 */
/* sonde convert: any format to any other. */
#include <stdio.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/reading.h"
#include "format/format.h"
#include "model/profile.h"

int run_convert(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	struct output_options options = { .type = -1 };
	const char *words[2] = { 0 }, *format = NULL;
	struct err err = { 0 };
	struct profile profile;
	int id, n = 0, rc;

	while ((id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE;
		if (id == ARG_BAD)
			return EXIT_USAGE;
		if (id == 'f')
			format = args.value;
		else if (id == OPTION_NATIVE)
			options.native = true;
		else if (n == 2)
			return usage_error(command, "takes two files, IN and OUT, not '%s' too",
					   args.value);
		else
			words[n++] = args.value;
	}
	if (n != 2)
		return usage_error(command, "takes two files, IN and OUT");
	if (output_check(words[1], format, &err) < 0)
		return usage_error(command, "%s", err.text);
	profile_init(&profile);
	rc = format_read(&profile, words[0], &err);
	if (rc == 0)
		rc = output_write(&profile, words[1], format, &options, &err);
	profile_fini(&profile);
	return rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
}
