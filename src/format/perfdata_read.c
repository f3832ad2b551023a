/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/batch.h"
#include "format/input.h"
#include "format/perfdata.h"
#include "format/perfdata_code.h"
#include "format/perfdata_files.h"
#include "format/perfdata_head.h"
#include "format/perfdata_order.h"
#include "format/perfdata_task.h"
#include "format/perfdata_unpack.h"
#include "format/perfevents.h"
#include "model/profile.h"

#define FILE_BYTES_MAX ((uint64_t)1 << 40)
#define WAITING_ROWS_MAX ((uint32_t)1 << 20)	/* samples on their way into the profile */
#define WAITING_WORDS_MAX ((size_t)32 << 20)
#define MISC_EXEC (1u << 13)	/* of COMM: another program; of FORK: perf's own, of what ran already */
#define MISC_BUILD_ID (1u << 14)	/* of MMAP2: in place of device and inode */
#define BUILD_ID_BYTES 20u
#define BUILD_ID_LIKELY 16u

struct reader {
	struct profile *profile;
	struct input *input;
	struct batch batch;
	struct perfevents events;
	uint32_t *event_of;	/* event of the head -> of perfevents; 0: not known yet */
	struct perfdata_head head;
	const char *base;	/* of the file whose records are read: its byte 0 */
	struct perfdata_order order;
	struct perfdata_unpack unpack;
	struct perfdata_tasks tasks;
	struct perfdata_code code;
	const struct perfdata_event *last_event;	/* of the number: */
	uint64_t last_id;
	uint64_t n_samples, lost, bad, unknown;
	uint64_t first_ns, last_ns;	/* samples, where they have times */
	struct {
		uint32_t pid, tid, cpu, process, thread;
	} keys;			/* of labels: strings */
};

/* The event that wrote a record. NULL: one that is not described. */
static const struct perfdata_event *event_of(struct reader *r, const struct perfdata_record *record)
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

static uint32_t number_of(struct reader *r, const struct perfdata_event *event)
{
	uint32_t *number = &r->event_of[event - r->head.events];
	char text[64];

	if (!*number)
		*number = perfevents_find(&r->events,
					  perfevents_plain_name(perfdata_event_name(event, text, sizeof(text))));
	return *number;
}

static uint32_t intern(struct reader *r, struct str s)
{
	return strings_add(&r->profile->strings, s);
}

/* A name of a process or thread, of a fixed size in its record. */
static uint32_t take_name(struct reader *r, struct cursor *c)
{
	struct str name = cursor_bytes(c, cursor_left(c) < 16 ? cursor_left(c) : 16);

	return intern(r, str_cut(&name, '\0'));
}

static uint32_t make_set(struct reader *r, const struct perfdata_sample *sample, const struct perfdata_thread *t,
			 uint32_t process_name, uint32_t event)
{
	struct label set[8];
	uint32_t n = 0;

	set[n++] = (struct label){ .key = r->keys.pid, .num = (int32_t)sample->pid };
	set[n++] = (struct label){ .key = r->keys.tid, .num = (int32_t)sample->tid };
	if (sample->has_cpu)
		set[n++] = (struct label){ .key = r->keys.cpu, .num = sample->cpu };
	if (process_name)
		set[n++] = (struct label){ .key = r->keys.process, .str = process_name };
	if (t->name)
		set[n++] = (struct label){ .key = r->keys.thread, .str = t->name };
	return perfevents_label(&r->events, labels_add(&r->profile->labels, set, n), event);
}

/* A thread's samples mostly have the labels of the one before. */
static uint32_t label_set(struct reader *r, const struct perfdata_sample *sample, struct perfdata_thread *t,
			  uint32_t process_name, uint32_t event)
{
	uint32_t wanted = r->events.labeled ? event : 0;

	if (t->set && t->set_name == t->name && t->set_process == process_name &&
	    t->set_pid == sample->pid && t->set_cpu == sample->cpu && t->set_event == wanted)
		return t->set;
	t->set = make_set(r, sample, t, process_name, event);
	t->set_name = t->name;
	t->set_process = process_name;
	t->set_pid = sample->pid;
	t->set_cpu = sample->cpu;
	t->set_event = wanted;
	return t->set;
}

