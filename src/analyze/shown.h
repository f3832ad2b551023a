/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/shown.h
 *
 * The stacks that a view shows, made from those that were recorded: the same samples over another
 * tree of stacks.
 *
 * Folding. A recording holds every native frame, so a Python stack is mostly the interpreter:
 *
 *   recorded   _start  main@python  run@python  app.py  eval@python  sorted@python  key  memcpy
 *   kind       library runtime      runtime     interp. runtime      runtime        int. library
 *   shown                                       app.py                              key  memcpy
 *
 * In a stack with at least one interpreted frame (or one of code that a language's runtime compiled, which
 * is the same here) all runtime frames are left out, and so are the
 * library frames at its root, up to the first frame of another kind, when a runtime or interpreted
 * frame shows that they only started the interpreter. A stack
 * without an interpreted frame (an interpreter that starts, its collector's thread) is shown whole.
 * What a left out frame cost by itself goes to its caller.
 *
 * Grouping puts one frame of kind none, "[goroutine 17]" or "[no goroutine]", below each stack's
 * root: what the sample's label of that key says.
 *
 * Memory: .profile borrows everything from the profile it was made of, which must outlive it, and
 * owns a tree and a column of stacks only where they differ. It is for reading: nothing may be added
 * to it, and profile_fini() is not for it.
 */
#ifndef SONDE_ANALYZE_SHOWN_H
#define SONDE_ANALYZE_SHOWN_H

#include <stdbool.h>

#include "model/profile.h"

struct err;

struct shown {
	struct profile profile;
	bool owned;	/* .profile.tree and .profile.stack are ours */
	bool folded;	/* some frame of some sample is left out */
};

/* native: nothing is folded. 0 or -ENOMEM (then nothing is owned and the profile is as recorded). */
int shown_init(struct shown *shown, const struct profile *profile, bool native, struct err *err);

/* Leaves frames out of every stack: those that match the expression, or (others) those that do not. What they
 * cost by themselves goes to their callers. 0; -EINVAL (no expression); -ENOMEM. */
int shown_hide(struct shown *shown, const char *expression, bool others, struct err *err);

/* Groups by a label. `profile` is that of shown_init(); the frames of the groups are added to it.
 * 0; -EINVAL when no sample has such a label, with a sentence that lists those there are; -E2BIG
 * when the grouped tree would be too large; -ENOMEM. */
int shown_group(struct shown *shown, struct profile *profile, const char *key, struct err *err);

void shown_fini(struct shown *shown);

#endif
