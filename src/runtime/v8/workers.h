/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/v8/workers.h
 *
 * What a program called a worker thread (new Worker(file, {name})). Before Node 24 the kernel is not told, and later its first 15 bytes.
 *
 *   thread pointer -> what the C library keeps of the thread -> its argument: a node::worker::Worker -> its name
 *
 * A Worker is known by its vtable, which Node exports.
 */
#ifndef SONDE_RUNTIME_V8_WORKERS_H
#define SONDE_RUNTIME_V8_WORKERS_H

#include "base/arena.h"
#include "base/str.h"
#include "runtime/v8/objects.h"

/* The name of the thread whose thread pointer that is, in the arena; false when it is no worker, or was given none.
 * `vtable`: the address of Worker's. */
bool v8_worker_name(const struct v8_memory *memory, uint64_t thread_pointer, uint64_t vtable, struct arena *arena,
		    struct str *ret_name);

#endif
