/* SPDX-License-Identifier: Apache-2.0 */
/* Machine code made at run time, with frame pointers, that calls back into C.
 * argv[2]: "perfmap" writes /tmp/perf-PID.map, "jitdump" writes jit-PID.dump into argv[3] and maps it the
 * way perf's jvmti agent does, "nothing" writes nothing. With argv[4] "memfd" the code is in a file without a
 * name, mapped twice, as runtimes do that never want memory both writable and executable.
 *
 * jitdump: tools/perf/Documentation/jitdump-specification.txt of Linux.
 * perf map: tools/perf/Documentation/jit-interface.txt. */
#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "truth.h"

/* push %rbp; mov %rsp,%rbp; push %rbx; sub $8,%rsp; mov %edi,%ebx
 * loop: imul %rax,%rcx,.. a multiply chain; dec %ebx; jnz loop
 * add $8,%rsp; pop %rbx; pop %rbp; ret */
static const uint8_t spin_code[] = {
	0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x08, 0x89, 0xfb,
	0x48, 0x69, 0xc0, 0x15, 0x7c, 0x4a, 0x7f,	/* imul $0x7f4a7c15,%rax,%rax */
	0x48, 0xff, 0xc0,				/* inc %rax */
	0xff, 0xcb,					/* dec %ebx */
	0x75, 0xf3,					/* jnz -13 */
	0x48, 0x83, 0xc4, 0x08, 0x5b, 0x5d, 0xc3,
};

/* push %rbp; mov %rsp,%rbp; push %rbx; sub $24,%rsp; call *%rsi (edi stays); add $24,%rsp; pop; pop; ret */
static const uint8_t call_code[] = {
	0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x18, 0xff, 0xd6,
	0x48, 0x83, 0xc4, 0x18, 0x5b, 0x5d, 0xc3,
};

struct jitdump_header {
	uint32_t magic, version, size, machine, pad, pid;
	uint64_t time_ns, flags;
};

struct jitdump_load {
	uint32_t id, size;
	uint64_t time_ns;
	uint32_t pid, tid;
	uint64_t vma, address, code_size, index;
};

static FILE *out;
static uint64_t code_index;

static void announce(const char *mode, const uint8_t *code, size_t size, const char *name)
{
	struct jitdump_load load = {
		.size = (uint32_t)(sizeof(load) + strlen(name) + 1 + size),
		.time_ns = truth_clock(CLOCK_MONOTONIC),
		.pid = (uint32_t)getpid(), .tid = (uint32_t)getpid(),
		.vma = (uintptr_t)code, .address = (uintptr_t)code,
		.code_size = size, .index = code_index++,
	};

	if (strcmp(mode, "perfmap") == 0) {
		fprintf(out, "%lx %zx %s\n", (unsigned long)(uintptr_t)code, size, name);
	} else if (strcmp(mode, "jitdump") == 0) {
		fwrite(&load, sizeof(load), 1, out);
		fwrite(name, strlen(name) + 1, 1, out);
		fwrite(code, size, 1, out);
	}
	if (out)
		fflush(out);
}

static void open_announcements(const char *mode, const char *folder)
{
	struct jitdump_header header = {
		.magic = 0x4a695444, .version = 1, .size = sizeof(header), .machine = EM_X86_64,
		.pid = (uint32_t)getpid(), .time_ns = truth_clock(CLOCK_MONOTONIC),
	};
	char path[512];

	if (strcmp(mode, "perfmap") == 0)
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	else if (strcmp(mode, "jitdump") == 0)
		snprintf(path, sizeof(path), "%s/jit-%d.dump", folder, getpid());
	else
		return;
	out = fopen(path, "w+");
	if (!out)
		abort();
	if (strcmp(mode, "jitdump") == 0) {
		fwrite(&header, sizeof(header), 1, out);
		fflush(out);
		/* the marker: profilers learn of the file from this mapping */
		if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(out), 0) == MAP_FAILED)
			abort();
	}
}

NOINLINE uint64_t called_from_jit(uint32_t rounds)
{
	return truth_burn(rounds, 103) + 1;
}

NOINLINE uint64_t plain_c(uint32_t rounds)
{
	return truth_burn(rounds, 107) + 1;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "nothing";
	int fd = argc > 4 ? memfd_create("doublemapper", 0) : -1;
	int shared = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	int grown = fd >= 0 ? ftruncate(fd, 65536) : 0;
	uint8_t *writable = mmap(NULL, 65536, PROT_READ | PROT_WRITE, shared, fd, 0);
	uint8_t *page = fd >= 0 ? mmap(NULL, 65536, PROT_READ | PROT_EXEC, shared, fd, 0) : writable;
	uint64_t (*spin)(uint32_t) = (uint64_t(*)(uint32_t))(void *)(page + 64);
	uint64_t (*call)(uint32_t, void *) = (uint64_t(*)(uint32_t, void *))(void *)(page + 4096);

	if (grown < 0 || writable == MAP_FAILED || page == MAP_FAILED)
		return 1;
	truth_init(argc, argv);
	open_announcements(mode, argc > 3 ? argv[3] : "/tmp");
	memcpy(writable + 64, spin_code, sizeof(spin_code));
	memcpy(writable + 4096, call_code, sizeof(call_code));
	if (fd < 0 && mprotect(page, 65536, PROT_READ | PROT_EXEC) < 0)
		return 1;
	announce(mode, page + 64, sizeof(spin_code), "jit_spin");
	announce(mode, page + 4096, sizeof(call_code), "jit_caller with spaces");
	while (truth_more()) {
		uint32_t pick = truth_random(100);

		if (pick < 40)
			TIMED("jit_spin", truth_sink += spin(200000));
		else if (pick < 75)
			TIMED("jit_caller with spaces", TIMED("called_from_jit",
			      truth_sink += call(300000, (void *)called_from_jit)));
		else
			TIMED("plain_c", plain_c(300000));
	}
	truth_since_start("main");
	truth_print();
	return 0;
}
