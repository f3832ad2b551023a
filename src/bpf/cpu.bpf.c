/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The timer tick: walks the stack of what it interrupted, and hands it to the ring buffer.
 *
 * Where the walk cannot be done here because the host has not told of the process or its files yet,
 * the registers and the top of the stack are handed over instead, and the host walks those with the
 * same walk/. So a process's first samples are as good as its later ones.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>

#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>

#include "abi/sample.h"
#include "bpf/maps.h"

#define NR_EXECVE 59	/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_EXECVEAT 322
#define CGROUP_LEVELS_MAX 64

struct task_struct;

/* What walk/ asks for. */
typedef void *walk_table_t;
struct walk;

static __always_inline bool walk_read_bytes(struct walk *w, void *out, uint32_t n, uint64_t address)
{
	return bpf_probe_read_user(out, n, (const void *)address) == 0;
}

static __always_inline bool walk_read_object(struct walk *w, void *out, uint32_t n, uint64_t address)
{
	return walk_read_bytes(w, out, n, address);
}

static __always_inline bool walk_heap_stands(const struct walk *w)
{
	return true;
}

static __always_inline const struct walk_mapping *walk_mapping_at(struct walk *w, uint32_t index)
{
	return bpf_map_lookup_elem(&mappings, &index);
}

static __always_inline walk_table_t walk_table_at(struct walk *w, uint32_t table)
{
	return bpf_map_lookup_elem(&tables, &table);
}

static __always_inline bool walk_cell_at(walk_table_t table, uint32_t index, uint64_t *ret_cell)
{
	uint64_t *cell = bpf_map_lookup_elem(table, &index);

	if (!cell)
		return false;
	*ret_cell = *cell;
	return true;
}

static __always_inline const struct unwind_rule *walk_rule_at(struct walk *w, uint32_t rule)
{
	return bpf_map_lookup_elem(&rules, &rule);
}

static __always_inline const struct walk_runtime *walk_runtime_at(struct walk *w, uint32_t runtime)
{
	return runtime ? bpf_map_lookup_elem(&runtimes, &runtime) : 0;
}

/* `out` is the sample; its user frames follow the kernel's. */
static __always_inline bool walk_put(void *out, uint32_t index, uint64_t word)
{
	struct sample_walked *sample = out;
	uint64_t at = (uint64_t)sample->hdr.n_kernel + index;

	barrier_var(at);
	if (at >= SAMPLE_KERNEL_FRAMES_MAX + SAMPLE_USER_WORDS_MAX || index >= SAMPLE_USER_WORDS_MAX)
		return false;
	sample->frames[at] = word;
	return true;
}

static __always_inline bool walk_has_recorded(struct walk *w)
{
	return false;
}

static __always_inline bool walk_recorded(struct walk *w, uint64_t pair[2])
{
	return false;
}

static __always_inline bool walk_recorded_singly(struct walk *w)
{
	return false;
}

static __always_inline int walk_jvm_call(struct walk *w, void *out, uint32_t piece, uint64_t a, uint32_t b);
int jvm_try(uint64_t a, uint32_t b);
int jvm_try_fp(uint64_t a, uint32_t b);
int jvm_try_native(uint64_t a, uint32_t b);
int jvm_enter_chunk(uint64_t a, uint32_t b);
int jvm_find_tail(uint64_t a, uint32_t b);
int jvm_is_tail(uint64_t a, uint32_t b);
int jvm_find_entry(uint64_t a, uint32_t b);
int jvm_read_oop(uint64_t a, uint32_t b);
int jvm_is_virtual(uint64_t a, uint32_t b);
int jvm_is_behind_call(uint64_t a, uint32_t b);
int jvm_find_blob(uint64_t a, uint32_t b);
int jvm_find_method(uint64_t a, uint32_t b);
int jvm_interpreted(uint64_t a, uint32_t b);
int jvm_compiled(uint64_t a, uint32_t b);
int jvm_stub(uint64_t a, uint32_t b);
int jvm_step(uint64_t a, uint32_t b);

