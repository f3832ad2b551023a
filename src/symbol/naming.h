/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/naming.h
 *
 * One batch of addresses on its way to frames: what every kind of object does with what it found.
 *
 *   naming_start()                 of a batch
 *     naming_query()               of the next address, in order
 *       naming_add() ...           its frames, innermost first; or naming_add_unknown()
 *   naming_end()                   -> symbol_chains
 *
 * Names are demangled and paths joined once a batch, however often they come back: strings are
 * recognised by where they lie, before their bytes are looked at.
 *
 * Sticky: when memory runs out .failed is set and naming_end() says so.
 */
#ifndef SONDE_SYMBOL_NAMING_H
#define SONDE_SYMBOL_NAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "model/frames.h"

struct err;
struct symbol_chains;

/* Two words -> two ids, remembered. */
struct naming_memo {
	struct naming_memo_row {
		uint64_t key[2];
		uint32_t value[2];
	} *rows;			/* [0] is not used */
	uint32_t n, cap;
	struct idindex index;
};

struct naming {
	struct frames *frames;		/* borrowed */
	struct symbol_chains *chains;	/* borrowed */
	uint32_t n_queries;		/* of this batch */
	uint32_t n_frames;
	struct naming_memo names;	/* (pointer, length) -> name, system name */
	struct naming_memo mangled;	/* string id -> name, system name */
	struct naming_memo paths;	/* (dir, file) -> path */
	struct buf scratch;
	bool failed;
};

/* One frame as it was found. `name` may be mangled. Strings are copied, and must stay where they
 * are until naming_end(). */
struct naming_frame {
	struct str name;
	struct str dir, file;
	uint32_t line, start_line;
	uint16_t column;		/* 0: not known */
	uint32_t module;		/* id, from naming_module() */
	enum frame_kind kind;
	bool inlined;
	uint64_t address;
};

/* Fills ret_chains from the start; at most `n` queries follow. */
void naming_start(struct naming *naming, struct frames *frames, uint32_t n,
		  struct symbol_chains *ret_chains);

/* The id of a module; build_id is raw. */
uint32_t naming_module(struct naming *naming, struct str path, struct str build_id);

void naming_query(struct naming *naming);
void naming_add(struct naming *naming, const struct naming_frame *frame);

/* A frame of kind FRAME_UNKNOWN; the name says why, in brackets. */
void naming_add_unknown(struct naming *naming, uint32_t module, uint64_t address,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same, of another kind: code of an interpreter is that also without a name. */
void naming_add_nameless(struct naming *naming, uint32_t module, uint64_t address,
			 enum frame_kind kind, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Frees what the batch needed. 0, or -ENOMEM with empty chains. */
int naming_end(struct naming *naming, struct err *err);

#endif
