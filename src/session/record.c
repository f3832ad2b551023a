/* SPDX-License-Identifier: Apache-2.0 */
#include "session/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "collect/cpu.h"
#include "session/latenames.h"
#include "session/naming.h"
#include "session/rawtree.h"

static const char *const drop_words[DROP_REASON_COUNT] = {
#define X(id, words) [DROP_##id] = words,
	DROP_REASONS(X)
#undef X
};

static const char *const gil_words[] = {
	[SAMPLE_GIL_NOT_HELD] = "not held", [SAMPLE_GIL_HELD] = "held",
};

/* The last label set used: consecutive samples mostly are of one thread. */
struct label_memo {
	pid_t pid, tid;
	char process[16], thread[64];
	enum sample_gil gil;
	bool own_name;
	uint64_t activity;	/* goroutine or virtual thread */
	uint32_t label_set;
	uint32_t set;
};

#define LABEL_MEMO 256u

struct recording {
	struct cpu_collector *cpu;
	struct rawtree raw;
	struct profile names;	/* strings and labels of the samples, until they are moved */
	struct label_memo memo[LABEL_MEMO];
	struct latenames late;
	uint32_t rate_hz;
	bool times, runtime_lines;
	uint64_t start_ns, start_wall_ns, end_ns;
	uint64_t samples, complete;
	char target[256];
	struct { uint32_t pid, tid, process, thread, gil, goroutine, vthread; } keys;
};

/* A program's own label, under its own key; where that is one of ours, marked as the program's. */
static struct label own_label(struct recording *r, const struct raw_label *label)
{
	struct strings *strings = &r->names.strings;
	uint32_t key = strings_add(strings, label->key);
	char text[64];

	if (key == r->keys.pid || key == r->keys.tid || key == r->keys.process ||
	    key == r->keys.thread || key == r->keys.gil || key == r->keys.goroutine || key == r->keys.vthread) {
		snprintf(text, sizeof(text), "pprof:%.*s", STR_ARG(label->key));
		key = strings_add(strings, str_of(text));
	}
	return (struct label){ .key = key, .str = strings_add(strings, label->value) };
}

static uint32_t add_activity(struct recording *r, const struct raw_sample *sample,
			      struct label *set)
{
	uint32_t n = 0;

	if (sample->goroutine)
		set[n++] = (struct label){ .key = r->keys.goroutine,
					   .num = (int64_t)sample->activity };
	if (sample->virtual_thread)
		set[n++] = (struct label){ .key = r->keys.vthread, .num = (int64_t)sample->activity };
	for (uint32_t i = 0; i < sample->n_labels && i < RAW_LABELS_MAX; i++)
		set[n++] = own_label(r, &sample->labels[i]);
	return n;
}

static uint32_t label_set(struct recording *r, const struct raw_sample *sample)
{
	uint64_t activity = sample->goroutine || sample->virtual_thread ? sample->activity : 0;
	struct label_memo *memo = &r->memo[(uint32_t)sample->tid % LABEL_MEMO];
	struct latenames_thread thread = { .pid = sample->pid, .tid = sample->tid };
	struct label set[6 + RAW_LABELS_MAX];
	uint32_t n = 4;

	if (memo->set && memo->pid == sample->pid && memo->tid == sample->tid &&
	    memo->gil == sample->gil && memo->activity == activity &&
	    memo->label_set == sample->label_set && memo->own_name == sample->own_name &&
	    !strcmp(memo->process, sample->process) && !strcmp(memo->thread, sample->thread))
		return memo->set;
	set[0] = (struct label){ .key = r->keys.pid, .num = sample->pid };
	set[1] = (struct label){ .key = r->keys.tid, .num = sample->tid };
	thread.process = strings_add(&r->names.strings, str_of(sample->process));
	thread.name = strings_add(&r->names.strings, str_of(sample->thread));
	set[2] = (struct label){ .key = r->keys.process, .str = thread.process };
	set[3] = (struct label){ .key = r->keys.thread, .str = thread.name };
	if (sample->gil != SAMPLE_GIL_UNKNOWN)
		set[n++] = (struct label){ .key = r->keys.gil,
					   .str = strings_add(&r->names.strings,
							      str_of(gil_words[sample->gil])) };
	n += add_activity(r, sample, set + n);
	memo->gil = sample->gil;
	memo->own_name = sample->own_name;
	memo->activity = activity;
	memo->label_set = sample->label_set;
	memo->pid = sample->pid;
	memo->tid = sample->tid;
	memcpy(memo->process, sample->process, strlen(sample->process) + 1);
	memcpy(memo->thread, sample->thread, strlen(sample->thread) + 1);
	memo->set = labels_add(&r->names.labels, set, n);
	if (latenames_note(&r->late, &thread, sample->own_name, memo->set) < 0)
		r->names.labels.failed = true;
	return memo->set;
}

static int take(void *context, const struct raw_sample *sample)
{
	struct recording *r = context;
	int rc = rawtree_add(&r->raw, sample, label_set(r, sample));

	if (rc == 0 && profile_failed(&r->names))
		rc = -ENOMEM;
	r->samples++;
	r->complete += sample->end == WALK_COMPLETE;
	return rc;
}

