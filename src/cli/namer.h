/* SPDX-License-Identifier: Apache-2.0 */
/* cli/namer.h
 *
 * Who on this machine can name the addresses of a module that a profile tells of, and whether it is what was
 * profiled:
 *
 *   /usr/bin/app           the file there, if it has that build id
 *   [kernel]               the running kernel, if it has that build id (addresses are live)
 *   [vdso]                 our own, if it has that build id
 *   /tmp/perf-1234.map     that map, if it was written since the profile began (addresses are live)
 */
#ifndef SONDE_CLI_NAMER_H
#define SONDE_CLI_NAMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "proc/perfhome.h"

struct err;
struct ksyms;
struct mapped_file;
struct profile;
struct stat;
struct symbol_object;

struct namer {
	struct symbol_object *object;
	struct ksyms *ksyms;		/* the object's, of the kernel; NULL: none */
	const char *reason;		/* why it cannot be asked; NULL: it can */
	bool takes_mappings;		/* a file: its vaddrs follow from where it was mapped */
	struct perf_home home;
};

#define NAMER_CLOSED ((struct namer){ .home = PERF_HOME_NONE })

/* Whether a file was written after the profile was taken, as far as the profile says when that was: then, without a
 * build id, it may be any other build. */
bool namer_is_younger(const struct stat *file, const struct profile *profile);

/* The running kernel's build id, raw, lent by `notes`, which the caller closes; empty where it cannot be had. */
struct str namer_running_kernel(struct mapped_file *notes);

/* Whether the frame is one that somebody may be asked for: it has a module and an address, and no name. */
bool namer_wanted(const struct profile *profile, uint32_t frame);

/* Whether it is a language runtime's own, of a file that can be told for the same, and has a name without a place. */
bool namer_line_wanted(const struct profile *profile, uint32_t frame);

/* The one for the module of such a frame, before the first file is read. 0 or -ENOMEM. */
int namer_open(struct namer *namer, const struct profile *profile, uint32_t module, struct err *err);
void namer_close(struct namer *namer);

#endif
