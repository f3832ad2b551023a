/* SPDX-License-Identifier: Apache-2.0 */
/* All samples of a pprof file: rounds of parts that are read at the same time. What comes out does not depend on
 * where parts are cut. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "format/input.h"
#include "format/loose.h"
#include "format/pprof.h"
#include "format/pprof_part.h"

#define FRAMES_FREE ((uint64_t)1 << 20)	/* that any file may have */
#define PART_BYTES ((size_t)32 << 20)
#define PART_MIN ((size_t)2 << 20)	/* less is not worth a thread */

int pprof_part_too_many(const struct pprof_reader *r, struct err *err, const char *at)
{
	return pprof_fail(r, err, at, "its samples unfold to far more frames than a file of this size can "
				      "mean");
}

/* The first field that begins at or behind `near`, but for what a mark is long. */
static size_t cut(const struct pprof_reader *r, size_t near, size_t end)
{
	size_t k = near / PPROF_MARK_BYTES;

	return k < r->n_marks && r->marks[k] < end ? r->marks[k] : end;
}

/* Divides what comes after *at. How many parts. */
static uint32_t make_parts(const struct pprof_reader *r, size_t begin, size_t end, struct pprof_part *parts)
{
	size_t left = end - begin, each = left < PPROF_PARTS * PART_BYTES ? left / PPROF_PARTS : PART_BYTES;
	uint32_t n = each < PART_MIN ? 1 : PPROF_PARTS;

	for (uint32_t i = 0; i < n; i++) {
		size_t stop = n == 1 || (i + 1 == n && left <= PPROF_PARTS * PART_BYTES) ?
			      end : cut(r, begin + each, end);

		parts[i] = (struct pprof_part){ .reader = r, .begin = begin, .end = stop };
		begin = stop;
	}
	return n;
}

static void read_part(void *context, uint32_t i)
{
	struct pprof_part *parts = context;

	pprof_part_read(&parts[i]);
}

/* The rows' label sets become the profile's. */
static int join_labels(struct pprof_reader *r, struct pprof_part *part)
{
	uint32_t *sets = (uint32_t *)(void *)part->batch.sets.p, *ours;
	struct label labels[LABELS_PER_SET_MAX];

	if (part->labels.failed)
		return -ENOMEM;
	if (part->labels.n < 2)
		return 0;
	ours = calloc(part->labels.n, sizeof(*ours));
	if (!ours)
		return -ENOMEM;
	for (uint32_t i = 1; i < part->labels.n; i++) {
		uint32_t n;
		const struct label *theirs = labels_get(&part->labels, i, &n);

		memcpy(labels, theirs, n * sizeof(*labels));
		ours[i] = labels_add(&r->profile->labels, labels, n);
	}
	for (uint32_t i = 0; i < part->batch.n; i++)
		sets[i] = ours[sets[i]];
	free(ours);
	return 0;
}

static int join(struct pprof_reader *r, struct pprof_part *part)
{
	int rc = part->rc;

	if (rc < 0 && part->err.text[0])
		err_set(r->err, "%s", part->err.text);
	if (rc == 0 && part->frames > r->frames_left)
		rc = pprof_part_too_many(r, r->err, r->bytes.p + part->begin);
	if (rc == 0)
		rc = join_labels(r, part);
	if (rc < 0)
		return rc;
	r->frames_left -= part->frames;
	r->labels_dropped += part->labels_dropped;
	return batch_append(&r->batch, &part->batch);
}

/* One round, from *at on, which moves on. Behind a part that stopped early nothing counts. */
static int read_round(struct pprof_reader *r, size_t *at, size_t end, struct pprof_part *parts)
{
	uint32_t n = make_parts(r, *at, end, parts);
	bool whole = true;
	int rc = 0;

	parallel_each(n, read_part, parts);
	for (uint32_t i = 0; i < n; i++) {
		if (rc == 0 && whole) {
			rc = join(r, &parts[i]);
			*at = parts[i].stopped;
			whole = parts[i].stopped == parts[i].end;
		}
		labels_fini(&parts[i].labels);
		batch_fini(&parts[i].batch);
	}
	return rc;
}

/* Whether whoever reads the file takes rows as they are. */
static bool leave_loose(struct pprof_reader *r)
{
	struct loose *loose = r->input->aid->loose;

	if (!loose || r->notes.timed || !r->batch.n || r->profile->n)
		return false;
	r->samples_sum = pprof_values_sum((const int64_t *)(const void *)r->batch.values.p, r->batch.n,
					  r->profile->n_types);
	*loose = (struct loose){ .batch = r->batch, .spans = r->words, .n_spans = r->n_words,
				 .frames = r->chains, .n_frames = r->n_chains };
	r->batch = (struct batch){ 0 };
	r->words = NULL;
	r->chains = NULL;
	return true;
}

int pprof_read_samples(struct pprof_reader *r)
{
	size_t at = r->extents[PPROF_SAMPLE].begin, end = r->extents[PPROF_SAMPLE].end;
	struct pprof_part *parts = malloc(PPROF_PARTS * sizeof(*parts));
	int rc = parts ? 0 : -ENOMEM;

	r->batch = (struct batch){ .profile = r->profile, .timed = r->notes.timed, .spans = r->words,
				   .frames = r->chains };
	if (r->notes.timed)
		r->time_key = strings_add(&r->profile->strings, STR(PPROF_TIME_LABEL));
	r->frames_left = FRAMES_FREE + (uint64_t)r->bytes.n * PPROF_CHAIN_MAX;
	while (rc == 0 && at < end)
		rc = read_round(r, &at, end, parts);
	free(parts);
	if (rc < 0)
		return rc;
	/* the last batch is where most memory is needed */
	r->bytes = (struct str){ 0 };
	input_give_back(r->input);
	if (leave_loose(r))
		return 0;
	rc = batch_flush(&r->batch);
	r->samples_sum = pprof_sample_sum(r->profile);
	return rc;
}
