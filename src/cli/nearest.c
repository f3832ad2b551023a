/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nearest.h"

#include "cli/command.h"

#define WORD_MAX 24

/* Options of pprof, perf and flamegraph.pl, and ours for the same. */
static const struct {
	const char *theirs, *ours;
} elsewhere[] = {
	{ "nodecount", "limit" }, { "nodefraction", "min-share" }, { "percent-limit", "min-share" },
	{ "cum", "total" }, { "children", "total" }, { "sort", "total" },
	{ "flat", "top" }, { "text", "top" }, { "no-children", "top" }, { "stdio", "top" },
	{ "sample_index", "type" }, { "weblist", "disasm" }, { "source_path", "source" },
	{ "tags", "by" }, { "tagroot", "by" }, { "tagleaf", "by" }, { "group", "by" },
	{ "tagfocus", "label" }, { "tagignore", "label" }, { "tagshow", "label" }, { "tag", "label" },
	{ "functions", "granularity" }, { "files", "granularity" }, { "filefunctions", "granularity" },
	{ "addresses", "granularity" }, { "call-graph", "tree" }, { "g", "tree" }, { "traces", "tree" },
	{ "comm", "thread" }, { "tid", "thread" }, { "annotate", "list" },
	{ "inverted", "icicle" }, { "frequency", "rate" }, { "freq", "rate" }, { "hz", "rate" },
	{ "timeout", "duration" }, { "seconds", "duration" }, { "sleep", "duration" }, { "out", "output" },
};

/* How many letters must be put in, left out, changed, or swapped with the next one; 99: words too long to ask. */
static size_t distance(struct str a, struct str b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	if (a.n > WORD_MAX || b.n > WORD_MAX)
		return 99;
	for (size_t i = 0; i <= a.n; i++) {
		for (size_t k = 0; k <= b.n; k++) {
			size_t least = i ? d[i - 1][k] + 1 : k;

			if (!i || !k) {
				d[i][k] = i + k;
				continue;
			}
			if (d[i][k - 1] + 1 < least)
				least = d[i][k - 1] + 1;
			if (d[i - 1][k - 1] + (a.p[i - 1] != b.p[k - 1]) < least)
				least = d[i - 1][k - 1] + (a.p[i - 1] != b.p[k - 1]);
			if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1] &&
			    d[i - 2][k - 2] + 1 < least)
				least = d[i - 2][k - 2] + 1;
			d[i][k] = least;
		}
	}
	return d[a.n][b.n];
}

/* The best of the names offered one by one; a name that the word begins is nearer than any other. */
struct search {
	struct str word;
	size_t least;	/* of best; at first more than is near */
	const char *best;
};

static struct search search_for(struct str word)
{
	return (struct search){ .word = word, .least = word.n / 3 + 2 };
}

static void offer(struct search *search, const char *name)
{
	size_t far = search->word.n > 1 && str_starts(str_of(name), search->word) ? 0 :
			     distance(search->word, str_of(name));

	if (far < search->least && far < strlen(name)) {
		search->least = far;
		search->best = name;
	}
}

static const char *option_of(const struct command *command, const char *name)
{
	for (const struct option_row *o = command->options; o->name; o++)
		if (!strcmp(o->name, name))
			return o->name;
	return NULL;
}

const char *nearest_option(const struct command *command, struct str word)
{
	struct search search = search_for(word);

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (str_eq(word, str_of(elsewhere[i].theirs)) && option_of(command, elsewhere[i].ours))
			return elsewhere[i].ours;
	for (const struct option_row *o = command->options; o->name; o++)
		offer(&search, o->name);
	return search.best;
}

const char *nearest_command(struct str word)
{
	struct search search = search_for(word);

	for (const struct command *command = commands; command->name; command++)
		offer(&search, command->name);
	return search.best;
}
