/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/names.h"

#include "base/cursor.h"
#include "base/utf8.h"

/* One UTF-16 unit; the cursor fails where there is none. */
static uint32_t next_unit(struct cursor *c)
{
	uint32_t first = cursor_u8(c), second, third;

	if (first < 0x80)
		return first;
	second = cursor_u8(c);
	if ((second & 0xc0) != 0x80) {
		cursor_fail(c);
		return 0;
	}
	if ((first & 0xe0) == 0xc0)
		return (first & 0x1f) << 6 | (second & 0x3f);
	third = cursor_u8(c);
	if ((first & 0xf0) != 0xe0 || (third & 0xc0) != 0x80) {
		cursor_fail(c);
		return 0;
	}
	return (first & 0xf) << 12 | (second & 0x3f) << 6 | (third & 0x3f);
}

bool jvm_utf8(struct str modified, struct arena *arena, struct str *ret_utf8)
{
	struct cursor c = cursor_over(modified);
	char *p;
	size_t n = 0;

	if (modified.n > JVM_NAME_BYTES_MAX)
		return false;
	p = arena_alloc(arena, modified.n + 1);
	if (!p)
		return false;
	while (cursor_more(&c)) {
		uint32_t unit = next_unit(&c);

		if (c.failed || !unit)
			return false;
		/* a character beyond 16 bits is two units of three bytes each: never longer than they were */
		if (unit >= 0xd800 && unit < 0xdc00) {
			struct cursor ahead = c;
			uint32_t low = next_unit(&ahead);

			if (!ahead.failed && low >= 0xdc00 && low < 0xe000) {
				unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
				c = ahead;
			}
		}
		n += utf8_put(p + n, unit);
	}
	*ret_utf8 = str_over(p, n);
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hexadecimal(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Without the address, or (before JDK 9) the number, that a hidden class has at its end. */
static size_t without_address(const char *p, size_t n)
{
	size_t at = n, digits;

	while (at > 0 && is_hexadecimal(p[at - 1]))
		at--;
	digits = n - at;
	if (digits && at > 2 && p[at - 1] == 'x' && p[at - 2] == '0' && (p[at - 3] == '+' || p[at - 3] == '/'))
		return at - 3;
	for (at = n; at > 0 && is_digit(p[at - 1]);)
		at--;
	return at < n && at > 1 && p[at - 1] == '/' ? at - 1 : n;
}

static size_t without_lambda_number(const char *p, size_t n)
{
	static const char lambda[] = "$$Lambda";
	size_t at = n;

	while (at > 0 && is_digit(p[at - 1]))
		at--;
	if (at == n || at < sizeof(lambda) || p[at - 1] != '$' ||
	    memcmp(p + at - sizeof(lambda), lambda, sizeof(lambda) - 1) != 0)
		return n;
	return at - 1;
}

struct str jvm_class_name(char *p, size_t n)
{
	n = without_lambda_number(p, without_address(p, n));
	for (size_t i = 0; i < n; i++)
		if (p[i] == '/')
			p[i] = '.';
	return str_over(p, n);
}

/* scala.reflect.NameTransformer */
static const struct {
	const char *word;
	char character;
} operators[] = {
	{ "tilde", '~' }, { "eq", '=' },    { "less", '<' },    { "greater", '>' }, { "bang", '!' },
	{ "hash", '#' },  { "percent", '%' }, { "up", '^' },    { "amp", '&' },     { "bar", '|' },
	{ "times", '*' }, { "div", '/' },   { "plus", '+' },    { "minus", '-' },   { "colon", ':' },
	{ "qmark", '?' }, { "at", '@' },    { "bslash", '\\' },
};

/* The operator that s begins with, and how long its word is; 0: none. A word goes on where a small letter
 * follows: Outer$attributes is no operator. */
static char operator_at(struct str s, size_t *ret_n)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		struct str word = str_of(operators[i].word);

		if (!str_starts(s, word) || (s.n > word.n && s.p[word.n] >= 'a' && s.p[word.n] <= 'z'))
			continue;
		*ret_n = word.n;
		return operators[i].character;
	}
	return 0;
}

/* What no Java name can have, as $u and four capital digits; 0: it is none that is fit to print. */
static uint32_t character_at(struct str s)
{
	uint32_t unit = 0;

	if (s.n < 5 || s.p[0] != 'u')
		return 0;
	for (size_t i = 1; i < 5; i++) {
		if (!is_digit(s.p[i]) && !(s.p[i] >= 'A' && s.p[i] <= 'F'))
			return 0;
		unit = unit << 4 | (uint32_t)(is_digit(s.p[i]) ? s.p[i] - '0' : s.p[i] - 'A' + 10);
	}
	return unit < 0x20 || (unit >= 0x7f && unit < 0xa0) || (unit >= 0xd800 && unit < 0xe000) ? 0 : unit;
}

struct str jvm_scala_name(char *p, size_t n)
{
	size_t to = 0, length;

	for (size_t from = 0; from < n;) {
		struct str rest = str_over(p + from + 1, n - from - 1);
		char sign = p[from] == '$' ? operator_at(rest, &length) : 0;
		uint32_t character = p[from] == '$' && !sign ? character_at(rest) : 0;

		if (character) {
			to += utf8_put(p + to, character);	/* three bytes at most, of six */
			from += 6;
			continue;
		}
		if (sign)
			from += 1 + length;
		p[to++] = sign ? sign : p[from++];
	}
	return str_over(p, to);
}
