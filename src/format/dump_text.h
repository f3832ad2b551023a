/* SPDX-License-Identifier: Apache-2.0 */
/* format/dump_text.h - what dump_thread.c and dump_line.c look for in a line, most of it at the front, where it is cut off;
 * nobody else includes it. False (dump_find(): -1): it is not there. */
#ifndef SONDE_FORMAT_DUMP_TEXT_H
#define SONDE_FORMAT_DUMP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

static inline bool dump_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool dump_skip(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_skip(*s, prefix.n);
	return true;
}

/* Cuts decimal digits, or "0x" and hexadecimal ones, off the front. */
static inline bool dump_cut_number(struct str *s, uint64_t *ret_value)
{
	bool hex = str_starts(*s, STR("0x"));
	struct str digits = str_skip(*s, hex ? 2 : 0);
	size_t n = 0;

	while (n < digits.n && (dump_is_digit(digits.p[n]) ||
				(hex && ((digits.p[n] >= 'a' && digits.p[n] <= 'f') ||
					 (digits.p[n] >= 'A' && digits.p[n] <= 'F')))))
		n++;
	if (str_parse_u64(str_head(digits, n), hex ? 16 : 10, ret_value) < 0)
		return false;
	*s = str_skip(digits, n);
	return true;
}

static inline ptrdiff_t dump_find(struct str s, struct str needle)
{
	const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

	return at ? at - s.p : -1;
}

static inline bool dump_cut_quoted(struct str *s, struct str *ret_name)
{
	ptrdiff_t end;

	if (!dump_skip(s, STR("\"")) || (end = str_find(*s, '"')) < 0)
		return false;
	*ret_name = str_head(*s, (size_t)end);
	*s = str_skip(*s, (size_t)end + 1);
	return true;
}

#endif
