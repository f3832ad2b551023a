/* SPDX-License-Identifier: Apache-2.0 */
/* model/strings.h
 *
 * Every distinct string of a profile, stored once. Id 0 is the empty string.
 *
 * Sticky: when memory runs out .failed is set and 0 comes back, so callers check once at the end.
 * A str handed out lives as long as the table and does not move.
 */
#ifndef SONDE_MODEL_STRINGS_H
#define SONDE_MODEL_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"

struct strings {
	struct str *items;
	uint32_t n, cap;
	bool failed;
	struct idindex index;
	struct arena arena;
};

/* The id of s, which is copied when it is new. */
uint32_t strings_add(struct strings *strings, struct str s);

/* strings_add() for n strings at once: what one look-up waits for, others have asked memory for meanwhile.
 * Several times faster where the table is larger than the caches. */
void strings_add_all(struct strings *strings, const struct str *all, uint32_t n, uint32_t *ret_ids);

/* The id of s, or 0 when it is not there (or empty). */
uint32_t strings_find(const struct strings *strings, struct str s);

static inline struct str strings_get(const struct strings *strings, uint32_t id)
{
	return id < strings->n ? strings->items[id] : (struct str){ 0 };
}

void strings_fini(struct strings *strings);

#endif
