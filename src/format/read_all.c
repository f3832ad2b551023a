/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>

#include "base/err.h"
#include "format/format.h"
#include "model/profile.h"

struct job {
	struct profile profile;
	const char *path;
	const struct read_aid *aid;
	struct err err;
	int rc;
};

static void *read_one(void *arg)
{
	struct job *job = arg;

	job->rc = format_read_aided(&job->profile, job->path, job->aid, &job->err);
	return NULL;
}

static void start(struct job *job, const char *path, const struct read_aid *aid)
{
	*job = (struct job){ .path = path, .aid = aid };
	profile_init(&job->profile);
}

static int finish(struct profile *into, struct job *job, struct err *err)
{
	int rc = job->rc;

	if (rc < 0)
		err_set(err, "%s", job->err.text);
	else if (!into->n && !into->n_types)	/* the first: nothing to merge with */
		profile_take(into, &job->profile);
	else if ((rc = profile_merge(into, &job->profile)) == -E2BIG)
		err_set(err, "cannot add %s: together they have more than %d value types", job->path,
			VALUE_TYPES_MAX);
	else if (rc < 0)
		err_set(err, "cannot add %s: out of memory", job->path);
	profile_fini(&job->profile);
	return rc;
}

/* Two at a time: one here, one in a thread of its own. They share nothing; merging is in order. */
int format_read_all(struct profile *profile, const char *const *paths, size_t n,
		    const struct read_aid *aid, struct err *err)
{
	struct job here, beside;
	pthread_t thread;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i += 2) {
		bool threaded = false;
		int second = 0;

		start(&here, paths[i], aid);
		if (i + 1 < n) {
			start(&beside, paths[i + 1], aid);
			threaded = !pthread_create(&thread, NULL, read_one, &beside);
		}
		read_one(&here);
		if (threaded)
			pthread_join(thread, NULL);
		else if (i + 1 < n)
			read_one(&beside);
		rc = finish(profile, &here, err);
		if (i + 1 < n)
			second = finish(profile, &beside, rc < 0 ? NULL : err);
		rc = rc < 0 ? rc : second;
	}
	return rc;
}
