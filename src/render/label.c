/* SPDX-License-Identifier: Apache-2.0 */
#include "render/label.h"

#include "base/buf.h"
#include "base/utf8.h"

#define NAME_BYTES_MAX 16384 /* what of a name is looked at to shorten it */
#define WORTH_ELIDING 8	     /* "<init>" and "(int)" say more than "<…>" */

#define ELLIPSIS STR("\xe2\x80\xa6")

/* How much of the text's beginning needs no cleaning, being ASCII: most often all. */
static size_t plain_bytes(struct str text)
{
	size_t n = 0;

	while (n < text.n && (uint8_t)text.p[n] >= 0x20 && (uint8_t)text.p[n] < 0x7f)
		n++;
	return n;
}

/* `unicode` false: where a character could not be shown, a '?' stands for it. */
static void clean(struct buf *out, struct str name, size_t max_bytes, bool unicode)
{
	size_t end = out->n + max_bytes;

	while (name.n) {
		struct str from = name;
		/* no further than there is room: a name may be megabytes */
		size_t n = plain_bytes(str_head(name, out->n < end ? end - out->n : 0));
		bool valid;
		uint32_t c;

		if (n) {
			buf_add(out, name.p, n);
			name = str_skip(name, n);
			continue;
		}
		valid = utf8_next(&name, &c);
		n = from.n - name.n;
		if (out->n + (valid ? n : 4) > end) {
			buf_add_str(out, ELLIPSIS);
			return;
		}
		if (valid && !utf8_is_control(c)) {
			buf_add_str(out, unicode || c < 0x80 ? str_head(from, n) : STR("?"));
			continue;
		}
		for (size_t i = 0; i < n; i++)
			buf_addf(out, "\\x%02X", (uint8_t)from.p[i]);
	}
}

void label_clean(struct buf *out, struct str name, size_t max_bytes)
{
	clean(out, name, max_bytes, true);
}

/* Of clean text: each character is valid. */
static uint32_t columns_of(struct str text)
{
	uint32_t columns = 0, c;

	while (text.n) {
		utf8_next(&text, &c);
		columns += (uint32_t)utf8_columns(c);
	}
	return columns;
}

/* Bytes of the longest prefix that is at most `columns` wide, with the marks that combine with it.
 */
static size_t prefix_bytes(struct str text, uint32_t columns)
{
	struct str rest = text;
	uint32_t used = 0;

	while (rest.n) {
		struct str next = rest;
		uint32_t c;

		utf8_next(&next, &c);
		used += (uint32_t)utf8_columns(c);
		if (used > columns)
			break;
		rest = next;
	}
	return text.n - rest.n;
}

/* Whether text[at] belongs to the symbol of an operator: one of `symbols` behind "operator". */
static bool in_operator(struct str text, size_t at, const char *symbols)
{
	while (at && strchr(symbols, text.p[at - 1]))
		at--;
	return at >= 8 && !memcmp(text.p + at - 8, "operator", 8);
}

/* A '<' or '>' of an operator's name, and the arrow in "-> int", are no brackets. */
static bool is_bracket(struct str text, size_t at, char c)
{
	if (text.p[at] != c || (c == '>' && at && text.p[at - 1] == '-'))
		return false;
	if (c == '<' || c == '>')
		return !in_operator(text, at, "<>=-");
	return !in_operator(text, at, c == '(' ? "" : "(");
}

/* Index of what closes the bracket at `open`, or text.n. */
static size_t closing(struct str text, size_t open, const char *pair)
{
	uint32_t depth = 0;

	for (size_t i = open; i < text.n; i++) {
		if (is_bracket(text, i, pair[0]))
			depth++;
		else if (is_bracket(text, i, pair[1]) && depth && !--depth)
			return i;
	}
	return text.n;
}

static bool is_worth_eliding(struct str content)
{
	return content.n > WORTH_ELIDING && !str_eq(content, STR("anonymous namespace"));
}

/* Replaces what is inside brackets that are nested `keep` deep (0: outermost) by an ellipsis. What
 * a name begins with stays: of Rust's "<T as Trait>::call" little would be left. */
static void elide(struct buf *out, struct str text, const char *pair, uint32_t keep)
{
	uint32_t depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		struct str content;
		size_t close;

		buf_add_u8(out, (uint8_t)text.p[i]);
		if (is_bracket(text, i, pair[1]) && depth)
			depth--;
		if (!is_bracket(text, i, pair[0]) || depth++ < keep || !i)
			continue;
		close = closing(text, i, pair);
		if (close == text.n) { /* not balanced: not what we take it for */
			buf_add_str(out, str_skip(text, i + 1));
			return;
		}
		content = (struct str){ text.p + i + 1, close - i - 1 };
		buf_add_str(out, is_worth_eliding(content) ? ELLIPSIS : content);
		i = close - 1;
	}
}

