/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_event.h"

#include <linux/perf_event.h>
#include <stdio.h>

#define ATTR_BYTES_MIN 64u	/* of its first version */
#define FLAG_FREQ (1ull << 10)	/* of the attr's word of flags */
#define FLAG_SAMPLE_ID_ALL (1ull << 18)
#define FLAG_BUILD_ID (1ull << 34)
#define FORMAT_LOST 16u		/* PERF_FORMAT_LOST, of Linux 6.0 */
#define BRANCH_COUNTERS (1ull << 19)	/* PERF_SAMPLE_BRANCH_COUNTERS, of Linux 6.8 */

void perfdata_event_parse(struct perfdata_event *event, struct cursor *c)
{
	uint64_t period, flags;
	uint32_t size;
	struct cursor attr;

	*event = (struct perfdata_event){ .type = cursor_u32(c) };
	size = cursor_u32(c);
	attr = cursor_sub(c, (size ? size : ATTR_BYTES_MIN) - 8);
	event->config = cursor_u64(&attr);
	period = cursor_u64(&attr);
	event->sample_type = cursor_u64(&attr);
	event->read_format = cursor_u64(&attr);
	flags = cursor_u64(&attr);
	cursor_skip(&attr, 16);
	if (attr.failed)
		cursor_fail(c);
	cursor_skip(&attr, 8);	/* from here on not in all versions: 0 where it is not there */
	event->branch_type = cursor_u64(&attr);
	event->regs_user = cursor_u64(&attr);
	cursor_skip(&attr, 8);
	event->regs_intr = cursor_u64(&attr);
	event->period = flags & FLAG_FREQ ? 0 : period;
	event->sample_id_all = flags & FLAG_SAMPLE_ID_ALL;
	event->tells_build_ids = flags & FLAG_BUILD_ID;
}

struct str perfdata_event_name(const struct perfdata_event *event, char *text, size_t cap)
{
	static const char *const hardware[] = {
		"cycles", "instructions", "cache-references", "cache-misses", "branches",
		"branch-misses", "bus-cycles", "stalled-cycles-frontend",
		"stalled-cycles-backend", "ref-cycles",
	};
	static const char *const software[] = {
		"cpu-clock", "task-clock", "page-faults", "context-switches", "cpu-migrations",
		"minor-faults", "major-faults", "alignment-faults", "emulation-faults", "dummy",
		"bpf-output", "cgroup-switches",
	};
	static const char *const kinds[] = { "hardware", "software", "tracepoint", "hw-cache", "raw",
					     "breakpoint" };
	uint32_t config = event->config < UINT32_MAX ? (uint32_t)event->config : UINT32_MAX;
	int n;

	if (event->name.n)
		return event->name;
	if (event->type == PERF_TYPE_HARDWARE && config < sizeof(hardware) / sizeof(hardware[0]))
		return str_of(hardware[config]);
	if (event->type == PERF_TYPE_SOFTWARE && config < sizeof(software) / sizeof(software[0]))
		return str_of(software[config]);
	if (event->type < sizeof(kinds) / sizeof(kinds[0]))
		n = snprintf(text, cap, "%s 0x%llx", kinds[event->type],
			     (unsigned long long)event->config);
	else
		n = snprintf(text, cap, "event %u/0x%llx", event->type,
			     (unsigned long long)event->config);
	return str_over(text, n > 0 ? (size_t)n : 0);
}

bool perfdata_record_at(struct str bytes, struct perfdata_record *ret_record)
{
	struct cursor c = cursor_over(bytes);
	uint16_t size;

	ret_record->type = cursor_u32(&c);
	ret_record->misc = cursor_u16(&c);
	size = cursor_u16(&c);
	ret_record->body = cursor_bytes(&c, size < PERFDATA_HEADER_BYTES ? UINT64_MAX :
								 size - PERFDATA_HEADER_BYTES);
	return !c.failed;
}

