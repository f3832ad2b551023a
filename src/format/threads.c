/* SPDX-License-Identifier: Apache-2.0 */
#include "format/threads.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"

static struct thread_of_samples thread_of(const struct profile *profile, uint32_t set)
{
	struct thread_of_samples thread = { 0 };
	const struct label *items;
	uint32_t n;

	items = labels_get(&profile->labels, set, &n);
	for (uint32_t i = 0; i < n; i++) {
		struct str key = strings_get(&profile->strings, items[i].key);
		struct str value = strings_get(&profile->strings, items[i].str);

		if (str_eq(key, STR("process")))
			thread.process = value;
		else if (str_eq(key, STR("thread")))
			thread.thread = value;
		else if (str_eq(key, STR("pid")))
			thread.pid = items[i].num;
		else if (str_eq(key, STR("tid")))
			thread.tid = items[i].num;
	}
	return thread;
}

static uint64_t hash_of(const struct thread_of_samples *t)
{
	return hash_u64(hash_u64((uint64_t)t->pid, (uint64_t)t->tid),
			hash_u64(hash_str(t->process), hash_str(t->thread)));
}

static bool same(const struct thread_of_samples *a, const struct thread_of_samples *b)
{
	return a->pid == b->pid && a->tid == b->tid && str_eq(a->process, b->process) &&
	       str_eq(a->thread, b->thread);
}

/* Index + 1; 0: out of memory. */
static uint32_t add_thread(struct threads_of_samples *threads, struct idindex *index,
			   const struct thread_of_samples *thread)
{
	uint64_t hash = hash_of(thread);
	uint32_t step = 0, id;

	while ((id = idindex_probe(index, hash, &step)))
		if (same(&threads->items[id - 1], thread))
			return id;
	if (VEC_RESERVE(&threads->items, &threads->cap, (uint64_t)threads->n + 1) < 0 ||
	    idindex_add(index, hash, threads->n + 1) < 0)
		return 0;
	threads->items[threads->n] = *thread;
	return ++threads->n;
}

/* Samples of one thread keep their order. */
static int sort(struct threads_of_samples *threads, const struct profile *profile)
{
	uint32_t first = 0;

	threads->order = malloc(((size_t)profile->n + 1) * sizeof(*threads->order));
	if (!threads->order)
		return -ENOMEM;
	for (uint32_t i = 0; i < threads->n; i++) {
		threads->items[i].first = first;
		first += threads->items[i].n;
		threads->items[i].n = 0;
	}
	for (uint32_t i = 0; i < profile->n; i++) {
		struct thread_of_samples *thread = &threads->items[threads->of_set[profile->label_set[i]]];

		threads->order[thread->first + thread->n++] = i;
	}
	return 0;
}

int threads_of_samples_init(struct threads_of_samples *threads, const struct profile *profile)
{
	struct idindex index = { 0 };
	int rc = 0;

	*threads = (struct threads_of_samples){ 0 };
	threads->of_set = malloc(((size_t)profile->labels.n + 1) * sizeof(*threads->of_set));
	if (!threads->of_set)
		return -ENOMEM;
	for (uint32_t set = 0; set < profile->labels.n; set++)
		threads->of_set[set] = UINT32_MAX;
	for (uint32_t i = 0; rc == 0 && i < profile->n; i++) {
		uint32_t set = profile->label_set[i];

		if (threads->of_set[set] == UINT32_MAX) {
			struct thread_of_samples thread = thread_of(profile, set);

			threads->of_set[set] = add_thread(threads, &index, &thread) - 1;
		}
		if (threads->of_set[set] == UINT32_MAX)
			rc = -ENOMEM;
		else
			threads->items[threads->of_set[set]].n++;
	}
	idindex_fini(&index);
	return rc < 0 ? rc : sort(threads, profile);
}

void threads_of_samples_fini(struct threads_of_samples *threads)
{
	free(threads->items);
	free(threads->of_set);
	free(threads->order);
}

void thread_of_samples_add_name(const struct thread_of_samples *thread, struct buf *out)
{
	buf_add_str(out, thread->thread);
	if (thread->tid)
		buf_addf(out, thread->thread.n ? " (%lld)" : "%lld", (long long)thread->tid);
}

/* "worker (1234)" -> "worker", 1234 */
static struct str split_tid(struct str name, int64_t *ret_tid)
{
	ptrdiff_t open = str_rfind(name, '(');
	bool bracketed = open > 0 && name.p[open - 1] == ' ' && str_ends(name, STR(")"));
	struct str digits = bracketed ? str_skip(str_head(name, name.n - 1), (size_t)open + 1) : name;
	uint64_t tid;

	if (str_parse_u64(digits, 10, &tid) < 0 || !tid || tid > INT32_MAX)
		return name;
	*ret_tid = (int64_t)tid;
	return bracketed ? str_head(name, (size_t)open - 1) : (struct str){ 0 };
}

uint32_t thread_of_samples_label(struct profile *profile, struct str name)
{
	struct label set[2] = { { 0 }, { 0 } };
	uint32_t n = 0;
	int64_t tid = 0;
	struct str thread = split_tid(name, &tid);

	if (thread.n)
		set[n++] = (struct label){ .key = strings_add(&profile->strings, STR("thread")),
					   .str = strings_add(&profile->strings, thread) };
	if (tid)
		set[n++] = (struct label){ .key = strings_add(&profile->strings, STR("tid")),
					   .num = tid };
	return n ? labels_add(&profile->labels, set, n) : 0;
}
