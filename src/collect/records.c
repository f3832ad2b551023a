/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/records.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "collect/goroutine.h"
#include "collect/images.h"
#include "collect/interpreted.h"
#include "collect/jvm.h"
#include "collect/processes.h"
#include "collect/tasks.h"
#include "collect/threadnames.h"
#include "collect/v8.h"
#include "proc/process.h"
#include "runtime/runtime.h"
#include "walk/host.h"

/* A copy at least this long that was not enough: the stack is deeper (a shorter one is all of it). */
#define COPY_CUT_MIN 32760u
/* What ends a walk as near to its copy's end as this may be that. */
#define COPY_CUT_NEAR 16384u

#define MEMO (1u << 14)

struct frame_memo {
	uint64_t frame;
	uint32_t space;
	struct raw_frame raw;
};

struct records {
	struct images *images;		/* borrowed */
	struct processes *processes;	/* borrowed */
	enum cpu_tier tier;
	cpu_sample_fn handle;
	void *context;
	struct walk_host *walk_host;
	struct interpreted interpreted;
	struct v8_frames v8;
	struct jvm_frames jvm;
	struct threadnames threadnames;
	struct goroutines goroutines;
	struct tasks tasks;
	struct frame_memo *memo;
	uint64_t walked[SAMPLE_USER_WORDS_MAX];	/* on the host: what the walk found */
	struct raw_frame frames[SAMPLE_KERNEL_FRAMES_MAX + SAMPLE_USER_WORDS_MAX];
};

struct stack_copy {
	const struct records *records;
	const struct sample_copy *record;
	bool ended;		/* more was asked of it than it has */
};

/* A page that was not there when the stack was copied: nothing had been written to it. */
static bool in_hole(const struct sample_copy *record, uint64_t off, uint32_t n)
{
	uint64_t in_page = record->regs[UNWIND_RSP] % SAMPLE_COPY_STEP;

	for (uint64_t page = (in_page + off) / SAMPLE_COPY_STEP;
	     page <= (in_page + off + n - 1) / SAMPLE_COPY_STEP; page++)
		if (page < SAMPLE_COPY_HOLES && record->hdr.holes >> page & 1)
			return true;
	return false;
}

static bool copy_read(void *context, void *out, uint32_t n, uint64_t address)
{
	struct stack_copy *copy = context;
	const struct sample_copy *record = copy->record;
	uint64_t off = address - record->regs[UNWIND_RSP], far_off = address - record->far_at;

	if (far_off <= record->far_bytes && n <= record->far_bytes - far_off) {
		memcpy(out, record->stack + record->hdr.stack_bytes + far_off, n);
		return true;
	}
	if (off > record->hdr.stack_bytes || n > record->hdr.stack_bytes - off) {
		copy->ended = true;
		return false;
	}
	if (record->hdr.holes && in_hole(record, off, n))
		return false;
	memcpy(out, record->stack + off, n);
	return true;
}

/* As it is now: whoever names what was read so compares it with what was seen. */
static bool read_now(void *context, void *out, uint32_t n, uint64_t address)
{
	pid_t pid = (pid_t)((struct stack_copy *)context)->record->hdr.tgid;

	return process_read_whole(&pid, out, n, address);
}

static bool copy_rows(void *context, uint32_t table, struct walk_rows *ret_rows)
{
	const struct records *records = ((struct stack_copy *)context)->records;
	const struct image *image = images_get(records->images, table);

	if (image->rows != ROWS_BUILT)
		return false;
	*ret_rows = (struct walk_rows){ image->cells, image->n_cells };
	return true;
}

/* In place of interpreted frames that were not taken along with a copy: why not. */
static const uint8_t *missing_frames(const struct records *records)
{
	static const uint64_t unknown_yet[2] = { SAMPLE_FRAME_PYTHON, PYTHON_FAULT_UNKNOWN_YET };
	static const uint64_t tier[2] = { SAMPLE_FRAME_PYTHON, PYTHON_FAULT_TIER };
	bool never = records->tier == CPU_TIER_COPY || records->tier == CPU_TIER_COPY_USER;

	return (const uint8_t *)(never ? tier : unknown_yet);
}

