/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filter.h"
#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "model/profile.h"

int samples_type(const struct profile *profile)
{
	int type = profile_find_type(profile, STR("samples"));
	const struct strings *strings = &profile->strings;

	return type >= 0 && str_eq(strings_get(strings, profile->types[type].unit), STR("count"))
		       ? type
		       : -1;
}

uint64_t samples_kept(const struct profile *profile, const struct filter *filter)
{
	int type = samples_type(profile);
	int64_t sum = 0;

	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(filter, i))
			sum_add(&sum, type < 0 ? 1
					       : profile->values[(size_t)i * profile->n_types +
								 (uint32_t)type]);
	return sum < 0 ? 0 : (uint64_t)sum;
}

struct keys {
	uint32_t pid, tid, process, thread; /* strings */
};

static bool number(const struct profile *profile, uint32_t set, uint32_t key, int64_t *ret_number)
{
	const struct label *label = key ? labels_find(&profile->labels, set, key) : NULL;

	if (!label || label->str)
		return false;
	*ret_number = label->num;
	return true;
}

static struct str text(const struct profile *profile, uint32_t set, uint32_t key)
{
	const struct label *label = key ? labels_find(&profile->labels, set, key) : NULL;

	return label ? strings_get(&profile->strings, label->str) : (struct str){ 0 };
}

static struct thread_row row_of(const struct profile *profile, const struct keys *keys,
				uint32_t set)
{
	struct thread_row row = {
		.process = text(profile, set, keys->process),
		.thread = text(profile, set, keys->thread),
	};

	row.has_pid = number(profile, set, keys->pid, &row.pid);
	row.has_tid = number(profile, set, keys->tid, &row.tid);
	return row;
}

static uint64_t hash_row(const struct thread_row *row)
{
	uint64_t ids = hash_u64((uint64_t)row->pid, (uint64_t)row->tid);
	uint64_t names = hash_u64(hash_str(row->process), hash_str(row->thread));

	return hash_u64(ids ^ names, (uint64_t)row->has_pid << 1 | row->has_tid);
}

static bool same_thread(const struct thread_row *a, const struct thread_row *b)
{
	return a->pid == b->pid && a->tid == b->tid && a->has_pid == b->has_pid &&
	       a->has_tid == b->has_tid && str_eq(a->process, b->process) &&
	       str_eq(a->thread, b->thread);
}

/* Rows for all label sets, found by their thread. Other labels tell sets apart, not threads. */
static int make_rows(struct threads *threads, const struct profile *profile)
{
	const struct strings *strings = &profile->strings;
	const struct keys keys = {
		.pid = strings_find(strings, STR("pid")),
		.tid = strings_find(strings, STR("tid")),
		.process = strings_find(strings, STR("process")),
		.thread = strings_find(strings, STR("thread")),
	};
	struct idindex index = { 0 };
	int rc = 0;

	for (uint32_t set = 0; set < profile->labels.n && !rc; set++) {
		struct thread_row row = row_of(profile, &keys, set);
		uint64_t hash = hash_row(&row);
		uint32_t step = 0, id;

		while ((id = idindex_probe(&index, hash, &step)))
			if (same_thread(&threads->rows[id - 1], &row))
				break;
		if (!id) {
			rc = VEC_RESERVE(&threads->rows, &threads->cap, (uint64_t)threads->n + 1);
			if (rc < 0)
				break;
			threads->rows[threads->n] = row;
			id = ++threads->n;
			rc = idindex_add(&index, hash, id);
		}
		threads->of_set[set] = id - 1;
	}
	idindex_fini(&index);
	return rc;
}

static int by_value(const void *left, const void *right)
{
	const struct thread_row *a = left, *b = right;
	int d;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	if (a->samples != b->samples)
		return a->samples > b->samples ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	d = str_compare(a->process, b->process);
	return d ? d : str_compare(a->thread, b->thread);
}

/* Sorts rows, forgets those no kept sample has, and lets of_set follow. */
static int sort_rows(struct threads *threads, const bool *used, uint32_t n_sets)
{
	struct thread_row *rows = calloc((size_t)threads->n + 1, sizeof(*rows));
	uint32_t *place = calloc((size_t)threads->n + 1, sizeof(*place));
	uint32_t n = 0;

	if (!rows || !place) {
		free(rows);
		free(place);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < threads->n; i++) {
		if (!used[i])
			continue;
		rows[n] = threads->rows[i];
		rows[n++].was = i;
	}
	qsort(rows, n, sizeof(*rows), by_value);
	for (uint32_t i = 0; i < n; i++)
		place[rows[i].was] = i;
	for (uint32_t set = 0; set < n_sets; set++)
		threads->of_set[set] = place[threads->of_set[set]];
	free(place);
	free(threads->rows);
	threads->rows = rows;
	threads->n = n;
	return 0;
}

static void add_samples(struct threads *threads, const struct profile *profile,
			const struct filter *filter, uint32_t type, bool *used)
{
	int count_type = samples_type(profile);

	for (uint32_t i = 0; i < profile->n; i++) {
		const int64_t *values = &profile->values[(size_t)i * profile->n_types];
		uint32_t row = threads->of_set[profile->label_set[i]];
		int64_t count = count_type < 0 ? 1 : values[count_type];

		if (!filter_keeps(filter, i))
			continue;
		used[row] = true;
		sum_add(&threads->rows[row].value, values[type]);
		sum_add(&threads->total, values[type]);
		if (count > 0) {
			threads->rows[row].samples += (uint64_t)count;
			threads->samples += (uint64_t)count;
		}
	}
}

int threads_init(struct threads *threads, const struct profile *profile,
		 const struct filter *filter, uint32_t type, struct err *err)
{
	bool *used = NULL;
	int rc = -ENOMEM;

	*threads = (struct threads){ 0 };
	if (type >= profile->n_types)
		return err_fail(err, -EINVAL, "the profile has no value type %u", type);
	threads->of_set = calloc((size_t)profile->labels.n + 1, sizeof(*threads->of_set));
	if (!threads->of_set || make_rows(threads, profile) < 0)
		goto out;
	used = calloc((size_t)threads->n + 1, 1);
	if (!used)
		goto out;
	add_samples(threads, profile, filter, type, used);
	rc = sort_rows(threads, used, profile->labels.n);
out:
	free(used);
	if (rc < 0) {
		err_set(err, "out of memory over %u label sets", profile->labels.n);
		threads_fini(threads);
	}
	return rc;
}

void threads_fini(struct threads *threads)
{
	free(threads->rows);
	free(threads->of_set);
	*threads = (struct threads){ 0 };
}

int64_t kept_total(const struct profile *profile, const struct filter *filter, uint32_t type)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < profile->n; i++)
		if (filter_keeps(filter, i))
			sum_add(&sum, profile->values[(size_t)i * profile->n_types + type]);
	return sum;
}

bool kept_negative(const struct profile *profile, const struct filter *filter, uint32_t type)
{
	for (uint32_t i = 0; i < profile->n; i++)
		if (profile->values[(size_t)i * profile->n_types + type] < 0 && filter_keeps(filter, i))
			return true;
	return false;
}
