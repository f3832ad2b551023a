/* SPDX-License-Identifier: Apache-2.0 */
/* The interface: debuginfod_find_debuginfo(3). */
#include "elf/debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Its own default waits 90 s for a server, for each file of a recording. */
#define TIMEOUT_S "5"

struct client;

struct library {
	struct client *(*begin)(void);
	int (*find_debuginfo)(struct client *client, const unsigned char *build_id, int n, char **ret_path);
	int (*find_executable)(struct client *client, const unsigned char *build_id, int n, char **ret_path);
	int (*find_source)(struct client *client, const unsigned char *build_id, int n, const char *source,
			   char **ret_path);
	void (*end)(struct client *client);
};

/* A server that did not answer once is not asked again: a recording has hundreds of files, and its
 * reader waits. A fact about the process's surroundings, like the environment that named the server,
 * so no struct is handed down for it. */
static atomic_bool unreachable;

/* Never unloaded: libcurl below it keeps state that does not survive that. */
static int load(struct library *library)
{
	void *handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return -ENOSYS;
	*(void **)&library->begin = dlsym(handle, "debuginfod_begin");
	*(void **)&library->find_debuginfo = dlsym(handle, "debuginfod_find_debuginfo");
	*(void **)&library->find_executable = dlsym(handle, "debuginfod_find_executable");
	*(void **)&library->find_source = dlsym(handle, "debuginfod_find_source");
	*(void **)&library->end = dlsym(handle, "debuginfod_end");
	return library->begin && library->find_debuginfo && library->find_executable &&
			       library->find_source && library->end
		       ? 0
		       : -ENOSYS;
}

/* What is asked for. */
enum wanted { DEBUGINFO, EXECUTABLE, SOURCE };

static int find(const struct library *library, struct client *client, enum wanted wanted, const char *id,
		int n, const char *source, char **ret_path)
{
	const unsigned char *build_id = (const unsigned char *)id;

	switch (wanted) {
	case DEBUGINFO:
		return library->find_debuginfo(client, build_id, n, ret_path);
	case EXECUTABLE:
		return library->find_executable(client, build_id, n, ret_path);
	case SOURCE:
		return library->find_source(client, build_id, n, source, ret_path);
	}
	return -EINVAL;
}

bool debuginfod_has_servers(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && *urls;
}

/* n: bytes of a raw id; 0: it is hexadecimal text. */
static int fetch(enum wanted wanted, const char *id, int n, const char *source, char *ret_path,
		 size_t path_size)
{
	struct library library;
	struct client *client;
	char *path = NULL;
	int fd;

	if (!debuginfod_has_servers() || unreachable || load(&library) < 0)
		return -ENOSYS;
	setenv("DEBUGINFOD_TIMEOUT", TIMEOUT_S, 0);	/* the user's own stays */
	client = library.begin();
	if (!client)
		return -ENOMEM;
	fd = find(&library, client, wanted, id, n, source, &path);
	library.end(client);
	if (fd >= 0)
		snprintf(ret_path, path_size, "%s", path ? path : "debuginfod");
	else if (fd != -ENOENT)
		unreachable = true;
	free(path);
	return fd;
}

int debuginfod_fetch(struct str build_id, char *ret_path, size_t path_size)
{
	return build_id.n > 64 ? -ENOSYS :
	       fetch(DEBUGINFO, build_id.p, (int)build_id.n, NULL, ret_path, path_size);
}

/* Text of a profile, ended by a NUL; false when it does not fit. */
static bool end_text(char *out, size_t size, struct str text)
{
	int n = snprintf(out, size, "%.*s", STR_ARG(text));

	return text.n && n >= 0 && (size_t)n == text.n;
}

int debuginfod_executable(struct str hex, char *ret_path, size_t path_size)
{
	char id[2 * 64 + 1];

	return end_text(id, sizeof(id), hex) ? fetch(EXECUTABLE, id, 0, NULL, ret_path, path_size) : -ENOENT;
}

int debuginfod_source(struct str hex, struct str source, char *ret_path, size_t path_size)
{
	char id[2 * 64 + 1], path[PATH_MAX];

	if (!str_starts(source, STR("/")) || !end_text(id, sizeof(id), hex) ||
	    !end_text(path, sizeof(path), source))
		return -ENOENT;
	return fetch(SOURCE, id, 0, path, ret_path, path_size);
}
