/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/input.h"
#include "format/perfdata.h"
#include "format/perfdata_files.h"
#include "format/perfdata_reader.h"
#include "model/profile.h"

#define FILE_BYTES_MAX ((uint64_t)1 << 40)
#define LONG_BYTES ((uint64_t)16 << 20)	/* of records: they will have many frames, for which room is made at once */
#define LONG_WORDS ((size_t)1 << 20)

/* The event that wrote a record. NULL: one that is not described. */
static const struct perfdata_event *event_of(struct perfdata_reader *r, const struct perfdata_record *record)
{
	const struct perfdata_event *first = &r->head.events[0], *found;
	uint64_t id;

	if (r->head.n_events == 1 || !perfdata_record_id(first, record, &id))
		return first;
	if (r->last_event && r->last_id == id)
		return r->last_event;
	found = perfdata_head_event(&r->head, id);
	if (!found)	/* perf's own records have the number 0 */
		return record->type == PERF_RECORD_SAMPLE && id ? NULL : first;
	r->last_event = found;
	r->last_id = id;
	return found;
}

static int take_known(struct perfdata_reader *r, const struct perfdata_record *record, uint64_t time_ns)
{
	const struct perfdata_event *event = event_of(r, record);

	if (record->type != PERF_RECORD_SAMPLE)
		return perfdata_take_change(r, event, record);
	if (event)
		return perfdata_take_sample(r, event, record, time_ns);
	r->unknown++;
	return 0;
}

/* A record in its turn. */
static int take(void *owner, struct str bytes, uint64_t time_ns, struct err *err)
{
	struct perfdata_reader *r = owner;
	struct perfdata_record record;
	uint64_t left_out = r->bad + r->unknown;
	int rc = perfdata_record_at(bytes, &record) ? take_known(r, &record, time_ns) : 0;

	if (!left_out && r->bad + r->unknown)
		r->first_left_out = bytes.p;
	ahead_passed(&r->ahead, bytes.p);
	if (rc == -E2BIG)
		return err_fail(err, rc, "%s tells of more mappings and forks than Sonde follows",
				r->input->what);
	return rc;
}

static bool is_of_use(uint32_t type)
{
	switch (type) {
	case PERF_RECORD_SAMPLE:
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
	case PERF_RECORD_COMM:
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
	case PERF_RECORD_KSYMBOL:
	case PERF_RECORD_CGROUP:
		return true;
	default:
		return false;
	}
}

static void count_lost(struct perfdata_reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);

	if (record->type == PERF_RECORD_LOST)
		cursor_skip(&c, 8);	/* whose */
	r->lost += cursor_u64(&c);
}

/* A record as it comes, which waits for its turn. */
static int add_record(struct perfdata_reader *r, struct str bytes, const struct perfdata_record *record,
		      struct perfdata_chunk *chunk, struct err *err)
{
	const struct perfdata_event *event;
	uint64_t time_ns = 0;

	if (record->type == PERF_RECORD_LOST || record->type == PERF_RECORD_LOST_SAMPLES)
		count_lost(r, record);
	if (!is_of_use(record->type))
		return 0;
	event = event_of(r, record);
	if (event && event->sample_type & PERF_SAMPLE_TIME) {
		perfdata_record_time(event, record, &time_ns);
		return perfdata_order_add(&r->order, bytes, time_ns, chunk, err);
	}
	return take(r, bytes, 0, err);
}

/* Each whole record, until at least so many bytes are behind; *ret_left: what is left. */
static int each_record(struct perfdata_reader *r, struct str bytes, size_t least, struct perfdata_chunk *chunk,
		       struct str *ret_left, struct err *err);

static int add_packed(struct perfdata_reader *r, const struct perfdata_record *record, struct err *err)
{
	size_t at = (size_t)(record->body.p - r->base) - PERFDATA_HEADER_BYTES;
	struct perfdata_chunk *chunk = NULL;
	struct str left;
	int rc = perfdata_unpack(&r->unpack, record, &r->order, &chunk);

	if (rc == -EBADMSG)
		return err_fail(err, rc, "%s: what is compressed in the record at byte %zu is corrupt: get the "
				"file again", r->input->what, at);
	if (rc == -E2BIG)
		return err_fail(err, rc, "%s: the record at byte %zu unpacks to more than %zu MiB",
				r->input->what, at, PERFDATA_PIECE_MAX >> 20);
	if (rc < 0)
		return -ENOMEM;
	if (chunk)
		rc = each_record(r, str_over(chunk->bytes, chunk->n), chunk->n, chunk, &left, err);
	perfdata_chunk_drop(&r->order, chunk);
	return rc;
}

static int each_record(struct perfdata_reader *r, struct str bytes, size_t least, struct perfdata_chunk *chunk,
		       struct str *ret_left, struct err *err)
{
	size_t all = bytes.n;
	struct perfdata_record record;
	int rc = 0;

