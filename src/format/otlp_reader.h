/* SPDX-License-Identifier: Apache-2.0 */
/* format/otlp_reader.h
 *
 * What reading a file of OpenTelemetry's profiles works on. The dictionary's tables become the model's ids once
 * (otlp_dictionary.c), index by index; samples (otlp_read.c) only look them up. Private to format/otlp_*.c.
 */
#ifndef SONDE_FORMAT_OTLP_READER_H
#define SONDE_FORMAT_OTLP_READER_H

#include "base/hash.h"
#include "format/proto.h"
#include "model/profile.h"

struct err;

struct otlp_table {			/* of the dictionary: index there -> what it is here */
	uint32_t *items;
	uint32_t n, cap;
};

struct otlp_span {
	uint32_t first, n;
};

struct otlp_reader {
	struct profile *profile;
	const char *what;
	struct str bytes;
	struct err *err;
	struct otlp_table strings, functions, modules, kinds;	/* kinds: of modules' and locations' frames */
	struct otlp_table stacks;
	struct label *attributes;
	uint32_t n_attributes, cap_attributes;
	struct otlp_span *locations;		/* into frames, outermost first */
	uint32_t n_locations, cap_locations;
	struct otlp_table frames;
	uint64_t frames_left;
	bool old;			/* samples are 1.9's */
	bool timed;			/* every sample says when */
	uint64_t start;			/* the earliest time of a profile */
	struct label resource[LABELS_PER_SET_MAX];
	uint32_t n_resource;
	int64_t period;			/* of the profile at hand, where samples are to be told as times */
	uint32_t type, time_type;	/* of its values; UINT32_MAX: none */
	struct idindex rows;		/* (stack, labels, time) -> row + 1, once there is more than one type */
	uint32_t n_indexed;
};

/* "what: byte N: why"; at: where in .bytes, NULL: at its begin. -EBADMSG. */
int otlp_bad(struct otlp_reader *r, const char *at, const char *why);

typedef int otlp_visit(struct otlp_reader *r, struct str body);

/* Each field of that number in a message. */
int otlp_each(struct otlp_reader *r, struct str message, uint32_t number, otlp_visit *fn);

typedef int otlp_visit_index(struct otlp_reader *r, const char *at, uint64_t index, void *context);

/* A repeated number, packed or not. */
int otlp_each_index(struct otlp_reader *r, const struct proto_field *f, const char *at, otlp_visit_index *fn,
		    void *context);

int otlp_look_up(struct otlp_reader *r, const struct otlp_table *table, const char *at, uint64_t index,
		 uint32_t *ret_item);

/* Which of the model's keys it is. */
uint32_t otlp_key_of(struct otlp_reader *r, uint32_t key);

/* AnyValue: text and whole numbers have a place in a label; .key 0 when it has neither. */
int otlp_read_value(struct otlp_reader *r, struct str body, struct label *label);

/* Each table needs those before it. */
int otlp_read_dictionary(struct otlp_reader *r, struct str body);

#endif
