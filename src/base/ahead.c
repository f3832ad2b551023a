/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ahead.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/parallel.h"

#define WORTH_BYTES ((size_t)4 << 20)
#define STEP ((size_t)2 << 20)
#define AROUND ((size_t)64 << 10)	/* Linux maps so much around a page that is touched, where it is cached */
#define NAP_US 500

static size_t read_of(const size_t *place)
{
	return __atomic_load_n(place, __ATOMIC_RELAXED);
}

/* How much of a step from `at` on, which is a multiple of STEP, is of the file. */
static size_t step_at(const struct ahead *ahead, size_t at)
{
	size_t left = ahead->file.n - at;

	return left < STEP ? left : STEP;
}

/* Makes ready what comes next: *ready, a multiple of STEP, moves on. False: there is nothing to do. (A byte is touched in
 * each AROUND: MADV_POPULATE_READ goes from page to page, and takes twice as long.) */
static bool make_ready(struct ahead *ahead, size_t *ready)
{
	size_t reached = read_of(&ahead->reached);

	if (*ready < reached)
		*ready = reached & ~(STEP - 1);
	if (*ready >= ahead->file.n || *ready >= reached + AHEAD_BYTES)
		return false;
	for (size_t at = 0; at < step_at(ahead, *ready); at += AROUND)
		(void)*(const volatile char *)(ahead->file.p + *ready + at);
	*ready += STEP;
	return true;
}

static bool give_back(struct ahead *ahead, size_t *given)
{
	if (*given + STEP + AHEAD_KEPT > read_of(&ahead->passed) ||
	    madvise((void *)(uintptr_t)(ahead->file.p + *given), step_at(ahead, *given), MADV_DONTNEED))
		return false;
	*given += STEP;
	return true;
}

static void *run(void *context)
{
	struct ahead *ahead = context;
	size_t ready = 0, given = 0;

	while (!__atomic_load_n(&ahead->stop, __ATOMIC_RELAXED)) {
		bool busy = make_ready(ahead, &ready);

		busy |= give_back(ahead, &given);
		if (!busy)
			usleep(NAP_US);
	}
	return NULL;
}

void ahead_start(struct ahead *ahead, struct str file)
{
	*ahead = (struct ahead){ 0 };
	if (file.n < WORTH_BYTES || parallel_most(2) < 2)
		return;
	ahead->file = file;
	ahead->running = pthread_create(&ahead->thread, NULL, run, ahead) == 0;
}

void ahead_stop(struct ahead *ahead)
{
	__atomic_store_n(&ahead->stop, true, __ATOMIC_RELAXED);
	if (ahead->running)
		pthread_join(ahead->thread, NULL);
	*ahead = (struct ahead){ 0 };
}
