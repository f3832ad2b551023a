/* SPDX-License-Identifier: Apache-2.0 */
/* unwind/special.h
 *
 * Code whose CFI is absent or says too little, known by its bytes: process entry stubs, signal
 * trampolines, PLTs.
 */
#ifndef SONDE_UNWIND_SPECIAL_H
#define SONDE_UNWIND_SPECIAL_H

struct cfi;
struct elf;
struct unwind_rules;

/* Adds to, and changes, the sorted ranges of cfi, which are sorted again after. 0 or -ENOMEM. */
int special_add(struct cfi *cfi, const struct elf *elf, struct unwind_rules *rules);

#endif