/* The frames, outermost first. */
static int add_stack(struct reader *r, uint32_t set, uint64_t time_ns, const int64_t *values)
{
	const uint32_t *frames = (const uint32_t *)(const void *)r->code.frames.p;
	uint32_t n = (uint32_t)(r->code.frames.n / sizeof(*frames)), *words = batch_words(&r->batch, n);

	if (!words)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		words[i] = frames[n - 1 - i];
	batch_add(&r->batch, n, set, time_ns, values);
	if (r->batch.n >= WAITING_ROWS_MAX || r->batch.words.n >= WAITING_WORDS_MAX * sizeof(*words))
		batch_flush(&r->batch);
	return r->batch.failed || r->code.failed ? -ENOMEM : 0;
}

static int take_sample(struct reader *r, const struct perfdata_event *event,
		       const struct perfdata_record *record, uint64_t time_ns)
{
	int64_t values[VALUE_TYPES_MAX] = { 1 };
	struct perfdata_process *process, *kernel;
	struct perfdata_space *space, *kernel_space;
	struct perfdata_sample sample;
	struct perfdata_thread *thread;
	uint32_t number, type, name;

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
	number = number_of(r, event);
	if (perfevents_settle_labels(&r->events) < 0 || perfevents_need_type(&r->events, number) < 0)
		return -ENOMEM;
	type = r->events.items[number].type;
	if (type != PERFEVENTS_NO_TYPE)
		values[type] = sample.period > INT64_MAX ? INT64_MAX : (int64_t)sample.period;
	kernel = perfdata_process(&r->tasks, PERFDATA_KERNEL_PID);
	kernel_space = kernel ? kernel->space : NULL;
	process = perfdata_process(&r->tasks, sample.pid);
	thread = perfdata_thread(&r->tasks, sample.tid);
	if (!process || !thread)
		return -ENOMEM;
	space = process->space;
	name = process->name ? process->name : thread->name;
	perfdata_code_stack(&r->code, event, &sample, record->misc, kernel_space, space);
	return add_stack(r, label_set(r, &sample, thread, name, number), time_ns, values);
}

/* What tells the file: a build id, or device and inode, 24 bytes in either case. The flag alone does not say
 * which: where two profilers ask at once, Linux (seen up to 6.18) leaves the one's flag in the other's
 * records, which makes perf's own tools fall over. */
static void take_identity(struct perfdata_mapped *mapped, struct str field, bool flagged, bool asked)
{
	struct cursor id = cursor_over(field), inode = id;
	uint8_t n = cursor_u8(&id);
	bool zeros = !cursor_u8(&id) && !cursor_u16(&id);

	if (flagged && zeros && n <= BUILD_ID_BYTES && n >= (asked ? 1 : BUILD_ID_LIKELY)) {
		mapped->build_id = cursor_bytes(&id, n);
	} else {
		cursor_skip(&inode, 8);
		mapped->inode = cursor_u64(&inode);
	}
}

/* MMAP and MMAP2: pid, tid, address, length, offset; what tells the file, protection, flags; its name. */
static int take_map(struct reader *r, const struct perfdata_event *event,
		    const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	struct perfdata_mapped mapped = { .pid = cursor_u32(&c) };
	struct code_map map = { .image = CODE_IMAGE_UNASKED };
	uint32_t protection = PROT_EXEC;

	cursor_skip(&c, 4);
	map.start = cursor_u64(&c);
	map.end = map.start + cursor_u64(&c);
	map.off = cursor_u64(&c);
	if (record->type == PERF_RECORD_MMAP2) {
		take_identity(&mapped, cursor_bytes(&c, 24), record->misc & MISC_BUILD_ID,
			      event && event->tells_build_ids);
		protection = cursor_u32(&c);
		cursor_skip(&c, 4);
	} else if (record->misc & PERF_RECORD_MISC_MMAP_DATA) {
		protection = 0;
	}
	mapped.path = cursor_cstr(&c);
	if (c.failed) {
		r->bad++;
		return 0;
	}
	if (mapped.pid == PERFDATA_KERNEL_PID && str_starts(mapped.path, STR("[kernel.kallsyms]"))) {
		perfdata_code_set_kernel(&r->code, str_skip(mapped.path, 17), map.off);
		if (mapped.build_id.n)
			r->code.kernel.build_id = mapped.build_id;
	} else if (!(protection & PROT_EXEC)) {
		return 0;
	}
	map.file = perfdata_code_file(&r->code, &mapped);
	return r->code.failed ? -ENOMEM : perfdata_tasks_map(&r->tasks, mapped.pid, &map);
}

