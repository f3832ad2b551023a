/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/code.h"

#include <stdint.h>

#define PROLOGUE_MAX 64u	/* a frame begins at once, or behind a check of the stack's size */

static uint8_t byte_at(struct str code, size_t i)
{
	return i < code.n ? (uint8_t)code.p[i] : 0;
}

/* The size of `mov MEMORY,%rsp` or `mov REGISTER,%rsp` at i; 0: something else. */
static size_t sp_load_size(struct str code, size_t i)
{
	uint8_t rex = byte_at(code, i), op = byte_at(code, i + 1), modrm = byte_at(code, i + 2);
	uint8_t mode = modrm >> 6, reg = modrm >> 3 & 7, rm = modrm & 7;

	if (op == 0x89 && (rex == 0x48 || rex == 0x4c) && mode == 3 && rm == 4)
		return 3;
	if (op != 0x8b || (rex != 0x48 && rex != 0x49) || reg != 4)
		return 0;
	if (mode == 0 && rm == 4)
		return byte_at(code, i + 3) == 0x24 ? 4 : 0;	/* (%rsp) */
	if (mode == 0)
		return rm == 5 ? 0 : 3;
	return mode == 1 && rm != 4 ? 4 : 0;
}

size_t go_code_after_sp_load(struct str code, size_t from)
{
	for (size_t i = from; i + 3 <= code.n; i++) {
		size_t size = sp_load_size(code, i);

		if (size)
			return i + size;
	}
	return 0;
}

size_t go_code_after(struct str code, size_t from, struct str bytes)
{
	struct str rest = str_skip(code, from);
	const char *at = rest.n ? memmem(rest.p, rest.n, bytes.p, bytes.n) : NULL;

	return at ? (size_t)(at - code.p) + bytes.n : 0;
}

size_t go_code_after_frame(struct str code, int *ret_slot)
{
	struct str start = str_head(code, PROLOGUE_MAX);
	size_t at = go_code_after(start, 0, STR("\x55\x48\x89\xe5"));	/* push; mov %rsp,%rbp */

	*ret_slot = -1;
	if (at)
		return at;
	at = go_code_after(start, 0, STR("\x48\x8d\x6c\x24"));	/* lea slot(%rsp),%rbp */
	if (!at || at >= code.n)
		return 0;
	*ret_slot = byte_at(code, at);
	return at + 1;
}

size_t go_code_after_restore(struct str code, size_t from, int slot)
{
	const char bytes[] = { '\x48', '\x8b', '\x6c', '\x24', (char)slot };

	return slot < 0 ? 0 : go_code_after(code, from, str_over(bytes, sizeof(bytes)));
}
