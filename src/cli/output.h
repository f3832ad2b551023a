/* SPDX-License-Identifier: Apache-2.0 */
/* cli/output.h
 *
 * Where a profile goes: the table of formats (format/) and the pictures and reports (render/) behind
 * one call, chosen by -f or by the file's ending.
 */
#ifndef SONDE_CLI_OUTPUT_H
#define SONDE_CLI_OUTPUT_H

#include <stdbool.h>

struct amount_unit;
struct err;
struct filter;
struct profile;
struct shown;

struct output_options {
	const struct filter *filter;	/* NULL: all samples; pprof files always keep all */
	const char *filter_words;
	const char *title;
	const struct amount_unit *unit;	/* NULL, or the one that pictures tell values in */
	int type;			/* -1: the profile's default */
	const struct shown *shown;	/* NULL: views fold it (analyze/shown.h) ... */
	bool native;			/* ... unless this is set */
	const char *source_directory;	/* NULL, or where the page's source is looked for first */
	bool no_source;			/* the page holds none */
	bool icicle;
};

/* Where the source of a page's lines comes from: this machine and debuginfod, and nothing that was written after the
 * profile was taken; where it does not say when that was, after its file at `path` (NULL: none). */
struct source_places;
void output_sources(struct source_places *ret_places, const struct profile *profile, const char *path,
		    const char *directory);

/* Each format that is read or written: what -f takes, one line of words, and the endings (up to a NULL, or
 * FORMAT_SUFFIXES_MAX of them). */
void output_list_formats(void (*tell)(const char *name, const char *words, bool reads, bool writes,
				      const char *const *suffixes, void *context), void *context);

/* Whether something can write that; else a sentence that lists what can. */
int output_check(const char *path, const char *format_name, struct err *err);

/* Whether it is a file that people look at (views, folded stacks): filtered, grouped and folded as they
 * asked. Others keep everything. */
bool output_is_view(const char *path, const char *format_name);

/* Whether what is written shows when samples were taken. */
bool output_shows_times(const char *path, const char *format_name);

/* Whether it is the HTML page, which several profiles fit in (cli/pages.h). */
bool output_is_page(const char *path, const char *format_name);

/* Whether a file can be made there: asked before a recording begins, so that nobody records for an hour
 * and then learns that it cannot. Leaves nothing behind. */
int output_try(const char *path, struct err *err);

/* A reader of standard output that has gone (| head) ends us like any other filter; else rc. */
int output_end(int rc, const char *path);

/* Writes the profile (views and folded stacks: as it is shown) to `path` ("-": standard output). The file
 * appears complete or not at all. */
int output_write(const struct profile *profile, const char *path, const char *format_name,
		 const struct output_options *options, struct err *err);

#endif
