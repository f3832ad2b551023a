/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#define THREADS_MAX 16

/* Pieces wait in one line; each thread takes the next. */
struct queue {
	void (*work)(void *context, uint32_t i);
	void *context;
	uint32_t n;
	uint32_t next;	/* atomic */
};

static void *take_pieces(void *arg)
{
	struct queue *queue = arg;
	uint32_t i;

	while ((i = __atomic_fetch_add(&queue->next, 1, __ATOMIC_RELAXED)) < queue->n)
		queue->work(queue->context, i);
	return NULL;
}

uint32_t parallel_most(uint64_t n)
{
	long cpus = n > 1 ? sysconf(_SC_NPROCESSORS_ONLN) : 1;	/* reads a file */
	uint32_t most = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX : (uint32_t)cpus;

	return n < most ? (uint32_t)n : most;
}

void parallel_each(uint32_t n, void (*work)(void *context, uint32_t i), void *context)
{
	struct queue queue = { work, context, n, 0 };
	pthread_t threads[THREADS_MAX];
	uint32_t wanted = n ? parallel_most(n) - 1 : 0, started = 0;

	while (started < wanted &&
	       pthread_create(&threads[started], NULL, take_pieces, &queue) == 0)
		started++;
	take_pieces(&queue);
	while (started)
		pthread_join(threads[--started], NULL);
}
