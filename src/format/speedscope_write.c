/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/sum.h"
#include "format/functions.h"
#include "format/jsonfile.h"
#include "format/speedscope.h"
#include "format/threads.h"


struct writer {
	const struct profile *profile;
	struct functions functions;
	struct threads_of_samples threads;
	struct jsonfile *out;
	struct json *json;	/* its */
	struct buf text;
	uint32_t *path;
};

static void add_frames(struct writer *w)
{
	const struct functions *functions = &w->functions;

	json_key(w->json, "shared");
	json_open(w->json, '{');
	json_key(w->json, "frames");
	json_open(w->json, '[');
	for (uint32_t row = 1; row < functions->rows.n_frames; row++) {
		struct str file = functions_file(functions, row, true);

		buf_clear(&w->text);
		functions_add_name(functions, row, &w->text);
		json_open(w->json, '{');
		json_key(w->json, "name");
		json_str(w->json, buf_str(&w->text));
		if (file.n) {
			json_key(w->json, "file");
			json_str(w->json, file);
		}
		if (functions_line(functions, row)) {
			json_key(w->json, "line");
			json_uint(w->json, functions_line(functions, row));
		}
		json_close(w->json, '}');
		jsonfile_flush(w->out);
	}
	json_close(w->json, ']');
	json_close(w->json, '}');
}

/* Returns the sum. */
static int64_t add_weights(struct writer *w, const struct thread_of_samples *thread, uint32_t type)
{
	int64_t sum = 0;

	json_key(w->json, "weights");
	json_open(w->json, '[');
	for (uint32_t i = 0; i < thread->n && w->out->rc == 0; i++) {
		int64_t value = profile_value(w->profile, w->threads.order[thread->first + i], type);

		if (!value)
			continue;
		json_int(w->json, value);
		sum_add(&sum, value);
		jsonfile_flush(w->out);
	}
	json_close(w->json, ']');
	return sum;
}

static void add_stack(struct writer *w, uint32_t stack)
{
	uint32_t n = functions_path(&w->functions, w->functions.node[stack], w->path,
				    w->functions.tree.n);

	json_open(w->json, '[');
	for (uint32_t k = 0; k < n; k++)
		json_uint(w->json, w->path[k] - 1);
	json_close(w->json, ']');
}

static void add_stacks(struct writer *w, const struct thread_of_samples *thread, uint32_t type)
{
	json_key(w->json, "samples");
	json_open(w->json, '[');
	for (uint32_t i = 0; i < thread->n && w->out->rc == 0; i++) {
		uint32_t row = w->threads.order[thread->first + i];

		if (profile_value(w->profile, row, type))
			add_stack(w, w->profile->stack[row]);
		jsonfile_flush(w->out);
	}
	json_close(w->json, ']');
}

static const char *unit_name(struct str unit)
{
	return str_eq(unit, STR("nanoseconds")) ? "nanoseconds" :
	       str_eq(unit, STR("microseconds")) ? "microseconds" :
	       str_eq(unit, STR("milliseconds")) ? "milliseconds" :
	       str_eq(unit, STR("seconds")) ? "seconds" :
	       str_eq(unit, STR("bytes")) ? "bytes" : "none";
}

static void add_profile(struct writer *w, uint32_t thread, uint32_t type)
{
	const struct value_type *t = &w->profile->types[type];
	const struct thread_of_samples *who = &w->threads.items[thread];
	int64_t sum;

	buf_clear(&w->text);
	buf_add_str(&w->text, strings_get(&w->profile->strings, t->type));
	if (who->thread.n || who->tid) {
		buf_add_str(&w->text, STR(": "));
		thread_of_samples_add_name(who, &w->text);
	}
	json_open(w->json, '{');
	json_key(w->json, "type");
	json_str(w->json, STR("sampled"));
	json_key(w->json, "name");
	json_str(w->json, buf_str(&w->text));
	json_key(w->json, "unit");
	json_str(w->json, str_of(unit_name(strings_get(&w->profile->strings, t->unit))));
	add_stacks(w, who, type);
	sum = add_weights(w, who, type);
	json_key(w->json, "startValue");
	json_uint(w->json, 0);
	json_key(w->json, "endValue");
	json_int(w->json, sum);
	json_close(w->json, '}');
}

/* The type that views show comes first: speedscope opens the first profile. */
static void add_profiles(struct writer *w)
{
	uint32_t first = w->profile->default_type;

	json_key(w->json, "profiles");
	json_open(w->json, '[');
	for (uint32_t k = 0; k < w->profile->n_types; k++) {
		uint32_t type = k == 0 ? first : k <= first ? k - 1 : k;

		for (uint32_t thread = 0; thread < w->threads.n; thread++)
			add_profile(w, thread, type);
	}
	json_close(w->json, ']');
}

static void add_file(struct writer *w)
{
	json_open(w->json, '{');
	json_key(w->json, "$schema");
	json_str(w->json, STR(SPEEDSCOPE_SCHEMA));
	json_key(w->json, "exporter");
	json_str(w->json, STR("sonde " SONDE_VERSION));
	json_key(w->json, "activeProfileIndex");
	json_uint(w->json, 0);
	add_frames(w);
	add_profiles(w);
	json_close(w->json, '}');
}

static int prepare(struct writer *w)
{
	int rc = functions_init(&w->functions, w->profile);

	if (rc == 0)
		rc = threads_of_samples_init(&w->threads, w->profile);
	if (rc < 0)
		return rc;
	w->path = malloc(((size_t)w->functions.tree.n + 1) * sizeof(*w->path));
	return w->path ? 0 : -ENOMEM;
}

int speedscope_write(const struct profile *profile, struct new_file *file, struct err *err)
{
	struct jsonfile out;
	struct writer w = { .profile = profile, .out = &out, .json = &out.json };

	jsonfile_begin(&out, file, err);
	out.rc = prepare(&w);
	if (out.rc == 0)
		add_file(&w);
	free(w.path);
	threads_of_samples_fini(&w.threads);
	functions_fini(&w.functions);
	buf_fini(&w.text);
	return jsonfile_end(&out);
}