/* Words of a sample that come before the field `bit`, which is one of the first. */
static uint32_t words_before(uint64_t sample_type, uint64_t bit)
{
	static const uint64_t order[] = { PERF_SAMPLE_IDENTIFIER, PERF_SAMPLE_IP, PERF_SAMPLE_TID,
					  PERF_SAMPLE_TIME, PERF_SAMPLE_ADDR, PERF_SAMPLE_ID };
	uint32_t n = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && order[i] != bit; i++)
		n += !!(sample_type & order[i]);
	return n;
}

/* Words from such a field of a record's end to the end itself, the field included. */
static uint32_t words_from(uint64_t sample_type, uint64_t bit)
{
	static const uint64_t order[] = { PERF_SAMPLE_IDENTIFIER, PERF_SAMPLE_CPU, PERF_SAMPLE_STREAM_ID,
					  PERF_SAMPLE_ID, PERF_SAMPLE_TIME };
	uint32_t n = 1;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && order[i] != bit; i++)
		n += !!(sample_type & order[i]);
	return n;
}

/* The word of a record that holds the field `bit`. */
static bool word_of(const struct perfdata_event *event, const struct perfdata_record *record,
		    uint64_t bit, uint64_t *ret_word)
{
	struct cursor c = cursor_over(record->body);
	uint64_t word, from_end = words_from(event->sample_type, bit) * sizeof(uint64_t);

	if (!(event->sample_type & bit))
		return false;
	if (record->type == PERF_RECORD_SAMPLE)
		cursor_skip(&c, words_before(event->sample_type, bit) * sizeof(uint64_t));
	else if (event->sample_id_all && from_end <= record->body.n)
		cursor_skip(&c, record->body.n - from_end);
	else
		return false;
	word = cursor_u64(&c);
	if (c.failed)
		return false;
	*ret_word = word;
	return true;
}

bool perfdata_record_id(const struct perfdata_event *first, const struct perfdata_record *record,
			uint64_t *ret_id)
{
	return word_of(first, record, PERF_SAMPLE_IDENTIFIER, ret_id) ||
	       word_of(first, record, PERF_SAMPLE_ID, ret_id);
}

bool perfdata_record_time(const struct perfdata_event *event, const struct perfdata_record *record,
			  uint64_t *ret_time_ns)
{
	return word_of(event, record, PERF_SAMPLE_TIME, ret_time_ns);
}

/* PERF_SAMPLE_READ: counts, of one event or of its group. */
static void take_counts(struct perfdata_sample *sample, struct cursor *c, uint64_t format)
{
	uint64_t times = !!(format & PERF_FORMAT_TOTAL_TIME_ENABLED) +
			 !!(format & PERF_FORMAT_TOTAL_TIME_RUNNING);
	uint64_t each = 1 + !!(format & PERF_FORMAT_ID) + !!(format & FORMAT_LOST);
	bool group = format & PERF_FORMAT_GROUP;
	uint64_t n = group ? cursor_u64(c) : 1;
	struct str counts;

	if (n > cursor_left(c))
		cursor_fail(c);
	if (group)
		cursor_skip(c, times * sizeof(uint64_t));
	counts = cursor_bytes(c, n * each * sizeof(uint64_t));
	if (!group)
		cursor_skip(c, times * sizeof(uint64_t));
	if (group && format & PERF_FORMAT_ID)
		sample->counts = counts;
	sample->count_words = (uint32_t)each;
}

/* PERF_SAMPLE_BRANCH_STACK: pairs of addresses and what is known of each jump. Where the processor kept calls that had
 * not returned (--call-graph lbr), they are the stack. */
static void take_branches(struct perfdata_sample *sample, struct cursor *c, uint64_t type)
{
	uint64_t n = cursor_u64(c);
	struct str all;

	if (type & PERF_SAMPLE_BRANCH_HW_INDEX)
		cursor_skip(c, sizeof(uint64_t));
	if (n > cursor_left(c))
		cursor_fail(c);
	all = cursor_bytes(c, n * (type & BRANCH_COUNTERS ? 4 : 3) * sizeof(uint64_t));	/* counters come last */
	if (c->failed)
		return;
	*(type & PERF_SAMPLE_BRANCH_CALL_STACK ? &sample->calls : &sample->branches) =
		str_head(all, n * PERFDATA_BRANCH_BYTES);
}

