/* SPDX-License-Identifier: Apache-2.0 */
/* cli/target.h - TARGET on the command line: -p, -n, --cgroup, -a, or -- COMMAND. */
#ifndef SONDE_CLI_TARGET_H
#define SONDE_CLI_TARGET_H

#include <stdbool.h>

#include "proc/process.h"

struct err;

struct target {
	const char *pids, *name, *cgroup;	/* as given */
	bool all;
	char **command;		/* NULL-terminated; NULL: none */
	struct pid_list list;	/* resolved */
	bool by_cgroup_id;
	uint64_t cgroup_id;
	char words[256];	/* "pid 123 (nginx)", "the whole machine", ... */
};

#define TARGET_OPTIONS                                                                          \
	{ 'p', "pid", "PID[,PID]", "these processes, and the children they start" },           \
	{ 'n', "name", "PATTERN", "processes whose name matches (regular expression)" },       \
	{ 256, "cgroup", "PATH", "the processes of a control group (a container, a service)" }, \
	{ 'a', "all", NULL, "the whole machine" }

/* Takes one option; false when it is not one of TARGET_OPTIONS. */
bool target_option(struct target *target, int id, const char *value);

/* Whether a text is PID[,PID...]. */
bool target_pids_valid(const char *text);

/* How many kinds of target were given: must be 1. */
int target_given(const struct target *target);

/* Finds the processes (the pids are valid) and makes the words. 0 or -errno with a sentence. */
int target_resolve(struct target *target, struct err *err);

/* Whether any of the processes still lives. */
bool target_alive(const struct target *target);

/* A descriptor that becomes readable each time one of the processes, or `child` (0: none), ends, until
 * target_watch_seen(). -1 where that cannot be had (before Linux 5.3, or they are many): then they must be
 * looked at. The watch lasts until we end. */
int target_watch(const struct target *target, pid_t child);
void target_watch_seen(int watch);

void target_fini(struct target *target);

#endif
