/* SPDX-License-Identifier: Apache-2.0 */
/* format/loose.h
 *
 * Rows whose stacks are not in their profile's tree yet. Many profiles are merged several times faster when their
 * stacks go into one tree together than when each gets a tree of its own and trees are merged:
 *
 *   file 0 -> profile, rows --.
 *   file 1 -> profile, rows --+--> profile (tables, head), rows --> tree
 *   file 2 -> profile, rows --'
 *
 * A reader that is asked to (read_aid.loose) leaves its rows so; one that does not know how adds them to the profile.
 *
 * Who compares profiles needs no tree of each: the rows go into the profile, and their stacks stay a list.
 *
 *   file -> profile (tables, head, rows), stacks
 */
#ifndef SONDE_FORMAT_LOOSE_H
#define SONDE_FORMAT_LOOSE_H

#include "format/batch.h"
#include "model/profile.h"

struct loose {
	struct batch batch;	/* of words, without times; .n is 0 when there are none */
	struct stack_span *spans;	/* word -> its frames */
	uint32_t *frames;
	uint32_t n_spans, n_frames;
};

void loose_fini(struct loose *rows);

/* Puts the rows into their profile, which has none yet, all of the empty stack; their stacks stay. 0 or -ENOMEM. */
int loose_list(struct loose *rows, struct profile *profile);

/* The stacks then, lent; none (.n is 0) where the rows' stacks are in the tree. Row i has stack loose_stack_of()[i]. */
struct stack_batch loose_stacks(const struct loose *rows);
const uint32_t *loose_stack_of(const struct loose *rows);

/* Their words, given away, to be freed. */
uint32_t *loose_take_words(struct loose *rows);

/* After loose_list(): the stacks go into the profile's tree after all. 0 or -ENOMEM. */
int loose_plant(struct loose *rows, struct profile *profile);

/* A profile and its loose rows, {0} with profile_init(). */
struct pile {
	struct profile profile;
	struct loose rows;
	uint32_t *owner, cap_owner;	/* frame -> word + 1 that begins with it; 0: none is known */
	uint32_t cap_spans, cap_frames;
	size_t expected;	/* piles like the first that will be added; 0: not known */
};

void pile_init(struct pile *pile);
void pile_fini(struct pile *pile);

/* Whether all that both have is loose rows of the same value types. */
bool pile_fits(const struct pile *pile, const struct pile *other);

/* Adds all of `from`, which is empty afterwards: what profile_merge() makes of both, but that new stacks are numbered
 * in another order, and rows are loose still if pile_fits(). 0, -ENOMEM or -E2BIG (too many value types). */
int pile_add(struct pile *into, struct pile *from);

/* No rows are loose any more. 0 or -ENOMEM. */
int pile_settle(struct pile *pile);

#endif
