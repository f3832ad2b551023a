/* SPDX-License-Identifier: Apache-2.0 */
/* Where debuggers look: GDB manual, "Debugging Information in Separate Files". */
#include "elf/debugfile.h"

#include <errno.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"
#include "elf/debuginfod.h"

#define BUILD_ID_HEX (2 * 64 + 1)

struct search {
	const struct elf *elf;
	const char *root;
	char hex[BUILD_ID_HEX];		/* of the build id; "" when there is none */
	const uint32_t *crc;		/* what .gnu_debuglink asks for; NULL: the build id decides */
	struct elf *ret_debug;
	char *ret_path;
};

static bool has_debug_info(const struct elf *elf)
{
	return elf_find_section(elf, STR(".debug_info")) ||
	       elf_find_section(elf, STR(".zdebug_info"));
}

/* Same build, and something in it. Without a build id only a checksum can tell. */
static bool fits(const struct search *s, const struct elf *debug)
{
	if (!has_debug_info(debug) && !elf_find_section(debug, STR(".symtab")))
		return false;
	if (debug->machine != s->elf->machine || !str_eq(debug->build_id, s->elf->build_id))
		return false;
	if (s->crc)
		return libdeflate_crc32(0, debug->bytes.p, debug->bytes.n) == *s->crc;
	return debug->build_id.n > 0;
}

static bool try_path(struct search *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool try_path(struct search *s, const char *format, ...)
{
	char path[PATH_MAX];
	struct elf debug;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(path) || elf_open(&debug, path, NULL) < 0)
		return false;
	if (!fits(s, &debug)) {
		elf_close(&debug);
		return false;
	}
	*s->ret_debug = debug;
	memcpy(s->ret_path, path, (size_t)n + 1);
	return true;
}

static bool try_build_id(struct search *s, const char *root)
{
	return try_path(s, "%s/usr/lib/debug/.build-id/%.2s/%s.debug", root, s->hex, s->hex + 2);
}

/* The name and checksum in .gnu_debuglink. A name with a '/' would leave the places we look in. */
static bool read_debuglink(const struct elf *elf, struct str *ret_name, uint32_t *ret_crc)
{
	const struct elf_section *section = elf_find_section(elf, STR(".gnu_debuglink"));
	struct elf *reader = (struct elf *)(uintptr_t)elf;	/* only its cache may change */
	struct str data;
	struct cursor c;

	if (!section || elf_section_data(reader, section, &data, NULL) < 0)
		return false;
	c = cursor_over(data);
	*ret_name = cursor_cstr(&c);
	cursor_skip(&c, -cursor_pos(&c) & 3);
	*ret_crc = cursor_u32(&c);
	return !c.failed && ret_name->n && str_find(*ret_name, '/') < 0;
}

static bool try_debuglink(struct search *s, const char *path)
{
	struct str dir = str_of(path), name;
	ptrdiff_t slash = str_rfind(dir, '/');
	uint32_t crc;
	bool found;

	if (slash < 0 || !read_debuglink(s->elf, &name, &crc))
		return false;
	dir = str_head(dir, (size_t)slash);
	s->crc = &crc;
	found = try_path(s, "%s%.*s/%.*s", s->root, STR_ARG(dir), STR_ARG(name)) ||
		try_path(s, "%s%.*s/.debug/%.*s", s->root, STR_ARG(dir), STR_ARG(name)) ||
		try_path(s, "%s/usr/lib/debug%.*s/%.*s", s->root, STR_ARG(dir), STR_ARG(name)) ||
		(*s->root &&
		 try_path(s, "/usr/lib/debug%.*s/%.*s", STR_ARG(dir), STR_ARG(name)));
	s->crc = NULL;
	return found;
}

/* $DEBUGINFOD_CACHE_PATH, else under $XDG_CACHE_HOME or ~/.cache (debuginfod-client-config(7)). */
static bool try_cache(struct search *s)
{
	const char *cache = getenv("DEBUGINFOD_CACHE_PATH");
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache)
		return try_path(s, "%s/%s/debuginfo", cache, s->hex);
	if (xdg && *xdg && try_path(s, "%s/debuginfod_client/%s/debuginfo", xdg, s->hex))
		return true;
	return home && *home &&
	       try_path(s, "%s/.cache/debuginfod_client/%s/debuginfo", home, s->hex);
}

static bool try_server(struct search *s)
{
	char path[PATH_MAX];
	struct elf debug;
	int fd = debuginfod_fetch(s->elf->build_id, path, sizeof(path));
	bool found = false;

	if (fd < 0)
		return false;
	if (elf_open_fd(&debug, fd, path, NULL) == 0) {
		found = fits(s, &debug);
		if (found)
			*s->ret_debug = debug;
		else
			elf_close(&debug);
	}
	if (found)
		memcpy(s->ret_path, path, strlen(path) + 1);
	close(fd);
	return found;
}

int debugfile_find(const struct elf *elf, const char *path, const char *root, struct elf *ret_debug,
		   char *ret_path, struct err *err)
{
	struct search s = {
		.elf = elf, .root = root, .ret_debug = ret_debug, .ret_path = ret_path
	};
	bool has_id = elf->build_id.n >= 2 && elf->build_id.n <= 64;

	if (has_debug_info(elf))
		return err_fail(err, -ENOENT, "%s holds its own debug information", path);
	elf_build_id_hex(elf->build_id, s.hex, sizeof(s.hex));
	if (has_id && (try_build_id(&s, root) || (*root && try_build_id(&s, ""))))
		return 0;
	if (try_debuglink(&s, path))
		return 0;
	if (has_id && (try_cache(&s) || try_server(&s)))
		return 0;
	return err_fail(err, -ENOENT, "no separate debug file for %s is installed", path);
}
