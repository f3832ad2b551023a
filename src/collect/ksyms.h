/* SPDX-License-Identifier: Apache-2.0 */
/* collect/ksyms.h
 *
 * The names of kernel addresses, asked of the kernel one by one (bpf/ksym.bpf.c): two microseconds each.
 * Reading /proc/kallsyms for them takes 50 milliseconds, however few they are.
 * Threads: one.
 */
#ifndef SONDE_COLLECT_KSYMS_H
#define SONDE_COLLECT_KSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct ksyms;

/* NULL where the kernel does not let us: /proc/kallsyms remains. */
struct ksyms *ksyms_open(void);

/* The function that holds an address, and "" or the module it is in; lent until ksyms_close(). False when
 * the question could not be asked; an address without a name is an empty name. */
bool ksyms_find(struct ksyms *ksyms, uint64_t address, struct str *ret_name, struct str *ret_module);

/* NULL is legal. */
void ksyms_close(struct ksyms *ksyms);

#endif