/* Also one whose layout is not known yet. */
static bool has_interpreter(const struct records *records, const struct process *process)
{
	const struct runtime_file *file = process_runtime_file(records->images, process);

	return file && file->kind == RUNTIME_PYTHON;
}

static const uint8_t *recorded_frames(const struct sample_copy *record)
{
	return record->stack + record->hdr.stack_bytes + record->far_bytes;
}

/* Whether the walk reads more of the process than its stack, as it is when it walks. */
static bool has_late_code(const struct records *records, const struct process *process)
{
	const struct runtime_file *file = process_runtime_file(records->images, process);

	return file && (file->kind == RUNTIME_JVM || file->kind == RUNTIME_V8);
}

/* Whether the run-time's own code cannot be read any more: it can be for as long as anything. */
static bool is_over(const struct process *process)
{
	const struct space *space = process->space;
	pid_t pid = process->pid;
	uint8_t byte;

	for (uint32_t i = 0; space && i < space->n; i++)
		if (space->maps[i].image == space->runtime_image)
			return !process_read_whole(&pid, &byte, sizeof(byte), space->maps[i].start);
	return false;
}

/* Whether a walk has ended because the copy did: its stack goes on behind it. (Where HotSpot's frames cannot be read, other
 * ways to leave them are tried, and what is told in the end is that there is none.) */
static bool is_cut_by_copy(const struct records *records, const struct sample_copy *record, enum walk_end end)
{
	uint64_t copy_end = record->regs[UNWIND_RSP] + record->hdr.stack_bytes, word;
	pid_t pid = (pid_t)record->hdr.tgid;

	if (end == WALK_READ_FAULT && record->hdr.stack_bytes >= COPY_CUT_MIN)
		return true;
	if (end != WALK_READ_FAULT && ((end != WALK_NO_RULE && end != WALK_BAD_PC) ||
				       copy_end - walk_host_sp(records->walk_host) >= COPY_CUT_NEAR))
		return false;
	return process_read_whole(&pid, &word, sizeof(word), copy_end);
}

/* Walks a copied stack as often as it takes to have the rows it needs. */
static enum walk_end walk_copy(struct records *records, const struct sample_copy *record,
			       struct process *process, uint32_t *ret_n)
{
	struct stack_copy copy = { .records = records, .record = record };
	/* a tracer's samples come with the mappings of their time: later ones would only mislead */
	bool rescanned = process->misses_known || records->tier == CPU_TIER_PTRACE;
	enum walk_end end;

	for (;;) {
		const struct walk_runtime *runtime = processes_runtime(records->processes, process);
		struct walk_target target = {
			.generation = process->space ? process->space->id : 0,
			.rules = records->images->rules.items, .n_rules = records->images->rules.n,
			.rows = copy_rows, .read = copy_read, .context = &copy,
			.runtime = runtime,
			.recorded = record->hdr.n_user ? recorded_frames(record) : missing_frames(records),
			.n_recorded = record->hdr.n_user ? record->hdr.n_user : 2,
		};

		if (runtime && (runtime->kind == RUNTIME_JVM || runtime->kind == RUNTIME_V8))
			target.read_object = read_now;
		/* nothing is missing where there is no interpreter */
		if (!record->hdr.n_user && !has_interpreter(records, process))
			target.recorded = NULL;
		if (process->space)
			target.mappings = space_walk_mappings(process->space, &target.n_mappings);
		end = walk_host_run(records->walk_host, &target, record->regs,
				    record->hdr.user_return, records->walked,
				    SAMPLE_USER_WORDS_MAX, ret_n);
		if (end == WALK_NO_TABLE) {
			if (!processes_have_rows(records->processes,
						 walk_host_missing_table(records->walk_host)))
				return end;
		} else if (end == WALK_NO_MAPPING && !rescanned) {
			rescanned = true;
			if (!processes_rescan(records->processes, process))
				return end;
		} else {
			break;
		}
	}
	if (end != WALK_COMPLETE && has_late_code(records, process) && is_over(process))
		return WALK_GONE;
	return copy.ended && end != WALK_COMPLETE && is_cut_by_copy(records, record, end) ? WALK_COPY_CUT : end;
}

