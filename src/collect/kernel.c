/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/vec.h"
#include "collect/images.h"
#include "collect/runs.h"
#include "proc/kernelbtf.h"
#include "cpu.skel.h"

#define RING_BYTES_MIN (1u << 20)
#define RING_BYTES_MAX (64u << 20)
/* With every process a target new ones are frequent, and most stacks are small. */
#define COPY_BYTES_ALL 32768u
/* Memory that the kernel clears at every start, so no more than is needed: a target and its children
 * are fewer than a machine's processes. What finds no room is copied and walked on the host. */
#define MAPPINGS_ALL 65536u
#define MAPPINGS_TARGETS 32768u
#define PROCESSES_ALL 65536u
#define PROCESSES_TARGETS 16384u
#define RUNTIME_REST_NS 1000000000u
#define PID_NAMESPACE_INITIAL 0xeffffffcu	/* PROC_PID_INIT_INO in include/linux/proc_ns.h */

struct kernel {
	struct cpu *skeleton;
	struct cpu *full;	/* the tick once more, with the steps of language runtimes, over the same
				 * maps; NULL: it has them, or nobody needs them */
	struct kernel_options options;
	struct kernel_offsets offsets;
	struct bpf_link **links;	/* one a CPU */
	struct bpf_link *fork_link, *exec_link;
	uint32_t n_links;
	struct ring_buffer *ring;
	int (*handle)(void *context, const struct sample_hdr *record, size_t bytes);
	void *context;
	int handle_rc;
	struct walk_mapping *mappings;	/* the kernel's array, mapped here */
	size_t mappings_bytes;
	struct unwind_rule *rules;	/* likewise */
	uint32_t n_rules;
	struct walk_runtime *runtimes;	/* likewise; [0] is none */
	uint32_t n_runtimes;		/* used so far */
	struct runtime_slot { uint32_t index; uint64_t free_ns; } *free_runtimes;
	uint32_t n_free_runtimes, cap_free_runtimes;
	struct runs runs;
	uint32_t generation;
	uint64_t table_bytes;
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* For every CPU room for half a second of deep walks, and for a tenth of a second of nothing but copies,
 * as at the start, when rows are still being built. */
static uint32_t ring_bytes(const struct kernel_options *options, uint32_t cpus)
{
	uint64_t want = (uint64_t)options->rate_hz * cpus * (1024 / 2 + COPY_BYTES_ALL / 10) +
			(uint64_t)cpus * (512u << 10);
	uint32_t bytes = RING_BYTES_MIN;

	if (options->ring_bytes)
		want = bytes = options->ring_bytes;
	while (bytes < want && bytes < RING_BYTES_MAX)
		bytes *= 2;
	return bytes;
}

static int mapped_array(const struct bpf_map *map, size_t value, void **ret, size_t *ret_bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (bpf_map__max_entries(map) * value + page - 1) & ~(page - 1);
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	*ret_bytes = bytes;
	return 0;
}

static int take_record(void *context, void *record, size_t bytes)
{
	struct kernel *kernel = context;

	if (bytes < sizeof(struct sample_hdr))
		return 0;
	kernel->handle_rc = kernel->handle(kernel->context, record, bytes);
	return kernel->handle_rc;
}

/* What the programs call that not every kernel has, the newest first. */
static const struct {
	enum bpf_func_id id;
	const char *name, *since;
} helpers[] = {
	{ BPF_FUNC_loop, "bpf_loop", "5.17" },
	{ BPF_FUNC_task_pt_regs, "bpf_task_pt_regs", "5.15" },
	{ BPF_FUNC_get_current_task_btf, "bpf_get_current_task_btf", "5.11" },
	{ BPF_FUNC_ringbuf_output, "bpf_ringbuf_output", "5.8" },
};

/* No BPF program may read anything then (LOCKDOWN_BPF_READ_KERNEL in kernel/trace/bpf_trace.c). */
static bool locked_down(void)
{
	struct mapped_file file;
	struct str text;
	bool yes;

	if (mapped_file_open(&file, "/sys/kernel/security/lockdown", NULL) < 0)
		return false;
	text = mapped_file_view(&file);
	yes = text.n && memmem(text.p, text.n, "[confidentiality]", 17);
	mapped_file_close(&file);
	return yes;
}

static int refused(struct err *err, int rc)
{
	if (locked_down())
		return err_fail(err, -ENOTSUP, "this kernel is locked down (the word in brackets in "
				"/sys/kernel/security/lockdown): its BPF programs may read nothing");
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_PERF_EVENT, helpers[i].id, NULL) == 0)
			return err_fail(err, -ENOTSUP, "this kernel has no %s, which Sonde's BPF programs "
					"need: it came with Linux %s", helpers[i].name, helpers[i].since);
	return err_fail(err, -ENOTSUP, "this kernel refuses Sonde's BPF programs: %s", err_text(rc));
}

