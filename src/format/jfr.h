/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr.h
 *
 * Java Flight Recorder's files, version 2, as JDK 9 and later and async-profiler write them: chunks, each with
 * a description of its own types, pools of constants, and events. (jdk/jfr/internal/consumer/ChunkHeader and
 * MetadataReader in the JDK, share/jfr in HotSpot; there is no other specification.)
 *
 *   events of              become
 *   CPU: ExecutionSample, NativeMethodSample, CPUTimeSample     samples/count, cpu/nanoseconds
 *   profiler.WallClockSample                                    wall_samples/count, wall/nanoseconds
 *   ObjectAllocation{Sample,InNewTLAB,OutsideTLAB}              alloc_objects/count, alloc_space/bytes
 *   profiler.LiveObject                                         inuse_objects/count, inuse_space/bytes
 *   profiler.Malloc                                             malloc_objects/count, malloc_space/bytes
 *   JavaMonitorEnter, ThreadPark                                contentions/count, delay/nanoseconds
 *
 * jfr_types.c reads the description, jfr_values.c what is described; jfr_pools.c the constants, of which jfr_names.c
 * makes names and jfr_stacks.c stacks; jfr_chunk.c a chunk with all this, jfr_rows.c its events; jfr_read.c looks
 * through the file, parts it and lets the parts be read side by side.
 */
#ifndef SONDE_FORMAT_JFR_H
#define SONDE_FORMAT_JFR_H

#include <stdbool.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "base/str.h"

struct err;
struct input;
struct profile;

bool jfr_detect(struct str head);
int jfr_read(struct profile *profile, struct input *input, struct err *err);

/* The rest is for these files.
 *
 * A field of a type: a number, text, a struct of other fields, or the id of a constant; or an array of such. */
enum jfr_kind { JFR_VARINT, JFR_BYTE, JFR_FLOAT, JFR_DOUBLE, JFR_STRING, JFR_STRUCT };

#define JFR_DEPTH_MAX 32	/* of elements in elements, and of structs in structs */

struct jfr_field {
	uint64_t type_id;	/* as the file has it */
	uint32_t type;		/* index; UINT32_MAX: there is no such type */
	bool constant, array;
	struct str name;	/* borrowed from the file, or from the arena */
};

struct jfr_type {
	uint64_t id;
	struct str name;
	enum jfr_kind kind;
	uint32_t first, n;	/* fields */
	uint32_t varints;	/* a struct of so many numbers and constants, and nothing else; 0: of others */
};

struct jfr_types {
	struct jfr_type *types;
	struct jfr_field *fields;
	uint32_t n_types, cap_types, n_fields, cap_fields;
	struct idindex index;	/* type id -> index + 1 */
};

/* What a value may be taken as; which fields of a type are wanted, by their names. */
struct jfr_value {
	uint64_t number;	/* or the constant's id; ticks, bytes, ... */
	struct str text;	/* of JFR_STRING, as it stands in the file; of an array: its items ... */
	uint32_t n_items;	/* ... and how many */
	uint8_t encoding;	/* of that text */
};

struct jfr_plan {
	uint32_t type;		/* index; UINT32_MAX: the file has none */
	const char *const *names;	/* of fields, ends with NULL; the value of names[i] goes to values[i] */
	uint8_t slot_of[256];	/* field of the type -> i, or JFR_PASS */
	uint8_t width[256];	/* of the field: JFR_NUMBER, JFR_ONE, or what takes a closer look */
	uint32_t n_numbers;	/* the type's fields, if all are JFR_NUMBER; or 0 */
};

#define JFR_SLOTS 12
#define JFR_PASS JFR_SLOTS
enum jfr_width { JFR_OTHER, JFR_NUMBER, JFR_ONE };

/* Numbers as JFR has them: seven bits a byte, low bits first, the ninth byte with all eight. */
#define JFR_ENDS 0x8080808080808080u	/* where such a bit is clear a number ends, of those in eight bytes */

uint64_t jfr_varint_slow(struct cursor *c);

static inline uint64_t jfr_varint(struct cursor *c)
{
	uint64_t ahead;

	if (cursor_left(c) >= sizeof(ahead)) {
		memcpy(&ahead, c->p, sizeof(ahead));
		if (~ahead & JFR_ENDS)	/* it ends before the ninth byte: then it is a LEB128 */
			return cursor_uleb(c);
	}
	return jfr_varint_slow(c);
}

