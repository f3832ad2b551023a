/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_made_test.h - recordings made record by record, for tests. */
#ifndef SONDE_FORMAT_PERFDATA_MADE_TEST_H
#define SONDE_FORMAT_PERFDATA_MADE_TEST_H

#include <linux/perf_event.h>
#include <stdio.h>

#include "base/test.h"
#include "format/memory_test.h"
#include "format/perfdata.h"
#include "format/perfdata_head.h"

#define MADE_EXEC (1u << 13)
#define MADE_USUAL (PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN)

/* A perf.data of events that all have the same fields (beside MADE_USUAL), and these records. */
struct made {
	struct buf records;
	uint64_t fields;	/* PERF_SAMPLE_*: IDENTIFIER, READ, BRANCH_STACK, WEIGHT, CGROUP */
	uint64_t branches;	/* of BRANCH_STACK: which kind */
	uint32_t n_events;	/* 0: one; event i is PERF_COUNT_SW_CPU_CLOCK + i, and its number 100 + i */
};

/* What a sample has of these. */
struct made_sample {
	uint64_t time, ip, id, weight, cgroup;
	uint32_t pid;
	uint16_t misc;
	bool no_chain;
	const uint64_t (*jumps)[3];	/* from, to, what is known */
	uint64_t n_jumps;
	const uint64_t (*counts)[2];	/* of the group: count, number of the event */
	uint64_t n_counts;
};