static int load_failed(struct err *err, int rc)
{
	switch (-rc) {
	case EPERM:
	case EACCES:	/* the verifier says so too, of what a program does */
		if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_PERF_EVENT, NULL) == 1)
			return refused(err, rc);
		return err_fail(err, -EPERM, "the kernel does not let this user load BPF programs; run "
				"as root, or give sonde CAP_BPF and CAP_PERFMON (setcap "
				"cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog+ep)");
	case ESRCH:
	case ENOENT:
		return err_fail(err, -ENOTSUP, "this kernel has no type information (BTF, "
				"/sys/kernel/btf/vmlinux): Sonde's BPF programs cannot be fitted to it");
	case EINVAL:
	case ENOTSUP:
		return refused(err, rc);
	}
	return err_fail(err, rc, "cannot load Sonde's BPF programs: %s", err_text(rc));
}

/* -ENOENT without type information, as libbpf says it. */
static int find_offsets(struct kernel_offsets *ret_offsets)
{
	struct kernel_btf btf;
	uint32_t fsbase = 0;
	int rc = kernel_btf_open(&btf, NULL);

	if (rc < 0)
		return -ENOENT;
	rc = kernel_btf_find_member(&btf, STR("task_struct"), STR("mm"), &ret_offsets->task_mm);
	if (rc == 0)
		rc = kernel_btf_find_member(&btf, STR("task_struct"), STR("tgid"),
					    &ret_offsets->task_tgid);
	if (rc == 0)
		rc = kernel_btf_find_member(&btf, STR("task_struct"), STR("thread"),
					    &ret_offsets->task_fsbase);
	if (rc == 0)
		rc = kernel_btf_find_member(&btf, STR("thread_struct"), STR("fsbase"), &fsbase);
	ret_offsets->task_fsbase += fsbase;
	kernel_btf_close(&btf);
	return rc;
}

static void set_knobs(const struct kernel *kernel, struct cpu *s, uint32_t ring_bytes)
{
	const struct kernel_options *options = &kernel->options;

	s->rodata->target_mode = options->mode;
	s->rodata->target_cgroup = options->cgroup_id;
	s->rodata->measure_walks = options->measure_walks;
	s->rodata->wake_bytes = ring_bytes / 4;
	s->rodata->copy_bytes = options->mode == TARGET_TGIDS ? SAMPLE_COPY_MAX : COPY_BYTES_ALL;
	s->rodata->own_tgid = (uint32_t)getpid();
	s->rodata->offsets = kernel->offsets;
}

/* `hash_flags` are those of the maps that grow with the processes. */
static int load(struct kernel *kernel, uint32_t cpus, uint32_t hash_flags)
{
	const struct kernel_options *options = &kernel->options;
	struct cpu *s = cpu__open();
	uint32_t bytes = ring_bytes(options, cpus);
	bool few = options->mode == TARGET_TGIDS;
	uint32_t mappings = few ? MAPPINGS_TARGETS : MAPPINGS_ALL;
	uint32_t processes = few ? PROCESSES_TARGETS : PROCESSES_ALL;

	if (!s)
		return -errno;
	cpu__destroy(kernel->skeleton);
	kernel->skeleton = s;
	set_knobs(kernel, s, bytes);
	s->rodata->with_runtimes = options->runtimes;
	bpf_map__set_max_entries(s->maps.ring, bytes);
	bpf_map__set_max_entries(s->maps.mappings, mappings);
	bpf_map__set_max_entries(s->maps.targets, few ? processes : 1);
	bpf_map__set_max_entries(s->maps.processes, processes);
	bpf_map__set_max_entries(s->maps.walks, cpus);
	bpf_map__set_max_entries(s->maps.samples, cpus);
	bpf_map__set_max_entries(s->maps.copies, cpus);
	bpf_map__set_max_entries(s->maps.codes, cpus);
	bpf_map__set_max_entries(s->maps.functions, cpus);
	bpf_map__set_map_flags(s->maps.targets, hash_flags);
	bpf_map__set_map_flags(s->maps.processes, hash_flags);
	return cpu__load(s);
}

/* BPF programs see the numbers that processes have outside of all pid namespaces. */
static bool in_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != PID_NAMESPACE_INITIAL;
}

