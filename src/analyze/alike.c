/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/alike.h"

#include "base/buf.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* What gcc and clang put behind the name of a function they cut up or copy. */
static const char *const clones[] = { ".constprop", ".part",	 ".cold", ".isra", ".lto_priv",
				      ".llvm",	    ".localalias", ".clone", ".ipcp",	".uniq",
				      ".__uniq",    ".warm",	 ".hot" };

static struct str without_digits(struct str name)
{
	while (name.n && is_digit(name.p[name.n - 1]))
		name.n--;
	return name;
}

/* "parse.part.0" -> "parse"; false when it ends otherwise. */
static bool cut_clone(struct str *name)
{
	struct str head = without_digits(*name);

	if (head.n < name->n && head.n && head.p[head.n - 1] == '.')
		head.n--;
	else
		head = *name;
	for (size_t i = 0; i < sizeof(clones) / sizeof(*clones); i++) {
		struct str clone = str_of(clones[i]);

		if (head.n > clone.n && str_ends(head, clone)) {
			*name = str_head(head, head.n - clone.n);
			return true;
		}
	}
	return false;
}

/* "parse [clone .isra.0]": what a demangler makes of the same. */
static bool cut_bracket(struct str *name)
{
	struct str head = *name;

	if (!str_ends(head, STR("]")))
		return false;
	for (size_t i = head.n; i-- > 1;) {
		if (head.p[i] != '[')
			continue;
		if (!str_starts(str_skip(head, i), STR("[clone ")))
			return false;
		*name = str_trim(str_head(head, i));
		return name->n > 0;
	}
	return false;
}

#define RUST_HASH 16

/* "core::fmt::write::h0123456789abcdef" */
static bool cut_hash(struct str *name)
{
	struct str head = *name;

	if (head.n <= RUST_HASH + 3)
		return false;
	for (size_t i = 0; i < RUST_HASH; i++)
		if (!is_hex(head.p[head.n - 1 - i]))
			return false;
	head.n -= RUST_HASH;
	if (!str_ends(head, STR("::h")))
		return false;
	name->n = head.n - 3;
	return true;
}

struct str alike_clean(struct str name)
{
	while (cut_clone(&name) || cut_bracket(&name) || cut_hash(&name))
		;
	return name;
}

/* Whether a number between `before` (as it was written so far) and `after` only counts. */
static bool only_counts(struct str before, struct str after)
{
	if (str_ends(before, STR("#")) || str_ends(before, STR(".func")) ||
	    str_ends(before, STR("$_")) || str_ends(before, STR("lambda")) ||
	    str_ends(before, STR("#.")))	/* main.f.func1.2, whose 1 is a '#' by now */
		return true;
	/* a position: "app.js:120:4)" */
	return str_ends(before, STR(":")) && (!after.n || after.p[0] == ':' || after.p[0] == ')');
}

/* "[1f3a...]" between a crate's name and "::": the hash of its build, as Rust's v0 names have it. 0: it is none. */
static size_t crate_hash(struct str name)
{
	size_t n = 1;

	if (!str_starts(name, STR("[")))
		return 0;
	while (n < name.n && is_hex(name.p[n]))
		n++;
	return n > 1 && str_starts(str_skip(name, n), STR("]::")) ? n + 1 : 0;
}

/* "[go.shape.string,go.shape.[]uint8]": what Go's own profiles have where its table of symbols has "[...]". 0: it is none. */
static size_t go_shape(struct str name)
{
	size_t depth = 0;

	if (!str_starts(name, STR("[go.shape.")))
		return 0;
	for (size_t i = 0; i < name.n; i++) {
		depth += name.p[i] == '[';
		depth -= name.p[i] == ']';
		if (!depth)
			return i + 1;
	}
	return 0;
}

void alike_numbers(struct buf *out, struct str name)
{
	size_t from = out->n, shape;

	while (name.n && !out->failed) {
		struct str before = { out->p + from, out->n - from };
		size_t n = 0;

		shape = go_shape(name);
		if (shape) {
			buf_add_str(out, STR("[...]"));
			name = str_skip(name, shape);
			continue;
		}

		name = str_skip(name, crate_hash(name));
		while (n < name.n && is_digit(name.p[n]))
			n++;
		if (n && only_counts(before, str_skip(name, n))) {
			if (!str_ends(before, STR("#")))
				buf_add_u8(out, '#');
		} else {
			n += n == 0;
			buf_add(out, name.p, n);
		}
		name = str_skip(name, n);
	}
}

struct str alike_module(struct str path)
{
	struct str name = str_basename(path);
	struct str rest = name;

	for (size_t i = 1; i + 3 <= rest.n; i++)	/* "libz.so.1.2.13" */
		if (str_starts(str_skip(rest, i), STR(".so")) &&
		    (i + 3 == rest.n || rest.p[i + 3] == '.'))
			return str_head(rest, i + 3);
	return name;
}
