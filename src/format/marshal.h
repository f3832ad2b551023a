/* SPDX-License-Identifier: Apache-2.0 */
/* format/marshal.h
 *
 * Python's marshal format (Python/marshal.c, versions 0 to 5): the objects that hold numbers, text and
 * one another. What can hold code is refused.
 *
 * The objects of a file are nodes of one array; a tuple's, list's or dictionary's items (key, value, key,
 * value) are a run of .items. A node may be item of several others: marshal shares objects.
 */
#ifndef SONDE_FORMAT_MARSHAL_H
#define SONDE_FORMAT_MARSHAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/str.h"

enum marshal_kind { MARSHAL_NONE, MARSHAL_INT, MARSHAL_FLOAT, MARSHAL_TEXT, MARSHAL_TUPLE, MARSHAL_DICT };

struct marshal_node {
	enum marshal_kind kind;
	uint32_t first, n;	/* items */
	int64_t integer;	/* held to what fits */
	double real;
	struct str text;	/* borrowed from the bytes */
	size_t at;		/* byte where it begins */
};

struct marshal {
	struct cursor c;
	size_t at;		/* where the object begins that is being read */
	struct marshal_node *nodes;
	uint32_t *items, *refs, *interned;
	uint32_t n_nodes, n_items, n_refs, n_interned;
	uint32_t cap_nodes, cap_items, cap_refs, cap_interned;
	const char *why;	/* NULL: sound */
	bool out_of_memory;
};

/* Reads one object; its node, or UINT32_MAX (then .why says what is wrong at cursor_pos(&m->c)).
 * marshal_fini() in either case. */
uint32_t marshal_read(struct marshal *m, struct str bytes);
void marshal_fini(struct marshal *m);

/* The number that the node is; 0 when it is none. */
double marshal_number(const struct marshal *m, uint32_t node);

#endif
