/* SPDX-License-Identifier: Apache-2.0 */
/* cli/readings.h - several profiles, read at the same time and looked at in the same way. */
#ifndef SONDE_CLI_READINGS_H
#define SONDE_CLI_READINGS_H

#include "cli/reading.h"

struct readings {
	struct reading *items;
	uint32_t n;
};

/* Reads all files, with the options that `common` was given. Each .type is set, to the same value type in
 * all. The sentence of a failure names the file. */
int readings_open(struct readings *readings, const struct reading *common, const char *const *paths,
		  uint32_t n, struct err *err);
void readings_close(struct readings *readings);

#endif