/* Text with its encoding in front. */
struct str jfr_text(struct cursor *c, uint8_t *ret_encoding, uint64_t *ret_constant);

/* What stands behind the head of the description (an event of type 0) at the cursor, up to the cursor's end; empty: it
 * is not sound. The head has a time and a number, and the rest is often the same in all chunks of a file. */
struct str jfr_types_described(struct cursor c);

/* Reads as much of that as it is. 0; -EBADMSG (*ret_why); -ENOMEM. */
int jfr_types_read(struct jfr_types *types, struct str described, size_t *ret_read, const char **ret_why);
void jfr_types_fini(struct jfr_types *types);
uint32_t jfr_types_find(const struct jfr_types *types, uint64_t id);
uint32_t jfr_types_named(const struct jfr_types *types, const char *name);

/* Finds the fields; `names` is borrowed. */
void jfr_plan_init(struct jfr_plan *plan, const struct jfr_types *types, uint32_t type,
		   const char *const *names);

/* Reads one value of the plan's type; what is not wanted is passed over. False: it is not sound. */
bool jfr_take(const struct jfr_types *types, const struct jfr_plan *plan, struct cursor *c,
	      struct jfr_value *values);

/* The same for a type of which only numbers are wanted, several times faster. values: JFR_SLOTS + 1, of which those
 * that the type has no field for are left as they are: 0, if they were before the first. */
bool jfr_take_mixed(const struct jfr_types *types, const struct jfr_plan *plan, struct cursor *c, uint64_t *values);

static inline __attribute__((always_inline)) bool jfr_take_numbers(const struct jfr_types *types,
								    const struct jfr_plan *plan, struct cursor *c,
								    uint64_t *values)
{
	struct cursor at = *c;

	if (!plan->n_numbers)
		return jfr_take_mixed(types, plan, c, values);
	for (uint32_t i = 0; i < plan->n_numbers; i++) {
		uint64_t v = 0, ends = 0;
		uint32_t low;

		if (__builtin_expect(cursor_left(&at) >= sizeof(v), 1)) {
			memcpy(&v, at.p, sizeof(v));
			ends = ~v & JFR_ENDS;
		}
		if (__builtin_expect((uint32_t)ends != 0, 1)) {		/* at most four bytes */
			low = (uint32_t)v & (uint32_t)(ends ^ (ends - 1));
			values[plan->slot_of[i]] = (low & 0x7f) | (low >> 1 & 0x3f80) | (low >> 2 & 0x1fc000) |
						   (low >> 3 & 0xfe00000);
			at.p += ((unsigned)__builtin_ctz((uint32_t)ends) + 1) / 8;
		} else if (ends && plan->slot_of[i] == JFR_PASS) {
			at.p += ((unsigned)__builtin_ctzll(ends) + 1) / 8;
		} else {
			values[plan->slot_of[i]] = jfr_varint(&at);
		}
	}
	*c = at;
	return !at.failed;
}

/* Passes a value over. */
bool jfr_pass(const struct jfr_types *types, uint32_t type, struct cursor *c);

struct jfr_pools;
struct jfr_known;	/* what is remembered from chunk to chunk */

/* The constants of one chunk, whose bytes these are; checkpoint: where the last of their lists is. NULL and
 * *ret_rc on failure. They make strings and frames of the profile as they are asked for. known: of earlier chunks that
 * were read into the same profile; NULL: no stack will be asked for. */
struct jfr_pools *jfr_pools_read(struct profile *profile, const struct jfr_types *types, struct jfr_known *known,
				 struct str chunk, uint64_t checkpoint, int *ret_rc, const char **ret_why);
void jfr_pools_free(struct jfr_pools *pools);

struct jfr_known *jfr_known_new(void);	/* NULL: out of memory */
void jfr_known_free(struct jfr_known *known);

/* Ids of constants as the model's things; 0 where there is none. */
uint32_t jfr_pools_stack(struct jfr_pools *pools, uint64_t stack_trace);
uint32_t jfr_pools_class(struct jfr_pools *pools, uint64_t class);	/* string: its name */
uint32_t jfr_pools_state(struct jfr_pools *pools, uint64_t state);	/* string: its name */
uint32_t jfr_pools_string(struct jfr_pools *pools, const struct jfr_value *value);

struct jfr_thread {
	uint32_t name;		/* string */
	int64_t os_id;
};

struct jfr_thread jfr_pools_thread(struct jfr_pools *pools, uint64_t thread);

#endif
