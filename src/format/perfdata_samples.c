/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_reader.h"

#include <errno.h>
#include <linux/perf_event.h>

#include "format/input.h"
#include "model/profile.h"

#define WAITING_ROWS_MAX ((uint32_t)1 << 20)	/* samples on their way into the profile */
#define WAITING_WORDS_MAX ((size_t)32 << 20)
#define EXPECT_AFTER 2048u	/* samples: most of what will be named has been met by then */

/* What a sample's row has beside its stack, and the code that this is of. */
struct row_of_sample {
	struct perfdata_space *kernel, *space;	/* NULL: nothing mapped */
	uint32_t set;		/* of labels */
	uint64_t time_ns;
	int64_t values[VALUE_TYPES_MAX];
};

uint32_t perfdata_intern(struct perfdata_reader *r, struct str s)
{
	return strings_add(&r->profile->strings, s);
}

static uint32_t make_set(struct perfdata_reader *r, const struct perfdata_sample *sample, const struct perfdata_thread *t,
			 uint32_t process_name, uint32_t cgroup, uint32_t event)
{
	struct label set[7];	/* one less than perfevents_label() has room for */
	uint32_t n = 0;

	set[n++] = (struct label){ .key = r->keys.pid, .num = (int32_t)sample->pid };
	set[n++] = (struct label){ .key = r->keys.tid, .num = (int32_t)sample->tid };
	if (sample->has_cpu)
		set[n++] = (struct label){ .key = r->keys.cpu, .num = sample->cpu };
	if (process_name)
		set[n++] = (struct label){ .key = r->keys.process, .str = process_name };
	if (t->name)
		set[n++] = (struct label){ .key = r->keys.thread, .str = t->name };
	if (cgroup)
		set[n++] = (struct label){ .key = r->keys.cgroup, .str = cgroup };
	return perfevents_label(&r->events, labels_add(&r->profile->labels, set, n), event);
}

/* A thread's samples mostly have the labels of the one before. */
static uint32_t label_set(struct perfdata_reader *r, const struct perfdata_sample *sample, struct perfdata_thread *t,
			  uint32_t process_name, uint32_t event)
{
	uint32_t wanted = r->events.labeled ? event : 0;
	uint32_t cgroup = sample->cgroup ? perfdata_cgroup_path(r, sample->cgroup) : 0;

	if (t->set && t->set_name == t->name && t->set_process == process_name &&
	    t->set_pid == sample->pid && t->set_cpu == sample->cpu && t->set_event == wanted &&
	    t->set_cgroup == cgroup)
		return t->set;
	t->set = make_set(r, sample, t, process_name, cgroup, event);
	t->set_name = t->name;
	t->set_process = process_name;
	t->set_pid = sample->pid;
	t->set_cpu = sample->cpu;
	t->set_event = wanted;
	t->set_cgroup = cgroup;
	return t->set;
}

/* The frames, outermost first. */
static int add_stack(struct perfdata_reader *r, const struct row_of_sample *row)
{
	const uint32_t *frames = (const uint32_t *)(const void *)r->code.frames.p;
	uint32_t n = (uint32_t)(r->code.frames.n / sizeof(*frames)), *words = batch_words(&r->batch, n);

	if (!words)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		words[i] = frames[n - 1 - i];
	batch_add(&r->batch, n, row->set, row->time_ns, row->values);
	return r->code.failed ? -ENOMEM : 0;
}

static bool is_full(const struct batch *batch)
{
	return batch->n >= WAITING_ROWS_MAX || batch->words.n >= WAITING_WORDS_MAX * sizeof(uint32_t);
}

/* Whether the sample's frames are those of its chain alone. */
static bool has_chain_only(const struct perfdata_event *event, const struct perfdata_sample *sample)
{
	return sample->chain.n && !sample->calls.n &&
	       !(sample->regs_abi && event->sample_type & PERF_SAMPLE_STACK_USER);
}

