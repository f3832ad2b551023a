/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/identity.h
 *
 * What a function is known again by when V8 has moved it and all that names it:
 *
 *   the name of its script, where that is a file's    its number    the script's number    where it begins and ends
 *
 * Scripts of isolates (worker threads) are numbered apart: two of one number and one file's name are of one
 * text but for a file that was changed meanwhile, and there one function has rarely the place of another.
 * What eval() and its kin make has no identity: others may be called the same.
 */
#ifndef SONDE_RUNTIME_V8_IDENTITY_H
#define SONDE_RUNTIME_V8_IDENTITY_H

#include "base/hash.h"
#include "runtime/v8/objects.h"

struct v8_identity {
	uint64_t script_name;	/* a hash of it */
	uint32_t process;
	uint32_t literal;
	int32_t script, start, end;
};

struct v8_identities {
	struct v8_identity *items;	/* [0] is none */
	uint32_t *values;
	uint32_t n, cap, cap_values;
	struct idindex index;
};

void v8_identities_fini(struct v8_identities *identities);

/* False where the function has none, or it cannot be read. */
bool v8_identity_of(const struct v8_memory *memory, uint64_t shared, uint32_t process, struct v8_identity *ret_identity);

/* What was added under it; 0: nothing was. */
uint32_t v8_identities_find(const struct v8_identities *identities, const struct v8_identity *identity);

/* Remembers a value, not 0; without memory it is forgotten. */
void v8_identities_add(struct v8_identities *identities, const struct v8_identity *identity, uint32_t value);

#endif
