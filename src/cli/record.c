/* SPDX-License-Identifier: Apache-2.0 */
/* sonde record: take a profile. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/child.h"
#include "cli/command.h"
#include "cli/fetch.h"
#include "cli/output.h"
#include "cli/reading.h"
#include "cli/screen.h"
#include "cli/target.h"
#include "render/text.h"
#include "session/record.h"

#define OUTPUTS_MAX 16
#define RATE_DEFAULT 99
#define RATE_MAX 50000
#define ATTACH_DEFAULT_NS 10000000000u
#define NO_SAMPLES_PIDS 16	/* that one sentence tells */
#define POLL_MS 1000		/* nothing else is due than the progress line */
#define POLL_LOOK_MS 100	/* where only looking tells that the target has ended, or a ring is small */

struct record_args {
	struct target target;
	const char *url;	/* instead: a server's own profile */
	bool sampling;		/* an option was given that says how to sample */
	const char *outputs[OUTPUTS_MAX];
	int n_outputs;
	const char *format;
	uint64_t rate_hz, duration_ns;
	uint64_t ring_kib;
	const char *source_directory;
	bool native, no_source;
	bool no_times;
};

/* Set by the signal handler; the only mutable state of this file. */
static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t stop_sender;	/* 0: the terminal sent it, to the child too */

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	stop_signal = number;
	stop_sender = info->si_code == SI_KERNEL ? 0 : 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int parse_number(const struct command *command, const char *option, const char *text,
			uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;

	if (str_parse_u64(str_of(text), 10, &value) < 0 || value < min || value > max)
		return usage_error(command, "%s takes a number from %llu to %llu, not '%s'", option,
				   (unsigned long long)min, (unsigned long long)max, text);
	*ret_value = value;
	return 0;
}

/* 0, or the exit code to end with plus one (help has been asked for: EXIT_DONE + 1). */
static int parse(const struct command *command, int argc, char **argv, struct record_args *a)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	int id, rc = 0;

	a->rate_hz = RATE_DEFAULT;
	while (rc == 0 && (id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE + 1;
		if (id == ARG_BAD)
			return EXIT_USAGE + 1;
		if (target_option(&a->target, id, args.value))
			continue;
		a->sampling |= id == 'F' || id == 'e' || id == 257 || id == 258;
		if (id == 'F')
			rc = parse_number(command, "-F", args.value, 1, RATE_MAX, &a->rate_hz);
		else if (id == 'd' && parse_duration(args.value, &a->duration_ns) < 0)
			rc = usage_error(command, "-d takes a time like 30, 30s or 2m, not '%s'",
					 args.value);
		else if (id == 'o' && a->n_outputs == OUTPUTS_MAX)
			rc = usage_error(command, "at most %d files can be written", OUTPUTS_MAX);
		else if (id == 'o')
			a->outputs[a->n_outputs++] = args.value;
		else if (id == 'f')
			a->format = args.value;
		else if (id == 'e' && strcmp(args.value, "cpu"))
			rc = usage_error(command, "there is no event '%s'; there is: cpu", args.value);
		else if (id == OPTION_NATIVE)
			a->native = true;
		else if (id == OPTION_SOURCE)
			a->source_directory = args.value;
		else if (id == OPTION_NO_SOURCE)
			a->no_source = true;
		else if (id == 258)
			a->no_times = true;
		else if (id == 257)
			rc = parse_number(command, "--ring", args.value, 4, 1 << 20, &a->ring_kib);
		else if (id == ARG_WORD && !a->url && fetch_is_url(args.value))
			a->url = args.value;
		else if (id == ARG_WORD)
			rc = usage_error(command, "'%s' is no option; a command to start stands "
					 "behind --, and a URL begins with http://", args.value);
	}
	if (rc == 0 && args.next < argc)
		a->target.command = argv + args.next;
	if (rc == 0 && a->target.pids && !target_pids_valid(a->target.pids))
		rc = usage_error(command, "-p takes process ids like 123 or 123,456, not '%s'",
				 a->target.pids);
	if (rc == 0 && target_given(&a->target) + !!a->url != 1)
		rc = usage_error(command, target_given(&a->target) ?
				 "only one of -p, -n, --cgroup, -a, -- COMMAND and a URL can be the target" :
				 "what shall be profiled? -p PID, -n NAME, --cgroup PATH, -a, a URL, or "
				 "-- COMMAND");
	if (rc == 0 && a->url && a->sampling)
		rc = usage_error(command, "-F, -e, --ring and --no-times are for what Sonde samples itself; how a URL's "
				 "profile is taken its server decides");
	return rc ? rc + 1 : 0;
}

static int check_outputs(const struct record_args *a, struct err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < a->n_outputs; i++)
		rc = output_check(a->outputs[i], a->format, err);
	return rc;
}

