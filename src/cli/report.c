/* SPDX-License-Identifier: Apache-2.0 */
/* sonde report: read a profile as a table. */
#include <errno.h>
#include <float.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/code.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/reading.h"
#include "cli/screen.h"
#include "elf/debuginfod.h"
#include "render/csv.h"
#include "render/json.h"
#include "render/text.h"

#define LIMIT_DEFAULT 40
#define LIMIT_UNSET UINT32_MAX

struct report_args {
	struct reading reading;
	struct text_options text;
	struct machine_reader machine;
	bool json, csv, assembly, min_share;
	const char *table_option;	/* that asked for the table; NULL: none did */
	const char *asked_twice;	/* another one that did too */
	const char *rows_option;	/* NULL, or which asked for other rows than functions */
};

static void choose(struct report_args *a, enum text_table table, const char *option)
{
	if (a->table_option && a->text.table != table && !a->asked_twice)
		a->asked_twice = option;
	else
		a->table_option = option;
	a->text.table = table;
}

static void peek(struct report_args *a, const char *option, const char *expression, bool callers, bool callees)
{
	choose(a, TEXT_PEEK, option);
	a->text.expression = expression;
	a->text.callers |= callers;
	a->text.callees |= callees;
}

static bool granularity_of(const char *word, enum granularity *ret_granularity)
{
	static const char *const words[] = { [BY_FUNCTION] = "function", [BY_LINE] = "line",
					     [BY_FILE] = "file", [BY_MODULE] = "module",
					     [BY_ADDRESS] = "address", [BY_KIND] = "kind" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(word, words[i])) {
			*ret_granularity = (enum granularity)i;
			return true;
		}
	}
	return false;
}

