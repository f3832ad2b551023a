/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/large.h"
#include "base/truncation.h"
#include "cli/command.h"
#include "cli/nearest.h"

/* Large columns are mappings of their own (base/large.h) and go back to the system at once. What is smaller is
 * kept for the next use: giving it back and asking for it again was a quarter of the CPU of merging a hundred
 * files. */
static void keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, (int)LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, 16 * (int)LARGE_BYTES);
	(void)mallopt(M_TOP_PAD, 1 << 20);
}

/* `sonde x.pb.gz` is a mistake that people make: they mean to look at it. */
static int unknown_command(const char *name)
{
	const char *nearest = nearest_command(str_of(name));

	if (access(name, F_OK) == 0)
		return usage_error(NULL, "there is no command '%s': to read that file, sonde report %s", name, name);
	if (nearest)
		return usage_error(NULL, "there is no command '%s': did you mean %s?", name, nearest);
	return usage_error(NULL, "there is no command '%s'", name);
}

/* The command that `sonde help NAME` asks about. */
static int help_of(const char *name)
{
	const struct command *command = commands;

	while (command->name && strcmp(command->name, name))
		command++;
	if (!command->name)
		return unknown_command(name);
	print_help(command, stdout);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	setlocale(LC_CTYPE, "");
	truncation_survive();
	keep_memory();
	signal(SIGPIPE, SIG_IGN);	/* a failed write says so: see print_all() */
	if (!strcmp(name, "--version") || !strcmp(name, "version")) {
		puts("sonde " SONDE_VERSION);
		return EXIT_DONE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		if (argc > 2)
			return help_of(argv[2]);
		print_help(NULL, stdout);
		return EXIT_DONE;
	}
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command->run(command, argc - 2, argv + 2);
	if (!*name) {
		print_help(NULL, stderr);
		return EXIT_USAGE;
	}
	return unknown_command(name);
}
