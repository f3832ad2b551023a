/* SPDX-License-Identifier: Apache-2.0 */
/* sonde view: the page of a profile, in the browser. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/command.h"
#include "cli/loopback.h"
#include "cli/pages.h"
#include "cli/readings.h"

#define WORDS_MOST 16	/* of $BROWSER */

extern char **environ;

/* Starts a command of words, with the address for "%s" or as the last one. False: it cannot be started. */
static bool start_browser(char *command, const char *url)
{
	char *argv[WORDS_MOST + 2], *rest = command, *word;
	posix_spawn_file_actions_t files;
	bool told = false, started;
	uint32_t n = 0;
	pid_t pid;

	while (n < WORDS_MOST && (word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		told |= !strcmp(word, "%s");
		argv[n++] = strcmp(word, "%s") ? word : (char *)url;
	}
	if (!n)
		return false;
	if (!told)
		argv[n++] = (char *)url;
	argv[n] = NULL;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", 0, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", 0, 0);
	started = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) == 0;
	posix_spawn_file_actions_destroy(&files);
	return started;
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* $BROWSER is a list of commands with colons between, of which the first that starts is taken (xdg-open(1), Python's
 * webbrowser). Nothing is lost where there is none: the address has been printed. */
static void open_browser(const char *url)
{
	const char *browser = is_set("BROWSER") ? getenv("BROWSER") : "xdg-open";
	char *commands, *rest, *command;
	bool started = false;

	if (!is_set("BROWSER") && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY"))
		return;
	commands = rest = strdup(browser);
	signal(SIGCHLD, SIG_IGN);	/* it is not waited for */
	while (!started && (command = strsep(&rest, ":")))
		started = start_browser(command, url);
	if (!started)
		fprintf(stderr, "cannot start %s: open the address yourself\n", browser);
	free(commands);
}

/* A descriptor that can be read once somebody wants us to end; or -errno, and the signals do as ever. */
static int stop_descriptor(struct err *err)
{
	sigset_t signals;
	int stop;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	stop = signalfd(-1, &signals, SFD_CLOEXEC);
	if (stop < 0)
		return err_fail(err, -errno, "cannot wait for Ctrl-C: %s", err_text(errno));
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return stop;
}

static int serve(struct str page, uint16_t port, bool quiet, struct err *err)
{
	struct loopback loopback;
	int rc = loopback_open(&loopback, port, err), stop;

	if (rc < 0)
		return rc;
	printf("%s\n", loopback.url);
	fflush(stdout);
	fprintf(stderr, "Ctrl-C ends it\n");
	if (!quiet)
		open_browser(loopback.url);
	stop = stop_descriptor(err);	/* behind the browser's start, which must not inherit what is blocked */
	rc = stop < 0 ? stop : loopback_serve(&loopback, page, stop, err);
	if (stop >= 0)
		close(stop);
	loopback_close(&loopback);
	return rc;
}

static int view(const struct reading *common, const char *const *paths, uint32_t n, uint16_t port,
		bool quiet, struct err *err)
{
	struct readings readings = { 0 };
	struct buf page = { 0 };
	int rc = readings_open(&readings, common, paths, n, err);

	if (rc == 0)
		rc = pages_write(&page, &readings, NULL, err);
	readings_close(&readings);
	if (rc == 0)
		rc = page.failed ? err_fail(err, -ENOMEM, "cannot make the page: out of memory") :
				   serve(buf_str(&page), port, quiet, err);
	buf_fini(&page);
	return rc;
}

int run_view(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv, .only_words = true };
	struct reading reading = { .page = true };	/* the options that all files share */
	const char **paths = calloc((size_t)argc + 1, sizeof(*paths));
	struct err err = { 0 };
	uint64_t port = 0;
	bool quiet = false;
	uint32_t n = 0;
	int id, rc = 0;

	if (!paths)
		return failed("out of memory");
	while (!rc && (id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP || id == ARG_BAD) {
			free(paths);
			return id == ARG_HELP ? EXIT_DONE : EXIT_USAGE;
		}
		if (reading_option(&reading, id, args.value))
			continue;
		if (id == 301)
			quiet = true;
		else if (id == 300 && (str_parse_u64(str_of(args.value), 10, &port) < 0 || port > UINT16_MAX))
			rc = usage_error(command, "--port takes a number up to 65535, not '%s'", args.value);
		else if (id == ARG_WORD)
			paths[n++] = args.value;
	}
	if (!rc) {
		rc = view(&reading, paths, n ? n : 1, (uint16_t)port, quiet, &err);
		rc = rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
	}
	free(paths);
	return rc;
}
