/* SPDX-License-Identifier: Apache-2.0 */
/* --help and the manual page, from the table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/output.h"
#include "format/format.h"

#define WIDTH 80
#define OPTION_COLUMNS 29
#define FORMAT_COLUMNS 15

/* Words from a column on, lines after the first from `indent` on. */
static void print_wrapped(const char *text, size_t n, size_t column, size_t indent, FILE *out)
{
	struct str rest = { text, n };

	while (rest.n) {
		struct str word = str_cut(&rest, ' ');

		if (column > indent && column + 1 + word.n > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", STR_ARG(word));
		column += word.n;
	}
	fputc('\n', out);
}

/* A line that begins with spaces is an example and stays as it is. */
static void print_paragraphs(const char *text, FILE *out)
{
	struct str rest = str_of(text);

	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (str_starts(line, STR("  ")))
			fprintf(out, "%.*s\n", STR_ARG(line));
		else
			print_wrapped(line.p, line.n, 0, 0, out);
	}
}

static void print_option(const struct option_row *o, FILE *out)
{
	char left[64];
	int n = 0;

	if (o->id < 256)
		n = snprintf(left, sizeof(left), "-%c, ", o->id);
	snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", o->name, o->argument ? " " : "",
		 o->argument ? o->argument : "");
	fprintf(out, "  %-26s", left);
	if (strlen(left) > 26)
		fprintf(out, "\n%*s", OPTION_COLUMNS - 1, "");
	fputc(' ', out);
	print_wrapped(o->words, strlen(o->words), OPTION_COLUMNS, OPTION_COLUMNS, out);
}

/* "pprof's protobuf ... (.pb.gz .pprof)" and what is done with it. */
static void format_words(char *text, size_t cap, const char *words, bool reads, bool writes,
			 const char *const *suffixes)
{
	size_t n = (size_t)snprintf(text, cap, "%s%s", words, reads && writes ? "" : reads ? "; only read" : "; only written");

	for (int i = 0; i < FORMAT_SUFFIXES_MAX && suffixes[i] && n < cap; i++)
		n += (size_t)snprintf(text + n, cap - n, "%s%s%s", i ? " " : " (", suffixes[i],
				      i + 1 == FORMAT_SUFFIXES_MAX || !suffixes[i + 1] ? ")" : "");
}

static void print_format(const char *name, const char *words, bool reads, bool writes,
			 const char *const *suffixes, void *context)
{
	char text[256];

	format_words(text, sizeof(text), words, reads, writes, suffixes);
	fprintf(context, "  %-12s ", name);
	print_wrapped(text, strlen(text), FORMAT_COLUMNS, FORMAT_COLUMNS, context);
}

static void print_roff(const char *text);

static void print_roff_format(const char *name, const char *words, bool reads, bool writes,
			      const char *const *suffixes, void *context)
{
	char text[256];

	(void)context;
	format_words(text, sizeof(text), words, reads, writes, suffixes);
	printf(".TP\n\\fB%s\\fR\n", name);
	print_roff(text);
}

void print_help(const struct command *command, FILE *out)
{
	if (!command) {
		fputs("sonde: stop guessing where the time goes\n\nusage: sonde COMMAND ...\n\n", out);
		for (command = commands; command->name; command++)
			fprintf(out, "  %-10s %s\n", command->name, command->words);
		fputs("\nsonde COMMAND --help tells more. Begin with: sonde record -p PID -o "
		      "flame.html\n", out);
		return;
	}
	fprintf(out, "usage: sonde %s%s%s\n\n%s.\n", command->name, *command->usage ? " " : "", command->usage,
		command->words);
	print_paragraphs(command->details, out);
	if (command->lists_formats) {
		fputs("\nFormats, each in gzip or zstd too; NAME is what -f takes:\n", out);
		output_list_formats(print_format, out);
	}
	if (command->options->name)
		fputc('\n', out);
	for (const struct option_row *o = command->options; o->name; o++)
		print_option(o, out);
}

/* roff: a line must not begin with a control character, '-' is a minus, and examples are not filled. */
static void print_roff(const char *text)
{
	bool example = false;

	for (const char *p = text; *p; p++) {
		if (p == text || p[-1] == '\n') {
			if (strncmp(p, "  ", 2) == 0 && !example)
				fputs(".nf\n", stdout);
			else if (strncmp(p, "  ", 2) && example)
				fputs(".fi\n", stdout);
			else if (p != text && !example)
				fputs(".br\n", stdout);
			example = strncmp(p, "  ", 2) == 0;
			if (*p == '.' || *p == '\'')
				fputs("\\&", stdout);
		}
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-')
			fputs("\\-", stdout);
		else
			putchar(*p);
	}
	putchar('\n');
	if (example)
		puts(".fi");
}

int run_man(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	int id = args_next(&args);

	if (id == ARG_HELP)
		return EXIT_DONE;
	if (id != ARG_END)
		return id == ARG_BAD ? EXIT_USAGE : usage_error(command, "there is nothing to name");
	puts(".TH SONDE 1 \"\" \"sonde " SONDE_VERSION "\"\n.SH NAME\nsonde \\- shows where programs "
	     "spend their time\n.SH SYNOPSIS\n.B sonde\n.I COMMAND\n[options]\n.SH COMMANDS");
	for (command = commands; command->name; command++) {
		printf(".SS sonde %s ", command->name);
		print_roff(command->usage);
		print_roff(command->words);
		puts(".PP");
		print_roff(command->details);
		if (command->lists_formats) {
			puts(".PP\nFormats, each in gzip or zstd too:");
			output_list_formats(print_roff_format, NULL);
		}
		for (const struct option_row *o = command->options; o->name; o++) {
			puts(".TP");
			if (o->id < 256)
				printf("\\fB\\-%c\\fR, ", o->id);
			printf("\\fB\\-\\-%s\\fR %s\n", o->name, o->argument ? o->argument : "");
			print_roff(o->words);
		}
	}
	puts(".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 sonde diff \\-\\-fail\\-above was exceeded. "
	     "The exit code of a COMMAND that sonde record ran is passed through.\n.SH ENVIRONMENT\n.TP\nNO_COLOR\nno colours\n.TP\nDEBUGINFOD_URLS\nservers to ask "
	     "for debug information, programs and sources\n.TP\nSSL_CERT_FILE\ncertificates to trust when a URL is fetched");
	return EXIT_DONE;
}
