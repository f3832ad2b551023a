/* SPDX-License-Identifier: Apache-2.0 */
/* format/folded_worker.h
 *
 * The part of reading folded stacks that takes the time, done by several threads at once (format/pieces.h):
 * names become numbers (format/news.h), and what a line begins with like the one before it is not looked up
 * again.
 *
 *   main;parse;lex 12      row {shared 0, words 1 2 3}  values 12
 *   main;parse;emit 3      row {shared 2, words 4}      values 3
 */
#ifndef SONDE_FORMAT_FOLDED_WORKER_H
#define SONDE_FORMAT_FOLDED_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "format/news.h"

#define FOLDED_COLUMNS_MAX 32
#define FOLDED_LINE_MAX ((size_t)64 << 20)

struct folded_row {
	uint32_t shared;		/* frames that it has from the row before it in the block */
	uint32_t first_word, n_words;	/* those that follow, outermost first */
};

struct folded_block {
	struct buf rows, words;
	struct buf values;		/* int64_t, `columns` for each row */
	struct news names;
	bool reset;			/* numbers begin at 1 again */
	bool failed;			/* out of memory */
	uint64_t lines;			/* in its text, up to a bad one */
	const char *bad;		/* why its last line is refused; NULL: it is not */
	char bad_line[64];		/* how that begins */
};

struct folded_worker {
	uint32_t columns;		/* counts a line, 1 to FOLDED_COLUMNS_MAX */
	struct strings names;
	uint32_t *ends, cap_ends;	/* of the line before: frame -> offset behind its ';' */
};

void folded_worker_fini(struct folded_worker *worker);
void folded_block_fini(struct folded_block *block);

/* For struct pieces. */
size_t folded_worker_cut(struct str text);
void folded_worker_work(void *worker, struct str text, void *block);

/* Cuts the last word off the line and reads it as a count; false (the line is as it was): it is none. */
bool folded_cut_count(struct str *line, int64_t *ret_count);

#endif
