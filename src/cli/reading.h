/* SPDX-License-Identifier: Apache-2.0 */
/* cli/reading.h - what the commands that read a profile share: FILE, --type and the filters. */
#ifndef SONDE_CLI_READING_H
#define SONDE_CLI_READING_H

#include "analyze/filter.h"
#include "base/str.h"
#include "model/profile.h"

struct command;
struct err;

#define FILE_DEFAULT_NAME "sonde.pb.gz"

struct reading {
	const char *path;	/* NULL: FILE_DEFAULT_NAME */
	struct filter_options options;
	const char *type_name;
	struct profile profile;
	struct filter filter;
	int type;		/* index, or -1 */
	char words[512];	/* the filters as typed */
	const char *bad_pid;
};

#define READING_OPTIONS                                                                          \
	{ 320, "focus", "REGEX", "only samples with a matching function, file or module" },     \
	{ 321, "ignore", "REGEX", "without samples that have a matching one" },                 \
	{ 322, "thread", "REGEX|TID", "only threads of that name or id" },                      \
	{ 323, "pid", "PID", "only that process" },                                             \
	{ 324, "type", "NAME", "which value, where a profile has several (cpu, samples, ...)" }

/* Takes one option; false when it is not one of READING_OPTIONS. */
bool reading_option(struct reading *reading, int id, const char *value);

/* Takes FILE; anything else is a usage error (returned). */
int reading_word(struct reading *reading, const struct command *command, int id,
		 const char *value);

/* Reads the file and applies the filters. */
int reading_open(struct reading *reading, struct err *err);
void reading_close(struct reading *reading);

/* Writes to standard output. A reader that has gone (| head) ends us like any other filter. */
int print_all(struct str text, struct err *err);

#endif
