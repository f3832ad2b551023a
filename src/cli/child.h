/* SPDX-License-Identifier: Apache-2.0 */
/* cli/child.h
 *
 * The COMMAND we start: a child that waits until the profiler is ready, then becomes the command.
 */
#ifndef SONDE_CLI_CHILD_H
#define SONDE_CLI_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

struct child {
	pid_t pid;	/* 0: none */
	int go_fd;	/* closing it without a byte ends the child */
	int error_fd;	/* errno of a failed exec comes here */
	bool never_ran;	/* exec failed */
	bool ended;
	int status;	/* of waitpid, once ended */
};

/* Forks; the child waits. */
int child_start(struct child *child, char **command, struct err *err);

/* Where a command's file is, as execvp() would find it. False when nowhere. */
bool child_find_file(const char *command, char *ret_path, size_t size);

/* Lets it become the command. -ENOENT, -EACCES, ... when there is no such command. */
int child_go(struct child *child, char **command, struct err *err);

/* Looks (wait: waits) whether it has ended. */
bool child_ended(struct child *child, bool wait);

/* Its exit code as a shell would give it: 128 + signal when a signal ended it. */
int child_exit_code(const struct child *child);

/* Ends a child that never became the command. */
void child_abandon(struct child *child);

#endif
