/* SPDX-License-Identifier: Apache-2.0 */
#include "session/latenames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static uint64_t hash_of(const struct latenames_thread *thread)
{
	return hash_u64((uint64_t)thread->pid << 32 | (uint32_t)thread->tid, thread->process);
}

static const struct latenames_thread *find(const struct latenames *names, const struct latenames_thread *thread)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&names->index, hash_of(thread), &step))) {
		const struct latenames_thread *known = &names->threads[id - 1];

		if (known->pid == thread->pid && known->tid == thread->tid && known->process == thread->process)
			return known;
	}
	return NULL;
}

int latenames_note(struct latenames *names, const struct latenames_thread *thread, bool own, uint32_t set)
{
	if (!own) {
		if (VEC_RESERVE(&names->sets, &names->cap_sets, (uint64_t)names->n_sets + 1) < 0)
			return -ENOMEM;
		names->sets[names->n_sets++] = (struct latenames_set){ *thread, set };
		return 0;
	}
	if (find(names, thread))
		return 0;
	if (VEC_RESERVE(&names->threads, &names->cap_threads, (uint64_t)names->n_threads + 1) < 0 ||
	    idindex_add(&names->index, hash_of(thread), names->n_threads + 1) < 0)
		return -ENOMEM;
	names->threads[names->n_threads++] = *thread;
	return 0;
}

/* The same set with another name for the thread. */
static uint32_t with_name(struct labels *labels, uint32_t set, uint32_t key, uint32_t name)
{
	struct label copy[LABELS_PER_SET_MAX];
	uint32_t n;
	const struct label *old = labels_get(labels, set, &n);

	if (n > LABELS_PER_SET_MAX)
		return set;
	memcpy(copy, old, n * sizeof(*copy));
	for (uint32_t i = 0; i < n; i++)
		if (copy[i].key == key)
			copy[i].str = name;
	return labels_add(labels, copy, n);
}

uint32_t *latenames_sets(const struct latenames *names, struct labels *labels, uint32_t key)
{
	uint32_t *sets = names->n_threads && names->n_sets ? calloc(labels->n, sizeof(*sets)) : NULL;

	if (!sets)
		return NULL;
	for (uint32_t i = 0; i < labels->n; i++)
		sets[i] = i;
	for (uint32_t i = 0; i < names->n_sets; i++) {
		const struct latenames_set *late = &names->sets[i];
		const struct latenames_thread *thread = find(names, &late->thread);

		if (thread)
			sets[late->set] = with_name(labels, late->set, key, thread->name);
	}
	return sets;
}

void latenames_fini(struct latenames *names)
{
	free(names->sets);
	free(names->threads);
	idindex_fini(&names->index);
	*names = (struct latenames){ 0 };
}
