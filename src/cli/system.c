/* SPDX-License-Identifier: Apache-2.0 */
/* sonde system: what this machine permits, and what is missing. */
#include <stdio.h>

#include "cli/command.h"

int run_system(const struct command *command, int argc, char **argv)
{
	(void)command;
	(void)argc;
	(void)argv;
	return EXIT_DONE;
}