static __always_inline int walk_v8_call(struct walk *w, void *out, uint32_t piece);
int v8_step(uint32_t unused);
int v8_find_stage(uint32_t unused);
int v8_read_function(uint32_t unused);
int v8_builtin(uint32_t unused);
int v8_find_regexp(uint32_t unused);
int v8_try_regexp(uint32_t unused);

static __always_inline bool walk_worth_copying(const struct walk *w);
static __always_inline void walk_new_code(struct walk *w, void *out, uint64_t code);

static __always_inline void walk_new_v8(struct walk *w, void *out);

#define WALK_RUNTIMES with_runtimes
#define WALK_LATE 0
#include "walk/walk.h"

#include "bpf/copy.h"

/* Global functions, because the verifier looks at them once, and not on every way to them. */
#define JVM_PIECE(name, piece)                                                  \
	__noinline int name(uint64_t a, uint32_t b)                             \
	{                                                                       \
		uint32_t cpu = bpf_get_smp_processor_id();                      \
		struct sample_walked *sample = bpf_map_lookup_elem(&samples, &cpu); \
		struct walk *w = bpf_map_lookup_elem(&walks, &cpu);             \
                                                                                \
		/* what is not used clang 16 would not pass, and the verifier want */ \
		barrier_var(a);                                                 \
		barrier_var(b);                                                 \
		return WALK_HAS(RUNTIME_JVM) && sample && w ?                   \
		       walk_jvm_run(w, sample, piece, a, b) : 0;                \
	}

JVM_PIECE(jvm_try, WALK_JVM_TRY)
JVM_PIECE(jvm_try_fp, WALK_JVM_TRY_FP)
JVM_PIECE(jvm_try_native, WALK_JVM_TRY_NATIVE)
JVM_PIECE(jvm_enter_chunk, WALK_JVM_ENTER_CHUNK)
JVM_PIECE(jvm_note_virtual, WALK_JVM_NOTE_VIRTUAL)
JVM_PIECE(jvm_find_tail, WALK_JVM_FIND_TAIL)
JVM_PIECE(jvm_is_tail, WALK_JVM_IS_TAIL)
JVM_PIECE(jvm_find_entry, WALK_JVM_FIND_ENTRY)
JVM_PIECE(jvm_read_oop, WALK_JVM_READ_OOP)
JVM_PIECE(jvm_is_virtual, WALK_JVM_IS_VIRTUAL)
JVM_PIECE(jvm_is_behind_call, WALK_JVM_IS_BEHIND_CALL)
JVM_PIECE(jvm_find_blob, WALK_JVM_FIND_BLOB)
JVM_PIECE(jvm_find_method, WALK_JVM_FIND_METHOD)
JVM_PIECE(jvm_interpreted, WALK_JVM_INTERPRETED_FRAME)
JVM_PIECE(jvm_compiled, WALK_JVM_COMPILED_FRAME)
JVM_PIECE(jvm_stub, WALK_JVM_STUB_FRAME)
JVM_PIECE(jvm_step, WALK_JVM_STEP)

#define V8_PIECE(name, piece)                                                   \
	__noinline int name(uint32_t unused)                                    \
	{                                                                       \
		uint32_t cpu = bpf_get_smp_processor_id();                      \
		struct sample_walked *sample = bpf_map_lookup_elem(&samples, &cpu); \
		struct walk *w = bpf_map_lookup_elem(&walks, &cpu);             \
                                                                                \
		barrier_var(unused);                                            \
		return WALK_HAS(RUNTIME_V8) && sample && w ?                    \
		       walk_v8_run(w, sample, piece) :                          \
		       piece == WALK_V8_STEP ? (int)WALK_STOP : (int)WALK_V8_NONE; \
	}

V8_PIECE(v8_step, WALK_V8_STEP)
V8_PIECE(v8_find_stage, WALK_V8_FIND_STAGE)
V8_PIECE(v8_read_function, WALK_V8_READ_FUNCTION)
V8_PIECE(v8_builtin, WALK_V8_BUILTIN)
V8_PIECE(v8_find_regexp, WALK_V8_FIND_REGEXP)
V8_PIECE(v8_try_regexp, WALK_V8_TRY_REGEXP)

