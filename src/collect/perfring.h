/* SPDX-License-Identifier: Apache-2.0 */
/* collect/perfring.h
 *
 * The ring that the kernel writes perf records into (perf_event_open(2), "mmap layout").
 */
#ifndef SONDE_COLLECT_PERFRING_H
#define SONDE_COLLECT_PERFRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct perf_event_mmap_page;

struct perfring {
	int fd;		/* the event it belongs to; owned */
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	size_t bytes;
	char *wrapped;	/* where a record that wraps is put together */
};

/* Maps a ring of `pages` (a power of two) data pages for an event, whose descriptor it takes over in
 * every case. 0 or -errno. */
int perfring_open(struct perfring *ring, int fd, uint32_t pages);

/* Calls handle for every record there is, header included; a negative result ends that (the rest is
 * thrown away) and is returned. */
int perfring_drain(struct perfring *ring, int (*handle)(void *context, struct str record),
		   void *context);

void perfring_close(struct perfring *ring);

#endif
