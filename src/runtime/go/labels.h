/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/labels.h
 *
 * A goroutine's pprof labels (runtime/pprof.Do, SetGoroutineLabels), read out of the process right after
 * a sample told where they are. The set is never changed once it is made; that its memory has not become
 * another set meanwhile is checked before and after.
 */
#ifndef SONDE_RUNTIME_GO_LABELS_H
#define SONDE_RUNTIME_GO_LABELS_H

#include <stdint.h>

#include "abi/runtime.h"
#include "base/str.h"
#include "runtime/go/go.h"

struct arena;

struct go_label {
	struct str key, value;
};

#define GO_LABELS_MAX 64u	/* of one set; further ones are left out */
#define GO_LABEL_BYTES_MAX 1024u	/* of a key or a value; longer ones are cut */

/* The labels at `at`, whose check the kernel told. Strings are the arena's. The number of labels, or
 * -ESTALE when they are no longer those, -EFAULT when they cannot be read, -ENOMEM. */
int go_labels_read(const struct walk_go *layout, uint64_t at, uint32_t check, go_read_fn read,
		   void *context, struct arena *arena, struct go_label labels[GO_LABELS_MAX]);

#endif
