/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/stopped.h"

#include <pthread.h>
#include <stdlib.h>

#include "abi/sample.h"
#include "base/buf.h"
#include "base/vec.h"
#include "collect/tracer.h"
#include "proc/process.h"
#include "walk/host.h"

struct told {
	pid_t pid;
	struct walk_runtime runtime;	/* kind RUNTIME_NONE: none */
};

struct stopped {
	pthread_mutex_t lock;		/* of told */
	struct told *told;
	uint32_t n, cap;
	struct walk_host *host;		/* the tracer's */
	uint64_t words[SAMPLE_PYTHON_WORDS_MAX];
};

struct stopped *stopped_new(void)
{
	struct stopped *stopped = calloc(1, sizeof(*stopped));

	if (!stopped)
		return NULL;
	pthread_mutex_init(&stopped->lock, NULL);
	stopped->host = walk_host_new();
	if (!stopped->host) {
		free(stopped);
		return NULL;
	}
	return stopped;
}

void stopped_free(struct stopped *stopped)
{
	if (!stopped)
		return;
	walk_host_free(stopped->host);
	pthread_mutex_destroy(&stopped->lock);
	free(stopped->told);
	free(stopped);
}

/* NULL when it was not told of. The lock is held. */
static struct told *find(struct stopped *stopped, pid_t pid)
{
	for (uint32_t i = 0; i < stopped->n; i++)
		if (stopped->told[i].pid == pid)
			return &stopped->told[i];
	return NULL;
}

void stopped_tell(struct stopped *stopped, pid_t pid, const struct walk_runtime *runtime)
{
	struct told *told;

	pthread_mutex_lock(&stopped->lock);
	told = find(stopped, pid);
	if (!told && runtime &&
	    VEC_RESERVE(&stopped->told, &stopped->cap, (uint64_t)stopped->n + 1) == 0)
		told = &stopped->told[stopped->n++];
	if (told) {
		*told = (struct told){ .pid = pid };
		if (runtime)
			told->runtime = *runtime;
	}
	pthread_mutex_unlock(&stopped->lock);
}

static bool read_memory(void *context, void *out, uint32_t n, uint64_t address)
{
	return process_read_whole(context, out, n, address);
}

void stopped_take(void *context, struct tracer_view *view)
{
	struct stopped *stopped = context;
	struct walk_runtime runtime = { .kind = RUNTIME_NONE };
	struct walk_target target = {
		.runtime = &runtime, .thread_pointer = view->fs_base, .read = read_memory,
		.context = &view->pid,
	};
	struct told *told;
	uint32_t n;

	pthread_mutex_lock(&stopped->lock);
	told = find(stopped, view->pid);
	if (told)
		runtime = told->runtime;
	pthread_mutex_unlock(&stopped->lock);
	view->keeps_memory = runtime.kind == RUNTIME_JVM || runtime.kind == RUNTIME_V8;
	if (runtime.kind != RUNTIME_PYTHON)
		return;
	n = walk_host_python(stopped->host, &target, stopped->words, SAMPLE_PYTHON_WORDS_MAX);
	buf_add(view->more, stopped->words, (size_t)n * sizeof(*stopped->words));
	view->hdr->n_user = (uint16_t)n;
	view->hdr->gil = (uint8_t)walk_host_gil(stopped->host);
	view->hdr->activity = walk_host_coroutine(stopped->host);
	view->hdr->labels_at = view->fs_base;
}
