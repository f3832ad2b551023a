/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/rust_v0.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 300u
#define LIFETIMES_MAX 1000u
#define NUMBER_MAX ((UINT64_MAX - 62) / 62)

struct reader {
	const char *name;
	size_t n, at;
	unsigned depth;
	bool broken;
	uint8_t begins[RUST_V0_MAX / 8];	/* a bit for each byte where something begins */
};

static void read_path(struct reader *r);
static void read_type(struct reader *r);
static void read_constant(struct reader *r);

static char peek(const struct reader *r)
{
	return !r->broken && r->at < r->n ? r->name[r->at] : 0;
}

/* The end of a name is no byte of it: who needs one more finds the name broken. */
static char next(struct reader *r)
{
	char c = peek(r);

	if (c)
		r->at++;
	else
		r->broken = true;
	return c;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

static bool enter(struct reader *r)
{
	if (++r->depth > DEPTH_MAX)
		r->broken = true;
	return !r->broken;
}

static void note_begin(struct reader *r)
{
	r->begins[r->at / 8] |= (uint8_t)(1u << r->at % 8);
}

/* base-62-number = {digit} "_": nothing is 0, and the digits' value is one less. */
static uint64_t read_base62(struct reader *r)
{
	uint64_t value = 0;

	if (take(r, '_'))
		return 0;
	while (!r->broken) {
		char c = next(r);

		if (c == '_')
			return value + 1;
		if (value > NUMBER_MAX)
			break;
		if (c >= '0' && c <= '9')
			value = value * 62 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'z')
			value = value * 62 + 10 + (uint64_t)(c - 'a');
		else if (c >= 'A' && c <= 'Z')
			value = value * 62 + 36 + (uint64_t)(c - 'A');
		else
			break;
	}
	r->broken = true;
	return 0;
}

/* "B" and how far from behind the "_R" the target is. */
static void read_back_reference(struct reader *r)
{
	size_t own = r->at - 1;
	uint64_t target = read_base62(r) + 2;

	if (target >= own || !(r->begins[target / 8] >> target % 8 & 1))
		r->broken = true;
}

static void read_plain_identifier(struct reader *r)
{
	size_t length = 0;
	char c;

	take(r, 'u');
	c = next(r);
	if (c < '0' || c > '9')
		r->broken = true;
	length = (size_t)(c - '0');
	while (c != '0' && peek(r) >= '0' && peek(r) <= '9' && length <= RUST_V0_MAX)
		length = length * 10 + (size_t)(next(r) - '0');
	take(r, '_');
	if (r->broken || length > r->n - r->at)
		r->broken = true;
	else
		r->at += length;
}

static void read_identifier(struct reader *r)
{
	if (take(r, 's'))
		read_base62(r);
	read_plain_identifier(r);
}

static void read_binder(struct reader *r)
{
	if (take(r, 'G') && read_base62(r) >= LIFETIMES_MAX)
		r->broken = true;
}

static void read_impl_path(struct reader *r)
{
	if (take(r, 's'))
		read_base62(r);
	read_path(r);
}

static void read_generic_argument(struct reader *r)
{
	if (take(r, 'L'))
		read_base62(r);
	else if (take(r, 'K'))
		read_constant(r);
	else
		read_type(r);
}

static void read_until_end(struct reader *r, void (*read)(struct reader *r))
{
	while (!r->broken && !take(r, 'E'))
		read(r);
}

static void read_path(struct reader *r)
{
	if (!enter(r))
		return;
	note_begin(r);
	switch (next(r)) {
	case 'C':
		read_identifier(r);
		break;
	case 'M':
		read_impl_path(r);
		read_type(r);
		break;
	case 'X':
		read_impl_path(r);
		read_type(r);
		read_path(r);
		break;
	case 'Y':
		read_type(r);
		read_path(r);
		break;
	case 'N':
		next(r);	/* the name space: a letter */
		read_path(r);
		read_identifier(r);
		break;
	case 'I':
		read_path(r);
		read_until_end(r, read_generic_argument);
		break;
	case 'B':
		read_back_reference(r);
		break;
	default:
		r->broken = true;
	}
	r->depth--;
}

static void read_signature(struct reader *r)
{
	read_binder(r);
	take(r, 'U');
	if (take(r, 'K') && !take(r, 'C'))
		read_plain_identifier(r);
	read_until_end(r, read_type);
	read_type(r);
}

static void read_dyn_trait(struct reader *r)
{
	read_path(r);
	while (take(r, 'p')) {
		read_plain_identifier(r);
		read_type(r);
	}
}

static void read_compound_type(struct reader *r, char tag)
{
	switch (tag) {
	case 'A':
		read_type(r);
		read_constant(r);
		break;
	case 'R':
	case 'Q':
		if (take(r, 'L'))
			read_base62(r);
		read_type(r);
		break;
	case 'S':
	case 'P':
	case 'O':
		read_type(r);
		break;
	case 'T':
		read_until_end(r, read_type);
		break;
	case 'F':
		read_signature(r);
		break;
	case 'D':
		read_binder(r);
		read_until_end(r, read_dyn_trait);
		if (!take(r, 'L'))
			r->broken = true;
		read_base62(r);
		break;
	}
}

static void read_type(struct reader *r)
{
	char tag = peek(r);

	if (!enter(r))
		return;
	note_begin(r);
	if (tag >= 'a' && tag <= 'z') {
		r->at++;
	} else if (tag && strchr("ARQSPOTFD", tag)) {
		r->at++;
		read_compound_type(r, tag);
	} else if (take(r, 'B')) {
		read_back_reference(r);
	} else {
		read_path(r);
	}
	r->depth--;
}

static void read_field(struct reader *r)
{
	read_identifier(r);
	read_constant(r);
}

/* Fields of a struct or variant that is a constant: none, a tuple's, or named ones. */
static void read_fields(struct reader *r)
{
	if (take(r, 'T'))
		read_until_end(r, read_constant);
	else if (take(r, 'S'))
		read_until_end(r, read_field);
	else if (!take(r, 'U'))
		r->broken = true;
}

static void read_constant(struct reader *r)
{
	char tag;

	if (!enter(r))
		return;
	note_begin(r);
	tag = next(r);
	if (tag == 'B') {
		read_back_reference(r);
	} else if (tag == 'R' || tag == 'Q') {
		read_constant(r);
	} else if (tag == 'A' || tag == 'T') {
		read_until_end(r, read_constant);
	} else if (tag == 'V') {
		read_path(r);
		read_fields(r);
	} else if (tag >= 'a' && tag <= 'z') {
		if (tag != 'p')		/* a placeholder has no value */
			while (!r->broken && next(r) != '_')
				;
	} else {
		r->broken = true;
	}
	r->depth--;
}

bool rust_v0_is_sound(const char *name, size_t n)
{
	const char *suffix = memchr(name, '.', n);
	struct reader r = { .name = name, .n = suffix ? (size_t)(suffix - name) : n, .at = 2 };

	if (n < 3 || n > RUST_V0_MAX || memcmp(name, "_R", 2) != 0)
		return false;
	while (peek(&r) >= '0' && peek(&r) <= '9')	/* the version of the grammar */
		r.at++;
	read_path(&r);
	if (!r.broken && r.at < r.n)
		read_path(&r);	/* the crate that it was made for */
	return !r.broken && r.at == r.n;
}
