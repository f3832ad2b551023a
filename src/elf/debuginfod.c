/* SPDX-License-Identifier: Apache-2.0 */
/* The interface: debuginfod_find_debuginfo(3). */
#include "elf/debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Its own default waits 90 s for a server, for each file of a recording. */
#define TIMEOUT_S "5"

struct client;

struct library {
	struct client *(*begin)(void);
	int (*find)(struct client *client, const unsigned char *build_id, int n, char **ret_path);
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
	*(void **)&library->find = dlsym(handle, "debuginfod_find_debuginfo");
	*(void **)&library->end = dlsym(handle, "debuginfod_end");
	return library->begin && library->find && library->end ? 0 : -ENOSYS;
}

int debuginfod_fetch(struct str build_id, char *ret_path, size_t path_size)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct library library;
	struct client *client;
	char *path = NULL;
	int fd;

	if (!urls || !*urls || build_id.n > 64 || unreachable)
		return -ENOSYS;
	if (load(&library) < 0)
		return -ENOSYS;
	setenv("DEBUGINFOD_TIMEOUT", TIMEOUT_S, 0);	/* the user's own stays */
	client = library.begin();
	if (!client)
		return -ENOMEM;
	fd = library.find(client, (const unsigned char *)build_id.p, (int)build_id.n, &path);
	library.end(client);
	if (fd >= 0)
		snprintf(ret_path, path_size, "%s", path ? path : "debuginfod");
	else if (fd != -ENOENT)
		unreachable = true;
	free(path);
	return fd;
}
