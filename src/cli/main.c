/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/large.h"
#include "base/truncation.h"
#include "cli/command.h"

/* Large columns are mappings of their own (base/large.h) and go back to the system at once. What is smaller is
 * kept for the next use: giving it back and asking for it again was a quarter of the CPU of merging a hundred
 * files. */
static void keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, (int)LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, 16 * (int)LARGE_BYTES);
	(void)mallopt(M_TOP_PAD, 1 << 20);
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
		const struct command *command = argc > 2 ? commands : NULL;

		while (command && command->name && strcmp(command->name, argv[2]))
			command++;
		print_help(command && command->name ? command : NULL, stdout);
		return EXIT_DONE;
	}
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command->run(command, argc - 2, argv + 2);
	if (!*name) {
		print_help(NULL, stderr);
		return EXIT_USAGE;
	}
	return usage_error(NULL, "there is no command '%s'", name);
}
