/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_order.h
 *
 * Records in the order of time. perf writes what one processor's buffer held, then the next one's: a file is
 * in order only from round to round. At the end of a round everything is there that is not younger than what
 * the round before had, and is taken.
 *
 *   add, add, ... round ... add, add, ... round: takes what is not younger than the first round's youngest
 *
 * Without rounds (perf inject leaves them out) all would wait: from PERFDATA_WAITING_MAX records on the older
 * half is taken, which is right where those come in order, or nearly so.
 *
 * Records are borrowed, or held by a chunk of what was unpacked, which is freed with its last record.
 */
#ifndef SONDE_FORMAT_PERFDATA_ORDER_H
#define SONDE_FORMAT_PERFDATA_ORDER_H

#include <stdint.h>

#include "base/str.h"

#define PERFDATA_WAITING_MAX (4u << 20)
#define PERFDATA_CHUNKS_MAX ((uint64_t)1 << 30)	/* bytes of them: likewise */

struct err;

/* Unpacked bytes, counted by the records that lie in them. */
struct perfdata_chunk {
	uint64_t refs;
	size_t n;
	char bytes[];
};

struct perfdata_waiting {
	uint64_t time_ns;
	struct str record;	/* with its header */
	struct perfdata_chunk *chunk;	/* NULL: borrowed */
};

struct perfdata_order {
	/* Gets each record in its turn; a negative result ends it all. */
	int (*take)(void *owner, struct str record, uint64_t time_ns, struct err *err);
	void *owner;
	struct perfdata_waiting *items, *scratch;
	uint32_t n, cap, cap_scratch;
	uint64_t youngest_ns;	/* so far */
	uint64_t round_ns;	/* and when the last round ended */
	uint64_t chunk_bytes;
};

void perfdata_order_fini(struct perfdata_order *order);

/* 0, -ENOMEM without a sentence, or what `take` returned. */
int perfdata_order_add(struct perfdata_order *order, struct str record, uint64_t time_ns,
		       struct perfdata_chunk *chunk, struct err *err);
int perfdata_order_round(struct perfdata_order *order, struct err *err);

/* Takes all that waits. */
int perfdata_order_end(struct perfdata_order *order, struct err *err);

/* A chunk of n bytes, held once by the caller; NULL: out of memory. */
struct perfdata_chunk *perfdata_chunk_new(struct perfdata_order *order, size_t n);
void perfdata_chunk_drop(struct perfdata_order *order, struct perfdata_chunk *chunk);

#endif
