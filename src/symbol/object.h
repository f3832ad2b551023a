/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/object.h - what the kinds of objects have in common; private to this room. */
#ifndef SONDE_SYMBOL_OBJECT_H
#define SONDE_SYMBOL_OBJECT_H

#include <stdint.h>

#include "symbol/symbol.h"

struct naming;

/* One row per kind of object. */
struct symbol_source {
	/* Reads what is needed, at the first call; what went wrong is kept and becomes names. NULL: there
	 * is nothing to read. */
	void (*load)(struct symbol_object *object);
	/* Adds a query with its frames for each address. Called after load(). */
	void (*name)(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs,
		     uint32_t n);
	/* Reads what name() will need for these. Called after load(), in any thread. NULL: nothing. */
	void (*prepare)(struct symbol_object *object, const uint64_t *vaddrs, uint32_t n);
	/* Frees the object itself too; NULL: that is all. */
	void (*close)(struct symbol_object *object);
};

/* The first member of each kind's struct. */
struct symbol_object {
	const struct symbol_source *source;
};

#endif
