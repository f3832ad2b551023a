/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Asks the kernel for the name of one of its own addresses, as it prints them in a backtrace. Run by the
 * host, once an address. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi/ksym.h"

struct ksym_query query;	/* the question, and its answer */

SEC("syscall")
int name_address(void *context)
{
	static const char format[] = "%ps";

	query.n = (int32_t)bpf_snprintf(query.text, sizeof(query.text), format, &query.address,
					sizeof(query.address));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
