/* SPDX-License-Identifier: Apache-2.0 */
/* cli/command.h
 *
 * The commands and their options, as tables: --help, the man page and the parser come from the same
 * rows. Only this room prints, and only main.c exits.
 */
#ifndef SONDE_CLI_COMMAND_H
#define SONDE_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_ABOVE = 3 };

struct option_row {
	int id;			/* the letter, or a number from 256 on where there is none */
	const char *name;	/* long name */
	const char *argument;	/* NULL: a flag */
	const char *words;
};

struct command {
	const char *name;
	const char *usage;	/* what follows the name */
	const char *words;	/* one line */
	const char *details;	/* paragraphs for --help and the man page */
	const struct option_row *options;	/* ends with a NULL name */
	bool lists_formats;	/* in --help and the man page */
	int (*run)(const struct command *command, int argc, char **argv);
};

/* One row a command; ends with a NULL name. */
extern const struct command commands[];

/* A walk through the arguments of a command: options in any order, up to "--". */
struct args {
	const struct command *command;
	int argc;
	char **argv;
	bool only_words;	/* behind "--" there are words, and no command or second list */
	bool ended;		/* it was met */
	int next;		/* first argument not taken */
	const char *value;	/* of the option just returned */
	const char *rest;	/* letters left of a cluster like -ap */
};

enum { ARG_END = 0, ARG_WORD = -1, ARG_BAD = -2, ARG_HELP = -3 };

/* The next option's id (its argument in .value), ARG_WORD (a word in .value), ARG_END, ARG_BAD (a
 * sentence has been printed), or ARG_HELP (help has been printed). After "--" everything is left,
 * argv[next ..), or (only_words) is a word, whatever it begins with. */
int args_next(struct args *args);

/* Prints "sonde NAME: sentence" and how to get help to standard error; returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints "sonde: sentence" to standard error; returns EXIT_FAILED. */
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* To standard output, or (a mistake) to standard error. NULL: of all commands. */
void print_help(const struct command *command, FILE *out);

/* "30", "30s", "2m", "500ms", "1h" -> nanoseconds. 0 or -EINVAL. */
int parse_duration(const char *text, uint64_t *ret_ns);

/* "5", "0.5%" -> a share. 0 or -EINVAL. */
int parse_percent(const char *text, double *ret_share);

/* Rows of a table, 0: all. 0 or -EINVAL; LIMIT_WORDS is what usage_error() says then, of the text. */
int parse_limit(const char *text, uint32_t *ret_limit);
#define LIMIT_WORDS "--limit takes how many rows to show (0: all), not '%s'"

int run_record(const struct command *command, int argc, char **argv);
int run_report(const struct command *command, int argc, char **argv);
int run_flame(const struct command *command, int argc, char **argv);
int run_diff(const struct command *command, int argc, char **argv);
int run_view(const struct command *command, int argc, char **argv);
int run_convert(const struct command *command, int argc, char **argv);
int run_system(const struct command *command, int argc, char **argv);
int run_completion(const struct command *command, int argc, char **argv);
int run_man(const struct command *command, int argc, char **argv);

#endif
