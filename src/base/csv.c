/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"

#include "base/buf.h"

void csv_add_field(struct buf *out, struct str text, char separator)
{
	bool quoted = false;

	for (size_t i = 0; i < text.n && separator == ','; i++)
		quoted |= text.p[i] == ',' || text.p[i] == '"' || text.p[i] == '\n' || text.p[i] == '\r';
	if (quoted)
		buf_add_u8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];

		if (c == '"' && quoted)
			buf_add_u8(out, '"');
		buf_add_u8(out, separator == '\t' && c < ' ' ? ' ' : c);
	}
	if (quoted)
		buf_add_u8(out, '"');
}
