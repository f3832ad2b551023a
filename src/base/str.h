/* SPDX-License-Identifier: Apache-2.0 */
/* base/str.h
 *
 * A borrowed run of bytes: a pointer and a length, never freed, not terminated.
 *
 * The lender is named where a str is handed out; a str is dead once its lender is.
 * {NULL, 0} is the empty string. Bytes may be anything, NUL included.
 */
#ifndef SONDE_BASE_STR_H
#define SONDE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

/* STR("literal"): the length is known to the compiler. */
#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })

/* printf("%.*s", STR_ARG(s)): a precision is an int, so longer strings are cut there. */
#define STR_ARG(s) ((s).n > INT32_MAX ? INT32_MAX : (int)(s).n), ((s).p ? (s).p : "")

static inline struct str str_of(const char *c_string)
{
	return (struct str){ c_string, c_string ? strlen(c_string) : 0 };
}

static inline struct str str_over(const void *p, size_t n)
{
	return (struct str){ p, n };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Orders by bytes, a prefix before what it starts. Less than, equal to, more than 0. */
static inline int str_compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* s without its first n bytes (empty when it has no more). */
static inline struct str str_skip(struct str s, size_t n)
{
	return n >= s.n ? (struct str){ 0 } : (struct str){ s.p + n, s.n - n };
}

/* The first n bytes of s (all of it when it has fewer). */
static inline struct str str_head(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

/* Index of the first / last byte c, or -1. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_rfind(struct str s, char c);

/* Whether needle occurs in s. An empty needle always does. */
bool str_contains(struct str s, struct str needle);

/* s without ASCII white space at either end. */
struct str str_trim(struct str s);

/* Cuts the part before the first `sep` off the front of *rest and returns it; without a `sep`
 * all of *rest is returned and *rest becomes {NULL, 0}. Loop: while (rest.p) str_cut(&rest, ...). */
struct str str_cut(struct str *rest, char sep);

/* What follows the last '/'. */
struct str str_basename(struct str path);

/* Parses all of s as an unsigned number in base 10 or 16 (no sign, no prefix, no white space).
 * Returns 0, or -EINVAL (not a number), -ERANGE (does not fit); *ret_value is then untouched. */
int str_parse_u64(struct str s, int base, uint64_t *ret_value);

#endif
