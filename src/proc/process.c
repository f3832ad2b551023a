/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "proc/procfile.h"

#define STATUS_BYTES_MAX ((size_t)64 << 10)
#define PF_KTHREAD 0x00200000	/* linux/sched.h */

/* Fields of /proc/PID/stat, counted from 1 (proc(5)). */
enum { STAT_STATE = 3, STAT_PARENT = 4, STAT_FLAGS = 9, STAT_START_TIME = 22 };

void pid_list_fini(struct pid_list *list)
{
	free(list->items);
	*list = (struct pid_list){ 0 };
}

int process_list_all(struct pid_list *list, struct err *err)
{
	int rc = procfile_list_numbers(list, "/proc");

	if (rc < 0)
		return err_fail(err, rc, "cannot list the processes: /proc: %s", err_text(rc));
	if (!list->n)
		return err_fail(err, -ENOENT, "cannot list the processes: /proc is not mounted");
	return 0;
}

int process_threads(struct pid_list *list, pid_t pid, struct err *err)
{
	char path[6 + PROCFILE_PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	rc = procfile_list_numbers(list, path);
	if (rc == -ESRCH)
		return err_fail(err, rc, "there is no process %d", pid);
	if (rc < 0)
		return err_fail(err, rc, "cannot list the threads of process %d: %s", pid,
				err_text(rc));
	return 0;
}

/* One field of a stat file's text. The command name, field 2, may hold anything, so fields are
 * counted from its last bracket. Empty when there is none. */
static struct str stat_field(struct str text, int wanted)
{
	ptrdiff_t bracket = str_rfind(text, ')');
	struct str rest = bracket < 0 ? (struct str){ 0 } : str_skip(text, (size_t)bracket + 2);

	for (int field = STAT_STATE; rest.p && field < wanted; field++)
		str_cut(&rest, ' ');
	return rest.p ? str_trim(str_cut(&rest, ' ')) : rest;
}

static uint64_t stat_number(pid_t pid, int field)
{
	struct buf buf = { 0 };
	uint64_t value = 0;

	if (procfile_read(&buf, STATUS_BYTES_MAX, "%d/stat", pid) == 0)
		str_parse_u64(stat_field(buf_str(&buf), field), 10, &value);
	buf_fini(&buf);
	return value;
}

uint64_t process_start_ticks(pid_t pid)
{
	return stat_number(pid, STAT_START_TIME);
}

static bool is_among(const pid_t *pids, uint32_t n, pid_t pid)
{
	for (uint32_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int process_list_below(struct pid_list *list, const pid_t *pids, uint32_t n, struct err *err)
{
	struct pid_list all = { 0 }, parents = { 0 };	/* side by side */
	int rc = process_list_all(&all, err);
	uint32_t before;

	list->n = 0;
	for (uint32_t i = 0; rc == 0 && i < all.n; i++)
		rc = pid_list_add(&parents, (pid_t)stat_number(all.items[i], STAT_PARENT));
	do {
		before = list->n;
		for (uint32_t i = 0; rc == 0 && i < all.n; i++) {
			pid_t pid = all.items[i], parent = parents.items[i];

			if ((is_among(pids, n, parent) || is_among(list->items, list->n, parent)) &&
			    !is_among(pids, n, pid) && !is_among(list->items, list->n, pid))
				rc = pid_list_add(list, pid);
		}
	} while (rc == 0 && list->n > before);
	pid_list_fini(&all);
	pid_list_fini(&parents);
	pid_list_sort(list);
	return rc;
}

bool process_is_kernel_thread(pid_t pid)
{
	return stat_number(pid, STAT_FLAGS) & PF_KTHREAD;
}

/* The last number of a status line such as "NSpid:\t4711\t12\t1"; 0 when there is none. */
static pid_t status_pid(struct str text, struct str key)
{
	struct str value = procfile_field(text, key);
	uint64_t pid = 0;

	str_parse_u64(str_skip(value, (size_t)(str_rfind(value, '\t') + 1)), 10, &pid);
	return pid <= INT32_MAX ? (pid_t)pid : 0;
}

static pid_t status_number(pid_t pid, struct str key)
{
	struct buf buf = { 0 };
	pid_t number = 0;

	if (procfile_read(&buf, STATUS_BYTES_MAX, "%d/status", pid) == 0)
		number = status_pid(buf_str(&buf), key);
	buf_fini(&buf);
	return number;
}

pid_t process_pid_in_namespace(pid_t pid)
{
	pid_t inner = status_number(pid, STR("NSpid:"));

	return inner ? inner : pid;
}

pid_t process_of_thread(pid_t tid)
{
	return status_number(tid, STR("Tgid:"));
}

pid_t process_tracer(pid_t pid)
{
	return status_number(pid, STR("TracerPid:"));
}

/* A zombie whose other threads live on (its main thread has ended) can be profiled; one that has
 * none is only waiting to be reaped. */
static bool has_ended(pid_t pid, struct str status)
{
	struct str state = procfile_field(status, STR("State:"));
	struct pid_list threads = { 0 };
	bool ended;

	if (!state.n || (state.p[0] != 'Z' && state.p[0] != 'X'))
		return false;
	ended = process_threads(&threads, pid, NULL) < 0 || threads.n < 2;
	pid_list_fini(&threads);
	return ended;
}

int process_check(pid_t pid, struct err *err)
{
	struct buf buf = { 0 };
	pid_t leader;
	int rc;

	rc = pid > 0 ? procfile_read(&buf, STATUS_BYTES_MAX, "%d/status", pid) : -ESRCH;
	if (rc == -ESRCH) {
		err_set(err, "there is no process %d", pid);
		goto out;
	}
	if (rc < 0) {
		err_set(err, "cannot look at process %d: %s", pid, err_text(rc));
		goto out;
	}
	leader = status_pid(buf_str(&buf), STR("Tgid:"));
	if (leader && leader != pid)
		rc = err_fail(err, -ESRCH, "%d is a thread of process %d: name the process", pid,
			      leader);
	else if (has_ended(pid, buf_str(&buf)))
		rc = err_fail(err, -ESRCH,
			      "process %d has ended and only waits to be reaped by its parent", pid);
out:
	buf_fini(&buf);
	return rc;
}

int process_comm(pid_t pid, pid_t tid, char ret_comm[16])
{
	struct buf buf = { 0 };
	int rc = procfile_read(&buf, STATUS_BYTES_MAX, "%d/task/%d/comm", pid, tid);

	if (rc == 0) {
		struct str comm = buf_str(&buf);

		if (comm.n && comm.p[comm.n - 1] == '\n')
			comm.n--;
		comm = str_head(comm, 15);
		memcpy(ret_comm, comm.p ? comm.p : "", comm.n);
		ret_comm[comm.n] = '\0';
	}
	buf_fini(&buf);
	return rc;
}

ssize_t process_read(pid_t pid, uint64_t address, void *out, size_t n)
{
	struct iovec local = { .iov_base = out, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = n };
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return got < 0 ? -errno : got;
}

bool process_read_whole(void *pid, void *out, size_t n, uint64_t address)
{
	return process_read(*(const pid_t *)pid, address, out, n) == (ssize_t)n;
}