int kernel_open(struct kernel **ret_kernel, const struct kernel_options *options, struct err *err)
{
	int cpus = libbpf_num_possible_cpus(), rc;
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	size_t rules_bytes, runtimes_bytes;

	if (!kernel || cpus <= 0) {
		free(kernel);
		return -ENOMEM;
	}
	if (in_pid_namespace()) {
		free(kernel);
		return err_fail(err, -ENOTSUP, "inside a pid namespace (a container) the kernel half would "
				"know processes by other numbers; run sonde on the host, or the "
				"container with --pid=host");
	}
	libbpf_set_print(quiet);
	kernel->options = *options;
	rc = find_offsets(&kernel->offsets);
	if (rc == 0)
		rc = load(kernel, (uint32_t)cpus, BPF_F_NO_PREALLOC);
	if (rc == -EINVAL)	/* before 6.1 perf event programs must have all memory allocated: 10 MiB */
		rc = load(kernel, (uint32_t)cpus, 0);
	if (rc < 0) {
		kernel_close(kernel);
		return load_failed(err, rc);
	}
	rc = mapped_array(kernel->skeleton->maps.mappings, sizeof(struct walk_mapping),
			  (void **)&kernel->mappings, &kernel->mappings_bytes);
	if (rc == 0)
		rc = mapped_array(kernel->skeleton->maps.rules, sizeof(struct unwind_rule),
				  (void **)&kernel->rules, &rules_bytes);
	if (rc == 0)
		rc = mapped_array(kernel->skeleton->maps.runtimes, sizeof(struct walk_runtime),
				  (void **)&kernel->runtimes, &runtimes_bytes);
	if (rc == 0)
		rc = runs_init(&kernel->runs, bpf_map__max_entries(kernel->skeleton->maps.mappings));
	if (rc == 0) {
		kernel->ring = ring_buffer__new(bpf_map__fd(kernel->skeleton->maps.ring),
						take_record, kernel, NULL);
		rc = kernel->ring ? 0 : -errno;
	}
	if (rc < 0) {
		kernel_close(kernel);
		return err_fail(err, rc, "cannot set up the kernel's maps: %s", err_text(rc));
	}
	*ret_kernel = kernel;
	return 0;
}

static int open_timer(uint32_t rate_hz, int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = rate_hz,
		.exclude_idle = 1,
		.disabled = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int start_cpu(struct kernel *kernel, int cpu)
{
	int fd = open_timer(kernel->options.rate_hz, cpu);
	struct cpu *s = kernel->full ? kernel->full : kernel->skeleton;
	struct bpf_link *link;

	if (fd < 0)
		return -errno;
	link = bpf_program__attach_perf_event(s->progs.cpu_tick, fd);
	if (!link) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	kernel->links[kernel->n_links++] = link;	/* owns fd from here on */
	return 0;
}

static void stop_cpus(struct kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->n_links; i++)
		bpf_link__destroy(kernel->links[i]);
	kernel->n_links = 0;
}

/* Loads the tick for those runtimes, over the maps of the one that is at work. */
static int load_more(struct kernel *kernel, uint32_t runtimes)
{
	struct cpu *s = cpu__open();
	struct bpf_program *program;
	struct bpf_map *map, *shared;
	int rc = s ? 0 : -errno;

	if (rc < 0)
		return rc;
	set_knobs(kernel, s, bpf_map__max_entries(kernel->skeleton->maps.ring));
	s->rodata->with_runtimes = runtimes;
	bpf_object__for_each_program(program, s->obj)
		bpf_program__set_autoload(program, program == s->progs.cpu_tick);
	bpf_object__for_each_map(map, s->obj) {
		shared = bpf_object__find_map_by_name(kernel->skeleton->obj, bpf_map__name(map));
		if (rc == 0 && map != s->maps.rodata && shared)
			rc = bpf_map__reuse_fd(map, bpf_map__fd(shared));
	}
	if (rc == 0)
		rc = cpu__load(s);
	if (rc < 0) {
		cpu__destroy(s);
		return rc;
	}
	stop_cpus(kernel);	/* a tick may be missed, and none is counted twice */
	cpu__destroy(kernel->full);
	kernel->full = s;
	kernel->options.runtimes = runtimes;
	return 0;
}

