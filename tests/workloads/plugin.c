/* SPDX-License-Identifier: Apache-2.0 */
/* Loads argv[2] and argv[3] in turns, closing one before it opens the other: the two then live at the
 * same addresses at different times, and a name from the wrong one would be a lie. */
#include <dlfcn.h>

#include "truth.h"

NOINLINE uint64_t host_work(uint32_t rounds)
{
	return truth_burn(rounds, 61) + 1;
}

NOINLINE void call_plugin(const char *path, const char *name, int times)
{
	void *plugin = dlopen(path, RTLD_NOW);
	uint64_t (*work)(uint32_t) = plugin ? (uint64_t(*)(uint32_t))dlsym(plugin, name) : NULL;

	if (!work) {
		fprintf(stderr, "plugin: %s\n", dlerror());
		exit(1);
	}
	for (int i = 0; i < times; i++)
		TIMED(name, work(300000));
	dlclose(plugin);
}

int main(int argc, char **argv)
{
	int times = argc > 4 ? atoi(argv[4]) : 200;

	truth_init(argc, argv);
	while (truth_more()) {
		TIMED("call_plugin", call_plugin(argv[2], "plugin_one", times));
		TIMED("call_plugin", call_plugin(argv[3], "plugin_two", times / 2));
		for (int i = 0; i < times / 2; i++)
			TIMED("host_work", host_work(300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