static struct raw_frame kernel_frame(uint64_t address, bool is_return)
{
	return (struct raw_frame){ .vaddr = address - is_return, .image = IMAGE_KERNEL_ID };
}

static struct raw_frame user_frame(struct records *records, const struct process *process,
				   uint64_t frame)
{
	uint32_t space = process->space ? process->space->id : 0;
	struct frame_memo *memo = &records->memo[(hash_u64(frame, space) >> 20) & (MEMO - 1)];
	uint64_t pc = SAMPLE_FRAME_PC(frame) - !!(frame & SAMPLE_FRAME_RETURN);
	const struct space_map *map;

	if (memo->frame == frame && memo->space == space && space)
		return memo->raw;
	map = space_find(process->space, pc);
	memo->frame = frame;
	memo->space = space;
	memo->raw = (struct raw_frame){
		.vaddr = map ? pc - map->bias : pc, .image = map ? map->image : 0,
		.guessed = !!(frame & SAMPLE_FRAME_GUESSED),
	};
	return memo->raw;
}

/* What may have meant one file or another at the sample's time gets no name, and what was found by its
 * unwind rows is not kept either. */
static bool cut_at_doubt(const struct records *records, const struct process *process,
			 uint64_t time_ns, uint32_t *n)
{
	for (uint32_t i = 0; process->n_doubts && i < *n; i++) {
		uint64_t frame = records->walked[i];

		if (frame & (SAMPLE_FRAME_PYTHON | SAMPLE_FRAME_V8 | SAMPLE_FRAME_JVM)) {	/* a pair of words */
			i++;
			continue;
		}
		if (processes_doubtful(process, SAMPLE_FRAME_PC(frame) -
				       !!(frame & SAMPLE_FRAME_RETURN), time_ns)) {
			*n = i;
			return true;
		}
	}
	return false;
}

static bool copy_well_formed(const struct sample_copy *copy, size_t bytes)
{
	const struct sample_hdr *hdr = &copy->hdr;
	size_t fixed = offsetof(struct sample_copy, stack);

	return hdr->n_user <= SAMPLE_PYTHON_WORDS_MAX && hdr->stack_bytes <= SAMPLE_COPY_MAX &&
	       bytes >= fixed && copy->far_bytes <= SAMPLE_FAR_MAX &&
	       bytes >= fixed + hdr->stack_bytes + copy->far_bytes + (size_t)hdr->n_user * 8;
}

bool records_well_formed(const struct sample_hdr *hdr, size_t bytes)
{
	if (hdr->n_kernel > SAMPLE_KERNEL_FRAMES_MAX || hdr->n_user > SAMPLE_USER_WORDS_MAX)
		return false;
	if (hdr->kind == SAMPLE_CODE)
		return bytes >= sizeof(struct sample_code);
	if (hdr->kind == SAMPLE_V8)
		return bytes >= sizeof(struct sample_v8);
	if (hdr->kind == SAMPLE_COPIED)
		return copy_well_formed((const struct sample_copy *)hdr, bytes);
	return bytes >= sizeof(*hdr) + ((size_t)hdr->n_kernel + hdr->n_user) * 8;
}

/* How V8's objects are laid out in the process; NULL where it has none. */
static const struct v8_objects *v8_objects_in(const struct records *records,
					      const struct process *process)
{
	const struct runtime_file *file = process_runtime_file(records->images, process);

	return file && file->kind == RUNTIME_V8 ? &file->v8.objects : NULL;
}

