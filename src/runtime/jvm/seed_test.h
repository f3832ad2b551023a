/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/seed_test.h
 *
 * For tests and fuzzers: the readers of HotSpot over what was read of a running process (runtime/seed_test.h).
 *
 *   'G'  where libjvm is mapped: bias u64
 *   'E'  a row of vmStructs that was asked for: table u8, static u8, value u64, type, 0, name, 0; places without the bias
 *   'S'  a place that was seen: struct jvm_seed_seen
 */
#ifndef SONDE_RUNTIME_JVM_SEED_TEST_H
#define SONDE_RUNTIME_JVM_SEED_TEST_H

#include "abi/sample.h"
#include "runtime/jvm/codes.h"
#include "runtime/jvm/jvm.h"
#include "runtime/jvm/methods.h"
#include "runtime/jvm/tables_test.h"
#include "runtime/jvm/threads.h"
#include "runtime/seed_test.h"

#define JVM_SEED_ROWS_MAX 1000

struct jvm_seed_seen {
	uint64_t address;
	uint32_t kind, check, place, is_return;
};

/* What was read: of a place, of a thread (tag 'T': its name alone), of the layout ('L': n is its code heaps). */
struct jvm_seed_told {
	uint8_t tag;
	uint32_t kind, n;
	struct jvm_place places[64];
};

struct jvm_seed {
	struct seed *seed;
	struct jvm_memory memory;
	uint64_t bias;
	void (*see)(void *seer, const struct jvm_seed_told *told);
	void *seer;
	uint32_t n_threads;
};

static inline void jvm_seed_tell(struct jvm_seed *s, const struct jvm_seed_told *told)
{
	if (s->see)
		s->see(s->seer, told);
}

static inline bool jvm_seed_thread(void *seer, const struct jvm_thread *thread)
{
	struct jvm_seed *s = seer;
	struct jvm_seed_told told = { .tag = 'T', .n = 1, .places = { { .name = thread->name } } };

	if (!thread->name.n || thread->name.n > JVM_THREAD_NAME_MAX * 4 || !thread->tid)
		abort();
	jvm_seed_tell(s, &told);
	return ++s->n_threads < 1000;
}

/* vmStructs, made of the rows that were asked for: into the image as the readers of it find them. */
static inline void jvm_seed_tables(const struct jvm_seed *s, struct buf *image, struct jvm_places *ret_places)
{
	struct tables tables = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->seed->n_others && n < JVM_SEED_ROWS_MAX; i++) {
		const struct seed_piece *piece = &s->seed->others[i];
		struct table_row row = { 0 };
		const char *type, *end;

		if (piece->tag != 'E' || piece->bytes.n < 12 || piece->bytes.p[piece->bytes.n - 1])
			continue;
		row.table = (uint8_t)piece->bytes.p[0] % JVM_TABLES;
		row.is_static = piece->bytes.p[1] & 1;
		memcpy(&row.value, piece->bytes.p + 2, 8);
		row.value += row.is_static ? s->bias : 0;
		type = piece->bytes.p + 10;
		end = piece->bytes.p + piece->bytes.n;
		row.type = type;
		row.field = type + strlen(type) + 1 < end ? type + strlen(type) + 1 : "";
		tables_add(&tables, &row);
		n++;
	}
	tables_finish(&tables, image);
	*ret_places = tables.places;
}

/* Adds what an image (image_test.h) holds to the seed's memory. */
static inline void jvm_seed_add_image(struct jvm_seed *s, struct str image)
{
	struct cursor c = cursor_over(image);

	while (cursor_more(&c) && s->seed->n_memory < SEED_PIECES_MAX) {
		struct seed_piece piece = { .tag = 'M', .at = cursor_u64(&c) };

		piece.bytes = cursor_bytes(&c, cursor_u32(&c));
		if (piece.at < TABLES_ROWS)	/* variables of the library */
			piece.at += s->bias;
		if (!c.failed)
			s->seed->memory[s->seed->n_memory++] = piece;
	}
	qsort(s->seed->memory, s->seed->n_memory, sizeof(s->seed->memory[0]), seed_by_address);
}

