/* SPDX-License-Identifier: Apache-2.0 */
/* A timer's signal handler works, on the interrupted stack or ("alt") on one of its own. */
#include <signal.h>

#include "truth.h"

NOINLINE uint64_t handler_work(uint32_t rounds)
{
	return truth_burn(rounds, 17) + 1;
}

static void on_tick(int signal)
{
	(void)signal;
	TIMED("on_tick", handler_work(900000));
	KEEP_FRAME();
}

NOINLINE uint64_t interrupted(uint32_t rounds)
{
	return truth_burn(rounds, 19) + 1;
}

NOINLINE uint64_t interrupted_in_kernel(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += (uint64_t)getppid();
	truth_sink += sum;
	return sum + 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_tick };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec every = { .it_interval = { .tv_nsec = 3700000 },
				    .it_value = { .tv_nsec = 3700000 } };
	timer_t timer;

	truth_init(argc, argv);
	truth_region("on_tick");
	if (argc > 2 && strcmp(argv[2], "alt") == 0) {
		stack_t stack = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };

		sigaltstack(&stack, NULL);
		action.sa_flags |= SA_ONSTACK;
	}
	sigaction(SIGUSR2, &action, NULL);
	timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer);
	timer_settime(timer, 0, &every, NULL);
	while (truth_more()) {
		if (truth_random(10) < 6)
			TIMED("interrupted", interrupted(400000));
		else
			TIMED("interrupted_in_kernel", interrupted_in_kernel());
	}
	timer_delete(timer);
	truth_since_start("main");
	truth_print();
	return 0;
}
