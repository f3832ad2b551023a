/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/vec.h"

#define FAR_BYTES 4096u
#define ASKED_BYTES 2048u

struct perfdata_chunk *perfdata_chunk_new(struct perfdata_order *order, size_t n)
{
	struct perfdata_chunk *chunk = malloc(sizeof(*chunk) + n);

	if (!chunk)
		return NULL;
	chunk->refs = 1;
	chunk->n = n;
	order->chunk_bytes += n;
	return chunk;
}

void perfdata_chunk_drop(struct perfdata_order *order, struct perfdata_chunk *chunk)
{
	if (!chunk || --chunk->refs)
		return;
	order->chunk_bytes -= chunk->n;
	free(chunk);
}

void perfdata_order_fini(struct perfdata_order *order)
{
	for (uint32_t i = 0; i < order->n; i++)
		perfdata_chunk_drop(order, order->items[i].chunk);
	free(order->items);
	free(order->scratch);
	*order = (struct perfdata_order){ 0 };
}

/* Where the run of ascending times that begins at `from` ends. */
static uint32_t run_end(const struct perfdata_waiting *items, uint32_t from, uint32_t n)
{
	uint32_t i = from + 1;

	while (i < n && items[i - 1].time_ns <= items[i].time_ns)
		i++;
	return i < n ? i : n;
}

static void merge(struct perfdata_waiting *to, const struct perfdata_waiting *items, uint32_t from,
		  uint32_t middle, uint32_t end)
{
	uint32_t a = from, b = middle;

	for (uint32_t i = from; i < end; i++)
		to[i] = b >= end || (a < middle && items[a].time_ns <= items[b].time_ns) ?
			items[a++] : items[b++];
}

/* Merges neighbouring runs until there is one: what each processor wrote is a run. Keeps the order of the file
 * where times are equal. */
static int sort(struct perfdata_order *order)
{
	struct perfdata_waiting *items;
	uint32_t runs = 0;

	if (run_end(order->items, 0, order->n) >= order->n)
		return 0;
	if (VEC_RESERVE(&order->scratch, &order->cap_scratch, order->cap) < 0 ||
	    VEC_RESERVE(&order->items, &order->cap, order->cap_scratch) < 0)
		return -ENOMEM;	/* both are as large, for they are swapped */
	while (runs != 1) {
		runs = 0;
		for (uint32_t from = 0, end; from < order->n; from = end, runs++) {
			uint32_t middle = run_end(order->items, from, order->n);

			end = middle < order->n ? run_end(order->items, middle, order->n) : middle;
			merge(order->scratch, order->items, from, middle, end);
		}
		items = order->items;
		order->items = order->scratch;
		order->scratch = items;
	}
	return 0;
}

/* A record with a copied stack lies far from the one before: its first bytes, which a walk reads, and its end, where the
 * stack's size is, are asked of memory before they are needed. */
static void ask_ahead(const struct perfdata_order *order, uint32_t i)
{
	struct str record;

	if (i >= order->n)
		return;
	record = order->items[i].record;
	if (record.n < FAR_BYTES)
		return;
	for (size_t at = 0; at < ASKED_BYTES; at += 64)
		__builtin_prefetch(record.p + at);
	__builtin_prefetch(record.p + record.n - 8);
}

/* Takes the n oldest, which are sorted. */
static int take(struct perfdata_order *order, uint32_t n, struct err *err)
{
	uint32_t i = 0;
	int rc = 0;

	while (i < n && rc >= 0) {
		const struct perfdata_waiting *w = &order->items[i++];

		ask_ahead(order, i + 1);
		rc = order->take(order->owner, w->record, w->time_ns, err);
		perfdata_chunk_drop(order, w->chunk);
	}
	order->n -= i;
	memmove(order->items, order->items + i, order->n * sizeof(*order->items));
	return rc < 0 ? rc : 0;
}

static int take_half(struct perfdata_order *order, struct err *err)
{
	int rc = sort(order);

	return rc < 0 ? rc : take(order, order->n / 2 + 1, err);
}

int perfdata_order_add(struct perfdata_order *order, struct str record, uint64_t time_ns,
		       struct perfdata_chunk *chunk, struct err *err)
{
	if (VEC_RESERVE(&order->items, &order->cap, (uint64_t)order->n + 1) < 0)
		return -ENOMEM;
	if (chunk)
		chunk->refs++;
	order->items[order->n++] = (struct perfdata_waiting){ time_ns, record, chunk };
	if (time_ns > order->youngest_ns)
		order->youngest_ns = time_ns;
	if (order->n >= PERFDATA_WAITING_MAX || order->chunk_bytes >= PERFDATA_CHUNKS_MAX)
		return take_half(order, err);
	return 0;
}

int perfdata_order_round(struct perfdata_order *order, struct err *err)
{
	uint32_t n;	/* those that are not younger than the last round's youngest */
	int rc = order->n ? sort(order) : 0;

	if (rc < 0 || !order->n)
		return rc;
	n = BISECT(order->n, i, order->items[i].time_ns <= order->round_ns);
	order->round_ns = order->youngest_ns;
	return take(order, n, err);
}

int perfdata_order_end(struct perfdata_order *order, struct err *err)
{
	int rc = order->n ? sort(order) : 0;

	return rc < 0 || !order->n ? rc : take(order, order->n, err);
}
