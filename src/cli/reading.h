/* SPDX-License-Identifier: Apache-2.0 */
/* cli/reading.h - what the commands that read a profile share: FILE, --type, the filters, and which
 * of its frames are shown. */
#ifndef SONDE_CLI_READING_H
#define SONDE_CLI_READING_H

#include "analyze/filter.h"
#include "analyze/shown.h"
#include "base/str.h"
#include "format/loose.h"
#include "model/profile.h"

struct command;
struct err;

#define FILE_DEFAULT_NAME "sonde.pb.gz"
#define READING_LABELS_MAX 32
#define READING_PAGE_TIMES 2000000u	/* render/html_times.h */

struct reading {
	const char *path;	/* NULL: FILE_DEFAULT_NAME */
	struct filter_options options;
	const char *type_name, *unit_name;
	const char *program;	/* NULL, or whose addresses the file holds */
	const char *labels[READING_LABELS_MAX];
	const char *source_directory;	/* NULL, or where a page's source is looked for first */
	bool no_source, no_times;	/* a page holds none */
	const char *hide, *show;	/* NULL, or which frames are left out, or not */
	const char *bad_time;
	const char *by;		/* NULL, or the label to group by */
	bool native;		/* nothing is folded away */
	bool untimed;		/* what is made of it shows no times (filters may ask for them still) ... */
	bool page;		/* ... or is a page, which holds so many and no more: */
	bool listed;		/* who reads it needs no tree of stacks: .rows may have a list instead */
	struct profile profile;
	struct loose rows;	/* empty: the profile's rows have stacks of its tree */
	struct shown shown;	/* the profile as views see it; filters are matched against it */
	struct filter filter;
	int type;		/* index, or -1 */
	char words[512];	/* the filters as typed */
	const char *bad_pid;
	bool too_many;		/* --label */
};

#define READING_OPTIONS                                                                          \
	{ 320, "focus", "REGEX", "only samples with a matching function, file or module" },     \
	{ 321, "ignore", "REGEX", "without samples that have a matching one" },                 \
	{ 322, "thread", "REGEX|TID", "only threads of that name or id" },                      \
	{ 323, "pid", "PID", "only that process" },                                             \
	{ 324, "type", "NAME", "which value, where a profile has several (cpu, samples, ...)" }, \
	{ 325, "label", "KEY[=REGEX]", "only samples with that label, and such a value; KEY!=REGEX: only those "  \
				       "without; may be repeated" },                             \
	{ 326, "gil", NULL, "only samples taken while the thread held Python's lock" },         \
	{ 327, "by", "KEY", "apart for each value of a label (thread, process, goroutine, ...) or "  \
			     "by module, file, function, kind, time" }, \
	{ 329, "hide", "REGEX", "leave matching frames out of every stack" },                   \
	{ 330, "show", "REGEX", "leave out all frames but matching ones" },                     \
	{ 331, "time", "A..B", "only samples taken then, since the start: 2s..5s, 500ms.." },    \
	PROGRAM_OPTION,                                                                          \
	NATIVE_OPTION

/* Of commands that write views, too. */
#define NATIVE_OPTION                                                                            \
	{ OPTION_NATIVE, "native", NULL, "show a language runtime's own frames too, not only the "    \
					 "program's" }
#define OPTION_NATIVE 328

/* Of commands that write values as text. */
#define UNIT_OPTION                                                                              \
	{ 333, "unit", "UNIT", "tell values in it: ns us ms s min h; B kB MB GB TB KiB MiB GiB TiB; "  \
			       "count" }

/* Of all commands that read files. */
#define PROGRAM_OPTION { OPTION_PROGRAM, "program", "FILE", "the program that wrote a gmon.out" }
#define OPTION_PROGRAM 334

/* Of commands that write the page. */
#define PAGE_OPTIONS                                                                             \
	{ OPTION_SOURCE, "source", "DIR", "where the page's source lines are looked for first" },  \
	{ OPTION_NO_SOURCE, "no-source", NULL, "leave source lines out of the page" }
#define OPTION_SOURCE 335
#define OPTION_NO_SOURCE 336

/* Of those that read what it shows. */
#define NO_TIMES_OPTION                                                                          \
	{ OPTION_NO_TIMES, "no-times", NULL, "leave times out of the page, and its time axis" }
#define OPTION_NO_TIMES 337

/* Takes one option; false when it is none of these. */
bool reading_option(struct reading *reading, int id, const char *value);

/* Takes FILE; anything else is a usage error (returned). */
int reading_word(struct reading *reading, const struct command *command, int id,
		 const char *value);

/* Reads the file, folds, and applies the filters. */
int reading_open(struct reading *reading, struct err *err);

/* Puts stacks that were left a list into the profile's tree. 0 or -ENOMEM. */
int reading_plant(struct reading *reading, struct err *err);

/* The unit of --unit for the values that are read, NULL where none was asked for. 0 or -EINVAL with a
 * sentence. */
struct amount_unit;
int reading_unit(const struct reading *reading, const struct amount_unit **ret_unit, struct err *err);

/* Groups .shown by the label of --by, if there is one. */
int reading_group(struct reading *reading, struct err *err);
void reading_close(struct reading *reading);

/* Writes to standard output. A reader that has gone (| head) ends us like any other filter. */
int print_all(struct str text, struct err *err);

#endif
