/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/nearest.h"

static const struct option_row *option_named(const struct command *command, const char *name, size_t n)
{
	for (const struct option_row *o = command->options; o && o->name; o++)
		if (strlen(o->name) == n && !memcmp(o->name, name, n))
			return o;
	return NULL;
}

static const struct option_row *option_lettered(const struct command *command, int letter)
{
	for (const struct option_row *o = command->options; o && o->name; o++)
		if (o->id == letter)
			return o;
	return NULL;
}

static int bad(struct args *args, const char *what, int n, const char *option)
{
	usage_error(args->command, "%s '%.*s'", what, n, option);
	return ARG_BAD;
}

/* `text` is what was written, dashes and all, `word` the name in it. */
static int unknown(struct args *args, struct str text, struct str word)
{
	char nearest[NEAREST_BYTES];

	if (nearest_option(args->command, word, nearest))
		usage_error(args->command, "there is no option '%.*s': did you mean %s?", STR_ARG(text), nearest);
	else
		usage_error(args->command, "there is no option '%.*s'", STR_ARG(text));
	return ARG_BAD;
}

static int long_option(struct args *args, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);
	const struct option_row *o = option_named(args->command, text, n);

	if (n == 4 && !memcmp(text, "help", 4)) {
		print_help(args->command, stdout);
		return ARG_HELP;
	}
	if (!o)
		return unknown(args, str_over(text - 2, n + 2), str_over(text, n));
	if (!o->argument && equals)
		return bad(args, "no value may follow the option", (int)n + 2, text - 2);
	args->value = equals ? equals + 1 : NULL;
	if (o->argument && !equals) {
		if (args->next >= args->argc)
			return bad(args, "a value must follow the option", (int)n + 2, text - 2);
		args->value = args->argv[args->next++];
	}
	return o->id;
}

/* A letter that is none. Who writes -top or -focus=RE, as Go's flags are written, means a long option. */
static int unknown_letter(struct args *args, const char *letter)
{
	struct str word = str_of(args->argv[args->next - 1] + 1), name = str_cut(&word, '=');

	if (name.n > 2)
		return unknown(args, str_over(name.p - 1, name.n + 1), name);
	return unknown(args, str_of(letter), str_of(letter + 1));
}

static int short_option(struct args *args)
{
	const struct option_row *o = option_lettered(args->command, (unsigned char)*args->rest);
	char name[3] = { '-', *args->rest, '\0' };

	if (*args->rest == 'h' && !o && !args->rest[1]) {
		print_help(args->command, stdout);
		return ARG_HELP;
	}
	if (!o)
		return unknown_letter(args, name);
	args->rest++;
	if (o->argument) {
		if (*args->rest)
			args->value = args->rest;
		else if (args->next < args->argc)
			args->value = args->argv[args->next++];
		else
			return bad(args, "a value must follow the option", 2, name);
		args->rest = "";
	}
	return o->id;
}

int args_next(struct args *args)
{
	const char *word;

	args->value = NULL;
	if (args->rest && *args->rest)
		return short_option(args);
	if (args->next >= args->argc)
		return ARG_END;
	word = args->argv[args->next++];
	if (args->ended) {
		args->value = word;
		return ARG_WORD;
	}
	if (!strcmp(word, "--")) {
		args->ended = args->only_words;
		return args->only_words ? args_next(args) : ARG_END;
	}
	if (word[0] == '-' && word[1] == '-')
		return long_option(args, word + 2);
	if (word[0] == '-' && word[1]) {
		args->rest = word + 1;
		return short_option(args);
	}
	args->value = word;
	return ARG_WORD;
}

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "sonde%s%s: ", command ? " " : "", command ? command->name : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (try: sonde %s%s--help)\n", command ? command->name : "",
		command ? " " : "");
	return EXIT_USAGE;
}

int failed(const char *format, ...)
{
	va_list args;

	fputs("sonde: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

int parse_limit(const char *text, uint32_t *ret_limit)
{
	uint64_t limit;

	if (str_parse_u64(str_of(text), 10, &limit) < 0)
		return -EINVAL;
	*ret_limit = limit < UINT32_MAX ? (uint32_t)limit : 0;	/* more than there can be */
	return 0;
}

int parse_percent(const char *text, double *ret_share)
{
	char *end;
	double percent = strtod(text, &end);

	while (*end == ' ' || *end == '%')
		end++;
	if (end == text || *end || !(percent >= 0) || percent > 1e6)
		return -EINVAL;
	*ret_share = percent / 100;
	return 0;
}

int parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *suffix;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "m", 60e9 }, { "h", 3600e9 } };
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value > 0) || value > 1e9)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(end, units[i].suffix)) {
			*ret_ns = (uint64_t)(value * units[i].ns + 0.5);
			return 0;
		}
	}
	return -EINVAL;
}
