/* SPDX-License-Identifier: Apache-2.0 */
/* cli/place.h - the rooms that know ELF files, lent to readers that need functions to make stacks of what
 * they read (format/input.h). */
#ifndef SONDE_CLI_PLACE_H
#define SONDE_CLI_PLACE_H

#include <stdint.h>

struct err;
struct profile;

/* read_aid.place. Needs no context. */
int place_addresses(void *context, struct profile *profile, const char *binary, const uint64_t *vaddrs,
		    uint32_t n, uint32_t *ret_frames, struct err *err);

#endif
