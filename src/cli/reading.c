/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reading.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyze/derived.h"
#include "analyze/groups.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/codeaid.h"
#include "cli/command.h"
#include "cli/namer.h"
#include "cli/place.h"
#include "cli/unnamed.h"
#include "format/format.h"
#include "format/input.h"
#include "render/amount.h"

static void add_words(struct reading *reading, const char *option, const char *value)
{
	size_t n = strlen(reading->words);

	snprintf(reading->words + n, sizeof(reading->words) - n, "%s--%s%s%s", n ? " " : "", option,
		 value ? " " : "", value ? value : "");
}

static void add_label(struct reading *reading, const char *value)
{
	if (reading->options.n_labels == READING_LABELS_MAX) {
		reading->too_many = true;
		return;
	}
	reading->options.labels = reading->labels;
	reading->labels[reading->options.n_labels++] = value;
	add_words(reading, "label", value);
}

/* "2s..5s", "500ms..", "..1m" */
/* "0", "0s", "0.00ms": a beginning may be that, a duration never. */
static bool is_zero(const char *text)
{
	size_t n = strspn(text, "0.");

	return n && text[0] != '.' && (!text[n] || strspn(text + n, "numsh") == strlen(text + n));
}

static bool parse_times(const char *text, struct filter_options *options)
{
	const char *dots = strstr(text, "..");
	char from[32] = "0";

	if (!dots || (size_t)(dots - text) >= sizeof(from))
		return false;
	if (dots > text)
		snprintf(from, sizeof(from), "%.*s", (int)(dots - text), text);
	options->has_time = true;
	options->time_to_ns = UINT64_MAX;
	return (is_zero(from) || parse_duration(from, &options->time_from_ns) == 0) &&
	       (!dots[2] || parse_duration(dots + 2, &options->time_to_ns) == 0) &&
	       options->time_from_ns < options->time_to_ns;
}

bool reading_option(struct reading *reading, int id, const char *value)
{
	uint64_t pid = 0;

	switch (id) {
	case 320:
		reading->options.focus = value;
		add_words(reading, "focus", value);
		return true;
	case 321:
		reading->options.ignore = value;
		add_words(reading, "ignore", value);
		return true;
	case 322:
		reading->options.thread = value;
		add_words(reading, "thread", value);
		return true;
	case 323:
		if (str_parse_u64(str_of(value), 10, &pid) < 0)
			reading->bad_pid = value;
		reading->options.has_pid = true;
		reading->options.pid = pid;
		add_words(reading, "pid", value);
		return true;
	case 324:
		reading->type_name = value;
		return true;
	case 333:
		reading->unit_name = value;
		return true;
	case 325:
		add_label(reading, value);
		return true;
	case 326:
		reading->options.gil = true;
		add_words(reading, "gil", NULL);
		return true;
	case 327:
		reading->by = value;
		return true;
	case 329:
		reading->hide = value;
		add_words(reading, "hide", value);
		return true;
	case 330:
		reading->show = value;
		add_words(reading, "show", value);
		return true;
	case 331:
		if (!parse_times(value, &reading->options))
			reading->bad_time = value;
		add_words(reading, "time", value);
		return true;
	case OPTION_PROGRAM:
		reading->program = value;
		return true;
	case OPTION_SOURCE:
		reading->source_directory = value;
		return true;
	case OPTION_NO_SOURCE:
		reading->no_source = true;
		return true;
	case OPTION_NO_TIMES:
		reading->no_times = true;
		return true;
	case OPTION_NATIVE:
		reading->native = true;
		return true;
	}
	return false;
}

int reading_word(struct reading *reading, const struct command *command, int id, const char *value)
{
	if (id != ARG_WORD || reading->path)
		return usage_error(command, "only one file can be read, not '%s' too: sonde convert makes one of "
				   "several, sonde diff compares two", value ? value : "");
	reading->path = value;
	return 0;
}

