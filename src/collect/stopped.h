/* SPDX-License-Identifier: Apache-2.0 */
/* collect/stopped.h
 *
 * The interpreted frames of threads that stand still (collect/tracer.h): taken at the stop, by the walk
 * that also runs in the kernel, since the interpreter goes on with the thread.
 *
 * Threads: stopped_tell() is the session's, stopped_take() the tracer's.
 */
#ifndef SONDE_COLLECT_STOPPED_H
#define SONDE_COLLECT_STOPPED_H

#include <stdint.h>
#include <sys/types.h>

struct stopped;
struct tracer_view;
struct walk_runtime;

/* NULL when out of memory. */
struct stopped *stopped_new(void);
void stopped_free(struct stopped *stopped);

/* Says which runtime a process has now; NULL: none that is known. */
void stopped_tell(struct stopped *stopped, pid_t pid, const struct walk_runtime *runtime);

/* Adds a stopped thread's interpreted frames to its sample, or says that they need its memory later. For tracer_options.while_stopped; the context
 * is the struct stopped. */
void stopped_take(void *context, struct tracer_view *view);

#endif
