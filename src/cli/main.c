/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/command.h"

/* A file we have mapped can be cut short by somebody else; what is gone then reads as zeros, which every
 * parser takes for damage. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;

	(void)context;
	if (info->si_code != BUS_ADRERR ||
	    mmap((void *)page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		signal(number, SIG_DFL);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
	const char *name = argc > 1 ? argv[1] : "";

	setlocale(LC_CTYPE, "");
	sigaction(SIGBUS, &action, NULL);
	signal(SIGPIPE, SIG_IGN);	/* a failed write says so: see print_all() */
	if (!strcmp(name, "--version") || !strcmp(name, "version")) {
		puts("sonde " SONDE_VERSION);
		return EXIT_DONE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		const struct command *command = argc > 2 ? commands : NULL;

		while (command && command->name && strcmp(command->name, argv[2]))
			command++;
		print_help(command && command->name ? command : NULL);
		return EXIT_DONE;
	}
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command->run(command, argc - 2, argv + 2);
	if (!*name) {
		print_help(NULL);
		return EXIT_USAGE;
	}
	return usage_error(NULL, "there is no command '%s'", name);
}