/* The check that the kernel half would have made of what is there. */
static inline bool jvm_seed_check(const struct jvm_seed *s, const struct jvm_offsets *o, struct jvm_seen *seen)
{
	uint32_t id;

	if (seen->kind == JVM_INTERPRETED)
		return jvm_method_check(&s->memory, o, seen->address, &seen->check);
	if (seen->kind == JVM_COMPILED) {
		jvm_read_u32(&s->memory, seen->address + o->nmethod_id, &id);
		seen->check = jvm_check(jvm_word(&s->memory, seen->address + o->nmethod_method), id);
	} else {
		seen->check = jvm_check(jvm_word(&s->memory, seen->address + o->blob_name), 0);
	}
	return true;
}

static inline void jvm_seed_read_seen(struct jvm_seed *s, struct jvm_codes *codes, const struct jvm_offsets *o,
				      struct jvm_seen seen)
{
	struct jvm_seed_told told = { .tag = 'S', .kind = seen.kind };
	enum jvm_fault fault;
	uint32_t id = jvm_codes_read(codes, &s->memory, o, 1, &seen, &fault);

	if (!id && jvm_seed_check(s, o, &seen))
		id = jvm_codes_read(codes, &s->memory, o, 1, &seen, &fault);
	if (!id != (fault != JVM_FAULT_NONE) || fault >= JVM_FAULT_COUNT || !id != !jvm_codes_frames(codes, id))
		abort();
	for (uint32_t n = jvm_codes_frames(codes, id); told.n < n && told.n < 64; told.n++)
		told.places[told.n] = jvm_codes_place(codes, id, told.n);
	if (told.n && told.n < 64 && !told.places[told.n - 1].name.n)	/* the outermost has a name */
		abort();
	jvm_seed_tell(s, &told);
}

static inline void jvm_seed_read(struct jvm_seed *s, const struct jvm_file *file, struct jvm_codes *codes)
{
	const struct jvm_vmstructs *structs;
	const struct jvm_offsets *o;
	struct jvm_seed_told told = { .tag = 'L' };
	struct arena arena = { 0 };
	struct walk_jvm walk;

	/* what the walk reads into has fixed sizes */
	if (jvm_layout(file, s->bias, seed_memory, s->seed, &walk)) {
		if (!walk.n_heaps || walk.n_heaps > JVM_HEAPS_MAX || walk.blob_bytes > 384 || walk.const_size > 56 ||
		    walk.const_code_size > 62 || walk.segment_bits > 16)
			abort();
		told.n = walk.n_heaps;
		told.kind = !!walk.chunk_klass;
	}
	jvm_seed_tell(s, &told);
	structs = jvm_file_structs(file, s->bias, seed_memory, s->seed);
	o = jvm_file_offsets(file, s->bias, seed_memory, s->seed);
	if (!structs || !o)
		return;
	(void)jvm_thread_names(structs, o, s->bias, &s->memory, &arena, NULL, jvm_seed_thread, s);
	arena_fini(&arena);
	for (uint32_t i = 0; i < s->seed->n_others; i++) {
		const struct seed_piece *piece = &s->seed->others[i];
		struct jvm_seed_seen asked;

		if (piece->tag != 'S' || piece->bytes.n != sizeof(asked))
			continue;
		memcpy(&asked, piece->bytes.p, sizeof(asked));
		for (uint32_t by = 0; by < 40; by += 13)	/* beside it, too */
			jvm_seed_read_seen(s, codes, o, (struct jvm_seen){ asked.kind, asked.address, asked.check,
									   asked.place + by, asked.is_return & 1 });
	}
}

/* False: it is no seed. */
static inline bool jvm_seed_replay(struct seed *seed, void (*see)(void *seer, const struct jvm_seed_told *told), void *seer)
{
	struct jvm_seed s = { .seed = seed, .memory = { seed_memory, seed }, .see = see, .seer = seer };
	struct jvm_codes *codes = jvm_codes_new();
	struct jvm_places places;
	struct buf image = { 0 };
	struct jvm_file file = { 0 };
	bool is_seed = false;

	for (uint32_t i = 0; i < seed->n_others; i++)
		if (seed->others[i].tag == 'G' && seed->others[i].bytes.n == 8) {
			memcpy(&s.bias, seed->others[i].bytes.p, 8);
			is_seed = codes;
		}
	if (is_seed) {
		jvm_seed_tables(&s, &image, &places);
		jvm_seed_add_image(&s, buf_str(&image));
		is_seed = jvm_file_init(&file, &places);
	}
	if (is_seed)
		jvm_seed_read(&s, &file, codes);
	if (file.self)
		jvm_file_fini(&file);
	jvm_codes_free(codes);
	buf_fini(&image);
	return is_seed;
}

#endif