static __always_inline int walk_v8_call(struct walk *w, void *out, uint32_t piece)
{
	/* an argument, because a global function must not be folded into its caller */
	switch (piece) {
	case WALK_V8_STEP:
		return v8_step(w->n);
	case WALK_V8_FIND_STAGE:
		return v8_find_stage(w->n);
	case WALK_V8_READ_FUNCTION:
		return v8_read_function(w->n);
	case WALK_V8_FIND_REGEXP:
		return v8_find_regexp(w->n);
	case WALK_V8_TRY_REGEXP:
		return v8_try_regexp(w->n);
	}
	return v8_builtin(w->n);
}

static __always_inline int walk_jvm_call(struct walk *w, void *out, uint32_t piece, uint64_t a, uint32_t b)
{
	switch (piece) {
	case WALK_JVM_STEP:
		return jvm_step(a, b);
	case WALK_JVM_FIND_BLOB:
		return jvm_find_blob(a, b);
	case WALK_JVM_FIND_METHOD:
		return jvm_find_method(a, b);
	case WALK_JVM_TRY:
		return jvm_try(a, b);
	case WALK_JVM_TRY_FP:
		return jvm_try_fp(a, b);
	case WALK_JVM_ENTER_CHUNK:
		return jvm_enter_chunk(a, b);
	case WALK_JVM_NOTE_VIRTUAL:
		return jvm_note_virtual(a, b);
	case WALK_JVM_FIND_TAIL:
		return jvm_find_tail(a, b);
	case WALK_JVM_IS_TAIL:
		return jvm_is_tail(a, b);
	case WALK_JVM_FIND_ENTRY:
		return jvm_find_entry(a, b);
	case WALK_JVM_READ_OOP:
		return jvm_read_oop(a, b);
	case WALK_JVM_IS_VIRTUAL:
		return jvm_is_virtual(a, b);
	case WALK_JVM_IS_BEHIND_CALL:
		return jvm_is_behind_call(a, b);
	case WALK_JVM_TRY_NATIVE:
		return jvm_try_native(a, b);
	case WALK_JVM_INTERPRETED_FRAME:
		return jvm_interpreted(a, b);
	case WALK_JVM_COMPILED_FRAME:
		return jvm_compiled(a, b);
	case WALK_JVM_STUB_FRAME:
		return jvm_stub(a, b);
	}
	return 0;
}

static __always_inline void walk_new_code(struct walk *w, void *out, uint64_t code)
{
	send_new_code(code);
}

static __always_inline void walk_new_v8(struct walk *w, void *out)
{
	send_new_v8(w->v8.layout.shared_data);
}

/* Whether the host can do better with the stack than we could. */
static __always_inline bool walk_worth_copying(const struct walk *w)
{
	if (w->end == WALK_NO_PROCESS || w->end == WALK_NO_TABLE)
		return true;
	return w->end == WALK_NO_MAPPING && !(w->process.flags & WALK_PROCESS_MISSES_KNOWN);
}

struct walk_loop {
	struct walk *w;
	struct sample_walked *sample;
};

static long walk_step_of_loop(uint32_t index, void *context)
{
	struct walk_loop *loop = context;

	return walk_step(loop->w, loop->sample) == WALK_STOP;
}

/* How deep the target is nobody can tell us: inside a control group namespace the upper levels are not
 * seen. So every level is asked, down to our own, below which ids are 0. */
static __always_inline bool is_below_target(void)
{
	uint64_t id;

	for (int level = 0; level < CGROUP_LEVELS_MAX; level++) {
		id = bpf_get_current_ancestor_cgroup_id(level);
		if (id == target_cgroup)
			return true;
		if (id == 0)
			break;
	}
	return false;
}

static __always_inline bool is_target(uint32_t tgid)
{
	uint32_t *state;

	if (target_mode == TARGET_ALL)
		return tgid != own_tgid;
	if (target_mode == TARGET_CGROUP)
		return is_below_target();
	state = bpf_map_lookup_elem(&targets, &tgid);
	return state && *state == TARGET_ON;
}

