/* SPDX-License-Identifier: Apache-2.0 */
/* A table of strings, lists, sorting, numbers as text, a little compression. scan() costs argv[1] parts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline))
#define SLOTS 4096

struct entry {
	struct entry *next;
	char *key;
	int count;
};

static struct entry *table[SLOTS];
static uint32_t seed = 1;
static int parts = 100;

static uint32_t any(void)
{
	return seed = seed * 1664525 + 1013904223;
}

APART static uint32_t scan(int n)
{
	uint32_t t = 0;

	for (int i = 0; i < n * parts; i++)
		t = (t * 31 + (uint32_t)i) % 65521;
	return t;
}

APART static void put(const char *key)
{
	uint32_t hash = 5381;

	for (const char *c = key; *c; c++)
		hash = hash * 33 ^ (uint8_t)*c;
	for (struct entry *e = table[hash % SLOTS]; e; e = e->next)
		if (!strcmp(e->key, key)) {
			e->count++;
			return;
		}
	struct entry *e = malloc(sizeof(*e));
	*e = (struct entry){ table[hash % SLOTS], strdup(key), 1 };
	table[hash % SLOTS] = e;
}

APART static int empty(void)
{
	int n = 0;

	for (int i = 0; i < SLOTS; i++)
		while (table[i]) {
			struct entry *e = table[i];

			table[i] = e->next;
			n += e->count;
			free(e->key);
			free(e);
		}
	return n;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

APART static int sorted(int n)
{
	char **words = calloc((size_t)n, sizeof(*words)), text[32];
	int first;

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%x.%u", any() % 5000, any() % 10);
		words[i] = strdup(text);
		put(text);
	}
	qsort(words, (size_t)n, sizeof(*words), compare);
	first = words[0][0];
	for (int i = 0; i < n; i++)
		free(words[i]);
	free(words);
	return first;
}

APART static int packed(const uint8_t *from, int n)
{
	static int last[65536];
	int out = 0;

	memset(last, 0, sizeof(last));
	for (int i = 0; i + 3 < n; i++) {
		uint32_t hash = (from[i] * 2654435761u ^ from[i + 1] * 40503u ^ from[i + 2]) & 65535;
		int at = last[hash], length = 0;

		last[hash] = i;
		while (at && length < 200 && i + length < n && from[at + length] == from[i + length])
			length++;
		i += length > 3 ? length : 0;
		out += length > 3 ? 3 : 1;
	}
	return out;
}

int main(int argc, char **argv)
{
	static uint8_t bytes[300000];
	long x = 0;

	parts = argc > 1 ? atoi(argv[1]) : 100;
	for (int i = 0; i < 860; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)(any() >> 24 & 15);
		x += scan(3000) + sorted(6000) + packed(bytes, (int)sizeof(bytes)) + empty();
	}
	printf("%ld\n", x);
	return 0;
}
