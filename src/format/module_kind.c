/* SPDX-License-Identifier: Apache-2.0 */
#include "format/module_kind.h"

static bool is_system_library(struct str path)
{
	static const char *const places[] = { "/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/",
					      "/usr/libexec/" };

	if (!str_ends(path, STR(".so")) && !str_contains(path, STR(".so.")))
		return str_eq(path, STR("[vdso]"));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (str_starts(path, str_of(places[i])))
			return true;
	return false;
}

enum frame_kind module_kind(struct str path)
{
	if (str_starts(path, STR("[kernel")) || str_starts(path, STR("[guest.kernel")) ||
	    str_starts(path, STR("/lib/modules/")) || str_starts(path, STR("vmlinux")))
		return FRAME_KERNEL;
	if (str_starts(path, STR("/tmp/perf-")))
		return FRAME_JIT;
	return is_system_library(path) ? FRAME_LIBRARY : FRAME_NATIVE;
}

struct str module_frame_name(struct str module, char *text, size_t cap)
{
	struct str file = str_basename(module);

	if (!module.n)
		return STR("[unknown]");
	if (module.p[0] == '[' || !file.n || file.n + 2 > cap)
		return module;
	text[0] = '[';
	memcpy(text + 1, file.p, file.n);
	text[file.n + 1] = ']';
	return (struct str){ text, file.n + 2 };
}