/* The registers of user space at the tick or at the entry to the kernel: the kernel keeps both in the same
 * place. They are read at once, into scratch memory, since the verifier takes 0.2 ms for each access to
 * the kernel's structure. */
static __always_inline enum walk_end user_registers(bool in_kernel, struct task_struct *task,
						    struct walk *w, long *ret_syscall)
{
	const struct pt_regs *r = (const struct pt_regs *)w->window;
	const void *kernel_regs = (const void *)bpf_task_pt_regs(task);

	*ret_syscall = -1;
	if (!kernel_regs || bpf_probe_read_kernel(w->window, sizeof(*r), kernel_regs) ||
	    (r->cs & 3) != 3)
		return WALK_NO_REGISTERS;
	w->regs[UNWIND_RIP] = r->rip;
	w->regs[UNWIND_RSP] = r->rsp;
	w->regs[UNWIND_RBP] = r->rbp;
	w->regs[UNWIND_RBX] = r->rbx;
	w->regs[UNWIND_RAX] = r->rax;
	w->regs[UNWIND_RCX] = r->rcx;
	w->regs[UNWIND_RDX] = r->rdx;
	w->regs[UNWIND_RSI] = r->rsi;
	w->regs[UNWIND_RDI] = r->rdi;
	w->regs[UNWIND_R8] = r->r8;
	w->regs[UNWIND_R9] = r->r9;
	w->regs[UNWIND_R10] = r->r10;
	w->regs[UNWIND_R11] = r->r11;
	w->regs[UNWIND_R12] = r->r12;
	w->regs[UNWIND_R13] = r->r13;
	w->regs[UNWIND_R14] = r->r14;
	w->regs[UNWIND_R15] = r->r15;
	/* in a system call orig_ax is its number; faults and interrupts leave an error code or -1,
	 * and a fault's instruction is the one to name */
	if (in_kernel && r->orig_rax < 1024 && r->rcx == r->rip)
		*ret_syscall = (long)r->orig_rax;
	return r->cs == 0x23 ? WALK_COMPAT : WALK_COMPLETE;
}

/* Coroutines and label sets are read while they are there: a new one wakes the host, but not more often
 * than that. Known ones do now and then: that they still are what they were has to be seen before they
 * end. */
#define ACTIVITY_WAKE_NS 2000000u
#define ACTIVITY_LOOK_NS 50000000u

static __always_inline void note_activity(struct walk *w, const struct sample_hdr *hdr)
{
	uint64_t key = (hdr->labels_check ? hdr->labels_at : hdr->activity) * 0x9e3779b97f4a7c15ull;
	uint32_t tag = (uint32_t)(key >> 32) ^ hdr->labels_check ^ hdr->tgid;
	uint32_t slot = (tag ^ tag >> 16) & (WALK_ACTIVITIES - 1);

	if (w->activities[slot] != tag || hdr->time_ns - w->woken_ns >= ACTIVITY_LOOK_NS) {
		w->activities[slot] = tag;
		w->wake = 1;
	}
}

/* A thread's name is read while the thread is there: what is new to a language's threads wakes the host. (One that C made
 * is none before it has called Java.) */
static __always_inline void note_thread(struct walk *w, const struct sample_hdr *hdr)
{
	uint32_t tag = (uint32_t)((hdr->labels_at ^ hdr->tid) * 0x9e3779b97f4a7c15ull >> 32) ^ hdr->tgid;
	uint32_t slot = (tag ^ tag >> 16) & (WALK_ACTIVITIES - 1);

	if (w->activities[slot] != tag) {
		w->activities[slot] = tag;
		w->wake = 1;
	}
}

/* How full the ring is, is asked now and then only: it is to be seen in memory that the host writes. */
#define WAKE_ASK_PARTS 16u	/* of wake_bytes */

