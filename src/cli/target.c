/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

#define WATCHED_MAX 64	/* each is a descriptor */

bool target_option(struct target *target, int id, const char *value)
{
	switch (id) {
	case 'p':
		target->pids = value;
		return true;
	case 'n':
		target->name = value;
		return true;
	case 256:
		target->cgroup = value;
		return true;
	case 'a':
		target->all = true;
		return true;
	}
	return false;
}

bool target_pids_valid(const char *text)
{
	struct str rest = str_of(text);
	bool valid = true;
	uint64_t pid;

	while (rest.p)
		valid &= str_parse_u64(str_trim(str_cut(&rest, ',')), 10, &pid) == 0 && pid > 0 &&
			 pid <= INT32_MAX;
	return valid;
}

int target_given(const struct target *target)
{
	return !!target->pids + !!target->name + !!target->cgroup + target->all +
	       !!target->command;
}

static int parse_pids(struct target *target, struct err *err)
{
	struct str rest = str_of(target->pids);

	while (rest.p) {
		uint64_t pid = 0;
		int rc;

		str_parse_u64(str_trim(str_cut(&rest, ',')), 10, &pid);
		rc = process_check((pid_t)pid, err);
		if (rc < 0)
			return rc;
		if (VEC_RESERVE(&target->list.items, &target->list.cap,
				(uint64_t)target->list.n + 1) < 0)
			return -ENOMEM;
		target->list.items[target->list.n++] = (pid_t)pid;
	}
	return 0;
}

static void describe_pids(struct target *target)
{
	char comm[16] = "";

	if (target->list.n == 1 && process_name(target->list.items[0], comm) == 0)
		snprintf(target->words, sizeof(target->words), "pid %d (%s)",
			 target->list.items[0], comm);
	else if (target->name)
		snprintf(target->words, sizeof(target->words), "%u processes named %.100s",
			 target->list.n, target->name);
	else
		snprintf(target->words, sizeof(target->words), "pids %.200s", target->pids);
}

static int resolve_cgroup(struct target *target, struct err *err)
{
	struct err why = { 0 };

	snprintf(target->words, sizeof(target->words), "cgroup %.200s", target->cgroup);
	if (cgroup_v2_id(target->cgroup, &target->cgroup_id, &why) == 0) {
		target->by_cgroup_id = true;
		return 0;
	}
	return process_list_by_cgroup(&target->list, target->cgroup, err);
}

int target_resolve(struct target *target, struct err *err)
{
	int rc = 0;

	if (target->all) {
		snprintf(target->words, sizeof(target->words), "the whole machine");
	} else if (target->command) {
		snprintf(target->words, sizeof(target->words), "command %.200s",
			 target->command[0]);
	} else if (target->cgroup) {
		rc = resolve_cgroup(target, err);
	} else {
		rc = target->pids ? parse_pids(target, err) :
				    process_list_by_name(&target->list, target->name, err);
		if (rc == 0)
			describe_pids(target);
	}
	return rc;
}

/* Not of one that has ended and that its parent has not asked after yet: to that one a signal can be sent. */
static bool is_alive(pid_t pid)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	bool alive;

	if (ended.fd < 0)
		return errno != ESRCH && (kill(pid, 0) == 0 || errno == EPERM);
	alive = poll(&ended, 1, 0) == 0;
	close(ended.fd);
	return alive;
}

bool target_alive(const struct target *target)
{
	for (uint32_t i = 0; i < target->list.n; i++)
		if (is_alive(target->list.items[i]))
			return true;
	return target->all || target->by_cgroup_id;
}

static int watch_process(int epoll, pid_t pid)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), rc;

	if (fd < 0)
		return -errno;
	/* the descriptor stays open until we end: closing it would end the watch */
	rc = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
	if (rc < 0)
		close(fd);
	return rc;
}

int target_watch(const struct target *target, pid_t child)
{
	int epoll = target->list.n > WATCHED_MAX ? -1 : epoll_create1(EPOLL_CLOEXEC);
	int rc = epoll < 0 ? -ENOTSUP : 0;

	if (rc == 0 && child)
		rc = watch_process(epoll, child);
	for (uint32_t i = 0; rc == 0 && i < target->list.n; i++) {
		rc = watch_process(epoll, target->list.items[i]);
		if (rc == -ESRCH)	/* has ended already */
			rc = 0;
	}
	if (rc == 0)
		return epoll;
	if (epoll >= 0)
		close(epoll);
	return -1;
}

void target_watch_seen(int watch)
{
	struct epoll_event events[16];

	while (epoll_wait(watch, events, 16, 0) > 0)
		;
}

void target_fini(struct target *target)
{
	pid_list_fini(&target->list);
}
