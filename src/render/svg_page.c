/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_page.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "render/label.h"

#define NAME_BYTES_MAX 8192 /* of a name in a box's <title> */

/* The files as they are, so that a browser's tools and ours read them: see svg.js, svg.css. */
__asm__(".pushsection .rodata\n"
	"svg_script: .incbin \"src/render/svg.js\"\n"
	"svg_script_end:\n"
	"svg_style: .incbin \"src/render/svg.css\"\n"
	"svg_style_end:\n"
	".popsection\n");
extern const char svg_script[], svg_script_end[], svg_style[], svg_style_end[];

/* For XML; a NUL too, which clean text has none of. */
static bool is_special(char c)
{
	switch (c) {
	case '<':
	case '>':
	case '&':
	case '"':
	case '\0':
		return true;
	default:
		return false;
	}
}

void svg_add_escaped(struct buf *out, struct str clean)
{
	while (clean.n) {
		size_t plain = 0;

		while (plain < clean.n && !is_special(clean.p[plain]))
			plain++;
		buf_add(out, clean.p, plain);
		clean = str_skip(clean, plain);
		if (!clean.n)
			break;
		buf_add_str(out, STR("&#"));
		buf_add_dec(out, (uint8_t)clean.p[0]);
		buf_add_u8(out, ';');
		clean = str_skip(clean, 1);
	}
}

/* What is no character that XML allows was made one by label_clean(). */
void svg_add_text(struct buf *out, struct str text)
{
	struct buf clean = { 0 };

	label_clean(&clean, text, NAME_BYTES_MAX);
	svg_add_escaped(out, buf_str(&clean));
	out->failed |= clean.failed;
	buf_fini(&clean);
}

static void add_place(struct buf *out, double x, uint32_t y)
{
	buf_add_str(out, STR(" x=\""));
	decimal_add_fixed(out, x, 2);
	buf_add_str(out, STR("\" y=\""));
	buf_add_dec(out, y);
	buf_add_u8(out, '"');
}

void svg_add_box(struct buf *out, const char *rect_class, double x, uint32_t y, double w,
		 struct str label)
{
	struct buf words = { 0 };

	buf_add_str(out, STR("<rect class=\""));
	buf_add_str(out, str_of(rect_class));
	buf_add_u8(out, '"');
	add_place(out, x, y);
	buf_add_str(out, STR(" width=\""));
	decimal_add_fixed(out, w > 3 ? w - 1 : w < 0.3 ? 0.3 : w, 2);
	buf_add_str(out, STR("\" height=\""));
	buf_add_dec(out, SVG_BOX);
	buf_add_str(out, STR("\" rx=\"2\"/>"));
	if (w < SVG_LEAST_LABEL)
		return;
	buf_add_str(out, STR("<text"));
	add_place(out, x + 4, y + 14);
	buf_add_u8(out, '>');
	label_fit_box(&words, label, (uint32_t)((w - 8) / SVG_COLUMN));
	svg_add_escaped(out, buf_str(&words));
	buf_add_str(out, STR("</text>"));
	out->failed |= words.failed;
	buf_fini(&words);
}

void svg_page_open(struct buf *out, uint32_t width, uint32_t rows)
{
	uint32_t height = SVG_HEAD + rows * SVG_ROW + SVG_FOOT;

	buf_addf(out,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sonde\" version=\"1.1\" "
		 "width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n<style><![CDATA[\n",
		 width, height, width, height);
	buf_add(out, svg_style, (size_t)(svg_style_end - svg_style));
	buf_addf(out, "]]></style>\n<rect id=\"back\" width=\"%u\" height=\"%u\"/>\n", width,
		 height);
	buf_add_str(out, STR("<g id=\"boxes\">\n"));
}

void svg_page_close(struct buf *out, uint32_t width, uint32_t rows)
{
	uint32_t height = SVG_HEAD + rows * SVG_ROW + SVG_FOOT, right = width - SVG_MARGIN;

	buf_addf(out,
		 "<text id=\"reset\" class=\"key hidden\" x=\"%u\" y=\"26\" text-anchor=\"end\">"
		 "Reset zoom</text>\n"
		 "<text id=\"search\" class=\"key hidden\" x=\"%u\" y=\"26\" text-anchor=\"end\">"
		 "Search</text>\n"
		 "<text id=\"matched\" x=\"%u\" y=\"48\" text-anchor=\"end\"></text>\n"
		 "<text id=\"details\" x=\"%d\" y=\"%u\"></text>\n<script><![CDATA[\n",
		 right - 60, right, right, SVG_MARGIN, height - 10);
	buf_add(out, svg_script, (size_t)(svg_script_end - svg_script));
	buf_add_str(out, STR("]]></script>\n</svg>\n"));
}
