/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nearest.h"

#include <stdio.h>

#include "cli/command.h"

#define WORD_MAX 24

/* Options of pprof, perf and flamegraph.pl, and ours for the same. */
static const struct {
	const char *theirs, *ours;
} elsewhere[] = {
	{ "nodecount", "--limit" }, { "nodefraction", "--min-share" }, { "percent-limit", "--min-share" },
	{ "cum", "--total" }, { "children", "--total" }, { "sort", "--total" },
	{ "flat", "--top" }, { "text", "--top" }, { "no-children", "--top" }, { "stdio", "--top" },
	{ "sample_index", "--type" }, { "weblist", "--disasm" }, { "source_path", "--source" },
	{ "inuse_space", "--type inuse_space" }, { "inuse_objects", "--type inuse_objects" },
	{ "alloc_space", "--type alloc_space" }, { "alloc_objects", "--type alloc_objects" },
	{ "contentions", "--type contentions" }, { "total_delay", "--type delay" },
	{ "tags", "--by" }, { "tagroot", "--by" }, { "tagleaf", "--by" }, { "group", "--by" },
	{ "tagfocus", "--label" }, { "tagignore", "--label" }, { "tagshow", "--label" }, { "tag", "--label" },
	{ "functions", "--granularity function" }, { "files", "--granularity file" },
	{ "filefunctions", "--granularity function" }, { "addresses", "--granularity address" },
	{ "call-graph", "--tree" }, { "call_tree", "--tree" }, { "g", "--tree" }, { "traces", "--tree" },
	{ "comm", "--thread" }, { "tid", "--thread" }, { "annotate", "--list" },
	{ "inverted", "--icicle" }, { "frequency", "--rate" }, { "freq", "--rate" }, { "hz", "--rate" },
	{ "timeout", "--duration" }, { "seconds", "--duration" }, { "sleep", "--duration" }, { "out", "--output" },
	{ "base", "sonde diff BASE NEW" }, { "diff_base", "sonde diff BASE NEW" },
	{ "http", "sonde view FILE" }, { "web", "sonde view FILE" }, { "svg", "sonde flame FILE -o x.svg" },
	{ "dot", "sonde convert FILE x.dot" }, { "raw", "sonde convert FILE x.folded" },
	{ "proto", "sonde convert FILE x.pb.gz" }, { "callgrind", "sonde convert FILE x.callgrind" },
	{ "kcachegrind", "sonde convert FILE x.callgrind" }, { "comments", "sonde report --json FILE" },
	{ "trim", "--limit 0" }, { "seconds", "sonde record URL -d SECONDS" },
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
	return (struct search){ .word = word, .least = word.n / 3 + 1 };
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

/* Whether the command has the option that the phrase begins with, dashes and all; another command it can always be. */
static bool fits(const struct command *command, const char *phrase)
{
	struct str name = str_of(phrase + 2);

	if (strncmp(phrase, "--", 2))
		return true;
	name = str_cut(&name, ' ');
	for (const struct option_row *o = command->options; o->name; o++)
		if (str_eq(str_of(o->name), name))
			return true;
	return false;
}

bool nearest_option(const struct command *command, struct str word, char text[NEAREST_BYTES])
{
	struct search search = search_for(word);

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (str_eq(word, str_of(elsewhere[i].theirs)) && fits(command, elsewhere[i].ours)) {
			snprintf(text, NEAREST_BYTES, "%s", elsewhere[i].ours);
			return true;
		}
	for (const struct option_row *o = command->options; o->name; o++)
		offer(&search, o->name);
	if (search.best)
		snprintf(text, NEAREST_BYTES, "--%s", search.best);
	return search.best;
}

const char *nearest_command(struct str word)
{
	struct search search = search_for(word);

	for (const struct command *command = commands; command->name; command++)
		offer(&search, command->name);
	return search.best;
}