static int try_outputs(const struct record_args *a, struct err *err)
{
	int rc = a->n_outputs ? 0 : output_try(FILE_DEFAULT_NAME, err);

	for (int i = 0; rc == 0 && i < a->n_outputs; i++)
		rc = output_try(a->outputs[i], err);
	return rc;
}

static void show_progress(const struct recording *recording, uint64_t start_ns, bool on)
{
	static const char *const clear = "\r\033[K";

	if (on && recording)
		fprintf(stderr, "%srecording: %llu s, %llu samples (Ctrl-C ends it)", clear,
			(unsigned long long)((clock_mono_ns() - start_ns) / 1000000000u),
			(unsigned long long)record_samples(recording));
	else if (on)
		fputs(clear, stderr);
}

/* Passes a signal on to the command, unless the terminal has sent it to both of us. */
static void pass_on(const struct child *child, int number)
{
	if (child->pid && !child->ended && (stop_sender || number != SIGINT))
		kill(child->pid, number);
}

/* Until the time is over, the target has gone, or somebody says stop. */
static int record_until_done(struct recording *recording, const struct record_args *a,
			     struct child *child)
{
	int watch = target_watch(&a->target, child->pid);
	int poll_ms = watch < 0 || record_tier_reason(recording)[0] ? POLL_LOOK_MS : POLL_MS;
	bool progress = isatty(STDERR_FILENO) && !child->pid;
	uint64_t start = clock_mono_ns(), duration = a->duration_ns;
	int rc = 0;

	if (!duration && !child->pid)
		duration = ATTACH_DEFAULT_NS;
	record_watch(recording, watch);
	while (rc == 0 && !stop_signal) {
		uint64_t now = clock_mono_ns(), left = duration ? duration - (now - start) : 0;
		int timeout = poll_ms;

		if (duration && now - start >= duration)
			break;
		if (duration && left / 1000000 < (uint64_t)poll_ms)
			timeout = (int)(left / 1000000) + 1;
		rc = record_poll(recording, timeout);
		if (watch >= 0)
			target_watch_seen(watch);
		if (child->pid ? child_ended(child, false) : !target_alive(&a->target))
			break;
		show_progress(recording, start, progress);
	}
	show_progress(NULL, 0, progress);
	if (stop_signal) {
		pass_on(child, stop_signal);
		/* what the command does at its end belongs to the profile; a second signal ends that */
		stop_signal = 0;
		while (rc == 0 && child->pid && !child_ended(child, false) && !stop_signal)
			rc = record_poll(recording, poll_ms);
	}
	return rc;
}

static int write_outputs(const struct profile *profile, const struct record_args *a,
			 struct err *err)
{
	struct output_options options = { .type = -1, .title = a->target.words,
					  .source_directory = a->source_directory,
					  .no_source = a->no_source,
					  .native = a->native };
	int rc = 0;

	for (int i = 0; i < a->n_outputs && rc == 0; i++)
		rc = output_write(profile, a->outputs[i], a->format, &options, err);
	if (a->n_outputs)
		return rc;
	if (access(FILE_DEFAULT_NAME, F_OK) == 0 && rename(FILE_DEFAULT_NAME, FILE_DEFAULT_NAME ".old") < 0)
		return err_fail(err, -errno, "cannot keep the older " FILE_DEFAULT_NAME " as "
				FILE_DEFAULT_NAME ".old: %s", err_text(errno));
	return output_write(profile, FILE_DEFAULT_NAME, NULL, &options, err);
}

static void print_head(const struct profile *profile, bool native)
{
	struct text_options options = { .type = -1, .limit = 10 };
	struct shown shown;
	struct buf out = { 0 };
	int rc = shown_init(&shown, profile, native, NULL);

	screen_options(&options, STDERR_FILENO);
	options.folded = shown.folded;
	if (rc == 0 && text_report(&out, &shown.profile, &options, NULL) == 0)
		fwrite(out.p, 1, out.n, stderr);
	shown_fini(&shown);
	buf_fini(&out);
	fputs("written: " FILE_DEFAULT_NAME " (sonde report, sonde flame and pprof read it)\n", stderr);
}

static struct record_options session_options(const struct record_args *a, const struct child *child)
{
	const struct target *target = &a->target;
	struct record_options options = {
		.target = target->words, .times = !a->no_times, .runtime_lines = a->native,
		.cpu = { .rate_hz = (uint32_t)a->rate_hz, .mode = TARGET_TGIDS,
			 .pids = target->list.items, .n_pids = target->list.n,
			 .ring_bytes = (uint32_t)a->ring_kib << 10 },
	};

	if (target->all) {
		options.cpu.mode = TARGET_ALL;
	} else if (target->by_cgroup_id) {
		options.cpu.mode = TARGET_CGROUP;
		options.cpu.cgroup_id = target->cgroup_id;
	} else if (child->pid) {
		options.cpu.pids = &child->pid;
		options.cpu.n_pids = 1;
		options.cpu.awaits_exec = true;
	}
	return options;
}

