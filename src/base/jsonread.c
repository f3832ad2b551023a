/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sum.h"
#include "base/utf8.h"

static const char MISSING[] = "";	/* the text of a part that is not there */

struct json_reader json_reader_over(struct str text)
{
	const char *p = text.p ? text.p : MISSING;

	return (struct json_reader){ .p = p, .end = p + text.n, .start = p };
}

void json_reader_fini(struct json_reader *r)
{
	buf_fini(&r->text);
}

bool json_reader_fail(struct json_reader *r, const char *why)
{
	if (!r->why) {
		r->why = why;
		r->at = (size_t)(r->p - r->start);
	}
	r->p = r->end;
	return false;
}

int json_reader_end(struct json_reader *r, const char *what, struct str whole, struct err *err)
{
	buf_fini(&r->text);
	if (!r->why)
		return 0;
	if (r->start == MISSING)
		return err_fail(err, -EBADMSG, "%s: %s", what, r->why);
	return err_fail(err, -EBADMSG, "%s: byte %zu: %s", what, (size_t)(r->start - whole.p) + r->at, r->why);
}

static char next_char(struct json_reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
	return r->p < r->end ? *r->p : '\0';
}

enum json_kind json_peek(struct json_reader *r)
{
	switch (next_char(r)) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	case '-':
	case '0' ... '9':
		return JSON_NUMBER;
	default:
		return JSON_NOTHING;
	}
}

bool json_enter(struct json_reader *r, char bracket)
{
	if (next_char(r) != bracket)
		return json_reader_fail(r, bracket == '{' ? "expected an object" : "expected an array");
	if (++r->depth > JSON_DEPTH_MAX)
		return json_reader_fail(r, "brackets in each other too deeply");
	r->p++;
	r->after_value = false;
	return true;
}

/* Whether there is one more in the object or array: takes the comma, or the closing bracket. */
static bool more(struct json_reader *r, char closing)
{
	char c = next_char(r);

	if (r->why)
		return false;
	if (c == closing && r->p < r->end) {
		r->p++;
		r->depth--;
		r->after_value = true;
		return false;
	}
	if (r->after_value && c != ',')
		return json_reader_fail(r, r->p == r->end ? "the text ends in the middle" :
						    "expected a comma or the end of what was begun");
	r->p += r->after_value;
	r->after_value = false;
	if (next_char(r) == '\0' && r->p == r->end)
		return json_reader_fail(r, "the text ends in the middle");
	return true;
}

bool json_next_item(struct json_reader *r)
{
	return more(r, ']');
}

bool json_next_key(struct json_reader *r, struct str *ret_key)
{
	if (!more(r, '}'))
		return false;
	if (next_char(r) != '"')
		return json_reader_fail(r, "expected a key");
	*ret_key = json_take_str(r);
	if (next_char(r) != ':')
		return json_reader_fail(r, "expected a colon");
	r->p++;
	r->after_value = false;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits at p; -1 when they are not. */
static int32_t hex_four(const char *p, const char *end)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++) {
		int d = p + i < end ? hex_digit(p[i]) : -1;

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* Behind "\u". Two halves of a pair are one character. */
static bool add_character(struct json_reader *r)
{
	int32_t c = hex_four(r->p, r->end), low;
	char out[4];

	if (c < 0)
		return json_reader_fail(r, "an escape that is none");
	r->p += 4;
	if (c >= 0xd800 && c < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
		low = hex_four(r->p + 2, r->end);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			r->p += 6;
		}
	}
	buf_add(&r->text, out, utf8_put(out, (uint32_t)c));
	return true;
}

static bool add_escape(struct json_reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (r->p == r->end)
		return false;
	if (*r->p == 'u') {
		r->p++;
		return add_character(r);
	}
	at = memchr(from, *r->p, sizeof(from) - 1);
	if (!at)
		return json_reader_fail(r, "an escape that is none");
	buf_add_u8(&r->text, (uint8_t)to[at - from]);
	r->p++;
	return true;
}

