/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_pools.h
 *
 * The constants of one chunk, as far as they are kept: where each stands, and what was made of it. For the files that
 * read them (jfr_pools.c) and that make names (jfr_names.c) and stacks (jfr_stacks.c) of them, and for nobody else.
 */
#ifndef SONDE_FORMAT_JFR_POOLS_H
#define SONDE_FORMAT_JFR_POOLS_H

#include "base/buf.h"
#include "format/jfr.h"
#include "model/profile.h"

/* The pools that are kept, and what of their constants is: values[0 .. 3] of the plan. */
enum jfr_pool_kind {
	JFR_POOL_STRING, JFR_POOL_SYMBOL, JFR_POOL_CLASS, JFR_POOL_METHOD, JFR_POOL_FRAME_TYPE,
	JFR_POOL_STACK, JFR_POOL_THREAD, JFR_POOL_STATE, JFR_POOLS
};

#define JFR_KEPT 3

struct jfr_constant {
	struct jfr_value values[JFR_KEPT];
};

struct jfr_pool {
	struct jfr_plan plan;
	uint64_t *ids;		/* apart from the values, for they are looked up by every event */
	uint32_t *made;		/* what the model has of it, + 1; 0: not yet */
	struct jfr_constant *items;
	uint32_t n, cap, cap_ids, cap_made;
	struct idindex index;
};

struct jfr_pools {
	struct profile *profile;
	const struct jfr_types *types;
	struct jfr_pool pools[JFR_POOLS];
	struct jfr_plan frame_plan;
	uint32_t *frames, cap_frames;	/* of a stack that is made, innermost first */
	/* The stack made last, outermost first, and its nodes: many begin alike. */
	uint32_t *last, *nodes, cap_last, cap_nodes, n_last;
	struct jfr_frame_memo {
		uint64_t method;
		uint32_t line, type;
		uint32_t frame;	/* + 1; 0: nothing here */
	} *memo;		/* NULL until the first stack */
	uint32_t memo_mask;
};

#define JFR_NO_CONSTANT UINT32_MAX

/* The constant's place in its pool, or JFR_NO_CONSTANT. */
uint32_t jfr_pools_find(const struct jfr_pools *pools, enum jfr_pool_kind kind, uint64_t id);

/* jfr_names.c: appends a symbol's text; a class's name as people write it. */
void jfr_names_symbol(struct jfr_pools *pools, uint64_t id, struct buf *out);
void jfr_names_class(struct jfr_pools *pools, uint64_t id, struct buf *out);

/* For async-profiler a library is the class of its functions: "libc.so.6". */
bool jfr_names_is_library(struct str class);

#endif
