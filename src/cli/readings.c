/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/readings.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"

#define THREADS_MAX 16

/* Files wait in one line; each thread takes the next. */
struct queue {
	struct reading *items;
	struct err *errs;
	int *rcs;
	uint32_t n;
	uint32_t next;	/* atomic */
};

static void *read_some(void *arg)
{
	struct queue *queue = arg;
	uint32_t i;

	while ((i = __atomic_fetch_add(&queue->next, 1, __ATOMIC_RELAXED)) < queue->n) {
		queue->rcs[i] = reading_open(&queue->items[i], &queue->errs[i]);
		if (queue->rcs[i] == 0)
			queue->rcs[i] = reading_group(&queue->items[i], &queue->errs[i]);
	}
	return NULL;
}

/* Where no thread can be had, this one reads all. */
static void read_all(struct queue *queue)
{
	pthread_t threads[THREADS_MAX];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t wanted = cpus > 1 ? (uint32_t)cpus - 1 : 0, started = 0;

	wanted = wanted < queue->n ? wanted : queue->n - 1;
	while (started < wanted && started < THREADS_MAX &&
	       pthread_create(&threads[started], NULL, read_some, queue) == 0)
		started++;
	read_some(queue);
	while (started)
		pthread_join(threads[--started], NULL);
}

static struct str text_of(const struct reading *reading, bool unit)
{
	const struct profile *profile = &reading->profile;
	const struct value_type *type = &profile->types[reading->type];

	return strings_get(&profile->strings, unit ? type->unit : type->type);
}

/* The first file's default, unless --type was given, and the same in all. */
static int agree_on_type(struct readings *readings, struct err *err)
{
	struct reading *first = &readings->items[0];

	for (uint32_t i = 0; i < readings->n; i++) {
		struct reading *reading = &readings->items[i];

		if (!reading->profile.n_types)
			return err_fail(err, -EINVAL, "%s has no values", reading->path);
		if (reading->type < 0 && i == 0)
			reading->type = (int)reading->profile.default_type;
		if (reading->type < 0)
			reading->type = profile_find_type(&reading->profile, text_of(first, false));
		if (reading->type < 0)
			return err_fail(err, -EINVAL, "%s has no values of type '%.*s', which %s is "
					"about: choose one that all have with --type", reading->path,
					STR_ARG(text_of(first, false)), first->path);
		if (!str_eq(text_of(reading, true), text_of(first, true)))
			return err_fail(err, -EINVAL, "%s counts '%.*s' in %.*s, %s in %.*s: they "
					"cannot be compared", reading->path,
					STR_ARG(text_of(first, false)),
					STR_ARG(text_of(reading, true)), first->path,
					STR_ARG(text_of(first, true)));
	}
	return 0;
}

int readings_open(struct readings *readings, const struct reading *common, const char *const *paths,
		  uint32_t n, struct err *err)
{
	struct queue queue = { .n = n };
	int rc = 0;

	*readings = (struct readings){ .items = calloc(n, sizeof(*readings->items)) };
	queue.items = readings->items;
	queue.errs = calloc(n, sizeof(*queue.errs));
	queue.rcs = calloc(n, sizeof(*queue.rcs));
	if (!queue.items || !queue.errs || !queue.rcs) {
		rc = err_fail(err, -ENOMEM, "out of memory for %u profiles", n);
		goto out;
	}
	readings->n = n;
	for (uint32_t i = 0; i < n; i++) {
		readings->items[i] = *common;
		readings->items[i].path = paths[i];
		if (common->options.n_labels)
			readings->items[i].options.labels = readings->items[i].labels;
	}
	read_all(&queue);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		rc = queue.rcs[i];
		if (rc < 0 && err && !strstr(queue.errs[i].text, paths[i]))
			err_set(err, "%s: %s", paths[i], queue.errs[i].text[0]
							 ? queue.errs[i].text : err_text(rc));
		else if (rc < 0)
			err_set(err, "%s", queue.errs[i].text);
	}
	if (rc == 0)
		rc = agree_on_type(readings, err);
out:
	free(queue.errs);
	free(queue.rcs);
	return rc;
}

void readings_close(struct readings *readings)
{
	for (uint32_t i = 0; i < readings->n; i++)
		reading_close(&readings->items[i]);
	free(readings->items);
	*readings = (struct readings){ 0 };
}
