/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and threads that come and go. argv[2]:
 *   fork        children that work without becoming another program, 20 ms each
 *   mainexit    the main thread ends, another one works on
 *   threadexec  a thread that is not the main one becomes another program
 *   brief       threads of 4 ms each, thousands of them */
#include <pthread.h>
#include <sys/wait.h>

#include "truth.h"

NOINLINE uint64_t child_work(uint32_t rounds)
{
	return truth_burn(rounds, 193) + 1;
}

NOINLINE uint64_t own_work(uint32_t rounds)
{
	return truth_burn(rounds, 197) + 1;
}

static void fork_children(void)
{
	int status;

	while (truth_more()) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int i = 0; i < 80; i++)
				TIMED("child_work", child_work(250000));
			_exit(0);
		}
		waitpid(pid, &status, 0);
		for (int i = 0; i < 40; i++)
			TIMED("own_work", own_work(250000));
	}
	truth_print();
}

static void *work_on(void *unused)
{
	while (truth_more()) {
		if (truth_random(10) < 7)
			TIMED("child_work", child_work(300000));
		else
			TIMED("own_work", own_work(300000));
	}
	truth_print();
	exit(0);
	return unused;
}

static void *become(void *program)
{
	char *argv[] = { program, (char *)"0", (char *)"became", NULL };

	while (truth_more())
		TIMED("own_work", own_work(300000));
	execv("/proc/self/exe", argv);
	return NULL;
}

static void *briefly(void *unused)
{
	for (int i = 0; i < 16; i++)
		TIMED("child_work", child_work(250000));
	return unused;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "fork";
	pthread_t thread;

	truth_init(argc, argv);
	truth_region("child_work");
	truth_region("own_work");
	if (strcmp(mode, "fork") == 0) {
		fork_children();
	} else if (strcmp(mode, "mainexit") == 0) {
		pthread_create(&thread, NULL, work_on, NULL);
		pthread_exit(NULL);
	} else if (strcmp(mode, "threadexec") == 0) {
		truth_seconds /= 2;
		pthread_create(&thread, NULL, become, argv[0]);
		pthread_join(thread, NULL);
	} else if (strcmp(mode, "became") == 0) {
		for (int i = 0; i < 6000; i++)
			TIMED("child_work", child_work(250000));
		truth_print();
	} else {
		while (truth_more()) {
			pthread_create(&thread, NULL, briefly, NULL);
			for (int i = 0; i < 8; i++)
				TIMED("own_work", own_work(250000));
			pthread_join(thread, NULL);
		}
		truth_print();
	}
	return 0;
}
