/* SPDX-License-Identifier: Apache-2.0 */
/* model/labels.h
 *
 * Sets of labels, each distinct set stored once. Set 0 is empty.
 *
 * A label is a key with a string or a number (with a unit). Within a set labels are sorted by key,
 * then value; keys and strings are ids into the profile's strings. Sonde's own keys:
 *
 *   "pid", "tid"            numbers          "process", "thread"     their names
 *   "goroutine"             a number         and the program's own pprof labels under their own keys
 *   "vthread"               a number         Java's virtual thread
 *
 * Sticky: when memory runs out .failed is set and 0 comes back.
 */
#ifndef SONDE_MODEL_LABELS_H
#define SONDE_MODEL_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct label {
	uint32_t key;	/* string */
	uint32_t str;	/* string; 0: the label is the number */
	int64_t num;
	uint32_t unit;	/* string; 0 when none */
	uint32_t zero;
};

struct labels {
	struct label *items;	/* all sets, one after another */
	uint32_t *first;	/* set id -> its first item; the next set's first ends it */
	uint32_t n_items, n;
	uint32_t cap_items, cap_first;
	bool failed;
	struct idindex index;
};

#define LABELS_PER_SET_MAX 256	/* more in one sample are dropped by the readers, with a note */

void labels_init(struct labels *labels);
void labels_fini(struct labels *labels);

/* The set of these labels (any order, n <= LABELS_PER_SET_MAX; sorted in place). */
uint32_t labels_add(struct labels *labels, struct label *set, uint32_t n);

/* The labels of a set: *ret_n of them, borrowed until the next add. */
const struct label *labels_get(const struct labels *labels, uint32_t set, uint32_t *ret_n);

/* The label with that key, or NULL. */
const struct label *labels_find(const struct labels *labels, uint32_t set, uint32_t key);

#endif
