/* SPDX-License-Identifier: Apache-2.0 */
/* Side-band records one behind the other, each as long as its header says. */
#include "collect/events.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct events events = { 0 };
	const struct process_event *event;
	uint64_t last_ns = 0;

	events_begin(&events);
	for (size_t at = 0; size - at >= 8;) {
		uint16_t bytes;
		void *record;

		memcpy(&bytes, data + at + 6, sizeof(bytes));
		if (bytes < 8 || bytes > size - at)
			bytes = (uint16_t)(size - at < UINT16_MAX ? size - at : UINT16_MAX);
		/* memory of its own: reading past its end is seen */
		record = malloc(bytes);
		if (!record)
			break;
		memcpy(record, data + at, bytes);
		events_add_record(&events, str_over(record, bytes));
		free(record);
		at += bytes;
	}
	events_sort(&events, 0);
	while ((event = events_take(&events, UINT64_MAX))) {
		if (event->time_ns < last_ns || event->build_id_n > sizeof(event->build_id) ||
		    (event->kind == PROCESS_MAPPED && event->end <= event->start) ||
		    memchr(event->path.n ? event->path.p : "x", 0, event->path.n ? event->path.n : 1))
			abort();
		last_ns = event->time_ns;
	}
	events_stop(&events);
	return 0;
}
