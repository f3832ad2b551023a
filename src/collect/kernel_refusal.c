/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/kernel_refusal.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"

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

int kernel_refusal(struct err *err, int rc)
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
