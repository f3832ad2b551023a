/* SPDX-License-Identifier: Apache-2.0 */
/* format/gecko_reader.h
 *
 * What reading the Firefox Profiler's files works on: columns of numbers out of JSON (gecko_columns.c), the tables that
 * stacks are in (gecko_tables_read.c), and threads, samples and the file around them (gecko_read.c). Private to
 * format/gecko_*.c.
 */
#ifndef SONDE_FORMAT_GECKO_READER_H
#define SONDE_FORMAT_GECKO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct profile;

#define GECKO_NONE UINT32_MAX

struct gecko_column {
	double *v;		/* NaN: null */
	uint32_t n, cap;
};

struct gecko_ids {
	uint32_t *v;
	uint32_t n, cap;
};

/* A thread's tables, or those that all threads share: index there -> id here. */
struct gecko_tables {
	struct str strings_text, funcs_text, frames_text, stacks_text, resources_text, sources_text;
	struct gecko_ids strings, functions, modules, frames, stacks;	/* modules: of functions */
};

struct gecko_reader {
	struct profile *profile;
	const char *what;
	struct str text;
	struct err *err;
	struct gecko_ids libs;	/* modules */
	struct gecko_ids kinds;	/* category -> frame kind */
	struct gecko_tables shared;
	double first_ms, last_ms;	/* of samples */
	bool shared_read, ours, timed, cpu_in_us, has_cpu;
	int rc;
};

/* A sentence with the byte that `at` begins at; -EBADMSG. */
int gecko_bad(struct gecko_reader *r, struct str at, const char *why);

/* The values of those keys of an object, as text. */
int gecko_find_keys(struct gecko_reader *r, struct str object, const char *const *names, struct str *values,
		    uint32_t n);

/* Up to 8 columns of a table; those that are not there are empty. gecko_free_columns() in either case. */
int gecko_read_columns(struct gecko_reader *r, struct str table, const char *const *names,
		       struct gecko_column *columns, uint32_t n);
void gecko_free_columns(struct gecko_column *columns, uint32_t n);

/* The number in a row; GECKO_NONE when it is none, or none that is below `limit`. */
uint32_t gecko_cell(const struct gecko_column *column, uint32_t row, double limit);
uint32_t gecko_cell_or_zero(const struct gecko_column *column, uint32_t row);

int gecko_append(struct gecko_ids *ids, uint32_t id);
uint32_t gecko_id_at(const struct gecko_ids *ids, uint32_t i);

/* Fills the tables from their texts. */
int gecko_read_tables(struct gecko_reader *r, struct gecko_tables *t);
void gecko_tables_fini(struct gecko_tables *t);

#endif
