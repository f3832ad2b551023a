/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_pools.h
 *
 * The constants of one chunk, as far as they are kept: where each stands, and what was made of it. For the files that
 * read them (jfr_pools.c) and that make names (jfr_names.c), frames (jfr_frames.c) and
 * stacks (jfr_stacks.c) of them, and for nobody else.
 */
#ifndef SONDE_FORMAT_JFR_POOLS_H
#define SONDE_FORMAT_JFR_POOLS_H

#include "base/buf.h"
#include "format/jfr.h"
#include "model/profile.h"

/* The pools that are kept, and what of their constants is: the values of the plan's fields. */
enum jfr_pool_kind {
	JFR_POOL_STRING, JFR_POOL_SYMBOL, JFR_POOL_CLASS, JFR_POOL_METHOD, JFR_POOL_FRAME_TYPE,
	JFR_POOL_STACK, JFR_POOL_THREAD, JFR_POOL_STATE, JFR_POOLS
};

struct jfr_pool {
	struct jfr_plan plan;
	uint64_t *ids;		/* apart from the values, for they are looked up by every event */
	uint32_t *made;		/* what the model has of it, + 1; 0: not yet */
	uint64_t *numbers;	/* a row of .width for each: where all fields are numbers or ids ... */
	struct jfr_value *values;	/* ... or else of these */
	uint32_t width, n, cap_numbers, cap_values, cap_ids, cap_made;
	uint32_t *low;		/* low id -> place + 1; 0: not there */
	uint32_t cap_low;
	struct idindex index;	/* of other ids */
};

struct jfr_pools {
	struct profile *profile;
	const struct jfr_types *types;
	struct jfr_known *known;
	struct str chunk;	/* its bytes */
	struct jfr_pool pools[JFR_POOLS];
};

#define JFR_NO_CONSTANT UINT32_MAX

/* The constant's place in its pool, or JFR_NO_CONSTANT. */
uint32_t jfr_pools_find(const struct jfr_pools *pools, enum jfr_pool_kind kind, uint64_t id);

/* What the constant there says; of classes and methods. */
static inline const uint64_t *jfr_pools_numbers(const struct jfr_pools *pools, enum jfr_pool_kind kind, uint32_t at)
{
	return &pools->pools[kind].numbers[(size_t)at * pools->pools[kind].width];
}

/* Of others. */
static inline const struct jfr_value *jfr_pools_values(const struct jfr_pools *pools, enum jfr_pool_kind kind, uint32_t at)
{
	return &pools->pools[kind].values[(size_t)at * pools->pools[kind].width];
}

/* jfr_names.c: what a text, or that of a symbol or a class, is in the end; one without encoding where there is none. */
const struct jfr_value *jfr_names_text(const struct jfr_pools *pools, const struct jfr_value *value);
const struct jfr_value *jfr_names_text_of_symbol(const struct jfr_pools *pools, uint64_t symbol);
const struct jfr_value *jfr_names_text_of_class(const struct jfr_pools *pools, uint64_t class);

/* Appends a symbol's text; a class's name as people write it. */
void jfr_names_symbol(struct jfr_pools *pools, uint64_t id, struct buf *out);
void jfr_names_class(struct jfr_pools *pools, uint64_t id, struct buf *out);

/* For async-profiler a library is the class of its functions: "libc.so.6". */
bool jfr_names_is_library(struct str class);

#endif
