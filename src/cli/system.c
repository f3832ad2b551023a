/* SPDX-License-Identifier: Apache-2.0 */
/* sonde system: what this machine permits, and what is missing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/reading.h"
#include "collect/machine.h"

struct capability {
	const char *name;
	int number;	/* include/uapi/linux/capability.h */
	const char *why;
};

static const struct capability capabilities[] = {
	{ "CAP_BPF", 39, "load the walker into the kernel" },
	{ "CAP_PERFMON", 38, "attach it to the timers, follow all processes" },
	{ "CAP_SYS_PTRACE", 19, "read other users' mappings" },
	{ "CAP_SYS_ADMIN", 21, "stand in for CAP_BPF and CAP_PERFMON, and open deleted programs" },
	{ "CAP_DAC_READ_SEARCH", 2, "read programs in folders that are closed to this user" },
	{ "CAP_SYSLOG", 34, "name kernel functions" },
};

#define N_CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))

struct system_facts {
	struct utsname uts;
	uint64_t effective;	/* capability bits */
	bool btf, addresses;
	long paranoid, kptr_restrict, rate_max;	/* -1: not there */
	long cpus;
	struct machine_tiers tiers;
	struct machine_rows rows;
	const char *debuginfod;
};

static long read_number(const char *path)
{
	struct mapped_file file;
	long value = -1;
	char text[32];

	if (mapped_file_open(&file, path, NULL) < 0)
		return -1;
	if (file.n && file.n < sizeof(text)) {
		memcpy(text, file.p, file.n);
		text[file.n] = '\0';
		value = strtol(text, NULL, 10);
	}
	mapped_file_close(&file);
	return value;
}

static uint64_t read_capabilities(void)
{
	struct mapped_file file;
	struct str rest, line;
	uint64_t bits = 0;

	if (mapped_file_open(&file, "/proc/self/status", NULL) < 0)
		return 0;
	rest = mapped_file_view(&file);
	while (rest.p) {
		line = str_cut(&rest, '\n');
		if (str_starts(line, STR("CapEff:")))
			str_parse_u64(str_trim(str_skip(line, 7)), 16, &bits);
	}
	mapped_file_close(&file);
	return bits;
}

static int gather(struct system_facts *f, struct err *err)
{
	uname(&f->uts);
	f->effective = read_capabilities();
	f->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	f->paranoid = read_number("/proc/sys/kernel/perf_event_paranoid");
	f->kptr_restrict = read_number("/proc/sys/kernel/kptr_restrict");
	f->rate_max = read_number("/proc/sys/kernel/perf_event_max_sample_rate");
	f->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	/* kallsyms_show_value() in kernel/ksyms_common.c */
	f->addresses = (f->kptr_restrict == 0 && f->paranoid <= 1) ||
		       (f->kptr_restrict <= 1 && (f->effective >> 34 & 1));
	f->debuginfod = getenv("DEBUGINFOD_URLS");
	machine_try_tiers(&f->tiers);
	return machine_measure_rows(&f->rows, err);
}

static void print_tier(struct buf *out, int number, const char *name, bool works, const char *sees,
		       const char *not, const char *why)
{
	buf_addf(out, "  %d. %-6s %s\n", number, name, works ? "works" : "does not work");
	buf_addf(out, "            sees        %s\n", sees);
	buf_addf(out, "            cannot see  %s\n", not);
	if (!works)
		buf_addf(out, "            because     %s\n", why);
}

static void print_missing(struct buf *out, const struct system_facts *f)
{
	buf_addf(out, "\nWhat is missing\n");
	if (!f->btf)
		buf_addf(out, "  /sys/kernel/btf/vmlinux: a kernel built with CONFIG_DEBUG_INFO_BTF "
			      "(every distribution's since 2021)\n");
	if (!f->addresses)
		buf_addf(out, "  kernel function names: CAP_SYSLOG (root has it), and sysctl "
			      "kernel.kptr_restrict below 2\n");
	for (size_t i = 0; i < N_CAPABILITIES; i++)
		if (!(f->effective >> capabilities[i].number & 1))
			buf_addf(out, "  %s, to %s: run as root, or setcap on the sonde binary\n",
				 capabilities[i].name, capabilities[i].why);
	if (!f->debuginfod)
		buf_addf(out, "  DEBUGINFOD_URLS is not set: debug files come from this machine only\n");
}

