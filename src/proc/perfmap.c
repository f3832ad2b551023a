/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/perfmap.h"

#include <errno.h>

#include "base/err.h"
#include "proc/jitmap.h"

/* A hexadecimal number, with or without "0x", up to the next space. */
static bool cut_hex(struct str *rest, uint64_t *ret_value)
{
	struct str word = str_cut(rest, ' ');

	if (str_starts(word, STR("0x")) || str_starts(word, STR("0X")))
		word = str_skip(word, 2);
	return str_parse_u64(word, 16, ret_value) == 0;
}

/* "start size name": the name is all the rest, spaces included. */
static bool read_line(struct jit_code *code, struct str line)
{
	uint64_t size;

	if (!cut_hex(&line, &code->start) || !cut_hex(&line, &size))
		return false;
	code->name = str_trim(line);
	return code->name.n && size &&
	       !__builtin_add_overflow(code->start, size, &code->end);
}

int jit_map_parse_perf(struct jit_map *map, struct str text, struct err *err)
{
	ptrdiff_t last = str_rfind(text, '\n');
	uint32_t n_before = map->n;
	int rc = 0;

	/* What follows the last line feed is still being written: half a name is a wrong one. */
	text = str_head(text, (size_t)(last + 1));
	while (rc == 0 && text.n) {
		struct str line = str_trim(str_cut(&text, '\n'));
		struct jit_code code = { 0 };

		if (!line.n)
			continue;
		if (read_line(&code, line))
			rc = jit_map_add(map, code);
		else
			map->bad_lines++;
	}
	if (rc == 0)
		rc = jit_map_seal(map);
	if (rc == 0)
		return 0;
	map->n = n_before;	/* what was sealed before still is */
	return err_fail(err, rc, "perf map: out of memory");
}