static struct str take_words(struct cursor *c, uint64_t n)
{
	if (n > cursor_left(c))
		cursor_fail(c);
	return cursor_bytes(c, n * sizeof(uint64_t));
}

/* The copied stack: room for as much as was asked for, of which so much was there. */
static void take_stack(struct perfdata_sample *sample, struct cursor *c)
{
	uint64_t size = cursor_u64(c), had;
	struct str stack = cursor_bytes(c, size);

	had = size ? cursor_u64(c) : 0;
	sample->stack = str_head(stack, had);
	sample->stack_full = size && had >= size;
}

/* WEIGHT (or WEIGHT_STRUCT: it is the lower half), DATA_SRC, TRANSACTION, REGS_INTR, PHYS_ADDR, CGROUP. */
static void take_rest(struct perfdata_sample *sample, struct cursor *c, const struct perfdata_event *event)
{
	uint64_t type = event->sample_type;

	if (type & PERF_SAMPLE_WEIGHT)
		sample->weight = cursor_u64(c);
	else if (type & PERF_SAMPLE_WEIGHT_STRUCT)
		sample->weight = (uint32_t)cursor_u64(c);
	cursor_skip(c, (uint64_t)__builtin_popcountll(type & (PERF_SAMPLE_DATA_SRC | PERF_SAMPLE_TRANSACTION)) * 8);
	if (type & PERF_SAMPLE_REGS_INTR && cursor_u64(c))
		cursor_skip(c, (uint64_t)__builtin_popcountll(event->regs_intr) * 8);
	if (type & PERF_SAMPLE_PHYS_ADDR)
		cursor_skip(c, 8);
	if (type & PERF_SAMPLE_CGROUP)
		sample->cgroup = cursor_u64(c);
}

bool perfdata_sample_parse(const struct perfdata_event *event, const struct perfdata_record *record,
			   struct perfdata_sample *ret_sample)
{
	struct cursor c = cursor_over(record->body);
	uint64_t type = event->sample_type;
	struct perfdata_sample *s = ret_sample;

	*s = (struct perfdata_sample){ .period = event->period };
	if (type & PERF_SAMPLE_IDENTIFIER)
		cursor_skip(&c, 8);
	if (type & PERF_SAMPLE_IP)
		s->ip = cursor_u64(&c);
	if (type & PERF_SAMPLE_TID) {
		s->pid = cursor_u32(&c);
		s->tid = cursor_u32(&c);
	}
	cursor_skip(&c, (uint64_t)__builtin_popcountll(type & (PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR |
							       PERF_SAMPLE_ID |
							       PERF_SAMPLE_STREAM_ID)) * 8);
	if (type & PERF_SAMPLE_CPU) {
		s->cpu = cursor_u32(&c);
		s->has_cpu = true;
		cursor_skip(&c, 4);
	}
	if (type & PERF_SAMPLE_PERIOD)
		s->period = cursor_u64(&c);
	if (type & PERF_SAMPLE_READ)
		take_counts(s, &c, event->read_format);
	if (type & PERF_SAMPLE_CALLCHAIN)
		s->chain = take_words(&c, cursor_u64(&c));
	if (type & PERF_SAMPLE_RAW)
		cursor_skip(&c, cursor_u32(&c));
	if (type & PERF_SAMPLE_BRANCH_STACK)
		take_branches(s, &c, event->branch_type);
	if (type & PERF_SAMPLE_REGS_USER) {
		s->regs_abi = cursor_u64(&c);
		if (s->regs_abi)
			s->regs = take_words(&c, (uint64_t)__builtin_popcountll(event->regs_user));
	}
	if (type & PERF_SAMPLE_STACK_USER)
		take_stack(s, &c);
	take_rest(s, &c, event);
	return !c.failed;
}
