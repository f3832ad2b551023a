/* SPDX-License-Identifier: Apache-2.0 */
/* argv[2] short-lived children, one after the other, argv[3] ms of CPU time each; each is a new program. */
#include <sys/wait.h>

#include "truth.h"

NOINLINE uint64_t child_major(uint32_t rounds)
{
	return truth_burn(rounds, 71) + 1;
}

NOINLINE uint64_t child_minor(uint32_t rounds)
{
	return truth_burn(rounds, 73) + 1;
}

static int child(double seconds)
{
	while ((double)truth_now() / 1e9 < seconds) {
		if (truth_random(100) < 70)
			TIMED("child_major", child_major(100000));
		else
			TIMED("child_minor", child_minor(100000));
	}
	return 0;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 200;
	char seconds[32], *child_argv[] = { argv[0], seconds, NULL };
	int status;

	if (getenv("TRUTH_FD")) {
		truth_init(argc, argv);
		return child(truth_seconds);
	}
	truth_init(argc, argv);
	snprintf(seconds, sizeof(seconds), "%f", (argc > 3 ? atof(argv[3]) : 20) / 1e3);
	truth_region("child_major");
	truth_region("child_minor");
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execv("/proc/self/exe", child_argv);
			_exit(127);
		}
		waitpid(pid, &status, 0);
	}
	truth_print();
	return 0;
}
