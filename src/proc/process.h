/* SPDX-License-Identifier: Apache-2.0 */
/* proc/process.h - what /proc tells of processes and threads. */
#ifndef SONDE_PROC_PROCESS_H
#define SONDE_PROC_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct err;

struct pid_list {
	pid_t *items;	/* ascending */
	uint32_t n, cap;
};

void pid_list_fini(struct pid_list *list);

/* All processes (not threads), kernel threads included. */
int process_list_all(struct pid_list *list, struct err *err);

/* Processes whose command name (comm), executable's base name or command line's first word matches
 * the POSIX extended regular expression; never our own. -ESRCH when none does, -EINVAL for a bad
 * pattern. */
int process_list_by_name(struct pid_list *list, const char *pattern, struct err *err);

/* Processes in a cgroup and those below it; none is no error. `path` is absolute (/sys/fs/cgroup/...),
 * or relative to a cgroup mount (v2, or any v1 controller), also as /proc/PID/cgroup tells it, with a
 * slash in front. -ENOENT with a sentence when there is no such cgroup. */
int process_list_by_cgroup(struct pid_list *list, const char *path, struct err *err);

/* The id that bpf_get_current_cgroup_id() gives for a cgroup v2 path: its inode number. -ENOENT when
 * the path is of cgroup v1 (the caller then follows the processes). */
int cgroup_v2_id(const char *path, uint64_t *ret_id, struct err *err);

/* Processes that these have started, and those that they have: as long as whoever started one is there. */
int process_list_below(struct pid_list *list, const pid_t *pids, uint32_t n, struct err *err);

int process_threads(struct pid_list *list, pid_t pid, struct err *err);

/* 0, or -ESRCH with a sentence. */
int process_check(pid_t pid, struct err *err);

/* The process that a thread belongs to; 0 when it is gone. */
pid_t process_of_thread(pid_t tid);

/* Who traces a process or thread with ptrace(2); 0: nobody. */
pid_t process_tracer(pid_t pid);

/* The command name (at most 15 bytes) of a process or thread. */
int process_comm(pid_t pid, pid_t tid, char ret_comm[16]);

/* The base name of the file that a process runs, replaced or deleted since or not: in `path`, which holds all of it.
 * Empty: not to be had. */
struct str process_executable(pid_t pid, char path[PATH_MAX]);

/* Whether that is only what Node (since 24) calls the thread that runs the program: it says nothing of the program. */
bool process_is_thread_name(struct str name);

/* What a process is called (at most 15 bytes): its command name, or what its file is called where that is only its thread's. */
int process_name(pid_t pid, char ret_name[16]);

/* Clock ticks since boot when it started: tells a reused pid. 0 when it is gone. */
uint64_t process_start_ticks(pid_t pid);

bool process_is_kernel_thread(pid_t pid);

/* The pid as the process itself sees it (innermost pid namespace): names its perf-PID.map. */
pid_t process_pid_in_namespace(pid_t pid);

/* Opens what a process has mapped at [start, end): through map_files, then /proc/PID/root/path, then
 * the path; the first whose device and inode agree (inode 0: any). Returns an fd or -errno: -ESTALE
 * when another file has taken the name, -ENOENT for what is no regular file ("[vdso]", a device). */
int process_open_mapped(pid_t pid, uint64_t start, uint64_t end, struct str path, uint64_t inode,
			struct err *err);

/* Reads another process's memory. Bytes read (short at an unmapped page), or -errno. */
ssize_t process_read(pid_t pid, uint64_t address, void *out, size_t n);

/* All n bytes, or false, and then `out` may hold some of them. `pid` points to a pid_t: this is the
 * reader that runtime/ asks for, with its context. */
bool process_read_whole(void *pid, void *out, size_t n, uint64_t address);

#endif