static int parse(const struct command *command, int argc, char **argv, struct report_args *a)
{
	struct args args = { .command = command, .argc = argc, .argv = argv, .only_words = true };
	double share = 0;
	int id, rc = 0;

	a->text.limit = LIMIT_UNSET;
	while (rc == 0 && (id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE + 1;
		if (id == ARG_BAD)
			return EXIT_USAGE + 1;
		if (reading_option(&a->reading, id, args.value))
			continue;
		switch (id) {
		case 300: choose(a, TEXT_TOP, "--top"); break;
		case 301: choose(a, TEXT_TREE, "--tree"); break;
		case 302:
			a->text.granularity = BY_LINE;
			a->rows_option = "--lines";
			break;
		case 303: choose(a, TEXT_THREADS, "--threads"); break;
		case 304: a->json = true; break;
		case 305:
			if (parse_limit(args.value, &a->text.limit) < 0)
				rc = usage_error(command, LIMIT_WORDS, args.value);
			break;
		case 316:
			if (parse_percent(args.value, &share) < 0)
				rc = usage_error(command, "--min-share takes percent, like 0.5, not '%s'", args.value);
			a->text.min_share = share > 0 ? share : DBL_MIN;	/* 0 is the tree's default */
			a->min_share = true;
			break;
		case 306: a->text.order = TOP_BY_TOTAL; break;
		case 307: peek(a, "--peek", args.value, true, true); break;
		case 308: peek(a, "--callers", args.value, true, false); break;
		case 309: peek(a, "--callees", args.value, false, true); break;
		case 310:
			choose(a, TEXT_LIST, "--list");
			a->text.expression = args.value;
			break;
		case 315:
			a->assembly = true;
			choose(a, TEXT_LIST, "--disasm");
			a->text.expression = args.value;
			break;
		case 314: a->assembly = true; break;
		case 311: a->text.source_directory = args.value; break;
		case 313: a->csv = true; break;
		case 312:
			a->rows_option = "--granularity";
			if (!granularity_of(args.value, &a->text.granularity))
				rc = usage_error(command, "--granularity takes function, line, file, module, "
						 "address or kind, not '%s'", args.value);
			break;
		default:
			rc = reading_word(&a->reading, command, id, args.value);
		}
	}
	if (rc == 0 && a->asked_twice)
		rc = usage_error(command, "%s and %s are two tables: ask for one at a time", a->table_option,
				 a->asked_twice);
	if (rc == 0 && a->json && a->csv)
		rc = usage_error(command, "--json and --csv are two forms: ask for one at a time");
	if (rc == 0 && a->text.source_directory && a->text.table != TEXT_LIST)
		rc = usage_error(command, "--source says where the files are that --list shows: --list REGEX "
				 "--source DIR");
	if (rc == 0 && a->min_share && a->text.table != TEXT_TREE && a->text.table != TEXT_TOP)
		rc = usage_error(command, "--min-share is for the table of functions and for --tree");
	if (rc == 0 && a->rows_option && a->text.table != TEXT_TREE && a->text.table != TEXT_TOP)
		rc = usage_error(command, "%s is for the table of functions and for --tree, not for %s", a->rows_option,
				 a->table_option);
	if (rc == 0 && a->text.order == TOP_BY_TOTAL && a->text.table != TEXT_TOP)
		rc = usage_error(command, "--total sorts the table of functions; %s has an order of its own", a->table_option);
	if (rc == 0 && a->text.limit != LIMIT_UNSET && a->text.table == TEXT_LIST && !a->assembly)
		rc = usage_error(command, "--limit is for tables, the tree and --asm: --list shows all lines that cost something");
	if (rc == 0 && a->assembly && a->text.table != TEXT_LIST)
		rc = usage_error(command, "--asm shows the code of what --list names: --list REGEX --asm, or "
				 "--disasm REGEX");
	if (a->assembly)
		a->text.table = TEXT_CODE;
	if (a->text.limit == LIMIT_UNSET)	/* a tree is bounded by its smallest share; programs want all */
		a->text.limit = a->text.table == TEXT_TREE || a->json || a->csv ? 0 : LIMIT_DEFAULT;
	return rc ? rc + 1 : 0;
}

/* What the views are asked for. In the tree groups are roots; the other tables stand below a table of the
 * groups. */
static int prepare(struct report_args *a, struct err *err)
{
	struct reading *reading = &a->reading;
	int rc = a->text.table == TEXT_TREE ? reading_group(reading, err) : 0;

	if (a->text.table != TEXT_TREE)
		a->text.by = reading->by;
	a->text.filter = &reading->filter;
	a->text.filter_words = reading->words[0] ? reading->words : NULL;
	a->text.type = reading->type;
	a->text.folded = reading->shown.folded;
	a->text.fetch_source = debuginfod_source;
	a->text.machine = &a->machine;
	return rc;
}

static int report_text(struct buf *out, struct report_args *a, struct err *err)
{
	int rc = reading_unit(&a->reading, &a->text.unit, err);

	if (rc < 0)
		return rc;
	screen_options(&a->text, STDOUT_FILENO);
	return text_report(out, &a->reading.shown.profile, &a->text, err);
}

/* What the format csv writes, with every value type: all functions by what they cost themselves. */
static bool is_of_functions(const struct report_args *a)
{
	return a->text.table == TEXT_TOP && a->text.granularity == BY_FUNCTION && !a->text.by &&
	       a->text.order != TOP_BY_TOTAL && !a->text.limit && !a->min_share;
}

int run_report(const struct command *command, int argc, char **argv)
{
	struct report_args a = { 0 };
	struct err err = { 0 };
	struct buf out = { 0 };
	struct code_files *files;
	int rc = parse(command, argc, argv, &a);

	if (rc)
		return rc - 1;
	files = code_files_open();
	if (!files)
		return failed("out of memory");
	a.machine = code_reader(files);
	a.reading.untimed = true;
	rc = reading_open(&a.reading, &err);
	if (rc == 0)
		rc = prepare(&a, &err);
	if (rc == 0 && a.csv && is_of_functions(&a)) {
		rc = output_write(&a.reading.profile, "-", "csv", &(struct output_options){
			.filter = &a.reading.filter, .type = a.reading.type,
			.shown = &a.reading.shown }, &err);
	} else if (rc == 0 && a.csv) {
		rc = csv_report(&out, &a.reading.shown.profile, &a.text, &err);
	} else if (rc == 0 && a.json) {
		rc = json_report(&out, &a.reading.shown.profile, &a.text, &err);
	} else if (rc == 0) {
		rc = report_text(&out, &a, &err);
	}
	if (rc == 0 && out.failed)
		rc = -ENOMEM;
	if (rc == 0)
		rc = print_all(buf_str(&out), &err);
	buf_fini(&out);
	code_files_close(files);
	reading_close(&a.reading);
	return rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
}
