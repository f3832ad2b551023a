/* SPDX-License-Identifier: Apache-2.0 */
/* The C part of go_mixed: called from Go, and calling Go. */
#include <stdint.h>

extern uint64_t goCalled(int depth);
extern void goOracle(int depth);

uint64_t spin_in_c(uint64_t n);
uint64_t call_back(int depth);
void c_oracle(int depth);

__attribute__((noinline)) uint64_t spin_in_c(uint64_t n)
{
	volatile uint64_t x = n;

	for (uint64_t i = 0; i < n; i++)
		x = x * 2862933555777941757u + 3037000493u;
	return x;
}

__attribute__((noinline)) uint64_t call_back(int depth)
{
	volatile uint64_t x = goCalled(depth);

	return x;
}

__attribute__((noinline)) void c_oracle(int depth)
{
	volatile int after = depth;

	goOracle(depth);
	after++;
}
