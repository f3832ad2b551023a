/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/truncation.h"
#include "cli/command.h"

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	setlocale(LC_CTYPE, "");
	truncation_survive();
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
