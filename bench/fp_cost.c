/* SPDX-License-Identifier: Apache-2.0 */
/* fp_cost PID SECONDS [HZ]: what bpf_get_stack() takes for a program's user stack (bench/walk builds it). */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "fp_cost.skel.h"

#define WALKS_MAX (1u << 18)

struct fp_walk {
	uint32_t frames, ns;
};

static struct fp_walk walks[WALKS_MAX];
static uint32_t n;

static int take(void *context, void *record, size_t bytes)
{
	(void)context;
	if (bytes >= sizeof(struct fp_walk) && n < WALKS_MAX)
		walks[n++] = *(struct fp_walk *)record;
	return 0;
}

static int by_ns(const void *left, const void *right)
{
	const struct fp_walk *a = left, *b = right;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1, .sample_freq = argc > 3 ? strtoul(argv[3], NULL, 10) : 999,
	};
	struct fp_cost *skeleton = fp_cost__open();
	struct ring_buffer *ring;
	double frames = 0;
	time_t end;

	if (argc < 3 || !skeleton)
		return 2;
	skeleton->rodata->target = (uint32_t)atoi(argv[1]);
	if (fp_cost__load(skeleton) < 0)
		return fprintf(stderr, "fp_cost: cannot load\n"), 1;
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, 0);

		if (fd < 0 || !bpf_program__attach_perf_event(skeleton->progs.fp_tick, fd))
			return fprintf(stderr, "fp_cost: cannot attach\n"), 1;
	}
	ring = ring_buffer__new(bpf_map__fd(skeleton->maps.ring), take, NULL, NULL);
	end = time(NULL) + atoi(argv[2]);
	while (time(NULL) < end)
		ring_buffer__poll(ring, 100);
	for (uint32_t i = 0; i < n; i++)
		frames += walks[i].frames;
	qsort(walks, n, sizeof(*walks), by_ns);
	if (n)
		printf("  bpf_get_stack: %u walks, %.1f frames, median %u ns, p99 %u ns, %.1f ns a frame "
		       "(at most 127 frames)\n", n, frames / n, walks[n / 2].ns,
		       walks[(size_t)n * 99 / 100].ns, walks[n / 2].ns / (frames / n));
	return 0;
}
