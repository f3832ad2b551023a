/* SPDX-License-Identifier: Apache-2.0 */
/* cli/readings.h - several profiles, read at the same time and looked at in the same way. */
#ifndef SONDE_CLI_READINGS_H
#define SONDE_CLI_READINGS_H

#include "cli/reading.h"

struct readings {
	struct reading *items;
	uint32_t n;
};

/* Reads all files (a NULL path: FILE_DEFAULT_NAME), with the options that `common` was given. The sentence of
 * a failure names the file. readings_close() in any case. */
int readings_open(struct readings *readings, const struct reading *common, const char *const *paths,
		  uint32_t n, struct err *err);

/* Sets each .type to the same value type in all: that of --type, or else the first file's default. Fails
 * where a file has none of it, or counts it in another unit. CPU time has several names (cpu, cpu-clock, task-clock). */
int readings_agree(struct readings *readings, struct err *err);
void readings_close(struct readings *readings);

#endif
