/* SPDX-License-Identifier: Apache-2.0 */
/* sonde convert: any format to any other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/codeaid.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/place.h"
#include "cli/reading.h"
#include "cli/unnamed.h"
#include "format/format.h"
#include "format/input.h"
#include "format/losses.h"
#include "model/profile.h"

struct asked {
	const char **words;	/* inputs */
	int n;
	const char *output;
	const char *format;
	struct read_aid aid;
	struct output_options options;
};

/* What the format cannot hold is said, not only left out. */
static void tell_losses(const struct profile *profile, const char *out, const char *format_name)
{
	const struct format *format = format_name ? format_named(str_of(format_name)) : format_for_path(out);
	uint32_t losses = format ? format_losses(format, profile) : 0;
	struct buf words = { 0 };

	losses_add_words(&words, losses);
	if (losses && !words.failed)
		fprintf(stderr, "sonde: not kept in %s, whose format cannot hold it: %.*s\n",
			strcmp(out, "-") ? out : "the output", STR_ARG(buf_str(&words)));
	buf_fini(&words);
}

static int convert(const struct asked *asked, struct err *err)
{
	struct profile profile;
	int rc;

	profile_init(&profile);
	rc = format_read_all(&profile, asked->words, (size_t)asked->n, &asked->aid, err);
	if (rc == 0)
		rc = unnamed_resolve(&profile, asked->options.native, err);
	if (rc == 0)
		rc = output_write(&profile, asked->output, asked->format, &asked->options, err);
	if (rc == 0)
		tell_losses(&profile, asked->output, asked->format);
	profile_fini(&profile);
	return rc;
}

/* The exit code. */
static int check_and_convert(const struct command *command, const struct asked *asked)
{
	struct err err = { 0 };
	const char *out = asked->output;
	int rc;

	if (!out || !asked->n)
		return usage_error(command, "takes two files, IN and OUT");
	/* a pattern of the shell that was meant to be all inputs would lose the last one */
	if (asked->n > 1 && access(out, F_OK) == 0)
		return usage_error(command, "with several files to read, the one to write must not be "
				   "there: %s is", out);
	if (output_check(out, asked->format, &err) < 0)
		return usage_error(command, "%s", err.text);
	rc = convert(asked, &err);
	return rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
}

int run_convert(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv, .only_words = true };
	struct asked asked = { .words = calloc((size_t)argc + 1, sizeof(*asked.words)), .options = { .type = -1 },
			       .aid = { .place = place_addresses, .code = &codeaid } };
	int id, code = EXIT_DONE;

	if (!asked.words)
		return failed("out of memory");
	while ((id = args_next(&args)) != ARG_END && id != ARG_HELP && id != ARG_BAD) {
		if (id == 'o' && asked.output)
			code = usage_error(command, "one file is written, not '%s' too", args.value);
		else if (id == 'o')
			asked.output = args.value;
		else if (id == 'f')
			asked.format = args.value;
		else if (id == OPTION_PROGRAM)
			asked.aid.program = args.value;
		else if (id == OPTION_NATIVE)
			asked.options.native = true;
		else if (asked.n < argc)
			asked.words[asked.n++] = args.value;
	}
	if (!asked.output && asked.n > 1)
		asked.output = asked.words[--asked.n];
	if (id == ARG_BAD)
		code = EXIT_USAGE;
	else if (id == ARG_END && code == EXIT_DONE)
		code = check_and_convert(command, &asked);
	free(asked.words);
	return code;
}
