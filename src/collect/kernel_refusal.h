/* SPDX-License-Identifier: Apache-2.0 */
/* collect/kernel_refusal.h - why the kernel did not take Sonde's BPF programs: the sentence, by what is tried out. */
#ifndef SONDE_COLLECT_KERNEL_REFUSAL_H
#define SONDE_COLLECT_KERNEL_REFUSAL_H

struct err;

/* For what loading them ended with: -EPERM, -ENOTSUP, or rc itself. */
int kernel_refusal(struct err *err, int rc);

#endif
