// SPDX-License-Identifier: Apache-2.0
// Known stacks in C++: virtual calls, std::sort, std::function, catch blocks, destructors while unwinding.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "oracle.h"

ORACLE_NOINLINE static uint64_t place(const char *label)
{
	uint64_t x = oracle_spin(label);

	ORACLE_KEEP();
	return x + 1;
}

struct Base {
	virtual ~Base() = default;
	virtual uint64_t act(int depth) = 0;
};

struct Leaf : Base {
	ORACLE_NOINLINE uint64_t act(int) override { return place("virtual") + 1; }
};

struct Node : Base {
	std::unique_ptr<Base> next;
	explicit Node(std::unique_ptr<Base> n) : next(std::move(n)) {}
	ORACLE_NOINLINE uint64_t act(int depth) override { return next->act(depth + 1) + 1; }
};

template <typename T> struct Spinner {
	template <typename U> ORACLE_NOINLINE uint64_t go(U times)
	{
		return times ? go<U>(times - 1) + 1 : place("template") + 1;
	}
};

struct Guard {
	ORACLE_NOINLINE ~Guard() { place("destructor while unwinding"); ORACLE_KEEP(); }
};

ORACLE_NOINLINE static void throws(bool guarded)
{
	if (guarded) {
		Guard guard;
		throw std::runtime_error("guarded");
	}
	throw std::runtime_error("plain");
}

ORACLE_NOINLINE static void catches(bool guarded)
{
	try {
		throws(guarded);
		ORACLE_KEEP();
	} catch (const std::exception &) {
		if (!guarded)
			place("catch block");
	}
	ORACLE_KEEP();
}

static struct Early {
	Early() { place("static initializer"); }
} early;

int main()
{
	std::vector<int> numbers{4, 2, 9, 1};
	bool spun = false;
	std::function<uint64_t(int)> f = [&](int x) { return place("std::function") + uint64_t(x); };

	setvbuf(stdout, NULL, _IONBF, 0);
	std::unique_ptr<Base> chain = std::make_unique<Leaf>();
	for (int i = 0; i < 5; i++)
		chain = std::make_unique<Node>(std::move(chain));
	chain->act(0);
	Spinner<std::map<int, std::vector<std::string>>>().go<long>(4);
	std::sort(numbers.begin(), numbers.end(), [&](int a, int b) {
		if (!spun) {
			spun = true;
			place("std::sort");
		}
		return a < b;
	});
	f(3);
	catches(false);
	catches(true);
	std::thread([] { place("std::thread"); ORACLE_KEEP(); }).join();
	return 0;
}
