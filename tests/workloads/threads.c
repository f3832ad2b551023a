/* SPDX-License-Identifier: Apache-2.0 */
/* Four named threads with different work; the table also says what each thread used ("@thread:NAME"). */
#include <pthread.h>

#include "truth.h"

#define THREADS 4

static const struct job {
	const char *thread, *share;
	uint32_t part;
} jobs[THREADS] = {
	{ "alpha", "@thread:alpha", 40 },
	{ "beta worker", "@thread:beta worker", 30 },
	{ "gamma-15-chars!", "@thread:gamma-15-chars!", 20 },
	{ "delta", "@thread:delta", 10 },
};

NOINLINE uint64_t common_work(uint32_t rounds)
{
	return truth_burn(rounds, 37) + 1;
}

NOINLINE uint64_t special_work(uint32_t rounds)
{
	return truth_burn(rounds, 41) + 1;
}

NOINLINE void *thread_main(void *arg)
{
	const struct job *job = arg;
	double share_s = truth_seconds * job->part / 100;

	pthread_setname_np(pthread_self(), job->thread);
	while ((double)truth_now() / 1e9 < share_s) {
		if (truth_random(100) < 60)
			TIMED("common_work", common_work(300000));
		else
			TIMED("special_work", special_work(300000));
	}
	truth_add(truth_region(job->share), truth_now());
	truth_add(truth_region("thread_main"), truth_now());
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	truth_init(argc, argv);
	truth_region("common_work");
	truth_region("special_work");
	truth_region("thread_main");
	for (int i = 0; i < THREADS; i++)
		truth_region(jobs[i].share);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, thread_main, (void *)&jobs[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	truth_print();
	return 0;
}