static void print_text(struct buf *out, const struct system_facts *f)
{
	const struct machine_rows *r = &f->rows;

	buf_addf(out, "Linux %s %s, %ld CPUs, sonde %s\n\nWays to profile, tried in this order\n",
		 f->uts.release, f->uts.machine, f->cpus, SONDE_VERSION);
	print_tier(out, 1, "bpf", f->tiers.bpf,
		   "every process, kernel and native frames in one stack, walked inside the kernel",
		   "32-bit processes' user stacks", f->tiers.bpf_why.text);
	print_tier(out, 2, "perf", f->tiers.perf, f->tiers.perf_kernel ?
		   "one's own processes (-p, -n, -- COMMAND), kernel and native frames" :
		   "one's own processes (-p, -n, -- COMMAND), native frames", f->tiers.perf_kernel ?
		   "other users' processes, -a, stacks deeper than 32 KB" :
		   "other users' processes, -a, time in the kernel, stacks deeper than 32 KB",
		   f->tiers.perf_why.text);
	print_tier(out, 3, "ptrace", f->tiers.ptrace,
		   "one's own processes (-p, -n, -- COMMAND), native frames; each thread is stopped for "
		   "a moment at each of its samples",
		   "other users' processes, -a, frames in the kernel, stacks deeper than 128 KB",
		   f->tiers.ptrace_why.text);
	buf_addf(out, "\nKernel\n  type information (BTF)      %s\n", f->btf ? "yes" : "no");
	buf_addf(out, "  function addresses          %s (kptr_restrict %ld)\n",
		 f->addresses ? "readable" : "hidden", f->kptr_restrict);
	buf_addf(out, "  perf_event_paranoid         %ld\n", f->paranoid);
	buf_addf(out, "  highest sampling rate       %ld Hz\n", f->rate_max);
	buf_addf(out, "\nUnwind rows of all that runs here\n  %u processes, %u files, %llu functions, "
		      "%llu rows, %u distinct rules\n  %.1f MB in the kernel if all were sampled "
		      "(loaded as stacks need them), built in %.0f ms\n", r->processes, r->files,
		 (unsigned long long)r->fdes, (unsigned long long)r->rows, r->rules,
		 (double)r->bytes / 1e6, (double)r->build_ns / 1e6);
	print_missing(out, f);
}

static void json_tiers(struct json *json, const struct machine_tiers *tiers)
{
	json_key(json, "tiers");
	json_open(json, '{');
	json_key(json, "bpf");
	json_bool(json, tiers->bpf);
	json_key(json, "perf");
	json_bool(json, tiers->perf);
	json_key(json, "perf_sees_kernel");
	json_bool(json, tiers->perf_kernel);
	json_key(json, "ptrace");
	json_bool(json, tiers->ptrace);
	json_close(json, '}');
}

static void json_number(struct json *json, const char *name, int64_t value)
{
	json_key(json, name);
	json_int(json, value);
}

static void print_json(struct buf *out, const struct system_facts *f)
{
	const struct machine_rows *r = &f->rows;
	struct json json = { .out = out };

	json_open(&json, '{');
	json_number(&json, "version", 1);
	json_key(&json, "kernel");
	json_str(&json, str_of(f->uts.release));
	json_number(&json, "cpus", f->cpus);
	json_key(&json, "btf");
	json_bool(&json, f->btf);
	json_key(&json, "kernel_addresses");
	json_bool(&json, f->addresses);
	json_number(&json, "perf_event_paranoid", f->paranoid);
	json_number(&json, "rate_max_hz", f->rate_max);
	json_tiers(&json, &f->tiers);
	json_key(&json, "rows");
	json_open(&json, '{');
	json_number(&json, "processes", r->processes);
	json_number(&json, "files", r->files);
	json_number(&json, "rows", (int64_t)r->rows);
	json_number(&json, "rules", r->rules);
	json_number(&json, "bytes", (int64_t)r->bytes);
	json_number(&json, "build_ns", (int64_t)r->build_ns);
	json_close(&json, '}');
	json_close(&json, '}');
	buf_add_u8(out, '\n');
}

int run_system(const struct command *command, int argc, char **argv)
{
	struct args args = { .command = command, .argc = argc, .argv = argv };
	struct system_facts facts = { 0 };
	struct err err = { 0 };
	struct buf out = { 0 };
	bool as_json = false;
	int id, rc;

	while ((id = args_next(&args)) != ARG_END) {
		if (id == ARG_HELP)
			return EXIT_DONE;
		if (id == ARG_BAD)
			return EXIT_USAGE;
		if (id == ARG_WORD)
			return usage_error(command, "takes no '%s'", args.value);
		as_json = true;
	}
	rc = gather(&facts, &err);
	if (rc == 0) {
		if (as_json)
			print_json(&out, &facts);
		else
			print_text(&out, &facts);
		rc = print_all(buf_str(&out), &err);
	}
	buf_fini(&out);
	return rc < 0 ? failed("%s", err.text[0] ? err.text : err_text(rc)) : EXIT_DONE;
}
