/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/unnamed.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"
#include "cli/namer.h"
#include "model/profile.h"
#include "symbol/symbol.h"

/* Profiles are read two at a time, and each may ask the same debug information server. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

struct query {
	uint64_t address;	/* as the profile has it, then a vaddr */
	uint32_t file;		/* the first module of that path and build id */
	uint32_t frame;
};

struct unnamed {
	struct profile *profile;
	bool lines;		/* of a runtime's functions, which have names */
	struct query *queries;
	uint32_t n, cap;
	struct stack_span *spans;	/* frame -> what it becomes, of: */
	uint32_t *named;
	uint32_t n_named, cap_named;
};

static struct str path_of(const struct profile *profile, uint32_t module)
{
	return strings_get(&profile->strings, profile->frames.modules[module].path);
}

static int collect(struct unnamed *u)
{
	for (uint32_t id = 1; id < u->profile->frames.n_frames; id++) {
		const struct frame *frame = &u->profile->frames.frames[id];

		if (!(u->lines ? namer_line_wanted(u->profile, id) : namer_wanted(u->profile, id)))
			continue;
		if (VEC_RESERVE(&u->queries, &u->cap, (uint64_t)u->n + 1) < 0)
			return -ENOMEM;
		u->queries[u->n++] = (struct query){ frame->address, frame->module, id };
	}
	return 0;
}

/* A file is mapped in several parts, each a module: their queries become the first one's. */
static int find_files(struct unnamed *u)
{
	const struct frames *frames = &u->profile->frames;
	uint32_t *file_of = calloc((size_t)frames->n_modules + 1, sizeof(*file_of));
	struct idindex index = { 0 };
	int rc = file_of ? 0 : -ENOMEM;

	for (uint32_t i = 1; rc == 0 && i < frames->n_modules; i++) {
		const struct module *module = &frames->modules[i];
		uint64_t hash = hash_u64(module->path, module->build_id);
		uint32_t step = 0, id;

		while ((id = idindex_probe(&index, hash, &step)))
			if (frames->modules[id].path == module->path &&
			    frames->modules[id].build_id == module->build_id)
				break;
		file_of[i] = id ? id : i;
		if (!id)
			rc = idindex_add(&index, hash, i);
	}
	for (uint32_t i = 0; rc == 0 && i < u->n; i++)
		u->queries[i].file = file_of[u->queries[i].file];
	idindex_fini(&index);
	free(file_of);
	return rc;
}

static int by_file_and_address(const void *left, const void *right)
{
	const struct query *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->address > b->address) - (a->address < b->address);
}

/* The frames stay as they are, but for a name that says why. */
static int name_by_reason(struct unnamed *u, const struct query *queries, uint32_t n, const char *reason)
{
	struct profile *profile = u->profile;
	struct str base = str_basename(path_of(profile, queries[0].file));
	struct function function = { 0 };
	char name[512];
	uint32_t id;

	if (base.n && base.p[0] == '[')	/* [kernel]: not twice in brackets */
		base = str_head(str_skip(base, 1), base.n - 2);
	snprintf(name, sizeof(name), "[%.*s: %s]", STR_ARG(base), reason);
	function.name = strings_add(&profile->strings, str_of(name));
	id = frames_add_function(&profile->frames, &function);
	if (VEC_RESERVE(&u->named, &u->cap_named, (uint64_t)u->n_named + n) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct frame frame = profile->frames.frames[queries[i].frame];

		frame.function = id;
		frame.kind = FRAME_UNKNOWN;
		u->spans[queries[i].frame] = (struct stack_span){ u->n_named, 1 };
		u->named[u->n_named++] = frames_add(&profile->frames, &frame);
	}
	return 0;
}

/* Some tools tell a mapping that spans everything: their addresses are vaddrs. */
static bool tells_mapping(const struct module *module)
{
	return module->start || module->offset || (module->limit && module->limit != UINT64_MAX);
}

static bool find_vaddr(const struct namer *namer, const struct module *module, uint64_t address,
		       uint64_t *ret_vaddr)
{
	if (!namer->takes_mappings || !tells_mapping(module)) {
		*ret_vaddr = namer->takes_mappings ? symbol_object_rebase(namer->object, address) : address;
		return true;
	}
	return address >= module->start && (!module->limit || address < module->limit) &&
	       symbol_object_vaddr(namer->object, address - module->start + module->offset, ret_vaddr);
}