/* The sentence lists those that there are: nobody can guess them. */
static int find_type(struct reading *reading, struct err *err)
{
	const struct profile *profile = &reading->profile;
	struct buf names = { 0 };

	reading->type = -1;
	if (!reading->type_name)
		return 0;
	reading->type = profile_find_type(profile, str_of(reading->type_name));
	if (reading->type >= 0)
		return 0;
	for (uint32_t i = 0; i < profile->n_types; i++)
		buf_addf(&names, "%s%.*s", i ? ", " : "; it has: ", STR_ARG(profile_type_name(profile, i)));
	err_set(err, "the profile has no values of type '%s'%.*s", reading->type_name, STR_ARG(buf_str(&names)));
	buf_fini(&names);
	return -EINVAL;
}

/* A label that is asked for and that no sample has may be one that says what the sample is. */
static int derive(struct reading *reading, struct str key, struct err *err)
{
	struct derived_times times = { reading->options.time_from_ns,
				       reading->options.has_time ? reading->options.time_to_ns : UINT64_MAX };
	int rc;

	if (!derived_is_key(key) || groups_check_key(&reading->profile, key, NULL) == 0)
		return 0;
	rc = derived_add(&reading->profile, &reading->shown.profile, key, &times, err);
	/* tables that have grown may have moved */
	reading->shown.profile.strings = reading->profile.strings;
	reading->shown.profile.labels = reading->profile.labels;
	return rc;
}

static int derive_labels(struct reading *reading, struct err *err)
{
	int rc = reading->by ? derive(reading, str_of(reading->by), err) : 0;

	for (uint32_t i = 0; rc == 0 && i < reading->options.n_labels; i++) {
		rc = derive(reading, filter_label_key(reading->labels[i], NULL, NULL), err);
	}
	return rc;
}

/* Whether an option is about when samples were taken. */
static bool asks_for_times(const struct reading *reading)
{
	bool asks = reading->options.has_time || (reading->by && !strcmp(reading->by, "time"));

	for (uint32_t i = 0; i < reading->options.n_labels; i++) {
		asks |= str_eq(filter_label_key(reading->labels[i], NULL, NULL), STR("time"));
	}
	return asks;
}

/* How much of the profile's duration --time keeps. */
static uint64_t shown_duration(const struct reading *reading)
{
	uint64_t all = reading->profile.duration_ns, from = reading->options.time_from_ns,
		 to = reading->options.time_to_ns < all ? reading->options.time_to_ns : all;

	if (!reading->options.has_time)
		return all;
	return to > from ? to - from : 0;
}

int reading_plant(struct reading *reading, struct err *err)
{
	struct profile *profile = &reading->profile;

	if (!loose_stacks(&reading->rows).n)
		return 0;
	if (loose_plant(&reading->rows, profile) < 0)
		return err_fail(err, -ENOMEM, "out of memory over %u samples", profile->n);
	reading->shown.profile.tree = profile->tree;	/* borrowed from before */
	reading->shown.profile.stack = profile->stack;
	return 0;
}

/* Whether frames alone do not tell what is shown: some get names or are folded away, or a name has several kinds, of
 * which the one that cost most counts. */
static bool needs_tree(const struct profile *profile, bool *ret_failed)
{
	const struct frames *frames = &profile->frames;
	uint8_t *kind_of = calloc((size_t)profile->strings.n + 1, sizeof(*kind_of));	/* + 1 */
	bool needs = false;

	*ret_failed = !kind_of;
	for (uint32_t i = 1; kind_of && !needs && i < frames->n_frames; i++) {
		uint8_t kind = frames->frames[i].kind, *known = &kind_of[frames->functions[frames->frames[i].function].name];

		needs = namer_wanted(profile, i) || frame_kind_is_managed(kind) || (*known && *known != kind + 1);
		*known = kind + 1;
	}
	free(kind_of);
	return needs;
}

