/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/perfring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORD_MAX 65536	/* its size is 16 bits wide */

int perfring_open(struct perfring *ring, int fd, uint32_t pages)
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	void *p;
	int rc;

	*ring = (struct perfring){ .fd = fd, .bytes = pages * page_size };
	ring->wrapped = malloc(RECORD_MAX);
	p = mmap(NULL, ring->bytes + page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	rc = p == MAP_FAILED ? -errno : 0;
	if (rc == 0) {
		ring->page = p;
		ring->data = (const uint8_t *)p + page_size;
	}
	if (rc == 0 && !ring->wrapped)
		rc = -ENOMEM;
	if (rc < 0)
		perfring_close(ring);
	return rc;
}

int perfring_drain(struct perfring *ring, int (*handle)(void *context, struct str record),
		   void *context)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	int rc = 0;

	while (tail < head && rc == 0) {
		struct perf_event_header header;
		size_t at = tail % ring->bytes, part = ring->bytes - at;
		const void *record = ring->data + at;

		memcpy(&header, record, sizeof(header));	/* 8-aligned: never wraps */
		if (header.size < sizeof(header) || header.size > head - tail)
			break;
		if (header.size > part) {
			memcpy(ring->wrapped, record, part);
			memcpy(ring->wrapped + part, ring->data, header.size - part);
			record = ring->wrapped;
		}
		rc = handle(context, str_over(record, header.size));
		tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
	return rc;
}

void perfring_close(struct perfring *ring)
{
	if (ring->page)
		munmap(ring->page, ring->bytes + (size_t)sysconf(_SC_PAGESIZE));
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring->wrapped);
	*ring = (struct perfring){ .fd = -1 };
}
