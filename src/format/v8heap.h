/* SPDX-License-Identifier: Apache-2.0 */
/* format/v8heap.h
 *
 * Heap profiles of V8's sampler, as node --heap-prof and Chrome's DevTools write them (.heapprofile):
 *
 *   {"head":{"callFrame":{...},"selfSize":0,"id":1,"children":[{...},...]},"samples":[{"size":40,"nodeId":7,"ordinal":3},...]}
 *
 * A tree of calls; what each node allocated and still was there. (The heap's snapshots hold objects and no stacks.)
 */
#ifndef SONDE_FORMAT_V8HEAP_H
#define SONDE_FORMAT_V8HEAP_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool v8heap_detect(struct str head);
int v8heap_read(struct profile *profile, struct input *input, struct err *err);

#endif
