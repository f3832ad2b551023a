/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/diffargs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

#define OLD_NAME FILE_DEFAULT_NAME ".old"

/* "total", "time", "profile", "N" (both sides did that much work in each run), "N,M" */
static int parse_per(struct diff_args *a, const char *text)
{
	char *end;

	a->per_told = true;
	if (!strcmp(text, "profile")) {
		a->work[0] = a->work[1] = 1;
		a->options.per = PER_PROFILE;
		return 0;
	}
	if (!strcmp(text, "total") || !strcmp(text, "time")) {
		a->options.per = text[1] == 'o' ? PER_TOTAL : PER_TIME;
		return 0;
	}
	a->options.per = PER_WORK;
	a->work[0] = a->work[1] = strtod(text, &end);
	if (end == text)
		return -EINVAL;
	if (*end == ',') {
		text = end + 1;
		a->work[1] = strtod(text, &end);
		if (end == text)
			return -EINVAL;
	}
	return !*end && isfinite(a->work[0]) && isfinite(a->work[1]) && a->work[0] > 0 &&
			       a->work[1] > 0
		       ? 0
		       : -EINVAL;
}

static int add_output(const struct command *command, struct diff_args *a, const char *path)
{
	if (a->n_outputs == OUTPUTS_MAX)
		return usage_error(command, "at most %d -o can be given", OUTPUTS_MAX);
	a->outputs[a->n_outputs++] = path;
	return 0;
}

static bool take_granularity(struct diff_args *a, const char *word)
{
	bool line = !strcmp(word, "line"), stack = !strcmp(word, "stack");

	a->options.granularity = a->text.granularity = line ? BY_LINE : BY_FUNCTION;
	a->options.by_stack = stack;
	return line || stack || !strcmp(word, "function");
}

static int take_option(const struct command *command, struct diff_args *a, int id,
		       const char *value)
{
	switch (id) {
	case 'o': return add_output(command, a, value);
	case 'f': a->format = value; return 0;
	case 300: a->options.granularity = a->text.granularity = BY_LINE; return 0;
	case 301: a->options.by_stack = true; return 0;
	case 302:
		a->options.measure = DIFF_TOTAL;
		a->text.order = TOP_BY_TOTAL;
		return 0;
	case 303: a->as = AS_JSON; return 0;
	case 304: a->as = AS_MARKDOWN; return 0;
	case 305:
		return parse_limit(value, &a->text.limit) == 0 ? 0 : usage_error(command, LIMIT_WORDS, value);
	case 306:
		return parse_per(a, value) == 0 ? 0 :
		       usage_error(command, "--per takes total, time, profile, or how much work was done "
				   "in each run: N, or N,M for base and new; not '%s'", value);
	case 307:
		return parse_percent(value, &a->above) == 0 && a->above > 0 ? 0 :
		       usage_error(command, "--fail-above takes percent, like 5%%, not '%s'", value);
	case 308:
		return parse_percent(value, &a->least) == 0 ? 0 :
		       usage_error(command, "--at-least takes percent, like 1%%, not '%s'", value);
	case 309: a->only_named = true; return 0;
	case 310:
		return take_granularity(a, value) ? 0 :
		       usage_error(command, "--granularity takes function, line or stack, not '%s'", value);
	}
	return usage_error(command, "there is no such option");
}

/* Options may stand anywhere. */
int diff_args_parse(const struct command *command, int argc, char **argv, struct diff_args *a)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	uint32_t n = 0;
	int id, rc = 0;

	a->files = calloc((size_t)argc + 2, sizeof(*a->files));
	if (!a->files)
		return failed("out of memory");
	for (unsigned side = 0; rc == 0 && side < 2; side++) {
		while (rc == 0 && (id = args_next(&args)) != ARG_END) {
			if (id == ARG_HELP)
				return -1;
			if (id == ARG_BAD)
				return EXIT_USAGE;
			if (id == ARG_WORD) {
				a->files[n++] = args.value;
				a->n_files[side]++;
			} else if (!reading_option(&a->reading, id, args.value)) {
				rc = take_option(command, a, id, args.value);
			}
		}
	}
	if (rc == 0 && args.next < argc)
		rc = usage_error(command, "only one -- can be given");
	return rc;
}

int diff_args_find_sides(const struct command *command, struct diff_args *a)
{
	uint32_t n = a->n_files[0];

	if (a->n_files[1])
		return n ? 0 : usage_error(command, "name the profiles of the base before --, those "
					   "of the new side after it");
	if (n > 2)
		return usage_error(command, "%u files: put -- between those of the base and those of "
				   "the new side", n);
	if (n == 0)
		a->files[n++] = OLD_NAME;
	if (n == 1)
		a->files[n++] = FILE_DEFAULT_NAME;
	a->n_files[0] = a->n_files[1] = 1;
	return 0;
}
