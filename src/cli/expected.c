/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/expected.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/parallel.h"
#include "collect/ksyms.h"
#include "elf/debuginfod.h"
#include "symbol/symbol.h"

#define FILES_MAX 64u	/* the others are read when they are asked for */

enum state { WAITING, BEGUN, READY, TAKEN };

struct expected {
	struct str path, build_id;
	const uint64_t *vaddrs;
	uint32_t n;
	enum state state;
	struct symbol_object *object;	/* of one that is ready */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t ready;		/* another file is */
	bool kernel_begun;		/* by a thread, which writes: */
	pthread_t kernel_thread;
	struct ksyms *ksyms;		/* asked for single names; NULL: not to be had, and then: */
	struct symbol_object *kernel;	/* all names; NULL: none */
	struct arena arena;		/* of the files: paths, ids, addresses */
	struct expected files[FILES_MAX];
	uint32_t n;
	bool running;			/* a thread goes through the files */
} list = { .lock = PTHREAD_MUTEX_INITIALIZER, .ready = PTHREAD_COND_INITIALIZER };

static void *prepare_kernel(void *context)
{
	(void)context;
	list.ksyms = ksyms_open();
	if (!list.ksyms && symbol_object_open_kernel(&list.kernel, NULL) == 0)
		symbol_object_load(list.kernel);
	return NULL;
}

void expected_kernel(void)
{
	pthread_mutex_lock(&list.lock);
	if (!list.kernel_begun)
		list.kernel_begun = pthread_create(&list.kernel_thread, NULL, prepare_kernel, NULL) == 0;
	pthread_mutex_unlock(&list.lock);
}

void expected_take_kernel(struct ksyms **ret_ksyms, struct symbol_object **ret_object)
{
	pthread_mutex_lock(&list.lock);
	if (list.kernel_begun)
		pthread_join(list.kernel_thread, NULL);
	list.kernel_begun = false;
	*ret_ksyms = list.ksyms;
	*ret_object = list.kernel;
	list.ksyms = NULL;
	list.kernel = NULL;
	pthread_mutex_unlock(&list.lock);
}

/* The next in turn; NULL: none. */
static struct expected *begin_next(void)
{
	for (uint32_t i = 0; i < list.n; i++) {
		if (list.files[i].state == WAITING) {
			list.files[i].state = BEGUN;
			return &list.files[i];
		}
	}
	return NULL;
}

static void *prepare_all(void *context)
{
	struct expected *file;

	(void)context;
	pthread_mutex_lock(&list.lock);
	while ((file = begin_next())) {
		struct symbol_object *object = NULL;

		pthread_mutex_unlock(&list.lock);
		if (symbol_object_open_file(&object, -1, file->path, STR(""), file->build_id, NULL) == 0)
			symbol_object_prepare(object, file->vaddrs, file->n);
		pthread_mutex_lock(&list.lock);
		file->object = object;
		file->state = READY;
		pthread_cond_broadcast(&list.ready);
	}
	list.running = false;
	pthread_mutex_unlock(&list.lock);
	return NULL;
}

/* With a server for debug information to be asked, for which environment is set, files are read one at a time, and by
 * whoever wants them (cli/unnamed.c). */
static bool is_worth_it(void)
{
	return parallel_most(2) > 1 && !debuginfod_has_servers();
}

static void add(struct str path, struct str build_id, const uint64_t *vaddrs, uint32_t n)
{
	struct expected *file = &list.files[list.n];
	uint64_t *copy = arena_array(&list.arena, n, sizeof(*copy));

	*file = (struct expected){ .path = arena_dup(&list.arena, path),
				   .build_id = arena_dup(&list.arena, build_id), .vaddrs = copy, .n = n };
	if (!copy || !file->path.p || !file->build_id.p)
		return;
	memcpy(copy, vaddrs, n * sizeof(*copy));
	list.n++;
}

void expected_file(struct str path, struct str build_id, const uint64_t *vaddrs, uint32_t n)
{
	pthread_t thread;

	if (!n || !is_worth_it())
		return;
	pthread_mutex_lock(&list.lock);
	if (list.n < FILES_MAX)
		add(path, build_id, vaddrs, n);
	if (!list.running && pthread_create(&thread, NULL, prepare_all, NULL) == 0) {
		pthread_detach(thread);
		list.running = true;
	}
	pthread_mutex_unlock(&list.lock);
}

struct symbol_object *expected_take_file(struct str path, struct str build_id)
{
	struct symbol_object *object = NULL;

	pthread_mutex_lock(&list.lock);
	for (uint32_t i = 0; i < list.n && !object; i++) {
		struct expected *file = &list.files[i];

		if (!str_eq(file->path, path) || !str_eq(file->build_id, build_id) || file->state == TAKEN)
			continue;
		while (file->state == BEGUN)
			pthread_cond_wait(&list.ready, &list.lock);
		object = file->state == READY ? file->object : NULL;
		file->state = TAKEN;
	}
	pthread_mutex_unlock(&list.lock);
	return object;
}
