/* SPDX-License-Identifier: Apache-2.0 */
/* proc/kernelbtf.h
 *
 * Where the running kernel keeps a member of one of its structures, from its type information
 * (/sys/kernel/btf/vmlinux, https://docs.kernel.org/bpf/btf.html).
 *
 * libbpf can find that out too (CO-RE), but reads and indexes all 5 MB for it, 10 ms at every start: a
 * third of what a short recording costs. We ask for three members, in a structure that stands near the
 * beginning.
 */
#ifndef SONDE_PROC_KERNELBTF_H
#define SONDE_PROC_KERNELBTF_H

#include <stdint.h>

#include "base/file.h"
#include "base/str.h"

struct err;

struct kernel_btf {
	struct mapped_file file;
	struct str types, strings;	/* lent by the file, or by who called kernel_btf_parse() */
};

/* -ENOENT where the kernel has no type information, -EBADMSG where it is damaged. */
int kernel_btf_open(struct kernel_btf *btf, struct err *err);

/* The same over bytes, for tests and fuzzing. */
int kernel_btf_parse(struct kernel_btf *btf, struct str bytes, struct err *err);

/* The offset in bytes of a member of the structure of that name; members of anonymous structures inside
 * count as its own. -ENOENT when there is none (or it is a bit field). */
int kernel_btf_find_member(const struct kernel_btf *btf, struct str structure, struct str member,
			   uint32_t *ret_offset);

void kernel_btf_close(struct kernel_btf *btf);

#endif
