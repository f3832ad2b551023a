/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata.h
 *
 * perf.data: what `perf record` writes, to a file or (another layout) down a pipe.
 *
 *   perfdata_head     the file: which events, what is known of the machine, where the records are
 *   perfdata_feature  what is known of the machine and the files, of the head
 *   perfdata_event    one record: what is where in a sample, by what its event was asked to write
 *   perfdata_order    records in the order of time, of which a file keeps only so much as it must
 *   perfdata_task     processes, threads, and what code each has mapped where, at the time reached
 *   perfdata_code     addresses -> frames, with what the caller's machine knows of the files
 *   perfdata_expect   which files will be asked for names, told ahead of time
 *   perfdata_stack    a sample's stack -> frames
 *   perfdata_chains   call chains that were met before
 *   perfdata_files    a recording that is a directory
 *   perfdata_changes  records of mappings, names, forks -> tasks
 *   perfdata_samples  samples -> rows of the profile
 *   perfdata_values   what a sample counts
 *   perfdata_read     a file -> records in their turn
 *
 * (tools/perf/Documentation/perf.data-file-format.txt in Linux, perf_event_open(2), linux/perf_event.h.)
 */
#ifndef SONDE_FORMAT_PERFDATA_H
#define SONDE_FORMAT_PERFDATA_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool perfdata_detect(struct str head);

/* Frames come without functions, to be named from the files (format/input.h); copied stacks are walked only
 * where the aid can. */
int perfdata_read(struct profile *profile, struct input *input, struct err *err);

#endif
