/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jfr_chunk.h"

#include <errno.h>

#include "base/err.h"

#define COMPRESSED_INTS 1u

#define FIELDS(amount, count, class) \
	(const char *const[]){ "startTime", "sampledThread", "eventThread", "stackTrace", "state", amount, count, \
			       class, "duration", NULL }

const struct jfr_event_kind jfr_event_kinds[JFR_KINDS] = {
	{ "jdk.ExecutionSample", JFR_CPU, FIELDS("-", "-", "-") },
	{ "jdk.NativeMethodSample", JFR_CPU, FIELDS("-", "-", "-") },
	{ "jdk.CPUTimeSample", JFR_CPU, FIELDS("samplingPeriod", "-", "-") },
	{ "profiler.WallClockSample", JFR_WALL, FIELDS("-", "samples", "-") },
	{ "jdk.ObjectAllocationSample", JFR_ALLOC, FIELDS("weight", "-", "objectClass") },
	{ "jdk.ObjectAllocationInNewTLAB", JFR_ALLOC, FIELDS("tlabSize", "-", "objectClass") },
	{ "jdk.ObjectAllocationOutsideTLAB", JFR_ALLOC, FIELDS("allocationSize", "-", "objectClass") },
	{ "profiler.LiveObject", JFR_LIVE, FIELDS("allocationSize", "-", "objectClass") },
	{ "profiler.Malloc", JFR_MALLOC, FIELDS("size", "-", "-") },
	{ "jdk.JavaMonitorEnter", JFR_LOCK, FIELDS("-", "-", "monitorClass") },
	{ "jdk.ThreadPark", JFR_LOCK, FIELDS("-", "-", "parkedClass") },
};

int jfr_chunk_bad(const struct jfr_chunk *chunk, const char *why, struct err *err)
{
	return err_fail(err, -EBADMSG, "%s: the chunk at byte %zu: %s", chunk->what, chunk->at, why);
}

static uint64_t big_endian(struct cursor *c, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | cursor_u8(c);
	return v;
}

int jfr_chunk_header(struct jfr_chunk *chunk, struct str file, size_t at, const char *what, struct err *err)
{
	struct str rest = str_skip(file, at);
	struct cursor c = cursor_over(rest);
	uint64_t size, major;
	uint32_t features;

	chunk->what = what;
	chunk->at = at;
	chunk->bytes = (struct str){ 0 };
	if (!jfr_detect(rest))
		return jfr_chunk_bad(chunk, "it does not begin like one", err);
	cursor_skip(&c, 4);
	major = big_endian(&c, 2);
	big_endian(&c, 2);
	size = big_endian(&c, 8);
	chunk->checkpoint = big_endian(&c, 8);
	chunk->metadata = big_endian(&c, 8);
	chunk->start_ns = big_endian(&c, 8);
	chunk->duration_ns = big_endian(&c, 8);
	chunk->start_ticks = big_endian(&c, 8);
	chunk->ticks_per_second = big_endian(&c, 8);
	features = (uint32_t)big_endian(&c, 4);
	if (c.failed)
		return jfr_chunk_bad(chunk, "the file ends in its header", err);
	if (major != 2)
		return jfr_chunk_bad(chunk, "its version is not 2, which JDK 9 and later write", err);
	if (!size || !chunk->metadata || !chunk->checkpoint)
		return jfr_chunk_bad(chunk, "it was not finished: the program was ended before it could ('jfr "
				     "assemble' mends the repository of a JDK's recording)", err);
	if (size < JFR_FIRST_EVENT || size > rest.n)
		return jfr_chunk_bad(chunk, "it is longer than the file", err);
	if (!(features & COMPRESSED_INTS))
		return jfr_chunk_bad(chunk, "its numbers are not compressed, which no known writer does", err);
	chunk->bytes = str_head(rest, (size_t)size);
	if (chunk->metadata < JFR_FIRST_EVENT || chunk->metadata >= size)
		return jfr_chunk_bad(chunk, "the description of its types is outside it", err);
	return 0;
}

static void set_kind(struct jfr_chunk *chunk, uint32_t type, uint8_t kind)
{
	if (type < chunk->types.n_types && chunk->types.types[type].id < JFR_LOW_IDS)
		chunk->kind_of[chunk->types.types[type].id] = kind;
}

static int read_types(struct jfr_chunk *chunk, struct err *err)
{
	struct cursor c = cursor_over(chunk->bytes);
	struct str described;
	const char *why = NULL;
	size_t n = 0;
	int rc;

	cursor_seek(&c, chunk->metadata);
	described = jfr_types_described(c);
	if (chunk->described.n && str_starts(described, chunk->described))
		return 0;
	chunk->described = (struct str){ 0 };
	jfr_types_fini(&chunk->types);
	rc = jfr_types_read(&chunk->types, described, &n, &why);
	if (rc < 0)
		return rc == -EBADMSG ? jfr_chunk_bad(chunk, why, err) : rc;
	memset(chunk->kind_of, JFR_NO_KIND, sizeof(chunk->kind_of));
	set_kind(chunk, jfr_types_named(&chunk->types, "jdk.ActiveSetting"), JFR_SETTING);
	for (uint8_t i = 0; i < JFR_KINDS; i++) {
		uint32_t type = jfr_types_named(&chunk->types, jfr_event_kinds[i].type);

		jfr_plan_init(&chunk->plans[i], &chunk->types, type, jfr_event_kinds[i].fields);
		set_kind(chunk, type, i);
	}
	chunk->described = str_head(described, n);
	return 0;
}

int jfr_chunk_open(struct jfr_chunk *chunk, struct str file, size_t at, const char *what, struct err *err)
{
	int rc = jfr_chunk_header(chunk, file, at, what, err);

	return rc < 0 ? rc : read_types(chunk, err);
}

void jfr_chunk_close(struct jfr_chunk *chunk)
{
	jfr_pools_free(chunk->pools);
	chunk->pools = NULL;
}

void jfr_chunk_fini(struct jfr_chunk *chunk)
{
	jfr_chunk_close(chunk);
	jfr_types_fini(&chunk->types);
	chunk->described = (struct str){ 0 };
}

int jfr_chunk_pools(struct jfr_chunk *chunk, struct profile *profile, struct jfr_known *known, struct err *err)
{
	const char *why = NULL;
	int rc;

	chunk->pools = jfr_pools_read(profile, &chunk->types, known, chunk->bytes, chunk->checkpoint, &rc, &why);
	return rc == -EBADMSG ? jfr_chunk_bad(chunk, why, err) : rc;
}

uint32_t jfr_chunk_kind_of(const struct jfr_chunk *chunk, uint64_t id)
{
	uint32_t type = jfr_types_find(&chunk->types, id);

	if (type == UINT32_MAX)
		return JFR_NO_KIND;
	for (uint32_t i = 0; i < JFR_KINDS; i++)
		if (chunk->plans[i].type == type)
			return i;
	return str_eq(chunk->types.types[type].name, STR("jdk.ActiveSetting")) ? JFR_SETTING : JFR_NO_KIND;
}
