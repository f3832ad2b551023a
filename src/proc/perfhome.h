/* SPDX-License-Identifier: Apache-2.0 */
/* proc/perfhome.h
 *
 * Where a process's perf map is, or will be, and who may have written it. Taken while the process
 * lives it still finds the map when the process has gone, and with it a root, a pid namespace or a
 * /tmp that only it had: the directory is held open.
 */
#ifndef SONDE_PROC_PERFHOME_H
#define SONDE_PROC_PERFHOME_H

#include <stdint.h>
#include <sys/types.h>

struct perf_home {
	int dir_fd;		/* its /tmp; -1: none */
	pid_t pid;		/* as the process sees it: names perf-PID.map */
	uid_t uid;
	uint64_t start_ticks;	/* process_start_ticks(); 0: it had gone, and this is our /tmp */
	int64_t start_s;	/* since 1970; 0: unknown */
};

#define PERF_HOME_NONE ((struct perf_home){ .dir_fd = -1 })

/* Never fails: without a directory there is no map. */
void perf_home_open(struct perf_home *home, pid_t pid);

/* Opens the map for reading: an fd, or -errno. -ENOENT too for one that is not believed: no regular
 * file, or of another user (but root and us), or older than the process. Pids come again, and
 * anyone may write to /tmp. */
int perf_home_open_map(const struct perf_home *home);

void perf_home_close(struct perf_home *home);

#endif
