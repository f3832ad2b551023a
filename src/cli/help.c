/* SPDX-License-Identifier: Apache-2.0 */
/* --help and the manual page, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static void print_option(const struct option_row *o, FILE *out)
{
	char left[64];
	int n = 0;

	if (o->id < 256)
		n = snprintf(left, sizeof(left), "-%c, ", o->id);
	snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", o->name, o->argument ? " " : "",
		 o->argument ? o->argument : "");
	fprintf(out, "  %-26s %s\n", left, o->words);
}

void print_help(const struct command *command, FILE *out)
{
	if (!command) {
		fputs("sonde: stop guessing where the time goes\n\nusage: sonde COMMAND ...\n\n", out);
		for (command = commands; command->name; command++)
			fprintf(out, "  %-9s %s\n", command->name, command->words);
		fputs("\nsonde COMMAND --help tells more. Begin with: sonde record -p PID -o "
		      "flame.html\n", out);
		return;
	}
	fprintf(out, "usage: sonde %s %s\n\n%s.\n%s\n", command->name, command->usage,
		command->words, command->details);
	if (command->options->name)
		fputc('\n', out);
	for (const struct option_row *o = command->options; o->name; o++)
		print_option(o, out);
}

/* roff: a line must not begin with a control character, and '-' is a minus. */
static void print_roff(const char *text)
{
	for (const char *p = text; *p; p++) {
		if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
			fputs("\\&", stdout);
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-')
			fputs("\\-", stdout);
		else if (*p == '\n')
			fputs("\n.br\n", stdout);
		else
			putchar(*p);
	}
	putchar('\n');
}

int run_man(const struct command *command, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts(".TH SONDE 1 \"\" \"sonde " SONDE_VERSION "\"\n.SH NAME\nsonde \\- shows where programs "
	     "spend their time\n.SH SYNOPSIS\n.B sonde\n.I COMMAND\n[options]\n.SH COMMANDS");
	for (command = commands; command->name; command++) {
		printf(".SS sonde %s ", command->name);
		print_roff(command->usage);
		print_roff(command->words);
		puts(".PP");
		print_roff(command->details);
		for (const struct option_row *o = command->options; o->name; o++) {
			puts(".TP");
			if (o->id < 256)
				printf("\\fB\\-%c\\fR, ", o->id);
			printf("\\fB\\-\\-%s\\fR %s\n", o->name, o->argument ? o->argument : "");
			print_roff(o->words);
		}
	}
	puts(".SH EXIT STATUS\n0 done, 1 failed, 2 usage. The exit code of a COMMAND is passed "
	     "through.\n.SH ENVIRONMENT\n.TP\nNO_COLOR\nno colours\n.TP\nDEBUGINFOD_URLS\nservers to ask "
	     "for debug information\n.TP\nSSL_CERT_FILE\ncertificates to trust when a URL is fetched");
	return EXIT_DONE;
}
