/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/groups.h
 *
 * What each value of one label cost: goroutines, asyncio tasks, threads by name, processes, ...
 *
 * A sample belongs to the group of its label with that key (the first, where a sample has several),
 * and to the group without a value when it has none. Memory: malloc's; values are lent by the
 * profile.
 */
#ifndef SONDE_ANALYZE_GROUPS_H
#define SONDE_ANALYZE_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct buf;
struct err;
struct filter;
struct label;
struct profile;

struct group_row {
	const struct label *label;	/* NULL: samples without such a label; lent by the profile */
	struct str text;		/* of a label that is a string */
	struct str unit;		/* of one that is a number */
	uint64_t samples;		/* see samples_kept() */
	int64_t value;			/* of the type asked for */
	uint32_t was;			/* private */
};

struct groups {
	const char *key;		/* as given; borrowed */
	struct group_row *rows;		/* by value, largest first; of the key "time" as time goes */
	uint32_t n, cap;
	uint32_t *of_set;		/* label set id -> row, for sets that a kept sample has */
	int64_t total;			/* of value, over all kept samples */
	uint64_t samples;
};

/* Rows that a kept sample has. 0; -EINVAL (no such value type; or no sample has a label of that key:
 * the sentence lists the keys there are); -ENOMEM. */
int groups_init(struct groups *groups, const struct profile *profile, const char *key,
		const struct filter *filter, uint32_t type, struct err *err);
void groups_fini(struct groups *groups);

/* "17", "fetch-3", "16 bytes"; nothing for the group without a value. Appended. */
void group_add_value(struct buf *out, const struct group_row *row);

/* The frame that stands for a group: "[goroutine 17]", "[no goroutine]". Appended. */
void group_add_words(struct buf *out, const struct groups *groups, uint32_t row);

/* 0 when some label set has that key, else -EINVAL and a sentence that lists the keys there are. */
int groups_check_key(const struct profile *profile, struct str key, struct err *err);

#endif