/* The first '"' or '\' from p on. */
static const char *string_stop(const char *p, const char *end)
{
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

struct str json_take_str(struct json_reader *r)
{
	const char *stop, *begin;
	struct str plain;

	if (json_peek(r) == JSON_NULL) {
		json_pass(r);
		return (struct str){ 0 };
	}
	if (next_char(r) != '"') {
		json_reader_fail(r, "expected a string");
		return (struct str){ 0 };
	}
	begin = ++r->p;
	stop = string_stop(begin, r->end);
	r->after_value = true;
	if (stop < r->end && *stop == '"') {
		r->p = stop + 1;
		plain = str_over(begin, (size_t)(stop - begin));
		return plain;
	}
	buf_clear(&r->text);
	for (;;) {
		buf_add(&r->text, r->p, (size_t)(stop - r->p));
		r->p = stop;
		if (stop == r->end)
			break;
		r->p++;
		if (*stop == '"')
			return buf_str(&r->text);
		if (!add_escape(r))
			break;
		stop = string_stop(r->p, r->end);
	}
	json_reader_fail(r, "a string without an end");
	return (struct str){ 0 };
}

/* The bytes of the number that stands next. */
static struct str take_number(struct json_reader *r)
{
	const char *begin = (next_char(r), r->p);

	while (r->p < r->end && ((*r->p >= '0' && *r->p <= '9') || *r->p == '-' || *r->p == '+' ||
				 *r->p == '.' || *r->p == 'e' || *r->p == 'E'))
		r->p++;
	r->after_value = true;
	return str_over(begin, (size_t)(r->p - begin));
}

/* Up to 18 digits, and nothing else. */
static bool parse_digits(struct str text, int64_t *ret_value)
{
	bool minus = text.n && text.p[0] == '-';
	int64_t v = 0;

	text = str_skip(text, minus);
	if (!text.n || text.n > 18)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (text.p[i] - '0');
	}
	*ret_value = minus ? -v : v;
	return true;
}

static double parse_double(struct json_reader *r, struct str text)
{
	char copy[64], *end;
	double v;

	if (text.n >= sizeof(copy)) {	/* more digits than a double has: the first are enough */
		json_reader_fail(r, "a number of more than 63 characters");
		return 0;
	}
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	v = strtod(copy, &end);
	if (!text.n || *end) {
		json_reader_fail(r, "expected a number");
		return 0;
	}
	return v;
}

/* The number's text; null is the one of 0. */
static struct str take_number_or_null(struct json_reader *r)
{
	if (json_peek(r) != JSON_NULL)
		return take_number(r);
	json_pass(r);
	return r->why ? STR("") : STR("0");
}

double json_take_double(struct json_reader *r)
{
	struct str text = take_number_or_null(r);
	int64_t whole;

	return parse_digits(text, &whole) ? (double)whole : parse_double(r, text);
}

int64_t json_take_int(struct json_reader *r)
{
	struct str text = take_number_or_null(r);
	int64_t whole;

	return parse_digits(text, &whole) ? whole : sum_round(parse_double(r, text));
}

uint32_t json_take_index(struct json_reader *r, uint64_t limit, const char *why)
{
	const char *begin = (next_char(r), r->p);
	int64_t v = json_take_int(r);

	if (!r->why && v >= 0 && (uint64_t)v < limit && v <= UINT32_MAX)
		return (uint32_t)v;
	if (!r->why)
		r->p = begin;
	json_reader_fail(r, why);
	return 0;
}

bool json_take_bool(struct json_reader *r)
{
	return str_eq(json_pass(r), STR("true"));
}

static bool pass_string(struct json_reader *r)
{
	for (r->p++;; r->p += 2) {
		r->p = string_stop(r->p, r->end);
		if (r->end - r->p < 2 && (r->p == r->end || *r->p == '\\'))
			return json_reader_fail(r, "a string without an end");
		if (*r->p == '"') {
			r->p++;
			return true;
		}
	}
}

static bool pass_word(struct json_reader *r)
{
	static const struct str words[] = { STR("true"), STR("false"), STR("null") };
	struct str rest = str_over(r->p, (size_t)(r->end - r->p));

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_starts(rest, words[i])) {
			r->p += words[i].n;
			return true;
		}
	}
	return json_reader_fail(r, "expected a value");
}

/* One value, or one bracket of one that holds others; *depth counts those that are open. What stands
 * between them is not looked at: whoever passes a value over does not want to know it. */
static bool pass_piece(struct json_reader *r, uint32_t *depth)
{
	switch (next_char(r)) {
	case '{':
	case '[':
		r->p++;
		return ++*depth + r->depth <= JSON_DEPTH_MAX ||
		       json_reader_fail(r, "brackets in each other too deeply");
	case '}':
	case ']':
		if (!*depth)
			return json_reader_fail(r, "expected a value");
		r->p++;
		--*depth;
		return true;
	case ',':
	case ':':
		if (!*depth)
			return json_reader_fail(r, "expected a value");
		r->p++;
		return true;
	case '"':
		return pass_string(r);
	case '-':
	case '0' ... '9':
		take_number(r);
		return true;
	default:
		if (r->p == r->end)
			return json_reader_fail(r, "the text ends in the middle");
		return pass_word(r);
	}
}

struct str json_pass(struct json_reader *r)
{
	const char *begin = (next_char(r), r->p);
	uint32_t depth = 0;

	do {
		if (!pass_piece(r, &depth))
			return (struct str){ 0 };
	} while (depth);
	r->after_value = true;
	return str_over(begin, (size_t)(r->p - begin));
}