static int add_row(struct perfdata_reader *r, const struct perfdata_event *event,
		   const struct perfdata_sample *sample, uint16_t misc, const struct row_of_sample *row)
{
	struct perfdata_space *kernel = row->kernel, *space = row->space;
	struct perfdata_chain chain = { .words = sample->chain, .ip = sample->ip, .misc = misc,
					.space = space ? space->id : 0, .kernel = kernel ? kernel->id : 0 };
	bool chain_only = has_chain_only(event, sample);
	int rc = 0;

	if (chain_only && perfdata_chains_find(&r->chains, &chain, r->batch.flushes)) {
		batch_add_again(&r->batch, chain.stack, row->set, row->time_ns, row->values);
	} else {
		chain.stack = r->batch.n_stacks;
		perfdata_code_stack(&r->code, event, sample, misc, kernel, space);
		rc = add_stack(r, row);
		if (rc == 0 && chain_only && r->batch.flushes == r->chains.flushes)
			rc = perfdata_chains_add(&r->chains, &chain);
	}
	if (is_full(&r->batch))
		batch_flush(&r->batch);
	return r->batch.failed ? -ENOMEM : rc;
}

/* Columns for what the jumps of -b count, which are rows of their own. */
static int need_jump_types(struct perfdata_reader *r)
{
	if (r->branch_type == PERFEVENTS_NO_TYPE &&
	    perfevents_add_type(&r->events, STR("taken-branches"), STR("count"), &r->branch_type) < 0)
		return -ENOMEM;
	if (r->mispredicted_type == PERFEVENTS_NO_TYPE &&
	    perfevents_add_type(&r->events, STR("mispredicted-branches"), STR("count"), &r->mispredicted_type) < 0)
		return -ENOMEM;
	return 0;
}

/* Each jump that the processor kept before the sample is a row of two frames: where from, and above it where to. */
static int add_jumps(struct perfdata_reader *r, const struct perfdata_sample *sample, const struct row_of_sample *row)
{
	struct cursor c = cursor_over(sample->branches);
	struct row_of_sample jump = *row;
	int rc = need_jump_types(r);

	if (r->branch_type == PERFEVENTS_NO_TYPE || r->mispredicted_type == PERFEVENTS_NO_TYPE)
		return rc;	/* there are too many types */
	memset(jump.values, 0, sizeof(jump.values));
	jump.values[r->branch_type] = 1;
	while (rc == 0 && cursor_more(&c)) {
		uint64_t from = cursor_u64(&c), to = cursor_u64(&c), known = cursor_u64(&c);

		if (!from && !to)
			continue;
		jump.values[r->mispredicted_type] = known & PERFDATA_BRANCH_MISPREDICTED;
		perfdata_code_jump(&r->code, from, to, row->kernel, row->space);
		rc = add_stack(r, &jump);
		if (is_full(&r->batch))
			batch_flush(&r->batch);
	}
	return r->batch.failed ? -ENOMEM : rc;
}

int perfdata_take_sample(struct perfdata_reader *r, const struct perfdata_event *event,
			 const struct perfdata_record *record, uint64_t time_ns)
{
	struct row_of_sample row = { .time_ns = time_ns, .values = { 1 } };
	struct perfdata_process *process, *kernel;
	struct perfdata_sample sample;
	struct perfdata_thread *thread;
	uint32_t number, name;
	int rc;

	if (!perfdata_sample_parse(event, record, &sample)) {
		r->bad++;
		return 0;
	}
	if (!r->n_samples++) {
		r->batch.timed = event->sample_type & PERF_SAMPLE_TIME && !r->input->aid->untimed;
		r->first_ns = time_ns;
	}
	r->first_ns = time_ns < r->first_ns ? time_ns : r->first_ns;
	r->last_ns = time_ns > r->last_ns ? time_ns : r->last_ns;
	number = perfdata_event_number(r, event);
	if (perfevents_settle_labels(&r->events) < 0 || perfdata_take_values(r, event, &sample, row.values) < 0)
		return -ENOMEM;
	kernel = perfdata_process(&r->tasks, PERFDATA_KERNEL_PID);
	row.kernel = kernel ? kernel->space : NULL;
	process = perfdata_process(&r->tasks, sample.pid);
	thread = perfdata_thread(&r->tasks, sample.tid);
	if (!process || !thread)
		return -ENOMEM;
	if (perfdata_take_wait(r, event, thread, time_ns, row.values) < 0)
		return -ENOMEM;
	row.space = process->space;
	name = process->name ? process->name : thread->name;
	row.set = label_set(r, &sample, thread, name, number);
	if (r->n_samples == EXPECT_AFTER)
		perfdata_code_expect(&r->code);
	rc = add_row(r, event, &sample, record->misc, &row);
	return rc == 0 && sample.branches.n ? add_jumps(r, &sample, &row) : rc;
}
