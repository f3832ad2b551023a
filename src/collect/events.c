/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/vec.h"
#include "collect/perfring.h"

#define RING_PAGES 64	/* with its header page below the 516 KiB that every user may lock */

void events_want(struct perf_event_attr *attr)
{
	attr->sample_type |= PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
	attr->sample_id_all = 1;
	attr->mmap = 1;
	attr->mmap2 = 1;
	attr->comm = 1;
	attr->comm_exec = 1;
	attr->task = 1;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
	attr->watermark = 1;
}

static int open_event(int cpu, bool build_id)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.wakeup_watermark = 1,
		.build_id = build_id,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	events_want(&attr);
	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int ring_open(struct perfring *ring, int cpu)
{
	int fd = open_event(cpu, true);

	if (fd < 0 && errno == EINVAL)
		fd = open_event(cpu, false);	/* before 5.12 */
	return fd < 0 ? -errno : perfring_open(ring, fd, RING_PAGES);
}

int events_start(struct events *events, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int rc = 0;

	*events = (struct events){ 0 };
	events->rings = calloc((size_t)cpus, sizeof(*events->rings));
	if (!events->rings)
		return -ENOMEM;
	for (int cpu = 0; cpu < cpus; cpu++) {
		rc = ring_open(&events->rings[events->n_rings], cpu);
		events->n_rings += rc == 0;
		if (rc < 0 && rc != -ENODEV)	/* ENODEV: the CPU is offline */
			break;
		rc = 0;
	}
	if (rc == 0 && events->n_rings)
		return 0;
	events_stop(events);
	return err_fail(err, rc ? rc : -ENODEV,
			"cannot follow processes: perf_event_open failed: %s; it needs root, or "
			"CAP_PERFMON with the sysctl kernel.perf_event_paranoid at most 2",
			err_text(rc ? rc : -ENODEV));
}

int events_fd(const struct events *events, uint32_t ring)
{
	return events->rings[ring].fd;
}

/* struct sample_id for our sample_type: pid tid, time, cpu res. It ends every record. */
static uint64_t record_time(struct str record)
{
	struct cursor c;

	if (record.n < 24)
		return 0;
	c = cursor_over(str_skip(record, record.n - 16));
	return cursor_u64(&c);
}

static struct str cut_at_nul(struct str s)
{
	ptrdiff_t nul = str_find(s, '\0');

	return nul < 0 ? s : str_head(s, (size_t)nul);
}

/* Fills *e from one record's body; false for kinds we do not need. Layouts: perf_event_open(2). */
static bool parse_record(uint32_t type, uint16_t misc, struct str body, struct process_event *e)
{
	struct cursor c = cursor_over(str_head(body, body.n - 24));

	e->pid = cursor_u32(&c);
	e->tid = cursor_u32(&c);
	switch (type) {
	case PERF_RECORD_MMAP2:
		e->kind = PROCESS_MAPPED;
		e->start = cursor_u64(&c);
		e->end = e->start + cursor_u64(&c);
		e->off = cursor_u64(&c);
		if (misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
			e->build_id_n = cursor_u8(&c);
			cursor_skip(&c, 3);
			if (e->build_id_n > sizeof(e->build_id))
				return false;
			memcpy(e->build_id, c.p, c.failed || cursor_left(&c) < 20 ? 0 : 20);
			cursor_skip(&c, 20);
		} else {
			e->dev_major = cursor_u32(&c);
			e->dev_minor = cursor_u32(&c);
			e->inode = cursor_u64(&c);
			cursor_skip(&c, 8);
		}
		cursor_skip(&c, 8);	/* prot, flags */
		e->path = cut_at_nul(cursor_bytes(&c, cursor_left(&c)));
		return !c.failed && e->end > e->start;
	case PERF_RECORD_COMM:
		e->kind = misc & PERF_RECORD_MISC_COMM_EXEC ? PROCESS_EXECED : PROCESS_RENAMED;
		e->path = cut_at_nul(cursor_bytes(&c, cursor_left(&c)));
		return !c.failed;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:	/* pid, ppid, tid, ptid, time */
		e->kind = type == PERF_RECORD_FORK ? PROCESS_FORKED : PROCESS_EXITED;
		e->parent_pid = e->tid;
		e->tid = cursor_u32(&c);
		return !c.failed;
	case PERF_RECORD_LOST:	/* id, lost */
		e->kind = PROCESS_EVENTS_LOST;
		e->lost = cursor_u64(&c);
		return !c.failed;
	}
	return false;
}

int events_add_record(struct events *events, struct str record)
{
	struct cursor c = cursor_over(record);
	struct process_event e = { 0 };
	uint32_t type = cursor_u32(&c);
	uint16_t misc = cursor_u16(&c);
	struct str body = str_skip(record, 8);

	if (body.n < 24 || !parse_record(type, misc, body, &e))
		return 0;
	e.time_ns = record_time(body);
	if (VEC_RESERVE(&events->queue, &events->cap, (uint64_t)events->n + 1) < 0)
		return -ENOMEM;
	e.path = arena_dup(&events->arena, e.path);
	events->queue[events->n++] = e;
	return 0;
}

static int take_record(void *events, struct str record)
{
	return events_add_record(events, record);
}

static int by_time(const void *left, const void *right)
{
	const struct process_event *a = left, *b = right;

	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

void events_begin(struct events *events)
{
	if (events->first != events->n)
		return;
	events->first = events->n = 0;
	arena_fini(&events->arena);
}

void events_sort(struct events *events, uint64_t drained_ns)
{
	if (events->n > events->first)
		qsort(events->queue + events->first, events->n - events->first,
		      sizeof(*events->queue), by_time);
	events->drained_ns = drained_ns;
}

int events_drain(struct events *events)
{
	uint64_t now = clock_mono_ns();
	int rc = 0;

	events_begin(events);
	for (uint32_t i = 0; i < events->n_rings && rc == 0; i++)
		rc = perfring_drain(&events->rings[i], take_record, events);
	events_sort(events, now);
	return rc;
}

const struct process_event *events_take(struct events *events, uint64_t until_ns)
{
	if (events->first == events->n || events->queue[events->first].time_ns > until_ns)
		return NULL;
	return &events->queue[events->first++];
}

void events_stop(struct events *events)
{
	for (uint32_t i = 0; i < events->n_rings; i++)
		perfring_close(&events->rings[i]);
	free(events->rings);
	free(events->queue);
	arena_fini(&events->arena);
	*events = (struct events){ 0 };
}
