// SPDX-License-Identifier: Apache-2.0
// Exceptions thrown and caught in the hot path: much of the time is in the unwinder of libgcc.
#include <stdexcept>
#include <string>

#include "truth.h"

struct Cleanup {
	uint64_t x;
	~Cleanup() { truth_sink += x; }
};

NOINLINE uint64_t thrower(uint32_t depth)
{
	Cleanup cleanup{depth};

	if (depth == 0)
		throw std::runtime_error("at the bottom");
	uint64_t x = thrower(depth - 1);
	KEEP_FRAME();
	return x + cleanup.x;
}

NOINLINE uint64_t catcher(int times)
{
	uint64_t caught = 0;

	for (int i = 0; i < times; i++) {
		try {
			thrower(8);
		} catch (const std::exception &error) {
			caught += std::string(error.what()).size();
		}
	}
	return caught;
}

NOINLINE uint64_t calm(uint32_t rounds)
{
	return truth_burn(rounds, 191) + 1;
}

int main(int argc, char **argv)
{
	truth_init(argc, argv);
	while (truth_more()) {
		if (truth_random(100) < 60)
			TIMED("catcher", catcher(30));
		else
			TIMED("calm", calm(300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