int kernel_enable_runtime(struct kernel *kernel, uint32_t kind)
{
	bool ticking = kernel->n_links;
	int rc;

	if (kernel->options.runtimes & RUNTIME_BIT(kind))
		return 0;
	rc = load_more(kernel, kernel->options.runtimes | RUNTIME_BIT(kind));
	if (rc < 0)
		return rc;
	for (long cpu = 0; ticking && cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		rc = start_cpu(kernel, (int)cpu);
		if (rc < 0 && rc != -ENODEV)
			return rc;
	}
	return 0;
}

int kernel_start(struct kernel *kernel, struct err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int rc;

	kernel->fork_link = bpf_program__attach(kernel->skeleton->progs.process_forked);
	kernel->exec_link = kernel->fork_link ?
			    bpf_program__attach(kernel->skeleton->progs.process_execed) : NULL;
	if (!kernel->exec_link)
		return err_fail(err, -errno, "cannot follow new processes in the kernel: %s",
				err_text(errno));
	kernel->links = calloc((size_t)cpus, sizeof(*kernel->links));
	if (!kernel->links)
		return -ENOMEM;
	for (int cpu = 0; cpu < cpus; cpu++) {
		rc = start_cpu(kernel, cpu);
		if (rc < 0 && rc != -ENODEV)	/* offline */
			return err_fail(err, rc, "cannot start the timer of CPU %d at %u Hz: %s%s",
					cpu, kernel->options.rate_hz, err_text(rc),
					rc == -EINVAL ? " (the kernel's limit is in "
					"/proc/sys/kernel/perf_event_max_sample_rate)" : "");
	}
	return kernel->n_links ? 0 : err_fail(err, -ENODEV, "no CPU is online");
}

void kernel_stop(struct kernel *kernel)
{
	stop_cpus(kernel);
	bpf_link__destroy(kernel->fork_link);
	bpf_link__destroy(kernel->exec_link);
	kernel->fork_link = kernel->exec_link = NULL;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	kernel_stop(kernel);
	free(kernel->links);
	ring_buffer__free(kernel->ring);
	runs_fini(&kernel->runs);
	if (kernel->mappings)
		munmap(kernel->mappings, kernel->mappings_bytes);
	if (kernel->runtimes)
		munmap(kernel->runtimes, WALK_RUNTIMES_MAX * sizeof(*kernel->runtimes));
	free(kernel->free_runtimes);
	if (kernel->rules)
		munmap(kernel->rules, UNWIND_RULES_MAX * sizeof(*kernel->rules));
	cpu__destroy(kernel->full);
	cpu__destroy(kernel->skeleton);
	free(kernel);
}

int kernel_add_target(struct kernel *kernel, pid_t pid, bool awaits_exec)
{
	uint32_t key = (uint32_t)pid, state = awaits_exec ? TARGET_AWAITS_EXEC : TARGET_ON;

	return bpf_map_update_elem(bpf_map__fd(kernel->skeleton->maps.targets), &key, &state,
				   BPF_ANY) < 0 ? -errno : 0;
}

void kernel_remove_process(struct kernel *kernel, pid_t pid)
{
	uint32_t key = (uint32_t)pid;

	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.targets), &key);
	bpf_map_delete_elem(bpf_map__fd(kernel->skeleton->maps.processes), &key);
}

int kernel_add_run(struct kernel *kernel, const struct walk_mapping *mappings, uint32_t n,
		   struct kernel_run *ret_run)
{
	struct kernel_run run = { .count = n };
	int rc = runs_take(&kernel->runs, n, &run.first, &run.size_class);

	if (rc < 0)
		return rc;
	memcpy(kernel->mappings + run.first, mappings, n * sizeof(*mappings));
	kernel->table_bytes += n * sizeof(*mappings);
	*ret_run = run;
	return 0;
}

void kernel_remove_run(struct kernel *kernel, const struct kernel_run *run)
{
	runs_give(&kernel->runs, run->first, run->size_class, clock_mono_ns());
}

/* A slot is used again when no walk can still be reading it. */
uint32_t kernel_add_runtime(struct kernel *kernel, const struct walk_runtime *runtime)
{
	uint32_t index;

	if (kernel->n_free_runtimes && clock_mono_ns() > kernel->free_runtimes[0].free_ns) {
		index = kernel->free_runtimes[0].index;
		kernel->n_free_runtimes--;
		memmove(kernel->free_runtimes, kernel->free_runtimes + 1,
			kernel->n_free_runtimes * sizeof(*kernel->free_runtimes));
	} else if (kernel->n_runtimes + 1 < WALK_RUNTIMES_MAX) {
		index = ++kernel->n_runtimes;
	} else {
		return 0;
	}
	kernel->runtimes[index] = *runtime;
	return index;
}

