/* SPDX-License-Identifier: Apache-2.0 */
/* collect/handover.h
 *
 * What the tracing thread tells the session's: samples, what processes do, their mappings.
 *
 * Nobody tells this tier of an mmap, so a sample's addresses mean what they say only once the process's
 * mappings have been read again after it. Before the first sample since the last reading stands therefore
 * a *promise*, a message that is filled in by the next reading; nothing behind it is handed over
 * before:
 *
 *   [maps A] sample sample [promise for A] sample sample      handed over: the first three
 *
 * Threads: two, where each function says whose it is.
 */
#ifndef SONDE_COLLECT_HANDOVER_H
#define SONDE_COLLECT_HANDOVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "collect/events.h"

enum message_kind { MESSAGE_SAMPLE, MESSAGE_MAPS, MESSAGE_EVENT, MESSAGE_ENDING };

struct message {
	struct message *next;
	enum message_kind kind;
	bool kept;			/* MAPS: no promise any more */
	struct process_event event;	/* EVENT; its path is `name` */
	char name[16];
	pid_t pid;			/* MAPS: whose */
	uint64_t time_ns;		/* MAPS: when they were read */
	struct buf text;		/* MAPS: /proc/PID/maps; empty when nothing has changed */
	uint32_t bytes;			/* SAMPLE: of data */
	_Alignas(8) uint8_t data[];	/* SAMPLE: a record, as in abi/sample.h */
};

struct handover {
	struct message *first, *last;	/* the tracing thread's: not handed over yet */
	pthread_mutex_t lock;
	struct message *ready, *ready_last;	/* handed over, not taken */
	uint64_t bytes;			/* of both lists; under the lock like them */
	int fd;				/* an eventfd: readable when there is something to take */
};

/* 0 or -errno. */
int handover_init(struct handover *handover);
void handover_fini(struct handover *handover);

/* The tracing thread's. A message with room for `bytes` of data, at the end of the list; NULL when there
 * is too much waiting already, or no memory. */
struct message *handover_add(struct handover *handover, enum message_kind kind, uint32_t bytes);

/* Hands over all up to the first promise; `all`: those too, as they are. */
void handover_publish(struct handover *handover, bool all);

/* The session's thread's: the oldest message, which is then the caller's to free; or NULL. */
struct message *handover_take(struct handover *handover);

void message_free(struct message *message);

#endif
