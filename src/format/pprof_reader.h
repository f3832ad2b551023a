/* SPDX-License-Identifier: Apache-2.0 */
/* format/pprof_reader.h
 *
 * One reading of a pprof file, shared by pprof_tables.c (strings, mappings, functions, locations),
 * pprof_parts.c (samples) and pprof_read.c (the rest). Fields may come in any order, so each kind is read in a pass
 * of its own, in the order in which they need each other.
 */
#ifndef SONDE_FORMAT_PPROF_READER_H
#define SONDE_FORMAT_PPROF_READER_H

#include <stdint.h>

#include "base/cursor.h"
#include "format/batch.h"
#include "format/pprof.h"
#include "format/pprof_ids.h"
#include "format/pprof_notes.h"
#include "format/proto.h"
#include "model/profile.h"

#define PPROF_PIECES ((uint32_t)1 << 31)
#define PPROF_MARK_BYTES ((size_t)1 << 20)

struct pprof_reader {
	struct profile *profile;
	const char *what;		/* the file's name in sentences */
	struct input *input;
	struct str bytes;		/* all of it, unwrapped; lent by the input until the samples are read */
	struct err *err;
	struct pprof_notes notes;
	struct pprof_extent {		/* by number: all of those fields lie between */
		size_t begin, end;
		uint64_t n;	/* how many there are */
	} extents[PPROF_DOC_URL + 1];
	size_t *marks;			/* mark k: the first field that begins at or behind k PPROF_MARK_BYTES */
	uint32_t n_marks;

	uint32_t *strings;		/* index in the file -> id in the model */
	uint32_t n_strings, cap_strings;

	struct pprof_ids mapping_ids, function_ids, location_ids;
	uint32_t *modules;		/* row of mapping_ids -> model's module, and its kind */
	uint8_t *module_kinds;
	uint32_t cap_modules, cap_module_kinds;
	uint32_t *functions;		/* row of function_ids -> model's function */
	uint32_t cap_functions;

	/* What stacks are put together from. A location is a word that stands for all its frames. Words may
	 * not begin with the same frame: where two different locations do, both are a list of words of
	 * one frame each. Word r < location_ids.n is that of row r. */
	struct stack_span *words;	/* frames of each, outermost first, in chains */
	uint32_t *chains;
	uint32_t n_words, cap_words, n_chains, cap_chains;
	struct pprof_place {
		uint32_t word;		/* or PPROF_PIECES | where its list begins in pieces */
		uint32_t n;		/* frames: each a piece of the list */
	} *places;			/* by row */
	struct pprof_place *places_by_id;	/* where ids are dense; .n is 0 where there is none */
	uint64_t n_places_by_id;
	uint32_t *pieces;		/* outermost first */
	uint32_t n_pieces, cap_pieces;

	struct batch batch;
	uint64_t frames_left;		/* that samples may still unfold to: see pprof_parts.c */
	uint32_t time_key;		/* string; 0: rows have no times */
	uint64_t labels_dropped;
	uint64_t locations_sum, samples_sum;	/* see pprof_notes.h */
};

/* A field of the file's top level: fn(reader, body) for each with that number. */
typedef int pprof_visit(struct pprof_reader *r, struct str body);
int pprof_each(struct pprof_reader *r, uint32_t number, pprof_visit *visit);

/* Fails with "WHAT: not a sound pprof file: at byte N: ..."; `at` points into r->bytes. */
int pprof_fail(const struct pprof_reader *r, struct err *err, const char *at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
#define pprof_bad(r, ...) pprof_fail((r), (r)->err, __VA_ARGS__)

/* The model's id of a string of the file; 0 or -EBADMSG. */
int pprof_string(const struct pprof_reader *r, struct err *err, const char *at, uint64_t index,
		 uint32_t *ret_id);

int pprof_read_strings(struct pprof_reader *r);
/* Mappings, functions, locations: after the strings and the notes. */
int pprof_read_tables(struct pprof_reader *r);
/* After the tables. */
int pprof_read_samples(struct pprof_reader *r);

#endif
