/* SPDX-License-Identifier: Apache-2.0 */
/* base/truncation.h
 *
 * Outliving a mapped file that somebody cuts short.
 *
 * A binary may be overwritten in place while we read it (cp new.so old.so during a recording): the
 * pages behind its new end are gone, and touching one raises SIGBUS. Such a page then reads as zeros,
 * which parsers of hostile bytes take for damage.
 */
#ifndef SONDE_BASE_TRUNCATION_H
#define SONDE_BASE_TRUNCATION_H

/* Handles SIGBUS for the whole process from now on: call it once, from main(). A SIGBUS that no
 * mapping can explain (a machine check) still ends the process. 0 or -errno. */
int truncation_survive(void);

#endif
