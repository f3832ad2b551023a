// SPDX-License-Identifier: Apache-2.0
// A program in C for WebAssembly (clang --target=wasm32): crunch() spends its time in mix() and fold(), which is not exported.
#define KEEP __attribute__((noinline))

extern unsigned from_javascript(unsigned x);

KEEP static unsigned fold(unsigned x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		x = x * 31 + (x >> 7) + i;
	return x;
}

KEEP __attribute__((export_name("mix"))) unsigned mix(unsigned x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		x ^= (x << 5) + (x >> 2) + i;
	return x;
}

__attribute__((export_name("crunch"))) unsigned crunch(unsigned n)
{
	unsigned x = from_javascript(n);

	for (unsigned i = 0; i < n; i++)
		x = fold(x, 200000) + mix(x, 200000);
	return x;
}
