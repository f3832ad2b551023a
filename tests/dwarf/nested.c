/* SPDX-License-Identifier: Apache-2.0 */
/* For test_dwarf.py: nested functions (GNU C), a cold part, several functions of one name. */
#include <stdio.h>
#include <stdlib.h>

static inline __attribute__((always_inline)) int square(int x)
{
	return x * x + (x >> 3);
}

static __attribute__((noinline, cold)) void give_up(const char *why, int code)
{
	fprintf(stderr, "%s\n", why);
	exit(code + square(code));
}

static __attribute__((noinline)) int visit(int *values, int n, int (*each)(int))
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += each(values[i]) ^ square(i);
	return sum;
}

#ifndef __clang__
static __attribute__((noinline)) int outer(int *values, int n, int bias)
{
	int add(int x)
	{
		int twice(int y) { return square(y) + bias; }

		return twice(x) + twice(x + 1) * bias;
	}

	return visit(values, n, add);
}
#else
static int add(int x) { return square(x) + 1; }
static __attribute__((noinline)) int outer(int *values, int n, int bias)
{
	return visit(values, n, add) * square(bias);
}
#endif

int main(int argc, char **argv)
{
	int values[64];

	(void)argv;
	if (argc > 1000)
		give_up("too many", argc);
	for (int i = 0; i < 64; i++) {
		static int seen;

		seen += i;
		values[i] = square(seen);
		if (__builtin_expect(values[i] < 0, 0))
			give_up("overflow", values[i]);
	}
	printf("%d\n", outer(values, 64, argc));
	return 0;
}
