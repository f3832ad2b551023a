/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/kernel_refusal.h"
#include "collect/kernel_state.h"
#include "proc/kernelbtf.h"

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
#define PID_NAMESPACE_INITIAL 0xeffffffcu	/* PROC_PID_INIT_INO in include/linux/proc_ns.h */

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
		return kernel_refusal(err, rc);
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
