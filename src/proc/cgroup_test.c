/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/test.h"
#include "proc/process.h"

static const char *const tops[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified",
				    "/sys/fs/cgroup/pids" };

/* sonde-test.PID/below, made in one hierarchy, with a child in `below`. */
struct place {
	char outer[100], inner[120], name[60];
	pid_t child;
};

static bool put(const char *dir, pid_t pid)
{
	char path[160];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = fopen(path, "r+");	/* only where it is there: the place may be a mere tmpfs */
	if (!file)
		return false;
	ok = fprintf(file, "%d", pid) > 0;
	return fclose(file) == 0 && ok;
}

static void leave(struct place *place)
{
	kill(place->child, SIGKILL);
	waitpid(place->child, NULL, 0);
	for (int i = 0; i < 100 && rmdir(place->inner) < 0 && errno == EBUSY; i++)
		usleep(2000);	/* the kernel takes a moment to let go of a killed process */
	rmdir(place->outer);
}

/* False where the machine permits no new cgroup. */
static bool enter(struct place *place, const char *top)
{
	*place = (struct place){ 0 };
	snprintf(place->name, sizeof(place->name), "sonde-test.%d", getpid());
	snprintf(place->outer, sizeof(place->outer), "%s/%s", top, place->name);
	snprintf(place->inner, sizeof(place->inner), "%s/below", place->outer);
	if (mkdir(place->outer, 0755) < 0)
		return false;
	place->child = fork();
	if (place->child == 0)
		for (;;)
			pause();
	if (mkdir(place->inner, 0755) == 0 && put(place->inner, place->child))
		return true;
	leave(place);
	return false;
}

static bool lists_only(const char *path, pid_t pid)
{
	struct pid_list list = { 0 };
	bool yes = process_list_by_cgroup(&list, path, NULL) == 0 && list.n == 1 &&
		   list.items[0] == pid;

	pid_list_fini(&list);
	return yes;
}

TEST(processes_below_a_cgroup_are_listed_by_absolute_and_relative_path)
{
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		struct place place;
		bool absolute, relative, as_told, inner;
		char told[100];

		if (!enter(&place, tops[i]))
			continue;
		snprintf(told, sizeof(told), "/%s/below", place.name);
		absolute = lists_only(place.outer, place.child);
		relative = lists_only(place.name, place.child);
		as_told = lists_only(told, place.child);
		inner = lists_only(place.inner, place.child);
		leave(&place);
		CHECK(absolute && relative && as_told && inner);
	}
}

TEST(only_a_cgroup_of_version_2_has_an_id)
{
	uint64_t id = 0;
	struct err err = { 0 };
	struct place place;
	struct stat st;

	if (cgroup_v2_id("/sys/fs/cgroup/unified", &id, NULL) == 0 ||
	    cgroup_v2_id("/sys/fs/cgroup", &id, NULL) == 0)
		CHECK(id != 0);
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		bool same;
		int rc;

		if (!enter(&place, tops[i]))
			continue;
		err_clear(&err);
		rc = cgroup_v2_id(place.name, &id, &err);
		same = rc == 0 && stat(place.outer, &st) == 0 && st.st_ino == id;
		leave(&place);
		CHECK(same || (rc == -ENOENT && str_contains(str_of(err.text), STR("version 1"))));
	}
}

TEST(a_cgroup_that_does_not_exist_is_told_in_one_sentence)
{
	static const char *const paths[] = { "no/such/group", "/sys/fs/cgroup/no-such", "/tmp", "" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct pid_list list = { 0 };
		struct err err = { 0 };

		CHECK_EQ(process_list_by_cgroup(&list, paths[i], &err), -ENOENT);
		CHECK(str_starts(str_of(err.text), STR("there is no cgroup ")));
		CHECK_EQ(list.n, 0);
		pid_list_fini(&list);
	}
}

TEST_MAIN(CASE(processes_below_a_cgroup_are_listed_by_absolute_and_relative_path),
	  CASE(only_a_cgroup_of_version_2_has_an_id),
	  CASE(a_cgroup_that_does_not_exist_is_told_in_one_sentence))
