/* SPDX-License-Identifier: Apache-2.0 */
/* collect/records.h
 *
 * Makes samples of the records that a tier sends (abi/sample.h).
 *
 *   SAMPLE_WALKED   the frames, walked in the kernel
 *   SAMPLE_COPIED   registers and stack: walked here, with the rows and mappings it takes
 *   SAMPLE_CODE     no sample: a code object, kept for the frames that name it
 *
 * Live addresses become (image, vaddr), words of interpreted frames become code objects and lines,
 * activities become labels, and a thread gets the name that its program knows it by.
 * What the process did before a record must have been applied to `processes` (processes_apply()).
 *
 * Threads: one.
 */
#ifndef SONDE_COLLECT_RECORDS_H
#define SONDE_COLLECT_RECORDS_H

#include "collect/cpu.h"

struct images;
struct processes;
struct records;
struct sample_hdr;

/* Images and processes are borrowed. NULL when out of memory. */
struct records *records_new(struct images *images, struct processes *processes,
			    cpu_sample_fn handle, void *context);
void records_free(struct records *records);	/* NULL is legal */

/* Which tier the records come from; before the first. */
void records_set_tier(struct records *records, enum cpu_tier tier);

/* Whether a record is as long as it says. */
bool records_well_formed(const struct sample_hdr *hdr, size_t bytes);

/* Takes a well-formed record. Returns 0, -ENOMEM, or what the handler returned. */
int records_take(struct records *records, const struct sample_hdr *hdr);

/* Samples whose goroutine's or task's labels could not be read in time. */
uint64_t records_lost_labels(const struct records *records);

#endif
