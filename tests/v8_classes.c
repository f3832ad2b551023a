/* SPDX-License-Identifier: Apache-2.0 */
/* tests/v8_classes.c - what runtime/v8/classes.c reads of JavaScript, for tests/test_v8_classes.py.
 *
 *   v8_classes FILE...	"= FILE", and for each member of a class that it finds "POSITION CLASS"; one byte is one character
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/v8/classes.h"
#include "runtime/v8/image_test.h"

#define MAP 0x1000u
#define TEXT 0x100000u
#define ONE_BYTE_STRING 40u
#define FILE_BYTES_MAX (64u << 20)

static char *text;
static size_t n_text;

/* A string of V8's whose characters are the file's bytes. */
static bool read_text(void *context, void *out, size_t n, uint64_t address)
{
	uint64_t head[2] = { MAP + 1, (uint64_t)n_text << 32 };
	uint16_t type = ONE_BYTE_STRING;

	(void)context;
	if (address >= TEXT + sizeof(head) && n <= n_text && address - TEXT - sizeof(head) <= n_text - n)
		memcpy(out, text + (address - TEXT - sizeof(head)), n);
	else if (address >= TEXT && address - TEXT + n <= sizeof(head))
		memcpy(out, (char *)head + (address - TEXT), n);
	else if (address == MAP + 12 && n == sizeof(type))
		memcpy(out, &type, n);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct v8_objects objects;
	struct v8_memory memory = { read_text, NULL, &objects, NULL };

	text = malloc(FILE_BYTES_MAX);
	if (!text || !v8_objects_of(&objects, 13, 6, image_lookup, NULL))
		return 1;
	for (int i = 1; i < argc; i++) {
		struct v8_members members = { 0 };
		struct arena arena = { 0 };
		FILE *in = fopen(argv[i], "rb");

		n_text = in ? fread(text, 1, FILE_BYTES_MAX, in) : 0;
		if (in)
			fclose(in);
		printf("= %s\n", argv[i]);
		if (!v8_members_read(&memory, TEXT, &arena, &members))
			return 1;
		for (uint32_t k = 0; k < members.n; k++)
			printf("%u %.*s\n", members.at[k], STR_ARG(v8_members_class(&members, members.at[k])));
		v8_members_fini(&members);
		arena_fini(&arena);
	}
	return 0;
}