int record_start(struct recording **ret_recording, const struct record_options *options,
		 struct err *err)
{
	struct recording *r = calloc(1, sizeof(*r));
	int rc = r ? rawtree_init(&r->raw) : -ENOMEM;

	if (rc < 0) {
		record_close(r);
		return err_fail(err, rc, "cannot start profiling: %s", err_text(rc));
	}
	profile_init(&r->names);
	r->keys.pid = strings_add(&r->names.strings, STR("pid"));
	r->keys.tid = strings_add(&r->names.strings, STR("tid"));
	r->keys.process = strings_add(&r->names.strings, STR("process"));
	r->keys.thread = strings_add(&r->names.strings, STR("thread"));
	r->keys.gil = strings_add(&r->names.strings, STR("gil"));
	r->keys.goroutine = strings_add(&r->names.strings, STR("goroutine"));
	r->keys.vthread = strings_add(&r->names.strings, STR("vthread"));
	r->rate_hz = options->cpu.rate_hz;
	r->times = options->times;
	r->runtime_lines = options->runtime_lines;
	r->raw.times_max = options->times ? RECORD_TIMES_MAX : 0;
	snprintf(r->target, sizeof(r->target), "%s", options->target ? options->target : "");
	rc = cpu_start(&r->cpu, &options->cpu, take, r, err);
	if (rc < 0) {
		record_close(r);
		return rc;
	}
	r->start_ns = clock_mono_ns();
	r->start_wall_ns = clock_wall_ns();
	*ret_recording = r;
	return 0;
}

int record_poll(struct recording *r, int timeout_ms)
{
	return cpu_poll(r->cpu, timeout_ms);
}

void record_watch(struct recording *r, int fd)
{
	cpu_watch(r->cpu, fd);
}

const char *record_tier_reason(const struct recording *r)
{
	return cpu_tier_reason(r->cpu);
}

const char *record_tier_limits(const struct recording *r)
{
	return cpu_tier_limits(cpu_tier(r->cpu));
}

uint64_t record_samples(const struct recording *r)
{
	return r->samples;
}

static void comment(struct profile *profile, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void comment(struct profile *profile, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	profile_add_comment(profile, str_of(text));
}

static void describe(const struct recording *r, struct profile *profile,
		     const struct cpu_totals *totals)
{
	struct profile_stats *stats = &profile->stats;

	profile->start_wall_ns = r->start_wall_ns;
	profile->duration_ns = r->end_ns - r->start_ns;
	profile->period = 1000000000 / r->rate_hz;
	profile->period_type = profile->types[1];
	profile->default_type = 1;
	stats->known = true;
	stats->events = totals->counters.events;
	stats->recorded = r->samples;
	stats->complete = r->complete;
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		profile_add_drop(profile, str_of(drop_words[i]), totals->counters.drops[i]);
	/* what the kernel half handed over and we did not take in (it stopped us half-way) */
	if (totals->counters.recorded > r->samples)
		profile_add_drop(profile, STR("recording ended early"),
				 totals->counters.recorded - r->samples);
	comment(profile, "sonde: version %s", SONDE_VERSION);
	comment(profile, "sonde: tier %s", cpu_tier_name(cpu_tier(r->cpu)));
	comment(profile, "sonde: rate %u", r->rate_hz);
	if (r->target[0])
		comment(profile, "sonde: target %s", r->target);
	if (r->times && !r->raw.times_max)
		comment(profile, "sonde: note times of samples are not kept: there were more than %u (a lower -F or a "
			"shorter -d keeps them)", RECORD_TIMES_MAX);
	if (totals->lost_labels)
		comment(profile, "sonde: lost-labels %llu",
			(unsigned long long)totals->lost_labels);
	if (totals->lost_events)
		comment(profile, "sonde: lost-mapping-events %llu",
			(unsigned long long)totals->lost_events);
}

static void name_late_threads(struct recording *r, struct profile *profile)
{
	uint32_t *sets = latenames_sets(&r->late, &profile->labels, r->keys.thread);

	for (uint32_t i = 0; sets && i < r->raw.n_counts; i++)
		r->raw.counts[i].label_set = sets[r->raw.counts[i].label_set];
	free(sets);
}

int record_finish(struct recording *r, struct profile *profile, struct err *err)
{
	struct cpu_totals totals;
	int rc = cpu_stop(r->cpu, &totals);

	if (rc < 0)
		return err_fail(err, rc, "the recording broke off: %s", err_text(rc));
	r->end_ns = clock_mono_ns();
	/* the samples' strings and labels become the profile's: their ids stay valid */
	profile_fini(profile);
	*profile = r->names;
	profile->frames.strings = &profile->strings;
	profile_init(&r->names);
	profile_add_type(profile, STR("samples"), STR("count"));
	profile_add_type(profile, STR("cpu"), STR("nanoseconds"));
	describe(r, profile, &totals);
	name_late_threads(r, profile);
	return naming_finish(profile, &r->raw, cpu_images(r->cpu), 1000000000 / r->rate_hz, r->start_ns,
			     r->runtime_lines, err);
}

void record_close(struct recording *r)
{
	if (!r)
		return;
	cpu_close(r->cpu);
	rawtree_fini(&r->raw);
	latenames_fini(&r->late);
	profile_fini(&r->names);
	free(r);
}
