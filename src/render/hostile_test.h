/* SPDX-License-Identifier: Apache-2.0 */
/* render/hostile_test.h - for tests: profiles of any bytes, and what output must hold. */
#ifndef SONDE_RENDER_HOSTILE_TEST_H
#define SONDE_RENDER_HOSTILE_TEST_H

#include "base/buf.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include "model/profile.h"

/* A profile from bytes: an opcode, then what it takes. Names are any bytes. */
static inline void hostile_profile(struct profile *p, struct cursor *c)
{
	uint32_t stack = 0;

	profile_init(p);
	profile_add_type(p, cursor_bytes(c, cursor_u8(c) & 15), STR("count"));
	profile_add_type(p, STR("cpu"), cursor_bytes(c, cursor_u8(c) & 15));
	while (cursor_more(c)) {
		uint8_t op = cursor_u8(c);
		struct str bytes = cursor_bytes(c, cursor_u8(c));
		uint32_t string = strings_add(&p->strings, bytes);
		struct function function = { .name = op & 8 ? 0 : string, .file = string,
					     .start_line = bytes.n & 1 ? UINT32_MAX : 0 };
		struct module module = { .path = string };
		struct frame frame = { .kind = op >> 4, .line = op, .address = bytes.n };
		struct label label = { .key = strings_add(&p->strings, STR("thread")),
				       .str = string };
		int64_t values[2] = { (int64_t)bytes.n,
				      (int64_t)((uint64_t)cursor_u8(c) << (op >> 2)) };

		frame.function = frames_add_function(&p->frames, &function);
		frame.module = frames_add_module(&p->frames, &module);
		stack = stacktree_push(&p->tree, op & 4 ? 0 : stack,
				       frames_add(&p->frames, &frame));
		if (op & 1)
			profile_add(p, stack, op & 2 ? labels_add(&p->labels, &label, 1) : 0,
				    values);
		if (op == 0xfb)
			profile_add_comment(p, bytes);
		if (op == 0xfa)
			profile_add_drop(p, bytes, bytes.n);
		p->stats.known |= op == 0xf9;
	}
	p->default_type = p->n & 1;
	p->duration_ns = p->n;
	p->period = p->n;
}

/* Whether all is UTF-8 without control characters but line ends and tabs. */
static inline bool is_plain_text(struct str text)
{
	while (text.n) {
		uint32_t c;

		if (!utf8_next(&text, &c) || (utf8_is_control(c) && c != '\n' && c != '\t'))
			return false;
	}
	return true;
}

/* The end of a tag's name. */
static inline struct str tag_name(struct str text)
{
	size_t n = 0;

	while (n < text.n && !strchr(" />?", text.p[n]))
		n++;
	return str_head(text, n);
}

/* Whether brackets of elements match, '&' begins a number, and '<' only what we write. Takes the
 * XML declaration and CDATA for granted: they hold no name. */
static inline bool is_well_formed(struct str text)
{
	struct str open[16];
	uint32_t depth = 0;

	if (!is_plain_text(text))
		return false;
	while (text.n) {
		struct str name;
		ptrdiff_t end;

		if (text.p[0] == '&') {
			uint64_t number;
			ptrdiff_t semicolon = str_find(text, ';');

			if (!str_starts(text, STR("&#")) || semicolon < 3 ||
			    str_parse_u64(str_head(str_skip(text, 2), (size_t)semicolon - 2), 10,
					  &number) < 0)
				return false;
		}
		if (text.p[0] != '<') {
			text = str_skip(text, 1);
			continue;
		}
		if (str_starts(text, STR("<![CDATA["))) {
			const char *close = memmem(text.p, text.n, "]]>", 3);

			if (!close)
				return false;
			text = str_skip(text, (size_t)(close - text.p) + 3);
			continue;
		}
		end = str_find(text, '>');
		if (end < 0)
			return false;
		if (text.p[1] == '/') {
			name = tag_name(str_skip(text, 2));
			if (!depth || !str_eq(open[--depth], name))
				return false;
		} else if (text.p[end - 1] != '/' && text.p[1] != '?') {
			if (depth == 16)
				return false;
			open[depth++] = tag_name(str_skip(text, 1));
		}
		text = str_skip(text, (size_t)end + 1);
	}
	return depth == 0;
}

#endif
