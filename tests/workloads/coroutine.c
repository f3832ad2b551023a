/* SPDX-License-Identifier: Apache-2.0 */
/* Three coroutines, each on its own stack, take turns by swapcontext(). */
#include <ucontext.h>

#include "truth.h"

#define COROUTINES 3

static ucontext_t scheduler, contexts[COROUTINES];

NOINLINE uint64_t reader_work(uint32_t rounds)
{
	return truth_burn(rounds, 43) + 1;
}

NOINLINE uint64_t writer_work(uint32_t rounds)
{
	return truth_burn(rounds, 47) + 1;
}

NOINLINE uint64_t logger_work(uint32_t rounds)
{
	return truth_burn(rounds, 53) + 1;
}

/* A coroutine's regions are its work only: a TIMED() must not span a switch. */
static void reader(void)
{
	for (;;) {
		TIMED("reader_work", reader_work(500000));
		swapcontext(&contexts[0], &scheduler);
	}
}

static void writer(void)
{
	for (;;) {
		TIMED("writer_work", writer_work(300000));
		swapcontext(&contexts[1], &scheduler);
	}
}

static void logger(void)
{
	for (;;) {
		TIMED("logger_work", logger_work(200000));
		swapcontext(&contexts[2], &scheduler);
	}
}

NOINLINE uint64_t scheduler_work(uint32_t rounds)
{
	return truth_burn(rounds, 59) + 1;
}

int main(int argc, char **argv)
{
	static void (*const bodies[COROUTINES])(void) = { reader, writer, logger };

	truth_init(argc, argv);
	for (int i = 0; i < COROUTINES; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = malloc(1 << 16);
		contexts[i].uc_stack.ss_size = 1 << 16;
		makecontext(&contexts[i], bodies[i], 0);
	}
	while (truth_more()) {
		swapcontext(&scheduler, &contexts[truth_random(COROUTINES)]);
		TIMED("scheduler_work", scheduler_work(100000));
	}
	truth_print();
	return 0;
}