	while (rc == 0 && all - bytes.n < least && perfdata_record_at(bytes, &record)) {
		size_t n = PERFDATA_HEADER_BYTES + record.body.n;

		ahead_reached(&r->ahead, bytes.p);
		if (record.type < PERFDATA_ATTR)
			rc = add_record(r, str_head(bytes, n), &record, chunk, err);
		else if (record.type == PERFDATA_FINISHED_ROUND && !r->input->directory)
			rc = perfdata_order_round(&r->order, err);	/* (it is of one file, not of all) */
		else if ((record.type == PERFDATA_COMPRESSED || record.type == PERFDATA_COMPRESSED2) && !chunk)
			rc = add_packed(r, &record, err);
		bytes = str_skip(bytes, n);
		n = perfdata_record_tail(&record, bytes.n);
		if (record.type == PERFDATA_AUXTRACE)
			r->aux_bytes += n;
		bytes = str_skip(bytes, n);
	}
	*ret_left = bytes;
	return rc;
}

static void add_comment(struct perfdata_reader *r, const char *key, struct str value)
{
	char text[1024];

	if (!value.n)
		return;
	snprintf(text, sizeof(text), "perf %s: %.*s", key, STR_ARG(value));
	profile_add_comment(r->profile, str_of(text));
}

static void add_count(struct perfdata_reader *r, const char *format, uint64_t n)
{
	char text[256];

	if (!n)
		return;
	snprintf(text, sizeof(text), format, (unsigned long long)n);
	profile_add_comment(r->profile, str_of(text));
}

/* As of perf script's text (perfscript_read.c). */
static void add_comments(struct perfdata_reader *r, size_t left)
{
	char text[900];

	add_comment(r, "hostname", r->head.hostname);
	add_comment(r, "os release", r->head.release);
	add_comment(r, "perf version", r->head.version);
	add_comment(r, "arch", r->head.arch);
	add_comment(r, "cpudesc", r->head.cpu);
	add_comment(r, "cmdline", perfdata_head_command(&r->head, text, sizeof(text)));
	add_count(r, "perf nrcpus online: %llu", r->head.n_cpus);
	add_count(r, "sonde: note perf lost %llu events", r->lost);
	add_count(r, "sonde: note %llu bytes of hardware trace (AUX: intel_pt, intel_bts, arm_spe, cs_etm) are not decoded; "
		  "perf script --itrace=i100usg makes text of them that Sonde reads", r->aux_bytes);
	add_count(r, "sonde: note %llu records were damaged and left out", r->bad);
	add_count(r, "sonde: note %llu samples of events that the file does not describe were left out", r->unknown);
	if (r->head.unfinished)
		profile_add_comment(r->profile, STR("sonde: note perf was ended before it had finished the file"));
	add_count(r, "sonde: note the last %llu bytes of the records are no whole record", left);
}

/* perf record --threads: the file "data" has the head, data.0 ... one thread's records each. They are read in turns, as
 * their threads wrote side by side. */
static int read_directory(struct perfdata_reader *r, struct str *ret_left, struct err *err)
{
	struct perfdata_files files;
	size_t behind = 0;
	bool more = true;
	int rc = perfdata_files_open(&files, r->input->path, r->head.records, err);

	while (rc == 0 && more) {
		more = false;
		for (uint32_t i = 0; rc == 0 && i < files.n; i++) {
			struct perfdata_piece *file = &files.items[i];
			size_t before = file->left.n;

			r->base = file->base ? file->base : r->head.bytes.p;
			rc = each_record(r, file->left, PERFDATA_TURN_BYTES, NULL, &file->left, err);
			more |= file->left.n < before;
		}
	}
	for (uint32_t i = 0; i < files.n; i++)
		behind += files.items[i].left.n;
	*ret_left = str_over(r->head.bytes.p, behind);
	if (rc == 0)
		rc = perfdata_order_end(&r->order, err);
	perfdata_files_close(&files);
	return rc;
}

static int read_file(struct perfdata_reader *r, struct str *ret_left, struct err *err)
{
	int rc;

	if (input_is_mapped(r->input))
		ahead_start(&r->ahead, r->head.bytes);
	rc = each_record(r, r->head.records, SIZE_MAX, NULL, ret_left, err);
	if (rc == 0)
		rc = perfdata_order_end(&r->order, err);
	ahead_stop(&r->ahead);
	return rc;
}

