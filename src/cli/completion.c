/* SPDX-License-Identifier: Apache-2.0 */
/* sonde completion: what a shell needs to complete commands and options, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* Names of files are completed by the shell itself (-o default) where no option is being typed. */
static void print_bash(void)
{
	fputs("_sonde()\n{\n\tlocal words=\"\" word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords=\"help version", stdout);
	for (const struct command *command = commands; command->name; command++)
		printf(" %s", command->name);
	fputs("\"\n\telif [ \"${word#-}\" != \"$word\" ]; then\n"
	      "\t\tcase \"${COMP_WORDS[1]}\" in\n", stdout);
	for (const struct command *command = commands; command->name; command++) {
		printf("\t\t%s) words=\"--help", command->name);
		for (const struct option_row *o = command->options; o->name; o++)
			printf(" --%s", o->name);
		puts("\" ;;");
	}
	puts("\t\tesac\n\tfi\n"
	     "\t[ -z \"$words\" ] || COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
	     "complete -o default -F _sonde sonde");
}

int run_completion(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	const char *shell = NULL;
	int id;

	while ((id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE;
		if (id == ARG_BAD)
			return EXIT_USAGE;
		shell = args.value;
	}
	if (shell && !strcmp(shell, "zsh"))	/* which can run bash's */
		puts("autoload -U +X bashcompinit && bashcompinit");
	else if (!shell || strcmp(shell, "bash"))
		return usage_error(command, "name a shell: bash or zsh");
	print_bash();
	return EXIT_DONE;
}
