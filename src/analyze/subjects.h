/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/subjects.h
 *
 * What several profiles have in common: functions (or lines) that are the same in all of them, though
 * their builds differ.
 *
 *   base     parse.constprop.0 app-1   lex a.c     f()::{lambda()#1}   old
 *   new      parse app-2               lex b/c.c   f()::{lambda()#2}          fresh
 *   subject  1                         2           3                   4      5
 *
 * Two frames are one subject when name, module and file agree, once what compilers and builds change is
 * taken off (analyze/alike.h). What only one side has then is matched with what only the other side has,
 * where just one on each side agrees in ever less: name and module (moved to another file), name and
 * module without the numbers of lambdas, the name alone (another module). What that shows of modules that
 * have another name tells equal names in several modules apart (analyze/renames.h). A line is told by its
 * distance from its function's first line, where that is known. Frames without a function are one
 * subject for each module: addresses say nothing about another build.
 *
 * Subject 0 is nothing: the root of a tree. Memory: malloc's; strings are lent by the profiles.
 */
#ifndef SONDE_ANALYZE_SUBJECTS_H
#define SONDE_ANALYZE_SUBJECTS_H

#include "analyze/places.h"

struct subject {
	struct place place;	/* as the new side has it, else the base; the name is clean */
	struct str was;		/* the base's name where it differs; else empty */
	struct str was_file;
	bool in[2];		/* some frame of the base, of the new side */
};

struct subjects {
	struct subject *items;
	uint32_t n, cap;
	uint32_t **of_frame;	/* input -> frame id -> subject, never 0 */
	uint32_t n_inputs;
};

struct subject_input {
	const struct profile *profile;
	unsigned side;		/* 0: base, 1: new */
};

/* granularity: BY_FUNCTION or BY_LINE. 0 or -ENOMEM (then it is empty). */
int subjects_init(struct subjects *subjects, const struct subject_input *inputs, uint32_t n,
		  enum granularity granularity, struct err *err);
void subjects_fini(struct subjects *subjects);

#endif
