/* SPDX-License-Identifier: Apache-2.0 */
/* format/module_kind.h - what ran, as far as the name of what was mapped tells: files from elsewhere often
 * say nothing else of it. */
#ifndef SONDE_FORMAT_MODULE_KIND_H
#define SONDE_FORMAT_MODULE_KIND_H

#include "base/str.h"
#include "model/frames.h"

#define KERNEL_HALF ((uint64_t)1 << 63)	/* addresses from here on are the kernel's */

/* Kernel, JIT code (a perf map), a system's library, or native. */
enum frame_kind module_kind(struct str path);

/* What a frame of that module is called when nobody knows its function: "[libc.so.6]", as people know it from
 * stackcollapse-perf.pl, or "[unknown]". Made in `text`, or lent by the module. */
struct str module_frame_name(struct str module, char *text, size_t cap);

#endif
