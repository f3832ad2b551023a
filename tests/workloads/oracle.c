/* SPDX-License-Identifier: Apache-2.0 */
/* Known stacks in C: chains, recursion, callbacks of libc, signal handlers, threads, constructors. */
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "oracle.h"

static ucontext_t back, there;

ORACLE_NOINLINE static uint64_t third(const char *label)
{
	uint64_t x = oracle_spin(label);

	ORACLE_KEEP();
	return x + 1;
}

/* Inlined on purpose: its frame is in the debug information only. */
static inline __attribute__((always_inline)) uint64_t second(const char *label)
{
	return third(label) * 3;
}

ORACLE_NOINLINE static uint64_t first(const char *label)
{
	volatile char room[100];

	room[7] = 1;
	return second(label) + (uint64_t)room[7];
}

ORACLE_NOINLINE static uint64_t recurse(int depth, const char *label)
{
	uint64_t x = depth ? recurse(depth - 1, label) : third(label);

	ORACLE_KEEP();
	return x + (uint64_t)depth;
}

static int compare(const void *a, const void *b)
{
	static int calls;

	if (calls++ == 3)
		third("qsort");
	return *(const int *)a - *(const int *)b;
}

static int compare_once(const void *a, const void *b)
{
	if (a != b)
		third("bsearch");
	return 0;
}

static void visit(const void *node, VISIT which, int depth)
{
	(void)node;
	(void)depth;
	if (which == leaf)
		third("twalk");
}

static void on_signal(int signal)
{
	(void)signal;
	third("signal");
	ORACLE_KEEP();
}

static void on_altstack(int signal)
{
	(void)signal;
	third("altstack");
	ORACLE_KEEP();
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	third("fault");
	uc->uc_mcontext.gregs[REG_RIP] += 2;	/* past the ud2 */
}

ORACLE_NOINLINE static uint64_t faults(void)
{
	__asm__ volatile("ud2");
	return oracle_sink + 1;
}

static void *thread_body(void *arg)
{
	third(arg);
	ORACLE_KEEP();
	return NULL;
}

static void coroutine(void)
{
	third("coroutine");
	ORACLE_KEEP();
}

static void at_exit(void)
{
	third("atexit");
	ORACLE_KEEP();
}

__attribute__((constructor)) static void before_main(void)
{
	third("constructor");
	ORACLE_KEEP();
}

int main(void)
{
	struct sigaction plain = { .sa_handler = on_signal };
	struct sigaction alt = { .sa_handler = on_altstack, .sa_flags = SA_ONSTACK };
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	stack_t stack = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };
	int numbers[] = { 5, 3, 9, 1, 4 }, key = 3;
	pthread_t thread;
	void *tree = NULL;

	setvbuf(stdout, NULL, _IONBF, 0);
	atexit(at_exit);
	first("chain");
	recurse(30, "recursion");
	recurse(900, "deep");
	qsort(numbers, 5, sizeof(numbers[0]), compare);
	bsearch(&key, numbers, 1, sizeof(numbers[0]), compare_once);
	tsearch(&key, &tree, compare);
	twalk(tree, visit);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &plain, NULL);
	sigaction(SIGUSR2, &alt, NULL);
	sigaction(SIGILL, &fault, NULL);
	raise(SIGUSR1);
	raise(SIGUSR2);
	faults();
	pthread_create(&thread, NULL, thread_body, (void *)"thread");
	pthread_join(thread, NULL);
	getcontext(&there);
	there.uc_stack.ss_sp = malloc(1 << 16);
	there.uc_stack.ss_size = 1 << 16;
	there.uc_link = &back;
	makecontext(&there, coroutine, 0);
	swapcontext(&back, &there);
	return 0;
}
