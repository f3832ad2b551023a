/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

static void become(int go_fd, int error_fd, char **command)
{
	char byte;
	int why;

	while (read(go_fd, &byte, 1) < 0 && errno == EINTR)
		;
	if (byte != 'g')
		_exit(127);
	signal(SIGPIPE, SIG_DFL);	/* what we ignore, the command must not */
	execvp(command[0], command);
	why = errno;
	(void)!write(error_fd, &why, sizeof(why));
	_exit(why == ENOENT ? 127 : 126);	/* as shells do: not found, cannot be run */
}

int child_start(struct child *child, char **command, struct err *err)
{
	int go[2], error[2];

	*child = (struct child){ .go_fd = -1, .error_fd = -1 };
	if (pipe2(go, O_CLOEXEC) < 0)
		return err_fail(err, -errno, "cannot start %s: %s", command[0], err_text(errno));
	if (pipe2(error, O_CLOEXEC) < 0) {
		close(go[0]);
		close(go[1]);
		return err_fail(err, -errno, "cannot start %s: %s", command[0], err_text(errno));
	}
	child->pid = fork();
	if (child->pid == 0) {
		close(go[1]);
		close(error[0]);
		become(go[0], error[1], command);
	}
	close(go[0]);
	close(error[1]);
	child->go_fd = go[1];
	child->error_fd = error[0];
	if (child->pid > 0)
		return 0;
	child->pid = 0;
	child_abandon(child);
	return err_fail(err, -errno, "cannot start %s: %s", command[0], err_text(errno));
}

bool child_find_file(const char *command, char *ret_path, size_t size)
{
	struct str rest = str_of(getenv("PATH")), name = str_of(command);

	if (str_find(name, '/') >= 0)
		return size >= PATH_MAX && realpath(command, ret_path);
	while (rest.p) {
		struct str folder = str_cut(&rest, ':');

		if ((size_t)snprintf(ret_path, size, "%.*s/%s", STR_ARG(folder), command) < size &&
		    access(ret_path, X_OK) == 0)
			return true;
	}
	return false;
}

int child_go(struct child *child, char **command, struct err *err)
{
	int why = 0;
	ssize_t n;

	(void)!write(child->go_fd, "g", 1);
	close(child->go_fd);
	child->go_fd = -1;
	do
		n = read(child->error_fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(child->error_fd);
	child->error_fd = -1;
	if (n != sizeof(why))
		return 0;
	child->never_ran = true;
	child_ended(child, true);
	return err_fail(err, -why, "cannot run %s: %s", command[0], err_text(why));
}

/* Whether it is only waiting for us to take its status. While it is traced (collect/tracer.h),
 * waitpid() would tell of its stops too, and take them from the tracer: look first. */
static bool is_over(const struct child *child, bool wait)
{
	int options = WEXITED | WNOWAIT | (wait ? 0 : WNOHANG);

	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)child->pid, &info, options) < 0) {
			if (errno == EINTR && wait)
				continue;
			return errno != EINTR;
		}
		if (info.si_pid && info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
			return true;
		if (!wait)
			return false;
		usleep(1000);	/* the tracer lets it go on in no time */
	}
}

bool child_ended(struct child *child, bool wait)
{
	pid_t got;

	if (!child->pid || child->ended)
		return child->ended;
	if (!is_over(child, wait))
		return false;
	do
		got = waitpid(child->pid, &child->status, wait ? 0 : WNOHANG);
	while (got < 0 && errno == EINTR && wait);
	child->ended = got == child->pid || (got < 0 && errno == ECHILD);
	return child->ended;
}

int child_exit_code(const struct child *child)
{
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) :
					    WEXITSTATUS(child->status);
}

void child_abandon(struct child *child)
{
	if (child->go_fd >= 0)
		close(child->go_fd);
	if (child->error_fd >= 0)
		close(child->error_fd);
	child->go_fd = child->error_fd = -1;
	if (child->pid)
		child_ended(child, true);
}