static __always_inline uint64_t wake_flag(struct walk *w, const struct sample_hdr *hdr, uint32_t bytes)
{
	w->unasked += bytes;
	if (w->wake && hdr->time_ns - w->woken_ns >= ACTIVITY_WAKE_NS) {
		w->woken_ns = hdr->time_ns;
		w->wake = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (w->unasked < wake_bytes / WAKE_ASK_PARTS)
		return BPF_RB_NO_WAKEUP;
	w->unasked = 0;
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wake_bytes ? BPF_RB_FORCE_WAKEUP :
									   BPF_RB_NO_WAKEUP;
}

/* A tick in three parts, each a function of its own: before Linux 6.13 all that are under way at once have 512
 * bytes of stack, and a step of the walk takes half of it. */
enum tick { TICK_SEND, TICK_COPY, TICK_WALK };

/* What was interrupted: the kernel's frames, and the registers of user space. */
static __noinline enum tick tick_begin(struct bpf_perf_event_data *ctx, struct sample_walked *sample,
				       struct walk *w, struct sample_copy *copy)
{
	struct task_struct *task = bpf_get_current_task_btf();
	uint64_t id = bpf_get_current_pid_tgid(), mm;
	volatile unsigned long cs = ctx->regs.cs;	/* narrower reads of ctx are refused */
	bool in_kernel = (cs & 3) != 3;
	uint32_t tgid = id >> 32;
	struct walk_process *process;
	long bytes = 0, syscall;

	sample->hdr = (struct sample_hdr){
		.time_ns = bpf_ktime_get_ns(), .tgid = tgid, .tid = (uint32_t)id,
		.cpu = (uint16_t)bpf_get_smp_processor_id(), .kind = SAMPLE_WALKED,
	};
	bpf_get_current_comm(sample->hdr.comm, sizeof(sample->hdr.comm));
	if (in_kernel)	/* (else the kernel prepares much, and finds that there is none) */
		bytes = bpf_get_stack(ctx, sample->frames, SAMPLE_KERNEL_FRAMES_MAX * 8, 0);
	sample->hdr.n_kernel = bytes > 0 ? (uint16_t)((uint32_t)bytes / 8) : 0;

	w->n = 0;
	w->end = WALK_COMPLETE;
	if (bpf_probe_read_kernel(&mm, sizeof(mm), (const char *)task + offsets.task_mm) || !mm) {
		sample->hdr.kernel_thread = 1;
		return TICK_SEND;
	}
	w->end = user_registers(in_kernel, task, w, &syscall);
	if (w->end != WALK_COMPLETE)
		return TICK_SEND;
	sample->hdr.user_return = syscall >= 0;
	w->in_exec = syscall == NR_EXECVE || syscall == NR_EXECVEAT;
	__builtin_memcpy(copy->regs, w->regs, sizeof(copy->regs));
	walk_begin(w, syscall >= 0);
	process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process) {
		w->end = WALK_NO_PROCESS;
		return TICK_COPY;
	}
	w->process = *process;
	sample->hdr.generation = w->process.generation;
	if (with_runtimes && w->process.runtime &&
	    bpf_probe_read_kernel(&w->thread_pointer, sizeof(w->thread_pointer),
				  (const char *)task + offsets.task_fsbase))
		w->thread_pointer = 0;
	if (WALK_HAS(RUNTIME_JVM))
		walk_jvm_begin(w);
	return TICK_WALK;
}

/* What the walk has found. */
static __noinline enum tick tick_end(struct sample_walked *sample, struct walk *w)
{
	if (w->end == WALK_COMPLETE && !w->native_over)
		w->end = WALK_FULL;
	if (w->end != WALK_COMPLETE && w->in_exec) {
		/* half-way from one program to the next there is no user stack */
		w->n = 0;
		w->end = WALK_COMPLETE;
	}
	sample->hdr.gil = w->python.gil;
	sample->hdr.activity = WALK_HAS(RUNTIME_JVM) && w->jvm.high ? w->jvm.virtual : w->python.coroutine;
	if (w->python.progress != WALK_PYTHON_NEW || (WALK_HAS(RUNTIME_JVM) && w->jvm.high) ||
	    (WALK_HAS(RUNTIME_V8) && w->v8.ready == 1))
		sample->hdr.labels_at = w->thread_pointer;
	if (sample->hdr.labels_at && (!(WALK_HAS(RUNTIME_JVM) && w->jvm.high) || w->jvm.met))
		note_thread(w, &sample->hdr);
	if (with_runtimes && w->process.runtime) {
		if (WALK_HAS(RUNTIME_GO))
			walk_go_activity(w, &sample->hdr);
		if (sample->hdr.labels_check || (w->python.coroutine && w->python.layout.tasks))
			note_activity(w, &sample->hdr);
	}
	return walk_worth_copying(w) ? TICK_COPY : TICK_SEND;
}