/* Rows that a reader left loose. */
static int settle(struct reading *reading, struct err *err)
{
	bool failed = false;
	int rc = loose_list(&reading->rows, &reading->profile);

	if (rc == 0 && needs_tree(&reading->profile, &failed))
		rc = reading_plant(reading, err);
	return rc < 0 || failed ? err_fail(err, -ENOMEM, "out of memory over %u samples", reading->profile.n) : 0;
}

int reading_open(struct reading *reading, struct err *err)
{
	const char *path = reading->path ? reading->path : FILE_DEFAULT_NAME;
	struct read_aid aid = { .place = place_addresses, .code = &codeaid };
	int rc;

	profile_init(&reading->profile);
	if (reading->bad_pid)
		return err_fail(err, -EINVAL, "'%s' is not a process id", reading->bad_pid);
	if (reading->bad_time)
		return err_fail(err, -EINVAL, "--time takes FROM..TO, FROM before TO (2s..5s, 500ms.., ..1m), not '%s'",
				reading->bad_time);
	if (reading->too_many)
		return err_fail(err, -EINVAL, "at most %d --label can be given", READING_LABELS_MAX);
	if (!reading->path && access(path, F_OK) < 0)
		return err_fail(err, -ENOENT, "there is no " FILE_DEFAULT_NAME " here: name a file, or "
				"take a profile with sonde record");
	aid.program = reading->program;
	aid.untimed = (reading->untimed || reading->no_times) && !asks_for_times(reading);
	aid.times_max = reading->page && !asks_for_times(reading) ? READING_PAGE_TIMES : 0;
	/* filters look at trees, and so does whoever leaves frames out */
	if (reading->listed && !reading->words[0] && !reading->by && !reading->native)
		aid.loose = &reading->rows;
	rc = format_read_aided(&reading->profile, path, &aid, err);
	if (rc == 0 && reading->rows.batch.n)
		rc = settle(reading, err);
	if (rc == 0 && reading->no_times && aid.untimed)	/* few readers do without them */
		profile_forget_times(&reading->profile);
	if (rc == 0)
		rc = unnamed_resolve(&reading->profile, reading->native, err);
	if (rc == 0)
		rc = find_type(reading, err);
	if (rc == 0)
		rc = shown_init(&reading->shown, &reading->profile, reading->native, err);
	if (rc == 0 && reading->hide)
		rc = shown_hide(&reading->shown, reading->hide, false, err);
	if (rc == 0 && reading->show)
		rc = shown_hide(&reading->shown, reading->show, true, err);
	if (rc == 0)
		rc = derive_labels(reading, err);
	if (rc == 0)
		rc = filter_init(&reading->filter, &reading->shown.profile, &reading->options, err);
	if (rc == 0)
		reading->shown.profile.duration_ns = shown_duration(reading);
	return rc;
}

int reading_unit(const struct reading *reading, const struct amount_unit **ret_unit, struct err *err)
{
	const struct profile *profile = &reading->profile;
	uint32_t type = reading->type < 0 ? profile->default_type : (uint32_t)reading->type;

	*ret_unit = NULL;
	if (!reading->unit_name || type >= profile->n_types)
		return 0;
	return amount_find_unit(reading->unit_name, profile_type_unit(profile, type), ret_unit, err);
}

int reading_group(struct reading *reading, struct err *err)
{
	return reading->by ? shown_group(&reading->shown, &reading->profile, reading->by, err) : 0;
}

void reading_close(struct reading *reading)
{
	filter_fini(&reading->filter);
	shown_fini(&reading->shown);
	loose_fini(&reading->rows);
	profile_fini(&reading->profile);
}

int print_all(struct str text, struct err *err)
{
	while (text.n) {
		ssize_t n = write(STDOUT_FILENO, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		if (n < 0)
			return err_fail(err, -errno, "cannot write standard output: %s",
					err_text(errno));
		text = str_skip(text, (size_t)n);
	}
	return 0;
}
