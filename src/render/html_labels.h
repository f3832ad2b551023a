/* SPDX-License-Identifier: Apache-2.0 */
/* render/html_labels.h
 *
 * What the page can group by, and the groups of samples that this makes: those of one thread that
 * have the same value of each label.
 *
 *   keys       goroutine (17, 4, 21)         tenant (acme)
 *   group      0          1          2          3
 *   thread     0          0          1          1        row of struct threads
 *   value      1 1        2 0        1 1        3 0      a number for each key: 0 is "has none"
 *
 * Labels that only name the process and the thread are not among the keys. A label with many values
 * keeps the costliest HTML_VALUES_MAX, the others are one value; and a key that would make more than
 * HTML_GROUPS_MAX groups besides the threads is left out (.left_out lists it), so that a page of a
 * million requests does not become a million groups.
 *
 * Memory: malloc's and .arena's, freed by html_labels_fini().
 */
#ifndef SONDE_RENDER_HTML_LABELS_H
#define SONDE_RENDER_HTML_LABELS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define HTML_KEYS_MAX 16u
#define HTML_VALUES_MAX 100u
#define HTML_GROUPS_MAX 4096u

struct filter;
struct profile;
struct threads;

struct html_key {
	struct str name;
	struct str values[HTML_VALUES_MAX];	/* value v is values[v - 1] */
	uint32_t n;
	uint32_t n_others;	/* values that are not kept: together they are value n + 1 */
	uint32_t *of_set;	/* label set -> value */
};

struct html_labels {
	struct html_key keys[HTML_KEYS_MAX];
	uint32_t n_keys;
	uint32_t *of_set;	/* label set -> group, for sets that a kept sample has */
	uint32_t *thread;	/* of each group; groups are sorted by it */
	uint32_t *set;		/* of each group: a label set in it, for keys[k].of_set */
	uint32_t n, cap_thread, cap_set;
	struct buf left_out;	/* names of keys, one a line */
	struct arena arena;
};

/* threads: of the same profile and filter. 0 or -ENOMEM (then it is empty). */
int html_labels_init(struct html_labels *labels, const struct profile *profile,
		     const struct threads *threads, const struct filter *filter, uint32_t type);
void html_labels_fini(struct html_labels *labels);

#endif
