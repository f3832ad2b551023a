/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/tally.h - what each place cost, over stacks (analyze/stacks.h) and places (analyze/places.h). */
#ifndef SONDE_ANALYZE_TALLY_H
#define SONDE_ANALYZE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct stacks;

struct tally {
	int64_t self;	/* of stacks that end there */
	int64_t total;	/* of stacks that have it anywhere, once each */
	uint32_t open;	/* private: how often it is among the callers of where the walk is */
	bool seen;	/* some kept stack has it */
};

/* One entry for each of `n_places` places, to be freed; NULL when out of memory. */
struct tally *tally_places(const struct stacks *stacks, uint32_t n_places);

#endif