/* Addresses become vaddrs; those that lie in no code of the file are dropped. */
static uint32_t to_vaddrs(const struct unnamed *u, const struct namer *namer, struct query *queries,
			  uint32_t n)
{
	const struct frames *frames = &u->profile->frames;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct query query = queries[i];
		const struct module *module = &frames->modules[frames->frames[query.frame].module];

		if (find_vaddr(namer, module, query.address, &query.address))
			queries[kept++] = query;
	}
	qsort(queries, kept, sizeof(*queries), by_file_and_address);
	return kept;
}

/* Whether an answer says where the code is, and not only what it is called. */
static bool tells_line(const struct profile *profile, uint32_t frame)
{
	const struct frames *frames = &profile->frames;

	return frames->frames[frame].line || frames->functions[frames->frames[frame].function].file;
}

/* queries[0 .. n) are of one file and ascend. */
static int name_by_object(struct unnamed *u, struct symbol_object *object, const struct query *queries,
			uint32_t n, struct err *err)
{
	uint64_t *vaddrs = calloc((size_t)n + 1, sizeof(*vaddrs));
	struct symbol_chains chains = { 0 };
	uint32_t distinct = 0, at = 0, base = u->n_named;
	int rc = vaddrs ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < n; i++)
		if (!distinct || vaddrs[distinct - 1] != queries[i].address)
			vaddrs[distinct++] = queries[i].address;
	if (rc == 0 && distinct)
		rc = symbol_resolve(object, &u->profile->frames, vaddrs, distinct, &chains, err);
	if (rc == 0 && distinct)
		rc = VEC_RESERVE(&u->named, &u->cap_named, (uint64_t)base + chains.first[distinct]);
	for (uint32_t q = 0; rc == 0 && q < distinct; q++) {
		uint32_t first = chains.first[q], count = chains.first[q + 1] - first;

		for (uint32_t k = count; k-- > 0;)
			u->named[u->n_named++] = chains.frames[first + k];
		if (u->lines && !tells_line(u->profile, chains.frames[first]))
			count = 0;
		for (; at < n && queries[at].address == vaddrs[q]; at++)
			u->spans[queries[at].frame] = (struct stack_span){ base + first, count };
	}
	symbol_chains_fini(&chains);
	free(vaddrs);
	return rc;
}

static int name_module(struct unnamed *u, struct query *queries, uint32_t n, struct err *err)
{
	struct namer namer;
	int rc = namer_open(&namer, u->profile, queries[0].file, err);

	if (rc == 0 && namer.object && u->lines)
		symbol_object_set_interpreter(namer.object, true);
	if (rc == 0 && namer.reason && !u->lines)
		rc = name_by_reason(u, queries, n, namer.reason);
	else if (rc == 0 && !namer.reason)
		rc = name_by_object(u, namer.object, queries, to_vaddrs(u, &namer, queries, n), err);
	namer_close(&namer);
	return rc;
}

static int name_all(struct unnamed *u, struct err *err)
{
	int rc = find_files(u);

	u->spans = calloc((size_t)u->profile->frames.n_frames + 1, sizeof(*u->spans));
	if (rc < 0 || !u->spans)
		return -ENOMEM;
	qsort(u->queries, u->n, sizeof(*u->queries), by_file_and_address);
	for (uint32_t first = 0, end; rc == 0 && first < u->n; first = end) {
		for (end = first; end < u->n && u->queries[end].file == u->queries[first].file; end++)
			;
		rc = name_module(u, u->queries + first, end - first, err);
	}
	if (rc == 0)
		rc = profile_replace_frames(u->profile, u->spans, u->named);
	return rc == 0 && profile_failed(u->profile) ? -ENOMEM : rc;
}

static int resolve(struct profile *profile, bool lines, struct err *err)
{
	struct unnamed u = { .profile = profile, .lines = lines };
	int rc = collect(&u);

	if (rc == 0 && u.n) {
		pthread_mutex_lock(&one_at_a_time);
		rc = name_all(&u, err);
		pthread_mutex_unlock(&one_at_a_time);
	}
	free(u.queries);
	free(u.spans);
	free(u.named);
	if (rc < 0)
		err_set(err, "cannot name the addresses of the profile: %s", err_text(rc));
	return rc;
}

int unnamed_resolve(struct profile *profile, bool runtime_lines, struct err *err)
{
	int rc = resolve(profile, false, err);

	return rc == 0 && runtime_lines ? resolve(profile, true, err) : rc;
}
