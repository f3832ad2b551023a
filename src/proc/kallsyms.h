/* SPDX-License-Identifier: Apache-2.0 */
/* proc/kallsyms.h - the running kernel's functions, from /proc/kallsyms. */
#ifndef SONDE_PROC_KALLSYMS_H
#define SONDE_PROC_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;

struct kallsyms {
	uint64_t *addresses;	/* ascending */
	uint32_t *names;	/* offsets into text */
	uint32_t *modules;	/* offsets into text; 0: the kernel itself */
	uint32_t n;
	char *text;
	bool hidden;		/* kptr_restrict: all addresses read as 0, nothing can be named */
};

int kallsyms_load(struct kallsyms *kallsyms, struct err *err);

/* The same from text, for tests and fuzzing. */
int kallsyms_parse(struct kallsyms *kallsyms, struct str text, struct err *err);
void kallsyms_fini(struct kallsyms *kallsyms);

/* The function that holds a kernel address. False when none does. ret_module is "" for the kernel
 * itself, "ext4" for a module, "bpf" for a JIT-compiled BPF program. */
bool kallsyms_find(const struct kallsyms *kallsyms, uint64_t address, struct str *ret_name,
		   struct str *ret_module);

#endif