/* Keeps both ends; the tail, where the function's own name is, a little longer. */
static void cut_middle(struct buf *out, struct str text, uint32_t total, uint32_t columns)
{
	uint32_t head = (columns - 1) * 2 / 5, tail = columns - 1 - head;
	size_t head_bytes = prefix_bytes(text, head);
	size_t tail_from = prefix_bytes(text, total - tail);
	struct str rest = str_skip(text, tail_from);

	while (columns_of(rest) > tail) { /* a wide character lay across the cut */
		uint32_t c;

		utf8_next(&rest, &c);
	}
	buf_add(out, text.p, head_bytes);
	buf_add_str(out, ELLIPSIS);
	buf_add_str(out, rest);
}

/* Each step takes more away: inner template arguments, all of them, parameters. */
static const struct {
	const char *pair;
	uint32_t keep;
} steps[] = { { "<>", 1 }, { "<>", 0 }, { "()", 0 } };

/* Takes away what the steps take until it fits; the columns it has then. */
static uint32_t take_away(struct buf *text, uint32_t columns)
{
	struct buf shorter = { 0 };
	uint32_t total = columns_of(buf_str(text));

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && total > columns; i++) {
		struct buf swap = *text;

		buf_clear(&shorter);
		elide(&shorter, buf_str(text), steps[i].pair, steps[i].keep);
		*text = shorter;
		shorter = swap;
		total = columns_of(buf_str(text));
	}
	buf_fini(&shorter);
	return total;
}

static void shorten(struct buf *text, uint32_t columns)
{
	uint32_t total = take_away(text, columns);
	struct buf shorter = { 0 };

	if (total <= columns)
		return;
	cut_middle(&shorter, buf_str(text), total, columns);
	buf_fini(text);
	*text = shorter;
}

/* The function alone: behind the last "::" that is in no bracket, before its parameters. */
static struct str own_name(struct str text)
{
	size_t from = 0, depth = 0, end = text.n;

	for (size_t i = 0; i < text.n; i++) {
		if (is_bracket(text, i, '<') || is_bracket(text, i, '(')) {
			if (!depth++ && text.p[i] == '(' && i > from)
				end = i;
		} else if (is_bracket(text, i, '>') || is_bracket(text, i, ')')) {
			depth -= depth > 0;
		} else if (!depth && i && text.p[i] == ':' && text.p[i - 1] == ':') {
			from = i + 1;
			end = text.n;
		}
	}
	return (struct str){ text.p + from, end - from };
}

/* Without Unicode an ellipsis is one column too, so that nothing need be measured again. */
static void add_ascii(struct buf *out, struct str text)
{
	for (; text.n; text = str_skip(text, str_starts(text, ELLIPSIS) ? ELLIPSIS.n : 1))
		buf_add_u8(out, str_starts(text, ELLIPSIS) ? '~' : (uint8_t)text.p[0]);
}

uint32_t label_fit(struct buf *out, struct str name, uint32_t columns, bool unicode)
{
	struct buf text = { 0 };
	uint32_t used;

	if (!columns)
		return 0;
	clean(&text, name, NAME_BYTES_MAX, unicode);
	shorten(&text, columns);
	used = columns_of(buf_str(&text));
	if (unicode)
		buf_add_str(out, buf_str(&text));
	else
		add_ascii(out, buf_str(&text));
	if (text.failed)
		out->failed = true;
	buf_fini(&text);
	return used;
}

uint32_t label_cut(struct buf *out, struct str text, uint32_t columns, bool unicode)
{
	struct buf clear = { 0 };
	struct str words;
	uint32_t used;

	clean(&clear, text, NAME_BYTES_MAX, unicode);
	words = buf_str(&clear);
	used = columns_of(words);
	if (used > columns && columns) {
		words = str_head(words, prefix_bytes(words, columns - 1));
		used = columns_of(words) + 1;
		buf_add_str(out, words);
		words = unicode ? ELLIPSIS : STR("~");
	}
	if (columns)
		buf_add_str(out, words);
	out->failed |= clear.failed;
	buf_fini(&clear);
	return columns ? used : 0;
}

uint32_t label_fit_box(struct buf *out, struct str name, uint32_t columns)
{
	struct buf text = { 0 };
	struct str words;
	uint32_t used;

	if (!columns)
		return 0;
	clean(&text, name, NAME_BYTES_MAX, true);
	used = take_away(&text, columns);
	words = buf_str(&text);
	if (used > columns) {
		words = own_name(words);
		used = columns_of(words);
	}
	if (used > columns) {
		words = str_head(words, prefix_bytes(words, columns - 1));
		used = columns_of(words) + 1;
		buf_add_str(out, words);
		words = ELLIPSIS;
	}
	buf_add_str(out, words);
	if (text.failed)
		out->failed = true;
	buf_fini(&text);
	return used;
}

uint32_t label_columns(struct str name, uint32_t most)
{
	uint32_t columns = 0, c;

	while (name.n && columns < most) {
		struct str from = name;
		bool valid = utf8_next(&name, &c);
		size_t n = from.n - name.n;

		columns +=
			valid && !utf8_is_control(c) ? (uint32_t)utf8_columns(c) : (uint32_t)n * 4;
	}
	return columns < most ? columns : most;
}