/* Writes what was taken, and shows its head when nothing else was asked for. */
static int deliver(const struct profile *profile, const struct record_args *a, struct err *err)
{
	int rc = write_outputs(profile, a, err);

	if (rc == 0 && !a->n_outputs)
		print_head(profile, a->native);
	return rc;
}

static int fetch(struct record_args *a, struct err *err)
{
	struct fetch_options options = {
		.url = a->url, .duration_ns = a->duration_ns, .stop = &stop_signal,
		.progress = isatty(STDERR_FILENO),
	};
	struct profile profile;
	int rc;

	profile_init(&profile);
	rc = fetch_profile(&profile, &options, a->target.words, sizeof(a->target.words), err);
	if (rc == 0)
		rc = deliver(&profile, a, err);
	if (rc == 0 && profile.n == 0)
		fprintf(stderr, "sonde: no samples: the profile that the server sent is empty\n");
	profile_fini(&profile);
	return rc;
}

/* What waits for its workers is often the one whose pid is known: those that were there before are not followed. */
static void say_no_samples(const struct target *target)
{
	struct pid_list below = { 0 };

	fprintf(stderr, "sonde: no samples: %s used no CPU time while it was recorded", target->words);
	if (target->list.n && process_list_below(&below, target->list.items, target->list.n, NULL) == 0 && below.n) {
		fprintf(stderr, "; processes that it had started before are not taken with it, but with -p ");
		for (uint32_t i = 0; i < target->list.n; i++)
			fprintf(stderr, "%d,", target->list.items[i]);
		for (uint32_t i = 0; i < below.n && i < NO_SAMPLES_PIDS; i++)
			fprintf(stderr, "%s%d", i ? "," : "", below.items[i]);
		if (below.n > NO_SAMPLES_PIDS)
			fprintf(stderr, " and %u more", below.n - NO_SAMPLES_PIDS);
	}
	fputc('\n', stderr);
	pid_list_fini(&below);
}

/* Records and writes; the child's end is waited for by the caller. */
static int record(const struct record_args *a, struct child *child, struct err *err)
{
	struct record_options options = session_options(a, child);
	struct recording *recording = NULL;
	char file[PATH_MAX];
	struct profile profile;
	int rc;

	if (child->pid && child_find_file(a->target.command[0], file, sizeof(file)))
		options.cpu.preload = file;
	profile_init(&profile);
	rc = record_start(&recording, &options, err);
	if (rc == 0 && record_tier_reason(recording)[0])
		fprintf(stderr, "sonde: %s. Going on with %s (sonde system tells more)\n",
			record_tier_reason(recording), record_tier_limits(recording));
	if (rc == 0 && child->pid)
		rc = child_go(child, a->target.command, err);
	if (rc == 0)
		rc = record_until_done(recording, a, child);
	if (rc == 0)
		rc = record_finish(recording, &profile, err);
	record_close(recording);
	if (rc == 0)
		rc = deliver(&profile, a, err);
	if (rc == 0 && profile.n == 0)
		say_no_samples(&a->target);
	if (rc == 0 && !a->no_times && profile.n && !profile.time_ns)
		fprintf(stderr, "sonde: times of samples are not kept: there were more than %u (a lower -F or a shorter -d keeps "
			"them)\n", RECORD_TIMES_MAX);
	profile_fini(&profile);
	return rc;
}

int run_record(const struct command *command, int argc, char **argv)
{
	struct record_args a = { 0 };
	struct child child = { .go_fd = -1, .error_fd = -1 };
	struct err err = { 0 };
	int rc = parse(command, argc, argv, &a), exit_code = EXIT_DONE;

	if (rc)
		return rc - 1;
	rc = check_outputs(&a, &err);
	if (rc < 0)
		return usage_error(command, "%s", err.text);
	rc = try_outputs(&a, &err);
	if (a.url) {
		catch_signals();
		rc = rc < 0 ? rc : fetch(&a, &err);
		return rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
	}
	if (rc == 0)
		rc = target_resolve(&a.target, &err);
	catch_signals();
	if (rc == 0 && a.target.command)
		rc = child_start(&child, a.target.command, &err);
	if (rc == 0)
		rc = record(&a, &child, &err);
	if (rc < 0)
		exit_code = failed("%s", err.text[0] ? err.text : err_text(rc));
	if (child.go_fd >= 0) {
		child_abandon(&child);
	} else if (child.pid) {
		if (!child.ended && rc == 0)
			fprintf(stderr, "sonde: the recording is written; %s runs on\n",
				a.target.command[0]);
		while (!child_ended(&child, true))
			;
		if (rc == 0 || child.never_ran)
			exit_code = child_exit_code(&child);
	}
	target_fini(&a.target);
	return exit_code;
}
