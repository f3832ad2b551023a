// SPDX-License-Identifier: Apache-2.0
// C++: templates, virtual calls, lambdas, std::function, std::sort with a comparator.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "truth.h"

namespace shapes {

template <typename T, int Seed> struct Burner {
	NOINLINE static uint64_t burn(uint32_t rounds)
	{
		T x = Seed;
		for (uint32_t i = 0; i < rounds; i++)
			x = x * T(1664525) + T(i);
		truth_sink += uint64_t(x);
		return uint64_t(x);
	}
};

struct Shape {
	virtual ~Shape() = default;
	virtual uint64_t area(uint32_t rounds) const = 0;
};

struct Circle : Shape {
	NOINLINE uint64_t area(uint32_t rounds) const override { return truth_burn(rounds, 173) + 1; }
};

struct Square : Shape {
	NOINLINE uint64_t area(uint32_t rounds) const override { return truth_burn(rounds, 179) + 1; }
};

}  // namespace shapes

struct Item {
	uint32_t key;
	std::string name;
};

NOINLINE void sort_items()
{
	std::vector<Item> items(700);
	for (auto &item : items) {
		item.key = truth_random(1 << 20);
		item.name = std::to_string(item.key);
	}
	std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) { return a.name < b.name; });
	truth_sink += items[7].key;
	KEEP_FRAME();
}

NOINLINE uint64_t through_function(const std::function<uint64_t(uint32_t)> &f, uint32_t rounds)
{
	uint64_t x = f(rounds);
	KEEP_FRAME();
	return x + 1;
}

int main(int argc, char **argv)
{
	std::unique_ptr<shapes::Shape> forms[] = { std::make_unique<shapes::Circle>(),
						   std::make_unique<shapes::Square>() };
	uint64_t captured = 181;

	truth_init(argc, argv);
	while (truth_more()) {
		uint32_t pick = truth_random(100);
		if (pick < 20)
			TIMED("shapes::Burner<unsigned int, 7>::burn",
			      shapes::Burner<unsigned int, 7>::burn(300000));
		else if (pick < 35)
			TIMED("shapes::Burner<unsigned long, 9>::burn",
			      shapes::Burner<unsigned long, 9>::burn(300000));
		else if (pick < 55)
			TIMED("shapes::Circle::area", forms[0]->area(300000));
		else if (pick < 65)
			TIMED("shapes::Square::area", forms[1]->area(300000));
		else if (pick < 85)
			TIMED("sort_items", sort_items());
		else
			TIMED("through_function", through_function([captured](uint32_t rounds) {
				return truth_burn(rounds, captured);
			}, 300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
