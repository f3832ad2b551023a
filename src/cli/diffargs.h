/* SPDX-License-Identifier: Apache-2.0 */
/* cli/diffargs.h - the command line of sonde diff. */
#ifndef SONDE_CLI_DIFFARGS_H
#define SONDE_CLI_DIFFARGS_H

#include "analyze/diff.h"
#include "cli/reading.h"
#include "render/text.h"

#define OUTPUTS_MAX 8

struct diff_args {
	struct reading reading;		/* the options that all files share */
	struct diff_options options;
	struct text_options text;
	enum { AS_TEXT, AS_JSON, AS_MARKDOWN } as;
	const char *outputs[OUTPUTS_MAX], *format;
	uint32_t n_outputs;
	const char *per;
	double work[2];
	bool per_told;
	double above, least;
	bool only_named;
	const char **files;		/* those of the base first */
	uint32_t n_files[2];
};

/* Words before "--" are one side, those after it the other. 0; -1: help was asked for; or an exit code, told. a->files is
 * to be freed in any case. */
int diff_args_parse(const struct command *command, int argc, char **argv, struct diff_args *a);

/* Which file is on which side. Without "--": BASE NEW, BASE against the newest recording, or that
 * against the one before it. 0 or an exit code, told. */
int diff_args_find_sides(const struct command *command, struct diff_args *a);

#endif
