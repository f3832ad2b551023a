/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof_locations.h
 *
 * A profile's frames as pprof's locations: an address with the functions inlined there.
 *
 *   stack   main  parse  [inlined: skip]  [inlined: is_space]      one address for the last three
 *   pprof   1     2: is_space, skip, parse
 *
 * A location is kept as a chain, outermost frame first, in a stack tree of its own: chain id ->
 * (chain of its caller, or 0; frame). Frames join a chain when they are inlined and have the
 * address, module and kind of their caller, up to PPROF_CHAIN_MAX; an inlined frame without such a
 * caller stands alone.
 *
 * Locations are numbered by kind (so that the kinds are a handful of ranges), within a kind by how
 * often samples name them (a small number is a short varint).
 */
#ifndef SONDE_FORMAT_PPROF_LOCATIONS_H
#define SONDE_FORMAT_PPROF_LOCATIONS_H

#include <stdint.h>

#include "model/profile.h"

struct pprof_locations {
	struct stacktree chains;
	uint16_t *length;	/* chain -> its frames */
	uint64_t *uses;		/* chain -> how often samples name it */
	uint32_t cap_length;
	uint32_t *chain_of;	/* stack -> chain of its innermost frame */
	uint32_t *order;	/* location id - 1 -> chain */
	uint32_t n;
	uint32_t *id_of;	/* chain -> location id; 0: only part of longer ones */
};

/* 0 or -ENOMEM. */
int pprof_locations_init(struct pprof_locations *locations, const struct profile *profile);
void pprof_locations_fini(struct pprof_locations *locations);

#endif