static __noinline int tick_send(struct cpu_counters *count, struct sample_walked *sample, struct walk *w)
{
	uint64_t n = sizeof(struct sample_hdr) + ((uint32_t)sample->hdr.n_kernel + w->n) * 8;

	sample->hdr.n_user = (uint16_t)w->n;
	barrier_var(n);
	if (n > sizeof(*sample))
		n = sizeof(*sample);
	return send(count, sample, n, wake_flag(w, &sample->hdr, (uint32_t)n));
}

SEC("perf_event")
int cpu_tick(struct bpf_perf_event_data *ctx)
{
	uint32_t zero = 0, cpu = bpf_get_smp_processor_id();
	struct cpu_counters *count;
	struct sample_walked *sample;
	struct sample_copy *copy;
	struct walk_loop loop;
	struct walk *w;
	uint64_t before = 0;
	enum tick next;

	if (!is_target(bpf_get_current_pid_tgid() >> 32))
		return 0;
	count = bpf_map_lookup_elem(&counters, &zero);
	sample = bpf_map_lookup_elem(&samples, &cpu);
	copy = bpf_map_lookup_elem(&copies, &cpu);
	w = bpf_map_lookup_elem(&walks, &cpu);
	if (!count || !sample || !copy || !w)
		return 0;	/* cannot be: every CPU has its elements */
	count->events++;
	next = tick_begin(ctx, sample, w, copy);
	if (next == TICK_WALK) {
		loop.w = w;
		loop.sample = sample;
		if (measure_walks)
			before = bpf_ktime_get_ns();
		bpf_loop(SAMPLE_USER_WORDS_MAX, walk_step_of_loop, &loop, 0);
		if (measure_walks)
			sample->hdr.walk_ns = (uint32_t)(bpf_ktime_get_ns() - before);
		next = tick_end(sample, w);
	}
	sample->hdr.end = w->end;
	return next == TICK_COPY ? send_copy(count, sample, copy, w->n) : tick_send(count, sample, w);
}

/* A child has its parent's mappings, and is a target when its parent is. This also overwrites what was
 * known of an earlier process of that pid. */
SEC("raw_tp/sched_process_fork")
int process_forked(struct bpf_raw_tracepoint_args *args)	/* the parent, who runs this; its child */
{
	uint32_t tgid = bpf_get_current_pid_tgid() >> 32, child_tgid, on = TARGET_ON;
	struct walk_process *process;
	uint32_t *state;

	if (bpf_probe_read_kernel(&child_tgid, sizeof(child_tgid),
				  (const char *)args->args[1] + offsets.task_tgid) ||
	    tgid == child_tgid)
		return 0;	/* a thread */
	if (target_mode == TARGET_TGIDS) {
		state = bpf_map_lookup_elem(&targets, &tgid);
		if (!state || *state != TARGET_ON) {
			bpf_map_delete_elem(&targets, &child_tgid);
			return 0;
		}
		bpf_map_update_elem(&targets, &child_tgid, &on, BPF_ANY);
	}
	process = bpf_map_lookup_elem(&processes, &tgid);
	if (process)
		bpf_map_update_elem(&processes, &child_tgid, process, BPF_ANY);
	else
		bpf_map_delete_elem(&processes, &child_tgid);
	return 0;
}

/* A new program: none of the old mappings is left. */
SEC("raw_tp/sched_process_exec")
int process_execed(struct bpf_raw_tracepoint_args *args)
{
	uint32_t tgid = bpf_get_current_pid_tgid() >> 32;
	uint32_t *state = bpf_map_lookup_elem(&targets, &tgid);

	if (state && *state == TARGET_AWAITS_EXEC)
		*state = TARGET_ON;
	bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
