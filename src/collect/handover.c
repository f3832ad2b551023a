/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BYTES_MAX ((uint64_t)128 << 20)	/* waiting; then samples are dropped */

int handover_init(struct handover *handover)
{
	*handover = (struct handover){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&handover->lock, NULL);
	return handover->fd < 0 ? -errno : 0;
}

void message_free(struct message *message)
{
	if (message)
		buf_fini(&message->text);
	free(message);
}

void handover_fini(struct handover *handover)
{
	struct message *message;

	handover_publish(handover, true);
	while ((message = handover_take(handover)))
		message_free(message);
	if (handover->fd >= 0)
		close(handover->fd);
	pthread_mutex_destroy(&handover->lock);
	*handover = (struct handover){ .fd = -1 };
}

struct message *handover_add(struct handover *handover, enum message_kind kind, uint32_t bytes)
{
	struct message *message;
	bool full;

	pthread_mutex_lock(&handover->lock);
	full = kind == MESSAGE_SAMPLE && handover->bytes > BYTES_MAX;
	pthread_mutex_unlock(&handover->lock);
	message = full ? NULL : malloc(sizeof(*message) + bytes);
	if (!message)
		return NULL;
	pthread_mutex_lock(&handover->lock);
	handover->bytes += bytes;
	pthread_mutex_unlock(&handover->lock);
	*message = (struct message){ .kind = kind, .bytes = bytes };
	if (handover->last)
		handover->last->next = message;
	else
		handover->first = message;
	handover->last = message;
	return message;
}

void handover_publish(struct handover *handover, bool all)
{
	struct message *first = handover->first, *last = NULL;

	for (struct message *m = first; m && (all || m->kind != MESSAGE_MAPS || m->kept); m = m->next)
		last = m;
	if (!last)
		return;
	handover->first = last->next;
	if (!handover->first)
		handover->last = NULL;
	last->next = NULL;
	pthread_mutex_lock(&handover->lock);
	if (handover->ready_last)
		handover->ready_last->next = first;
	else
		handover->ready = first;
	handover->ready_last = last;
	pthread_mutex_unlock(&handover->lock);
	(void)!eventfd_write(handover->fd, 1);
}

struct message *handover_take(struct handover *handover)
{
	struct message *message;
	eventfd_t value;

	pthread_mutex_lock(&handover->lock);
	message = handover->ready;
	if (message) {
		handover->ready = message->next;
		handover->bytes -= message->bytes;
	}
	if (!handover->ready) {
		handover->ready_last = NULL;
		(void)!eventfd_read(handover->fd, &value);
	}
	pthread_mutex_unlock(&handover->lock);
	return message;
}
