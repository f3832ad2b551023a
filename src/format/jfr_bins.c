/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_bins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/sum.h"
#include "base/vec.h"

#define MEMOS 16384u
#define LOOKS 16u		/* how often it is asked how many rows there will be */
#define STEP_MOST UINT64_C(2000000000000000000)

/* 1 ns, 2 ns, 10 ns, 20 ns, ...: each a multiple of the one before. */
static uint64_t next_step(uint64_t step_ns)
{
	uint64_t power = 1;

	while (power <= step_ns / 10)
		power *= 10;
	return step_ns == power ? 2 * step_ns : 10 * power;
}

int jfr_bins_init(struct jfr_bins *bins, uint32_t n_types, uint64_t n_expected, uint64_t n_all, uint64_t duration_ns,
		  uint32_t rows_max)
{
	*bins = (struct jfr_bins){ .step_ns = 1, .n_types = n_types, .n_expected = n_expected, .rows_max = rows_max,
				   .next_look = n_expected / LOOKS + 1, .first_ns = UINT64_MAX };
	bins->span_ns = n_all ? (double)duration_ns * (double)n_expected / (double)n_all : 0;
	while (n_all && bins->step_ns < STEP_MOST && next_step(bins->step_ns) <= duration_ns / n_all)
		bins->step_ns = next_step(bins->step_ns);
	bins->memo = calloc(MEMOS, sizeof(*bins->memo));
	return bins->memo ? 0 : -ENOMEM;
}

void jfr_bins_fini(struct jfr_bins *bins)
{
	free(bins->to);
	free(bins->time_ns);
	free(bins->values);
	free(bins->memo);
	*bins = (struct jfr_bins){ 0 };
}

static uint64_t hash_of(uint64_t time_ns, uint32_t to)
{
	return hash_u64(time_ns, to);
}

/* The four that may hold it: the one that does, or else the one to be replaced, whose row is the earliest. */
static struct jfr_bin_memo *memo_of(const struct jfr_bins *bins, uint64_t time_ns, uint32_t to)
{
	struct jfr_bin_memo *four = &bins->memo[hash_of(time_ns, to) % (MEMOS / 4) * 4], *place = four;

	for (uint32_t i = 0; i < 4; i++) {
		if (four[i].row && four[i].time_ns == time_ns && four[i].to == to)
			return &four[i];
		if (four[i].row < place->row)
			place = &four[i];
	}
	return place;
}

static uint32_t find(const struct jfr_bins *bins, const struct idindex *index, uint64_t time_ns, uint32_t to)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(index, hash_of(time_ns, to), &step)))
		if (bins->time_ns[id - 1] == time_ns && bins->to[id - 1] == to)
			return id;
	return 0;
}

/* Rows that are one now become one, where the first of them is. */
static void merge(struct jfr_bins *bins)
{
	struct idindex index = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < bins->n && !bins->failed; i++) {
		uint64_t time_ns = bins->time_ns[i] - bins->time_ns[i] % bins->step_ns;
		int64_t *values = bins->values + (size_t)i * bins->n_types, *sums;
		uint32_t id = find(bins, &index, time_ns, bins->to[i]);

		if (id) {
			sums = bins->values + (size_t)(id - 1) * bins->n_types;
			for (uint32_t t = 0; t < bins->n_types; t++)
				sum_add(&sums[t], values[t]);
			continue;
		}
		bins->time_ns[n] = time_ns;
		bins->to[n] = bins->to[i];
		memmove(bins->values + (size_t)n * bins->n_types, values, bins->n_types * sizeof(*values));
		bins->failed = idindex_add(&index, hash_of(time_ns, bins->to[n]), n + 1) < 0;
		n++;
	}
	bins->n = n;
	idindex_fini(&index);
	memset(bins->memo, 0, MEMOS * sizeof(*bins->memo));
	for (uint32_t i = 0; i < n; i++)
		*memo_of(bins, bins->time_ns[i], bins->to[i]) =
			(struct jfr_bin_memo){ bins->time_ns[i], bins->to[i], i + 1 };
}

static void lengthen(struct jfr_bins *bins)
{
	bins->step_ns = next_step(bins->step_ns);
	merge(bins);
}

void jfr_bins_lengthen(struct jfr_bins *bins, uint64_t step_ns)
{
	if (bins->step_ns < step_ns) {
		bins->step_ns = step_ns;
		merge(bins);
	}
}

/* As it goes on: so many rows of so many samples; and while longer steps can make them fewer. */
static bool too_many(const struct jfr_bins *bins, double rows)
{
	return rows > bins->rows_max && bins->step_ns <= bins->last_ns && bins->step_ns < STEP_MOST && !bins->failed;
}

/* Samples mostly come in the order of time: then as many rows as now come again for each such piece of time. */
static double rows_in_the_end(const struct jfr_bins *bins)
{
	double by_samples = (double)bins->n_expected / (double)bins->n_added;
	double by_time = bins->span_ns / ((double)(bins->last_ns - bins->first_ns) + (double)bins->step_ns);

	return (double)bins->n * (by_samples < by_time ? by_samples : by_time);
}

int64_t *jfr_bins_add(struct jfr_bins *bins, uint32_t to, uint64_t time_ns)
{
	uint64_t step, need;
	struct jfr_bin_memo *memo;

	bins->first_ns = time_ns < bins->first_ns ? time_ns : bins->first_ns;
	bins->last_ns = time_ns > bins->last_ns ? time_ns : bins->last_ns;
	if (++bins->n_added == bins->next_look) {
		bins->next_look += bins->n_expected / LOOKS + 1;
		while (too_many(bins, rows_in_the_end(bins)))
			lengthen(bins);
	}
	if (bins->n >= bins->rows_max)
		while (too_many(bins, (double)bins->n * 4 / 3))
			lengthen(bins);
	step = time_ns - time_ns % bins->step_ns;
	memo = memo_of(bins, step, to);
	if (memo->row && memo->time_ns == step && memo->to == to)
		return &bins->values[(size_t)(memo->row - 1) * bins->n_types];
	need = (uint64_t)bins->n + 1;
	if (bins->failed || VEC_RESERVE_RAW(&bins->to, &bins->cap_to, need) < 0 ||
	    VEC_RESERVE_RAW(&bins->time_ns, &bins->cap_time, need) < 0 ||
	    VEC_RESERVE_RAW(&bins->values, &bins->cap_values, need * bins->n_types) < 0) {
		bins->failed = true;
		return NULL;
	}
	bins->to[bins->n] = to;
	bins->time_ns[bins->n] = step;
	memset(&bins->values[(size_t)bins->n * bins->n_types], 0, bins->n_types * sizeof(*bins->values));
	*memo = (struct jfr_bin_memo){ step, to, ++bins->n };
	return &bins->values[(size_t)(bins->n - 1) * bins->n_types];
}
