/* SPDX-License-Identifier: Apache-2.0 */
/* The names of processes, and finding them by those. */
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "proc/process.h"
#include "proc/procfile.h"

#define COMMAND_LINE_MAX ((size_t)4 << 20)	/* two megabytes are the most the kernel takes */

static bool matches(const regex_t *regex, struct str name)
{
	char text[PATH_MAX];

	name = str_head(name, sizeof(text) - 1);
	if (!name.n)
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return regexec(regex, text, 0, NULL, 0) == 0;
}

static bool comm_matches(const regex_t *regex, pid_t pid)
{
	char comm[16];

	return process_comm(pid, pid, comm) == 0 && matches(regex, str_of(comm));
}

struct str process_executable(pid_t pid, char path[PATH_MAX])
{
	static const struct str deleted = { " (deleted)", 10 };
	char link[6 + PROCFILE_PATH_MAX];
	struct str name;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, path, PATH_MAX);
	if (n <= 0)
		return (struct str){ 0 };
	name = str_over(path, (size_t)n);
	if (str_ends(name, deleted))
		name.n -= deleted.n;
	return str_basename(name);
}

bool process_is_thread_name(struct str name)
{
	return str_eq(name, STR("MainThread")) || str_eq(name, STR("node-MainThread"));
}

int process_name(pid_t pid, char ret_name[16])
{
	char path[PATH_MAX];
	struct str name;
	int rc = process_comm(pid, pid, ret_name);

	if (rc < 0 || !process_is_thread_name(str_of(ret_name)))
		return rc;
	name = process_executable(pid, path);
	if (name.n)
		snprintf(ret_name, 16, "%.*s", name.n < 16 ? (int)name.n : 15, name.p);
	return 0;
}

static bool executable_matches(const regex_t *regex, pid_t pid)
{
	char path[PATH_MAX];

	return matches(regex, process_executable(pid, path));
}

static bool command_line_matches(const regex_t *regex, pid_t pid)
{
	struct buf buf = { 0 };
	bool yes = false;

	if (procfile_read(&buf, COMMAND_LINE_MAX, "%d/cmdline", pid) == 0) {
		struct str rest = buf_str(&buf);

		yes = matches(regex, str_basename(str_cut(&rest, '\0')));
	}
	buf_fini(&buf);
	return yes;
}

static void keep_matching(struct pid_list *list, const regex_t *regex)
{
	pid_t self = getpid();
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		pid_t pid = list->items[i];

		if (pid != self && (comm_matches(regex, pid) || executable_matches(regex, pid) ||
				    command_line_matches(regex, pid)))
			list->items[n++] = pid;
	}
	list->n = n;
}

int process_list_by_name(struct pid_list *list, const char *pattern, struct err *err)
{
	char why[200];
	regex_t regex;
	int rc = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	list->n = 0;
	if (rc) {
		regerror(rc, &regex, why, sizeof(why));
		return err_fail(err, -EINVAL, "'%s' is no regular expression: %s", pattern, why);
	}
	rc = process_list_all(list, err);
	if (rc == 0)
		keep_matching(list, &regex);
	regfree(&regex);
	if (rc == 0 && !list->n)
		rc = err_fail(err, -ESRCH, "no process is named '%s' (ps -e lists them)", pattern);
	return rc;
}
