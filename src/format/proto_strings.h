/* SPDX-License-Identifier: Apache-2.0 */
/* format/proto_strings.h
 *
 * The table of strings of a file in protobuf: each one a field, in the order in which they were asked for,
 * number 0 the empty one.
 */
#ifndef SONDE_FORMAT_PROTO_STRINGS_H
#define SONDE_FORMAT_PROTO_STRINGS_H

#include <errno.h>
#include <stdlib.h>

#include "format/proto.h"
#include "model/strings.h"

struct proto_strings {
	const struct strings *from;	/* the model's; borrowed */
	uint32_t field;			/* the number of the field that each is */
	uint32_t *at;			/* the model's id -> index here; 0: not yet */
	uint32_t n;
	struct buf bytes;
};

/* One of its own: a string twice is there twice. */
static inline uint32_t proto_strings_add(struct proto_strings *strings, struct str text)
{
	proto_add_bytes(&strings->bytes, strings->field, text);
	return strings->n++;
}

/* The model's string. */
static inline uint32_t proto_strings_at(struct proto_strings *strings, uint32_t id)
{
	if (id && !strings->at[id])
		strings->at[id] = proto_strings_add(strings, strings_get(strings->from, id));
	return id ? strings->at[id] : 0;
}

/* 0 or -ENOMEM; proto_strings_fini() in either case. */
static inline int proto_strings_init(struct proto_strings *strings, const struct strings *from, uint32_t field)
{
	*strings = (struct proto_strings){ .from = from, .field = field };
	strings->at = calloc((size_t)from->n + 1, sizeof(*strings->at));
	proto_strings_add(strings, (struct str){ 0 });
	return strings->at ? 0 : -ENOMEM;
}

static inline void proto_strings_fini(struct proto_strings *strings)
{
	free(strings->at);
	buf_fini(&strings->bytes);
}

#endif
