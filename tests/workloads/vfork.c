/* SPDX-License-Identifier: Apache-2.0 */
/* vfork(): the child works on the parent's memory, then becomes another program that works. */
#include <sys/wait.h>

#include "truth.h"

NOINLINE uint64_t before_exec(uint32_t rounds)
{
	return truth_burn(rounds, 23) + 1;
}

NOINLINE uint64_t after_exec(uint32_t rounds)
{
	return truth_burn(rounds, 29) + 1;
}

NOINLINE uint64_t parent_work(uint32_t rounds)
{
	return truth_burn(rounds, 31) + 1;
}

NOINLINE void spawn(char **argv)
{
	char *child[] = { argv[0], (char *)"0", (char *)"child", NULL };
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		for (int i = 0; i < 20; i++)
			TIMED("before_exec", before_exec(250000));
		execv("/proc/self/exe", child);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	if (argc > 2) {
		for (int i = 0; i < 80; i++)
			TIMED("after_exec", after_exec(250000));
		return 0;
	}
	while (truth_more()) {
		spawn(argv);
		for (int i = 0; i < 50; i++)
			TIMED("parent_work", parent_work(250000));
	}
	truth_print();
	return 0;
}