/* HotSpot was laid out before it had the classes of what is on the heap. */
static void doubt_chunks(struct records *records, struct process *process, uint64_t second)
{
	const struct walk_runtime *runtime;

	if (SAMPLE_JVM_KIND(second) != JVM_FAULT || SAMPLE_JVM_PLACE(second) != JVM_FAULT_FROZEN)
		return;
	runtime = processes_runtime(records->processes, process);
	if (runtime && runtime->kind == RUNTIME_JVM && !runtime->jvm.chunk_klass)
		processes_doubt_runtime(records->processes, process);
}

/* The frames of a walk, in records->frames from *n on. */
static void take_words(struct records *records, struct process *process, uint32_t thread, const uint64_t *words,
		       uint32_t n_words, uint32_t *n)
{
	const struct walk_runtime *runtime = NULL;

	for (uint32_t i = 0; i < n_words; i++) {
		if (words[i] & SAMPLE_FRAME_V8) {
			uint32_t taken = v8_frame_of(&records->v8, process, thread,
						     v8_objects_in(records, process), words + i,
						     n_words - i, &records->frames[*n]);

			if (!taken)
				break;
			++*n;
			i += taken - 1;
		} else if (words[i] & SAMPLE_FRAME_JVM) {
			if (++i == n_words)
				break;
			records->frames[(*n)++] = jvm_frame_of(&records->jvm, process, words + i - 1);
			doubt_chunks(records, process, words[i]);
		} else if (!(words[i] & SAMPLE_FRAME_PYTHON)) {
			records->frames[(*n)++] = user_frame(records, process, words[i]);
		} else if (++i < n_words) {
			if (words[i - 1] == SAMPLE_FRAME_PYTHON && words[i] == PYTHON_FAULT_NO_STATE) {
				processes_doubt_runtime(records->processes, process);
				runtime = NULL;		/* it was the old space's */
			}
			if (!runtime)
				runtime = processes_runtime(records->processes, process);
			records->frames[(*n)++] = interpreted_frame(&records->interpreted, process,
								    runtime, words + i - 1);
		}
	}
}

/* A code object, copied when a walk met it. */
static int take_code(struct records *records, const struct sample_code *code)
{
	struct process *process;

	process = processes_get(records->processes, (pid_t)code->hdr.tgid);
	if (!process)
		return -ENOMEM;
	interpreted_learn(&records->interpreted, process,
			  processes_runtime(records->processes, process), code);
	return 0;
}

/* A function of V8's, copied when a walk met it. */
static int take_v8(struct records *records, const struct sample_v8 *record)
{
	struct process *process;

	process = processes_get(records->processes, (pid_t)record->hdr.tgid);
	if (!process)
		return -ENOMEM;
	v8_frames_learn(&records->v8, process, v8_objects_in(records, process), record);
	return 0;
}

static void take_labels(struct records *records, struct process *process,
			const struct sample_hdr *hdr, struct raw_sample *sample)
{
	const struct walk_runtime *runtime;

	if (!hdr->activity)
		return;
	runtime = processes_runtime(records->processes, process);
	sample->goroutine = runtime && runtime->kind == RUNTIME_GO;
	sample->virtual_thread = runtime && runtime->kind == RUNTIME_JVM;
	if (sample->virtual_thread)
		return;
	sample->label_set = goroutines_labels(&records->goroutines, process, runtime, hdr);
	if (sample->label_set) {
		sample->labels = records->goroutines.items[sample->label_set - 1].labels;
		sample->n_labels = records->goroutines.items[sample->label_set - 1].n;
		return;
	}
	sample->label_set = tasks_labels(&records->tasks, process, runtime, hdr);
	if (sample->label_set) {
		sample->labels = records->tasks.sets[sample->label_set - 1].labels;
		sample->n_labels = records->tasks.sets[sample->label_set - 1].n;
	}
}

