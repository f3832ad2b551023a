/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr_chunk.h
 *
 * A chunk of a flight recording: its header, what it describes its events by, and these one after another.
 *
 *   68 bytes of header | events | description of the types | lists of constants, and events between them
 *
 * Which events become rows, of which group of value types each is, and what its fields are taken as.
 */
#ifndef SONDE_FORMAT_JFR_CHUNK_H
#define SONDE_FORMAT_JFR_CHUNK_H

#include "format/jfr.h"

/* What a kind of event tells: how many, and how much. */
enum jfr_group { JFR_CPU, JFR_WALL, JFR_ALLOC, JFR_LIVE, JFR_MALLOC, JFR_LOCK, JFR_GROUPS };

/* The fields of all these events; an event has some of them. */
enum jfr_slot {
	JFR_START, JFR_SAMPLED, JFR_EVENT_THREAD, JFR_STACK, JFR_STATE, JFR_AMOUNT, JFR_COUNT, JFR_CLASS,
	JFR_DURATION
};

#define JFR_KINDS 11
#define JFR_SETTING JFR_KINDS		/* jdk.ActiveSetting: how it was recorded */
#define JFR_NO_KIND (JFR_KINDS + 1)	/* passed over */
#define JFR_LOW_IDS 2048		/* of types; others are looked up */

extern const struct jfr_event_kind {
	const char *type;
	enum jfr_group group;
	const char *const *fields;	/* by slot */
} jfr_event_kinds[JFR_KINDS];

struct jfr_chunk {
	const char *what;	/* the file, in sentences */
	size_t at;		/* in it */
	struct str bytes;
	uint64_t checkpoint, metadata;
	uint64_t start_ns, duration_ns, start_ticks, ticks_per_second;
	struct str described;	/* what .types were read from */
	struct jfr_types types;
	struct jfr_plan plans[JFR_KINDS];
	struct jfr_pools *pools;	/* NULL until jfr_chunk_pools() */
	uint8_t kind_of[JFR_LOW_IDS];	/* by id of the type */
};

struct jfr_event {
	uint32_t kind;
	uint64_t type;		/* as the file has it */
	struct cursor body;	/* behind the type; may run on into the next: it ends at .end */
	const uint8_t *end;
};

#define JFR_FIRST_EVENT 68	/* in a chunk */

/* The header of the chunk at that byte of the file. 0 or -EBADMSG with a sentence. What was read of another
 * chunk of the file stays; {0} is none. */
int jfr_chunk_header(struct jfr_chunk *chunk, struct str file, size_t at, const char *what, struct err *err);

/* Header and types; these are read only if they are not described as in the chunk that was open before. 0, or -errno with
 * a sentence (but for -ENOMEM). */
int jfr_chunk_open(struct jfr_chunk *chunk, struct str file, size_t at, const char *what, struct err *err);

/* Frees the constants; all. */
void jfr_chunk_close(struct jfr_chunk *chunk);
void jfr_chunk_fini(struct jfr_chunk *chunk);

/* Its constants, whose strings and frames are made in the profile. Likewise. */
int jfr_chunk_pools(struct jfr_chunk *chunk, struct profile *profile, struct jfr_known *known, struct err *err);

/* A sentence of what is wrong in it; -EBADMSG. */
int jfr_chunk_bad(const struct jfr_chunk *chunk, const char *why, struct err *err);

/* The kind of events of that type, where its id is not among the low ones. */
uint32_t jfr_chunk_kind_of(const struct jfr_chunk *chunk, uint64_t type);

/* The event at *at, which moves behind it. 0 or -EBADMSG with a sentence. */
static inline int jfr_chunk_event(const struct jfr_chunk *chunk, size_t *at, struct jfr_event *ret_event, struct err *err)
{
	struct cursor c = cursor_over(str_skip(chunk->bytes, *at));
	uint64_t size = jfr_varint(&c);

	if (c.failed || !size || size > chunk->bytes.n - *at || size < cursor_pos(&c))
		return jfr_chunk_bad(chunk, "an event is longer than its chunk", err);
	ret_event->end = c.start + size;
	ret_event->type = jfr_varint(&c);
	if (c.p > ret_event->end)
		ret_event->kind = JFR_NO_KIND;
	else
		ret_event->kind = ret_event->type < JFR_LOW_IDS ? chunk->kind_of[ret_event->type] :
								  jfr_chunk_kind_of(chunk, ret_event->type);
	ret_event->body = c;
	*at += (size_t)size;
	return 0;
}

#endif