static inline void put_u32(struct buf *buf, uint32_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static inline void put_u64(struct buf *buf, uint64_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static inline void put_pair(struct buf *buf, uint32_t a, uint32_t b)
{
	put_u32(buf, a);
	put_u32(buf, b);
}

static inline void put_name(struct buf *buf, const char *name, size_t room)
{
	char text[64] = "";

	snprintf(text, sizeof(text), "%s", name);
	buf_add(buf, text, room);
}

/* 72 bytes without branches, as perf's first versions had, else 80. */
static inline void put_attr(struct buf *buf, const struct made *m, uint32_t event)
{
	put_pair(buf, PERF_TYPE_SOFTWARE, m->branches ? 80 : 72);
	put_u64(buf, PERF_COUNT_SW_CPU_CLOCK + event);
	put_u64(buf, 4000);
	put_u64(buf, MADE_USUAL | m->fields | (m->branches ? PERF_SAMPLE_BRANCH_STACK : 0));
	put_u64(buf, m->fields & PERF_SAMPLE_READ ? PERF_FORMAT_GROUP | PERF_FORMAT_ID : 0);
	put_u64(buf, 1 << 10 | 1 << 18);	/* a frequency; the other records tell their time too */
	for (int i = 0; i < 3; i++)
		put_u64(buf, 0);
	if (m->branches)
		put_u64(buf, m->branches);
}

static inline void add(struct made *m, uint32_t type, uint16_t misc, const struct buf *body)
{
	uint16_t head[2] = { misc, (uint16_t)(8 + body->n) };

	put_u32(&m->records, type);
	buf_add(&m->records, head, sizeof(head));
	buf_add_str(&m->records, buf_str(body));
}

/* A record that is no sample, and so ends with who, when and, where events are told apart, which; takes the body. */
static inline void add_told(struct made *m, uint32_t type, uint16_t misc, struct buf *body, uint32_t pid, uint64_t time)
{
	put_pair(body, pid, pid);
	put_u64(body, time);
	if (m->fields & PERF_SAMPLE_IDENTIFIER)
		put_u64(body, 100);
	add(m, type, misc, body);
	buf_fini(body);
}

static inline void add_map(struct made *m, uint64_t time, uint32_t pid, uint64_t start, uint64_t bytes, const char *path)
{
	struct buf b = { 0 };

	put_pair(&b, pid, pid);
	put_u64(&b, start);
	put_u64(&b, bytes);
	put_u64(&b, 0x1000);
	put_name(&b, path, 32);
	add_told(m, PERF_RECORD_MMAP, PERF_RECORD_MISC_USER, &b, pid, time);
}

static inline void add_comm(struct made *m, uint64_t time, uint32_t pid, const char *name, bool exec)
{
	struct buf b = { 0 };

	put_pair(&b, pid, pid);
	put_name(&b, name, 16);
	add_told(m, PERF_RECORD_COMM, exec ? MADE_EXEC : 0, &b, pid, time);
}

static inline void add_fork(struct made *m, uint64_t time, uint32_t pid, uint32_t parent)
{
	struct buf b = { 0 };

	put_pair(&b, pid, parent);
	put_pair(&b, pid, parent);
	put_u64(&b, time);
	add_told(m, PERF_RECORD_FORK, 0, &b, pid, time);
}

static inline void add_cgroup(struct made *m, uint64_t time, uint64_t id, const char *path)
{
	struct buf b = { 0 };

	put_u64(&b, id);
	put_name(&b, path, 32);
	add_told(m, PERF_RECORD_CGROUP, 0, &b, 0, time);
}

static inline void add_round(struct made *m)
{
	struct buf none = { 0 };

	add(m, PERFDATA_FINISHED_ROUND, 0, &none);
}

/* The fields in the order of perf_event_open(2). */
static inline void add_made(struct made *m, const struct made_sample *s)
{
	bool in_kernel = s->misc == PERF_RECORD_MISC_KERNEL;
	struct buf b = { 0 };

	if (m->fields & PERF_SAMPLE_IDENTIFIER)
		put_u64(&b, s->id);
	put_u64(&b, s->ip);
	put_pair(&b, s->pid, s->pid);
	put_u64(&b, s->time);
	put_u64(&b, 250000);
	if (m->fields & PERF_SAMPLE_READ)
		put_u64(&b, s->n_counts);
	for (uint64_t i = 0; i < s->n_counts; i++) {
		put_u64(&b, s->counts[i][0]);
		put_u64(&b, s->counts[i][1]);
	}
	put_u64(&b, s->no_chain ? 0 : 2);
	if (!s->no_chain) {
		put_u64(&b, in_kernel ? (uint64_t)PERF_CONTEXT_KERNEL : (uint64_t)PERF_CONTEXT_USER);
		put_u64(&b, s->ip);
	}
	if (m->branches)
		put_u64(&b, s->n_jumps);
	for (uint64_t i = 0; i < s->n_jumps; i++)
		for (int k = 0; k < 3; k++)
			put_u64(&b, s->jumps[i][k]);
	if (m->fields & PERF_SAMPLE_WEIGHT)
		put_u64(&b, s->weight);
	if (m->fields & PERF_SAMPLE_CGROUP)
		put_u64(&b, s->cgroup);
	add(m, PERF_RECORD_SAMPLE, s->misc, &b);
	buf_fini(&b);
}

/* A sample of one address in user space. */
static inline void add_sample(struct made *m, uint64_t time, uint32_t pid, uint64_t ip)
{
	add_made(m, &(struct made_sample){ .time = time, .pid = pid, .ip = ip, .misc = PERF_RECORD_MISC_USER });
}

/* The file: its header, numbers of events, attrs, records. The caller frees. */
static inline struct buf file_of(const struct made *m)
{
	uint64_t attr = (m->branches ? 80 : 72) + 16, n = m->n_events ? m->n_events : 1;
	uint64_t attrs_at = 104 + 8 * n;
	struct buf b = { 0 };

	buf_add_str(&b, STR("PERFILE2"));
	put_u64(&b, 104);
	put_u64(&b, attr);
	put_u64(&b, attrs_at);
	put_u64(&b, attr * n);
	put_u64(&b, attrs_at + attr * n);
	put_u64(&b, m->records.n);
	for (int i = 0; i < 6; i++)
		put_u64(&b, 0);
	for (uint32_t i = 0; i < n; i++)
		put_u64(&b, 100 + i);
	for (uint32_t i = 0; i < n; i++) {
		put_attr(&b, m, i);
		put_u64(&b, 104 + 8 * i);
		put_u64(&b, 8);
	}
	buf_add_str(&b, buf_str(&m->records));
	return b;
}

/* Reads it and frees the records. Returns what reading it gave; the profile is the caller's either way. */
static inline int profile_of(struct made *m, struct profile *p, struct err *err)
{
	struct buf file = file_of(m);
	int rc;

	profile_init(p);
	rc = format_read_bytes(p, buf_str(&file), "x", err);
	buf_fini(&file);
	buf_fini(&m->records);
	return rc;
}

/* Its folded stacks, or the sentence. */
static inline struct buf read_made(struct made *m)
{
	struct buf folded = { 0 };
	struct err err = { 0 };
	struct profile p;

	if (profile_of(m, &p, &err) == 0)
		folded = written(&p, folded_write);
	else
		buf_add_str(&folded, str_of(err.text));
	profile_fini(&p);
	return folded;
}

#define CHECK_MADE(m, wanted)                           \
	do {                                            \
		struct buf folded_ = read_made(m);      \
							\
		CHECK_STR(buf_str(&folded_), wanted);   \
		buf_fini(&folded_);                     \
	} while (0)

#endif