void kernel_remove_runtime(struct kernel *kernel, uint32_t index)
{
	if (!index || VEC_RESERVE(&kernel->free_runtimes, &kernel->cap_free_runtimes,
				  (uint64_t)kernel->n_free_runtimes + 1) < 0)
		return;		/* out of memory: the slot is lost */
	kernel->free_runtimes[kernel->n_free_runtimes++] = (struct runtime_slot){
		.index = index, .free_ns = clock_mono_ns() + RUNTIME_REST_NS,
	};
}

int kernel_set_process(struct kernel *kernel, pid_t pid, const struct kernel_run *run,
		       uint32_t runtime, uint32_t flags)
{
	uint32_t key = (uint32_t)pid;
	struct walk_process process = {
		.first = run->first, .count = run->count, .flags = flags,
		.generation = ++kernel->generation, .runtime = runtime,
	};

	return bpf_map_update_elem(bpf_map__fd(kernel->skeleton->maps.processes), &key, &process,
				   BPF_ANY) < 0 ? -errno : 0;
}

/* An array of exactly the table's size, filled; returns its descriptor. The image's cells become a
 * view of it. */
static int table_map(struct image *image)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	uint32_t n = image->n_cells ? image->n_cells : 1;	/* a file without rows: one empty cell */
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", 4, 8, n, &options);
	size_t bytes = (size_t)n * 8;
	uint64_t *cells;

	if (fd < 0 || !image->n_cells)
		return fd < 0 ? -errno : fd;
	cells = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cells == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	memcpy(cells, image->cells, bytes);
	free(image->cells);
	image->cells = cells;
	image->cells_mapped = true;
	return fd;
}

int kernel_add_rows(struct kernel *kernel, struct images *images, const uint32_t *ids, uint32_t n)
{
	int outer = bpf_map__fd(kernel->skeleton->maps.tables), rc = 0;
	int *fds = calloc(n ? n : 1, sizeof(*fds));
	uint32_t *keys = calloc(n ? n : 1, sizeof(*keys)), count = 0, done;

	if (!fds || !keys)
		rc = -ENOMEM;
	/* rules first: a row must never name one that is not there */
	for (; rc == 0 && kernel->n_rules < images->rules.n; kernel->n_rules++)
		kernel->rules[kernel->n_rules] = images->rules.items[kernel->n_rules];
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct image *image = images_get(images, ids[i]);
		int fd = table_map(image);

		if (fd < 0)
			continue;	/* out of kernel memory: its stacks go on being copied */
		kernel->table_bytes += (uint64_t)image->n_cells * 8;
		fds[count] = fd;
		keys[count++] = ids[i];
	}
	done = count;
	if (rc == 0 && count &&
	    bpf_map_update_batch(outer, keys, fds, &done, NULL) < 0) {
		for (uint32_t i = 0; i < count; i++)	/* kernels without the batch call */
			if (bpf_map_update_elem(outer, &keys[i], &fds[i], BPF_ANY) < 0)
				rc = -errno;
	}
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
	free(fds);
	free(keys);
	return rc;
}

int kernel_fd(const struct kernel *kernel)
{
	return ring_buffer__epoll_fd(kernel->ring);
}

int kernel_drain(struct kernel *kernel,
		 int (*handle)(void *context, const struct sample_hdr *record, size_t bytes),
		 void *context)
{
	kernel->handle = handle;
	kernel->context = context;
	kernel->handle_rc = 0;
	ring_buffer__consume(kernel->ring);
	return kernel->handle_rc;
}

void kernel_counters(const struct kernel *kernel, struct cpu_counters *ret_counters)
{
	int cpus = libbpf_num_possible_cpus();
	struct cpu_counters *each = calloc((size_t)cpus, sizeof(*each));
	uint32_t zero = 0;

	*ret_counters = (struct cpu_counters){ 0 };
	if (each && bpf_map_lookup_elem(bpf_map__fd(kernel->skeleton->maps.counters), &zero,
					each) == 0) {
		for (int cpu = 0; cpu < cpus; cpu++) {
			ret_counters->events += each[cpu].events;
			ret_counters->recorded += each[cpu].recorded;
			ret_counters->copied += each[cpu].copied;
			for (int r = 0; r < DROP_REASON_COUNT; r++)
				ret_counters->drops[r] += each[cpu].drops[r];
		}
	}
	free(each);
}

uint64_t kernel_table_bytes(const struct kernel *kernel)
{
	return kernel->table_bytes;
}