/* KSYMBOL: address, length, kind, flags, name; code that the kernel has made, or (flag 1) no longer has. */
static int take_ksymbol(struct reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	struct perfdata_mapped mapped = { .pid = PERFDATA_KERNEL_PID };
	struct code_map map = { .start = cursor_u64(&c), .image = CODE_IMAGE_UNASKED };
	uint16_t kind, flags;

	map.end = map.start + cursor_u32(&c);
	kind = cursor_u16(&c);
	flags = cursor_u16(&c);
	mapped.path = cursor_cstr(&c);
	mapped.bpf = kind == PERF_RECORD_KSYMBOL_TYPE_BPF;
	if (c.failed || !mapped.bpf || flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER)
		return 0;
	map.file = perfdata_code_file(&r->code, &mapped);
	return r->code.failed ? -ENOMEM : perfdata_tasks_map(&r->tasks, mapped.pid, &map);
}

static int take_name_record(struct reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	uint32_t pid = cursor_u32(&c), tid = cursor_u32(&c), name = take_name(r, &c);

	return c.failed ? 0 : perfdata_tasks_name(&r->tasks, pid, tid, name, record->misc & MISC_EXEC);
}

/* FORK and EXIT: pid, parent's, tid, parent's. */
static int take_task(struct reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	uint32_t pid = cursor_u32(&c), parent = cursor_u32(&c);
	uint32_t tid = cursor_u32(&c), parent_tid = cursor_u32(&c);

	if (c.failed)
		return 0;
	if (record->type == PERF_RECORD_FORK)
		return perfdata_tasks_fork(&r->tasks, pid, parent, tid, parent_tid,
					   !(record->misc & MISC_EXEC));
	perfdata_tasks_exit(&r->tasks, pid, tid);
	return 0;
}

static int take_known(struct reader *r, const struct perfdata_record *record, uint64_t time_ns)
{
	const struct perfdata_event *event = event_of(r, record);

	switch (record->type) {
	case PERF_RECORD_SAMPLE:
		if (event)
			return take_sample(r, event, record, time_ns);
		r->unknown++;
		return 0;
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		return take_map(r, event, record);
	case PERF_RECORD_KSYMBOL:
		return take_ksymbol(r, record);
	case PERF_RECORD_COMM:
		return take_name_record(r, record);
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return take_task(r, record);
	default:
		return 0;
	}
}

/* A record in its turn. */
static int take(void *owner, struct str bytes, uint64_t time_ns, struct err *err)
{
	struct reader *r = owner;
	struct perfdata_record record;
	int rc = perfdata_record_at(bytes, &record) ? take_known(r, &record, time_ns) : 0;

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
		return true;
	default:
		return false;
	}
}

static void count_lost(struct reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);

	if (record->type == PERF_RECORD_LOST)
		cursor_skip(&c, 8);	/* whose */
	r->lost += cursor_u64(&c);
}