/* There are records, and the events' descriptions are not theirs: one of both is damaged. */
static int fail_left_out(const struct perfdata_reader *r, struct err *err)
{
	struct str all = r->head.bytes;
	char where[48] = "compressed";

	if (r->first_left_out >= all.p && r->first_left_out < all.p + all.n)
		snprintf(where, sizeof(where), "at byte %zu", (size_t)(r->first_left_out - all.p));
	return err_fail(err, -EBADMSG, "%s: no sample of it can be read: %llu records, the first %s, are not as its events "
			"are described: get the file again", r->input->what,
			(unsigned long long)(r->bad + r->unknown), where);
}

/* Views show the first of the recording's events (-e), whichever had the first sample. */
static void settle_default(struct perfdata_reader *r)
{
	for (uint32_t i = 0; i < r->head.n_events; i++) {
		uint32_t number = r->event_of[i];

		if (number && r->events.items[number].type != PERFEVENTS_NO_TYPE) {
			r->profile->default_type = r->events.items[number].type;
			return;
		}
	}
}

static int read_records(struct perfdata_reader *r, struct err *err)
{
	struct str left;
	int rc = r->input->directory ? read_directory(r, &left, err) : read_file(r, &left, err);

	if (rc == 0)
		rc = batch_flush(&r->batch);
	if (rc < 0)
		return rc;
	if (!r->n_samples && left.n && !r->head.unfinished && !r->head.piped && !r->input->directory)
		return err_fail(err, -EBADMSG, "%s: the record at byte %zu is damaged, and there is no sample "
				"before it", r->input->what, (size_t)(left.p - r->head.bytes.p));
	if (!r->n_samples && r->aux_bytes)
		return err_fail(err, -EBADMSG, "%s holds a hardware trace (AUX: intel_pt, intel_bts, arm_spe, cs_etm) and no "
				"sample: Sonde does not decode such; perf script --itrace=i100usg makes text of it that "
				"Sonde reads", r->input->what);
	if (!r->n_samples && r->first_left_out)
		return fail_left_out(r, err);
	if (!r->n_samples)
		return err_fail(err, -EBADMSG, "%s is perf's, but there is no sample in it", r->input->what);
	settle_default(r);
	add_comments(r, left.n);
	perfevents_settle_times(r->profile);
	r->profile->duration_ns = r->last_ns - r->first_ns;	/* with or without times of samples */
	return 0;
}

/* When the file was written: what runs here now must not be younger. */
static uint64_t written_ns(const struct input *input)
{
	struct stat st;

	if (!input->path || fstat(input->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

static int start(struct perfdata_reader *r)
{
	r->base = r->head.bytes.p;
	r->order.take = take;
	r->order.owner = r;
	r->batch.profile = r->profile;
	if (r->head.records.n >= LONG_BYTES)
		batch_words(&r->batch, LONG_WORDS);
	perfevents_init(&r->events, &r->batch);
	r->keys.pid = perfdata_intern(r, STR("pid"));
	r->keys.tid = perfdata_intern(r, STR("tid"));
	r->keys.cpu = perfdata_intern(r, STR("cpu"));
	r->keys.process = perfdata_intern(r, STR("process"));
	r->keys.thread = perfdata_intern(r, STR("thread"));
	r->keys.cgroup = perfdata_intern(r, STR("cgroup"));
	r->weight_type = r->branch_type = r->mispredicted_type = r->wait_type = PERFEVENTS_NO_TYPE;
	r->event_of = calloc(r->head.n_events, sizeof(*r->event_of));
	if (!r->event_of || perfdata_code_init(&r->code, r->profile, &r->head, r->input->aid->code) < 0)
		return -ENOMEM;
	r->code.recorded_ns = written_ns(r->input);
	return 0;
}

static void fini(struct perfdata_reader *r)
{
	perfdata_chains_fini(&r->chains);
	perfdata_code_fini(&r->code);
	perfdata_tasks_fini(&r->tasks);
	perfdata_order_fini(&r->order);
	perfdata_unpack_fini(&r->unpack);
	perfdata_head_fini(&r->head);
	perfevents_fini(&r->events);
	batch_fini(&r->batch);
	idindex_fini(&r->cgroup_index);
	free(r->cgroups);
	free(r->last_counts);
	free(r->event_of);
	free(r);
}

int perfdata_read(struct profile *profile, struct input *input, struct err *err)
{
	struct perfdata_reader *r = calloc(1, sizeof(*r));
	struct str bytes;
	int rc;

	if (!r)
		return -ENOMEM;
	r->profile = profile;
	r->input = input;
	rc = input_whole_mapped(input, FILE_BYTES_MAX, &bytes, err);
	if (rc == 0)
		rc = perfdata_head_read(&r->head, bytes, input->what, err);
	if (rc == 0)
		rc = start(r);
	if (rc == 0)
		rc = read_records(r, err);
	fini(r);
	return rc;
}

bool perfdata_detect(struct str head)
{
	return str_starts(head, STR("PERFILE2")) || str_starts(head, STR("2ELIFREP"));
}
