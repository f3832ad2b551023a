/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

ptrdiff_t str_find(struct str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;

	return hit ? hit - s.p : -1;
}

ptrdiff_t str_rfind(struct str s, char c)
{
	const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;

	return hit ? hit - s.p : -1;
}

bool str_contains(struct str s, struct str needle)
{
	return needle.n == 0 || (s.n && memmem(s.p, s.n, needle.p, needle.n));
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *rest, char sep)
{
	ptrdiff_t at = str_find(*rest, sep);
	struct str head = *rest;

	if (at < 0) {
		*rest = (struct str){ 0 };
		return head;
	}
	head.n = (size_t)at;
	*rest = (struct str){ head.p + at + 1, rest->n - (size_t)at - 1 };
	return head;
}

struct str str_basename(struct str path)
{
	return str_skip(path, (size_t)(str_rfind(path, '/') + 1));
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

int str_parse_u64(struct str s, int base, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!s.n)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		int digit = digit_value(s.p[i]);

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return -ERANGE;
	}
	*ret_value = value;
	return 0;
}
