/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pieces.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/input.h"

enum state { FREE, WORKING, READY };

struct slot {
	enum state state;
	uint64_t number;	/* of its piece */
	struct buf text;
	void *block;
	int rc;			/* reading failed: nothing was worked on */
	struct err err;
};

struct run {
	const struct pieces *pieces;
	struct input *input;

	pthread_mutex_t reading;	/* over what follows, and the input */
	struct buf rest;		/* read already, belongs to the next piece */
	uint64_t offset;		/* of the next piece, in the text */
	uint64_t n_read;		/* pieces */
	bool ended;

	pthread_mutex_t lock;		/* over the slots' states */
	pthread_cond_t changed;
	unsigned n_running;		/* workers that may still make a piece */
	bool stop;			/* the caller wants no more */
	struct slot slots[PIECE_WORKERS_MAX][PIECE_BLOCKS];
};

struct hand {
	struct run *run;
	unsigned worker;
	pthread_t thread;
};

unsigned pieces_workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > PIECE_WORKERS_MAX ? PIECE_WORKERS_MAX : (unsigned)n;
}

/* Reads on until the text ends with a whole record. Sets .ended behind the last piece. */
static int fill(struct run *run, struct buf *text, struct err *err)
{
	size_t whole = 0, wanted = PIECE_BYTES;
	ssize_t got;

	buf_clear(text);
	buf_add_str(text, buf_str(&run->rest));
	buf_clear(&run->rest);
	for (;;) {
		while (text->n < wanted) {
			if (!buf_reserve(text, wanted - text->n))
				return -ENOMEM;
			got = input_read(run->input, text->p + text->n, wanted - text->n, err);
			if (got < 0)
				return (int)got;
			if (got == 0) {
				run->ended = true;
				return 0;
			}
			text->n += (size_t)got;
		}
		whole = run->pieces->cut(buf_str(text));
		if (whole)
			break;
		if (text->n > run->pieces->record_max)
			return err_fail(err, -EFBIG, "%s: %s that begins at byte %llu is longer than "
					"%zu MiB", run->input->what, run->pieces->record,
					(unsigned long long)run->offset,
					run->pieces->record_max >> 20);
		wanted = text->n * 2;
	}
	buf_add_str(&run->rest, str_skip(buf_str(text), whole));
	if (run->rest.failed)
		return -ENOMEM;
	text->n = whole;
	run->offset += whole;
	return 0;
}

/* Fills the slot with the next piece; false at the end. */
static bool next_piece(struct run *run, struct slot *slot)
{
	bool got = false;

	pthread_mutex_lock(&run->reading);
	if (!run->ended) {
		slot->rc = fill(run, &slot->text, &slot->err);
		slot->number = run->n_read++;
		if (slot->rc < 0)
			run->ended = true;
		got = true;
	}
	pthread_mutex_unlock(&run->reading);
	return got;
}

static bool wait_until_free(struct run *run, struct slot *slot)
{
	bool go;

	pthread_mutex_lock(&run->lock);
	while (slot->state != FREE && !run->stop)
		pthread_cond_wait(&run->changed, &run->lock);
	go = !run->stop;
	slot->state = go ? WORKING : slot->state;
	pthread_mutex_unlock(&run->lock);
	return go;
}

static void set_state(struct run *run, struct slot *slot, enum state state)
{
	pthread_mutex_lock(&run->lock);
	slot->state = state;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
}

static void *work_on(void *arg)
{
	struct hand *hand = arg;
	struct run *run = hand->run;
	const struct pieces *pieces = run->pieces;

	for (unsigned k = 0;; k = (k + 1) % PIECE_BLOCKS) {
		struct slot *slot = &run->slots[hand->worker][k];

		if (!wait_until_free(run, slot) || !next_piece(run, slot))
			break;
		if (slot->rc == 0)
			pieces->work(pieces->worker[hand->worker], buf_str(&slot->text),
				     slot->block);
		set_state(run, slot, READY);
	}
	pthread_mutex_lock(&run->lock);
	run->n_running--;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

static struct slot *find_ready(struct run *run, uint64_t number, unsigned *ret_worker)
{
	for (unsigned w = 0; w < run->pieces->n_workers; w++) {
		for (unsigned k = 0; k < PIECE_BLOCKS; k++) {
			struct slot *slot = &run->slots[w][k];

			*ret_worker = w;
			if (slot->state == READY && slot->number == number)
				return slot;
		}
	}
	return NULL;
}

/* The block of that piece, when it is made; NULL: there is none such. */
static struct slot *wait_for(struct run *run, uint64_t number, unsigned *ret_worker)
{
	struct slot *slot;

	pthread_mutex_lock(&run->lock);
	while (!(slot = find_ready(run, number, ret_worker)) && run->n_running)
		pthread_cond_wait(&run->changed, &run->lock);
	pthread_mutex_unlock(&run->lock);
	return slot;
}

static int take_all(struct run *run, struct err *err)
{
	const struct pieces *pieces = run->pieces;
	unsigned worker;
	struct slot *slot;
	int rc = 0;

	for (uint64_t number = 0; rc == 0 && (slot = wait_for(run, number, &worker)); number++) {
		rc = slot->rc;
		if (rc < 0)
			err_set(err, "%s", slot->err.text);
		else
			rc = pieces->take(pieces->owner, worker, slot->block, err);
		set_state(run, slot, FREE);
	}
	pthread_mutex_lock(&run->lock);
	run->stop = true;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
	return rc;
}

static void fini(struct run *run)
{
	for (unsigned w = 0; w < run->pieces->n_workers; w++)
		for (unsigned k = 0; k < PIECE_BLOCKS; k++)
			buf_fini(&run->slots[w][k].text);
	buf_fini(&run->rest);
	pthread_mutex_destroy(&run->reading);
	pthread_mutex_destroy(&run->lock);
	pthread_cond_destroy(&run->changed);
}

int pieces_run(const struct pieces *pieces, struct input *input, struct err *err)
{
	struct run run = { .pieces = pieces, .input = input, .n_running = pieces->n_workers,
			   .reading = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER,
			   .changed = PTHREAD_COND_INITIALIZER };
	struct hand hands[PIECE_WORKERS_MAX];
	unsigned n = 0;
	int rc;

	for (unsigned w = 0; w < pieces->n_workers; w++)
		for (unsigned k = 0; k < PIECE_BLOCKS; k++)
			run.slots[w][k].block = pieces->block[w][k];
	for (; n < pieces->n_workers; n++) {
		hands[n] = (struct hand){ .run = &run, .worker = n };
		if (pthread_create(&hands[n].thread, NULL, work_on, &hands[n]))
			break;
	}
	pthread_mutex_lock(&run.lock);
	run.n_running -= pieces->n_workers - n;
	pthread_mutex_unlock(&run.lock);
	rc = n ? take_all(&run, err) :
		 err_fail(err, -EAGAIN, "cannot read %s: no thread can be started", input->what);
	while (n)
		pthread_join(hands[--n].thread, NULL);
	fini(&run);
	return rc;
}
