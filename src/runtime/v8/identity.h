/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/identity.h
 *
 * What a function is known again by when V8 has moved it and all that names it: its number, the script's number, where it
 * begins and ends, how long the script's text is, where that can be read, and one of
 *
 *   the thread that runs it          scripts of isolates are numbered apart, and a thread runs one isolate (in Node; elsewhere
 *                                    mostly: two functions of one number at one place in texts of one length are needed to err)
 *   the name of the script's file    all isolates of a process (worker threads) have the same text under one number and one
 *                                    file's name, but for a file that was changed meanwhile
 */
#ifndef SONDE_RUNTIME_V8_IDENTITY_H
#define SONDE_RUNTIME_V8_IDENTITY_H

#include "base/hash.h"
#include "runtime/v8/objects.h"

#define V8_IDENTITIES 2u	/* of one function */

struct v8_identity {
	uint64_t script_name;	/* a hash of it; 0: it goes by the thread */
	struct v8_owner owner;	/* thread 0: it goes by the script's name */
	uint32_t literal;
	int32_t script, start, end;
	uint32_t characters;	/* of the script's text; UINT32_MAX: not known, and any will do */
};

struct v8_identities {
	struct v8_identity *items;	/* [0] is none */
	uint32_t *values;
	uint32_t n, cap, cap_values;
	struct idindex index;
};

void v8_identities_fini(struct v8_identities *identities);

/* A function's identities: how many it has; 0 where it cannot be read. */
uint32_t v8_identities_of(const struct v8_memory *memory, uint64_t shared, struct v8_owner owner,
			  struct v8_identity identities[V8_IDENTITIES]);

/* What was added under one of them; 0: nothing was. */
uint32_t v8_identities_find(const struct v8_identities *identities, const struct v8_identity *wanted, uint32_t n);

/* Remembers a value, not 0; without memory it is forgotten. */
void v8_identities_add(struct v8_identities *identities, const struct v8_identity *identity, uint32_t value);

#endif
