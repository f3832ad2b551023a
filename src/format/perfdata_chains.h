/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_chains.h
 *
 * Call chains that were met before: most samples of a long recording have one, and their stack is then the same.
 * Each is compared byte for byte, with what else its frames depend on.
 *
 *   chain, address, mode, kernel's and process's space --> number of the stack in the batch, until its next flush
 *
 * Memory: {0} is empty; copies of chains, up to CHAINS_BYTES_MAX, after which new ones are not remembered.
 */
#ifndef SONDE_FORMAT_PERFDATA_CHAINS_H
#define SONDE_FORMAT_PERFDATA_CHAINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

#define CHAINS_BYTES_MAX ((size_t)256 << 20)

struct perfdata_chain {
	struct str words;	/* as recorded; borrowed */
	uint64_t ip;
	uint32_t space, kernel;	/* ids of struct perfdata_space; 0: none */
	uint32_t misc;		/* of the record */
	uint32_t stack;
};

struct perfdata_chains {
	struct idindex index;
	struct perfdata_chain *items;	/* index: their number and 1 */
	uint32_t n, cap;
	uint32_t flushes;	/* of the batch, when the first was added */
	struct arena arena;
	uint64_t hash;		/* of the one that was not found */
};

void perfdata_chains_fini(struct perfdata_chains *chains);

/* Whether such a one has been added since the batch was last flushed; then its stack is chain->stack. */
bool perfdata_chains_find(struct perfdata_chains *chains, struct perfdata_chain *chain, uint32_t flushes);

/* Adds the one that was just looked for in vain. 0 or -ENOMEM. */
int perfdata_chains_add(struct perfdata_chains *chains, const struct perfdata_chain *chain);

#endif
