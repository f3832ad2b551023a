/* SPDX-License-Identifier: Apache-2.0 */
/* base/err.h
 *
 * The sentence a person will read when something cannot be had.
 *
 * Functions that can fail return 0 or a negative errno and take a `struct err *err` last (NULL is
 * allowed: the sentence is then not kept). Only cli/ prints it. Say what failed, on what, why, and
 * what to do next. The first sentence wins: a caller that adds context uses err_prefix().
 */
#ifndef SONDE_BASE_ERR_H
#define SONDE_BASE_ERR_H

struct err {
	char text[1024];
};

/* Sets the sentence unless one is there already. */
void err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* err_set(), and returns rc: `return err_fail(err, -EBADMSG, "...")`. */
int err_fail(struct err *err, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "what: " before the sentence that is there. */
void err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the sentence, for a caller that tries something else. */
void err_clear(struct err *err);

/* The C library's words for a negative errno. */
const char *err_text(int rc);

#endif