/* A record as it comes, which waits for its turn. */
static int add_record(struct reader *r, struct str bytes, const struct perfdata_record *record,
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
static int each_record(struct reader *r, struct str bytes, size_t least, struct perfdata_chunk *chunk,
		       struct str *ret_left, struct err *err);

static int add_packed(struct reader *r, const struct perfdata_record *record, struct err *err)
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

static int each_record(struct reader *r, struct str bytes, size_t least, struct perfdata_chunk *chunk,
		       struct str *ret_left, struct err *err)
{
	size_t all = bytes.n;
	struct perfdata_record record;
	int rc = 0;

	while (rc == 0 && all - bytes.n < least && perfdata_record_at(bytes, &record)) {
		size_t n = PERFDATA_HEADER_BYTES + record.body.n;

		if (record.type < PERFDATA_ATTR)
			rc = add_record(r, str_head(bytes, n), &record, chunk, err);
		else if (record.type == PERFDATA_FINISHED_ROUND && !r->input->directory)
			rc = perfdata_order_round(&r->order, err);	/* (it is of one file, not of all) */
		else if ((record.type == PERFDATA_COMPRESSED || record.type == PERFDATA_COMPRESSED2) && !chunk)
			rc = add_packed(r, &record, err);
		bytes = str_skip(bytes, n);
		bytes = str_skip(bytes, perfdata_record_tail(&record, bytes.n));
	}
	*ret_left = bytes;
	return rc;
}

static void add_comment(struct reader *r, const char *key, struct str value)
{
	char text[1024];

	if (!value.n)
		return;
	snprintf(text, sizeof(text), "perf %s: %.*s", key, STR_ARG(value));
	profile_add_comment(r->profile, str_of(text));
}

static void add_count(struct reader *r, const char *format, uint64_t n)
{
	char text[160];

	if (!n)
		return;
	snprintf(text, sizeof(text), format, (unsigned long long)n);
	profile_add_comment(r->profile, str_of(text));
}

/* As of perf script's text (perfscript_read.c). */
static void add_comments(struct reader *r, size_t left)
{
	char text[900];

	add_comment(r, "hostname", r->head.hostname);
	add_comment(r, "os release", r->head.release);
	add_comment(r, "perf version", r->head.version);
	add_comment(r, "arch", r->head.arch);
	add_comment(r, "cpudesc", r->head.cpu);
	add_comment(r, "cmdline", perfdata_head_command(&r->head, text, sizeof(text)));
	add_count(r, "perf nrcpus online: %llu", r->head.n_cpus);
	add_count(r, "perf lost %llu events", r->lost);
	add_count(r, "%llu records were damaged and left out", r->bad);
	add_count(r, "%llu samples of events that the file does not describe were left out", r->unknown);
	if (r->head.unfinished)
		profile_add_comment(r->profile, STR("perf was ended before it had finished the file"));
	add_count(r, "the last %llu bytes of the records are no whole record", left);
}

/* perf record --threads: the file "data" has the head, data.0 ... one thread's records each. They are read in turns, as
 * their threads wrote side by side. */
static int read_directory(struct reader *r, struct str *ret_left, struct err *err)
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

static int read_file(struct reader *r, struct str *ret_left, struct err *err)
{
	int rc = each_record(r, r->head.records, SIZE_MAX, NULL, ret_left, err);

	return rc < 0 ? rc : perfdata_order_end(&r->order, err);
}

static int read_records(struct reader *r, struct err *err)
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
	if (!r->n_samples)
		return err_fail(err, -EBADMSG, "%s is perf's, but there is no sample in it", r->input->what);
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

static int start(struct reader *r)
{
	r->base = r->head.bytes.p;
	r->order.take = take;
	r->order.owner = r;
	r->batch.profile = r->profile;
	perfevents_init(&r->events, &r->batch);
	r->keys.pid = intern(r, STR("pid"));
	r->keys.tid = intern(r, STR("tid"));
	r->keys.cpu = intern(r, STR("cpu"));
	r->keys.process = intern(r, STR("process"));
	r->keys.thread = intern(r, STR("thread"));
	r->event_of = calloc(r->head.n_events, sizeof(*r->event_of));
	if (!r->event_of || perfdata_code_init(&r->code, r->profile, &r->head, r->input->aid->code) < 0)
		return -ENOMEM;
	r->code.recorded_ns = written_ns(r->input);
	return 0;
}

static void fini(struct reader *r)
{
	perfdata_code_fini(&r->code);
	perfdata_tasks_fini(&r->tasks);
	perfdata_order_fini(&r->order);
	perfdata_unpack_fini(&r->unpack);
	perfdata_head_fini(&r->head);
	perfevents_fini(&r->events);
	batch_fini(&r->batch);
	free(r->event_of);
	free(r);
}

int perfdata_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
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