static int take_sample(struct records *records, const struct sample_hdr *hdr)
{
	const struct sample_walked *walked = (const struct sample_walked *)hdr;
	const struct sample_copy *copy = (const struct sample_copy *)hdr;
	const uint64_t *kernel, *user;
	struct raw_sample sample;
	struct process *process;
	uint32_t n_user = hdr->n_user;
	char name[16], thread[16];

	process = processes_get(records->processes, (pid_t)hdr->tgid);
	if (!process)
		return -ENOMEM;
	sample = (struct raw_sample){
		.time_ns = hdr->time_ns, .pid = (pid_t)hdr->tgid, .tid = (pid_t)hdr->tid,
		.n_kernel = hdr->n_kernel, .end = hdr->end, .walk_ns = hdr->walk_ns,
		.copied = hdr->kind == SAMPLE_COPIED,
		.gil = (enum sample_gil)hdr->gil, .activity = hdr->activity,
	};
	kernel = sample.copied ? copy->kernel : walked->frames;
	user = sample.copied ? records->walked : walked->frames + hdr->n_kernel;
	if (sample.copied) {
		sample.end = walk_copy(records, copy, process, &n_user);
		process = processes_find(records->processes, (pid_t)hdr->tgid);
		if (records->tier == CPU_TIER_PTRACE &&
		    cut_at_doubt(records, process, hdr->time_ns, &n_user))
			sample.end = WALK_NO_MAPPING;
	} else if (sample.end == WALK_NO_MAPPING) {
		processes_missed(process, hdr->time_ns);
	}
	for (uint32_t i = 0; i < hdr->n_kernel; i++)
		records->frames[sample.n++] = kernel_frame(kernel[i], i > 0);
	take_words(records, process, hdr->tid, user, n_user, &sample.n);
	take_labels(records, process, hdr, &sample);
	memcpy(name, process->name, sizeof(name));
	memcpy(thread, hdr->comm, sizeof(thread));
	name[15] = thread[15] = '\0';
	sample.process = name;
	sample.thread = threadnames_find(&records->threadnames, process, sample.tid,
					 hdr->labels_at);
	sample.own_name = sample.thread;
	if (!sample.thread)
		sample.thread = thread;
	sample.frames = records->frames;
	return records->handle(records->context, &sample);
}

int records_take(struct records *records, const struct sample_hdr *hdr)
{
	if (hdr->kind == SAMPLE_CODE)
		return take_code(records, (const struct sample_code *)hdr);
	if (hdr->kind == SAMPLE_V8)
		return take_v8(records, (const struct sample_v8 *)hdr);
	return take_sample(records, hdr);
}

struct records *records_new(struct images *images, struct processes *processes,
			    cpu_sample_fn handle, void *context)
{
	struct records *records = calloc(1, sizeof(*records));

	if (!records)
		return NULL;
	records->images = images;
	records->processes = processes;
	records->handle = handle;
	records->context = context;
	interpreted_init(&records->interpreted, images);
	v8_frames_init(&records->v8, images);
	jvm_frames_init(&records->jvm, images);
	threadnames_init(&records->threadnames, processes);
	tasks_init(&records->tasks, images);
	records->walk_host = walk_host_new();
	records->memo = calloc(MEMO, sizeof(*records->memo));
	if (!records->walk_host || !records->memo) {
		records_free(records);
		return NULL;
	}
	return records;
}

void records_free(struct records *records)
{
	if (!records)
		return;
	interpreted_fini(&records->interpreted);
	v8_frames_fini(&records->v8);
	jvm_frames_fini(&records->jvm);
	threadnames_fini(&records->threadnames);
	goroutines_fini(&records->goroutines);
	tasks_fini(&records->tasks);
	walk_host_free(records->walk_host);
	free(records->memo);
	free(records);
}

void records_set_tier(struct records *records, enum cpu_tier tier)
{
	records->tier = tier;
}

uint64_t records_lost_labels(const struct records *records)
{
	return records->goroutines.lost + records->tasks.lost;
}
