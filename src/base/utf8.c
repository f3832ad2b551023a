/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

struct range {
	uint32_t first, last;
};

/* Unicode's East Asian Width W and F, coarsely: whole blocks. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2e80, 0x303e },	  { 0x3041, 0x4dbf },
	{ 0x4e00, 0xa4cf },   { 0xa960, 0xa97c },   { 0xac00, 0xd7a3 },	  { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff01, 0xff60 },   { 0xffe0, 0xffe6 },	  { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Marks that combine with the character before them. */
static const struct range combining[] = {
	{ 0x0300, 0x036f },   { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x064b, 0x065f },
	{ 0x0e31, 0x0e31 },   { 0x0e34, 0x0e3a }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff },   { 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	{ 0xe0100, 0xe01ef },
};

/* C0, DEL and C1; what turns the direction of writing or cannot be seen. */
static const struct range controls[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb }, { 0xfffe, 0xffff },
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

bool utf8_next(struct str *s, uint32_t *ret_c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = (uint8_t)s->p[0];
	size_t size = lead < 0x80   ? 1
		      : lead < 0xc2 ? 0
		      : lead < 0xe0 ? 2
		      : lead < 0xf0 ? 3
		      : lead < 0xf5 ? 4
				    : 0;
	uint32_t c = size < 2 ? lead : lead & (0x7fu >> size);

	for (size_t i = 1; i < size; i++) {
		if (i >= s->n || ((uint8_t)s->p[i] & 0xc0) != 0x80)
			size = 0;
		else
			c = c << 6 | ((uint8_t)s->p[i] & 0x3f);
	}
	if (!size || c < least[size] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) {
		*ret_c = lead;
		*s = str_skip(*s, 1);
		return false;
	}
	*ret_c = c;
	*s = str_skip(*s, size);
	return true;
}

int utf8_columns(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (within(combining, sizeof(combining) / sizeof(*combining), c))
		return 0;
	return within(wide, sizeof(wide) / sizeof(*wide), c) ? 2 : 1;
}

bool utf8_is_control(uint32_t c)
{
	if (c >= 0x20 && c < 0x7f)
		return false;
	return within(controls, sizeof(controls) / sizeof(*controls), c);
}

size_t utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = UTF8_REPLACEMENT;
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}
