/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_event.h
 *
 * One record of perf's: a header (type, misc, size) and fields, of which samples have those that the event's
 * sample_type asks for, in the order of perf_event_open(2). All other records end, where the event asked for
 * it (sample_id_all), with who and when:
 *
 *   sample   header [identifier] [ip] [pid tid] [time] ... [callchain] ... [registers] [stack] ...
 *   other    header fields of its own ... [pid tid] [time] [id] [stream] [cpu] [identifier]
 *
 * Records are borrowed: every str is a part of one.
 */
#ifndef SONDE_FORMAT_PERFDATA_EVENT_H
#define SONDE_FORMAT_PERFDATA_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/str.h"

#define PERFDATA_HEADER_BYTES 8u
#define PERFDATA_REGS_MAX 64u	/* bits of a mask of registers */

/* What perf asked the kernel to count, and to write of it. */
struct perfdata_event {
	struct str name;	/* borrowed from the file; empty: perfdata_event_name() makes one */
	uint64_t config;
	uint64_t period;	/* of each sample; 0 where a frequency was asked for */
	uint64_t sample_type, read_format, branch_type;
	uint64_t regs_user, regs_intr;	/* which registers: bits of asm/perf_regs.h */
	uint32_t type;
	bool sample_id_all;
	bool tells_build_ids;	/* MMAP2 may have one in place of device and inode */
};

/* The attr at the cursor, which may be of any version: its own size says how much of it there is. */
void perfdata_event_parse(struct perfdata_event *event, struct cursor *c);

/* What perf calls such an event: "cycles", "cpu-clock", "raw 0x1a8"; made in `text`. */
struct str perfdata_event_name(const struct perfdata_event *event, char *text, size_t cap);

struct perfdata_record {
	uint32_t type;
	uint16_t misc;
	struct str body;	/* what follows the header */
};

/* The record at the start of the bytes; false when they hold no whole one. */
bool perfdata_record_at(struct str bytes, struct perfdata_record *ret_record);

/* The number of the event that wrote the record; false where that is not in it. `first` is any event of
 * the file: perf sees to it that the number has one place in all. */
bool perfdata_record_id(const struct perfdata_event *first, const struct perfdata_record *record,
			uint64_t *ret_id);

/* When it was written, by the event's clock; false where records carry no time. */
bool perfdata_record_time(const struct perfdata_event *event, const struct perfdata_record *record,
			  uint64_t *ret_time_ns);

#define PERFDATA_BRANCH_BYTES 24u
#define PERFDATA_BRANCH_MISPREDICTED 1u	/* bit of a branch's third word */

struct perfdata_sample {
	uint64_t ip, period;
	uint32_t pid, tid, cpu;
	bool has_cpu;
	struct str chain;	/* u64 each, innermost first, with PERF_CONTEXT_* between */
	struct str calls;	/* PERFDATA_BRANCH_BYTES each, the innermost call first: from, to, what is known of it */
	struct str branches;	/* likewise, the last jump first; one of both is empty */
	struct str counts;	/* of its event's group: count_words u64 each, which begin with count and id */
	uint32_t count_words;
	uint64_t weight;	/* what the access cost, in the processor's own measure; 0: not told */
	uint64_t cgroup;	/* its number, of a CGROUP record; 0: not told */
	uint64_t regs_abi;	/* PERF_SAMPLE_REGS_ABI_*; 0: there were no registers of user space */
	struct str regs;	/* u64 each, of the mask, lowest bit first */
	struct str stack;	/* from the stack pointer up */
	bool stack_full;	/* as much as was asked for: it may go on */
};

/* False when the record is shorter than what its event asked for. */
bool perfdata_sample_parse(const struct perfdata_event *event, const struct perfdata_record *record,
			   struct perfdata_sample *ret_sample);

#endif
