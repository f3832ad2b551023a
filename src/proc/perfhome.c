/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/perfhome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "proc/process.h"

#define START_SLACK_S 2		/* a process's start is told in ticks, a file's time by a coarse clock */
#define PATH_BYTES 64		/* "/proc/2147483647/root/tmp", "perf-2147483647.map" */

/* Seconds since 1970. */
static int64_t start_time_s(uint64_t ticks)
{
	long hz = sysconf(_SC_CLK_TCK);
	int64_t booted_s = (int64_t)(clock_wall_ns() / 1000000000u) -
			   (int64_t)(clock_ns(CLOCK_BOOTTIME) / 1000000000u);

	return ticks ? booted_s + (int64_t)(ticks / (uint64_t)(hz > 0 ? hz : 100)) : 0;
}

void perf_home_open(struct perf_home *home, pid_t pid)
{
	char path[PATH_BYTES];
	struct stat st;

	*home = (struct perf_home){ .pid = pid, .uid = geteuid() };
	home->start_ticks = process_start_ticks(pid);
	home->start_s = start_time_s(home->start_ticks);
	if (home->start_ticks)
		home->pid = process_pid_in_namespace(pid);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st) == 0)
		home->uid = st.st_uid;
	snprintf(path, sizeof(path), home->start_ticks ? "/proc/%d/root/tmp" : "/tmp", pid);
	home->dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int perf_home_open_map(const struct perf_home *home)
{
	char name[PATH_BYTES];
	struct stat st;
	int fd;

	if (home->dir_fd < 0)
		return -ENOENT;
	snprintf(name, sizeof(name), "perf-%d.map", home->pid);
	fd = openat(home->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == 0 || st.st_uid == geteuid() || st.st_uid == home->uid) &&
	    st.st_mtime >= home->start_s - START_SLACK_S)
		return fd;
	close(fd);
	return -ENOENT;
}

void perf_home_close(struct perf_home *home)
{
	if (home->dir_fd >= 0)
		close(home->dir_fd);
	*home = PERF_HOME_NONE;
}
