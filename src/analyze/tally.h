/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/tally.h - what each place (analyze/places.h) cost. */
#ifndef SONDE_ANALYZE_TALLY_H
#define SONDE_ANALYZE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct filter;
struct places;
struct profile;

struct tally {
	int64_t self;	/* of stacks that end there */
	int64_t total;	/* of stacks that have it anywhere, once each */
	bool seen;	/* some kept stack has it */
};

/* One entry for each of the profile's places, to be freed; NULL when out of memory. `type` is a value type of
 * the profile; *ret_total is of all kept samples. */
struct tally *tally_places(const struct profile *profile, const struct places *places,
			   const struct filter *filter, uint32_t type, int64_t *ret_total);

#endif
