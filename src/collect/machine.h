/* SPDX-License-Identifier: Apache-2.0 */
/* collect/machine.h
 *
 * What this machine permits this user, and what the whole of it would cost: for `sonde system`.
 */
#ifndef SONDE_COLLECT_MACHINE_H
#define SONDE_COLLECT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct machine_tiers {
	bool bpf, perf, ptrace;	/* whether each tier works for this user, tried out */
	bool perf_kernel;	/* the second one sees the kernel too */
	struct err bpf_why, perf_why, ptrace_why;	/* sentences, where not */
};

void machine_try_tiers(struct machine_tiers *ret_tiers);

struct machine_rows {
	uint32_t processes, files;	/* read; mapped executable, each once */
	uint64_t rows, fdes;
	uint64_t bytes;		/* what all rows take in the kernel */
	uint32_t rules;		/* in the dictionary they share */
	uint64_t build_ns;	/* it took to build them all */
};

/* Builds the rows of every file that some process has mapped (and throws them away). 0 or -errno. */
int machine_measure_rows(struct machine_rows *ret_rows, struct err *err);

#endif
