/* SPDX-License-Identifier: Apache-2.0 */
/* format/losses.h
 *
 * What of a profile a format cannot hold. Each row of the table of formats says which parts of the model it
 * keeps (format.h: .keeps); what a profile has and the row does not keep is told to who converts.
 */
#ifndef SONDE_FORMAT_LOSSES_H
#define SONDE_FORMAT_LOSSES_H

#include <stdint.h>

/* The parts. X(ENUM, "words for a person") */
#define PROFILE_PARTS(X)                                                \
	X(STACKS, "whole stacks (who called whom is kept)")             \
	X(TYPES, "the other value types")                               \
	X(UNIT, "name and unit of the values")                          \
	X(TIMES, "times of samples")                                    \
	X(THREADS, "threads")                                           \
	X(PROCESSES, "processes")                                       \
	X(LABELS, "other labels")                                       \
	X(LINES, "lines")                                               \
	X(COLUMNS, "columns")                                           \
	X(FILES, "source files")                                        \
	X(LINKAGE, "linkage names")                                     \
	X(MODULES, "modules")                                           \
	X(BUILD_IDS, "build ids")                                       \
	X(ADDRESSES, "addresses")                                       \
	X(KINDS, "kinds of frames")                                     \
	X(INLINED, "which calls were inlined")                          \
	X(DURATION, "start and duration")                               \
	X(PERIOD, "the period")                                         \
	X(STATISTICS, "statistics of the recording")                    \
	X(COMMENTS, "comments")

enum profile_part {
#define X(id, words) PART_##id,
	PROFILE_PARTS(X)
#undef X
	PROFILE_PART_COUNT
};

/* Beside the parts: values below zero, as a difference has them (format.h: .clamps). */
#define LOST_NEGATIVES (1u << PROFILE_PART_COUNT)

#define KEEPS(part) (1u << PART_##part)
#define KEEPS_ALL ((1u << PROFILE_PART_COUNT) - 1)

struct buf;
struct format;
struct profile;

/* Bits (1 << part) of what the profile has and the format, which writes, does not keep; 0 for a format that is
 * never read back. */
uint32_t format_losses(const struct format *format, const struct profile *profile);

/* "times of samples, threads, lines" */
void losses_add_words(struct buf *out, uint32_t losses);

#endif
