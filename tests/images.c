/* SPDX-License-Identifier: Apache-2.0 */
/* tests/images.c - sonde, that also keeps what its readers of V8 and HotSpot read of a process, as a seed for their fuzzers
 * (src/runtime/seed_test.h). tests/images.py builds it of all objects, with calls of those readers led through here
 * (ld's --wrap).
 *
 *   images record ...		as sonde; SONDE_IMAGE: the file to write, SONDE_IMAGE_OF: what a file's or method's name holds
 *				that is wanted
 *   images shrink v8|jvm IN OUT	without memory that makes no difference to what is told
 *   images tell v8|jvm IN	what its readers tell
 */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/jvm/seed_test.h"
#include "runtime/v8/seed_test.h"

int sonde_main(int argc, char **argv);

#define PAGE 4096u
#define PAGES 4096u
#define EACH_MAX 3u		/* of one kind */

/* ---- memory that was read: bytes, each as it was first */

static struct page {
	uint64_t at;
	uint8_t bytes[PAGE], known[PAGE];
} *pages[PAGES];

/* Of one reading, which may be none that is wanted. */
static struct buf fresh;

struct recorded {
	bool (*read)(void *context, void *out, size_t n, uint64_t address);
	void *context;
};

static bool record(void *context, void *out, size_t n, uint64_t address)
{
	const struct recorded *from = context;
	uint32_t length = (uint32_t)n;

	if (!from->read(from->context, out, n, address))
		return false;
	buf_add(&fresh, &address, sizeof(address));
	buf_add(&fresh, &length, sizeof(length));
	buf_add(&fresh, out, n);
	return true;
}

static void keep_byte(uint64_t at, uint8_t byte)
{
	uint32_t slot = (uint32_t)(at / PAGE * 2654435761u) % PAGES;

	while (pages[slot] && pages[slot]->at != at / PAGE)
		slot = (slot + 1) % PAGES;
	if (!pages[slot] && (pages[slot] = calloc(1, sizeof(struct page))))
		pages[slot]->at = at / PAGE;
	if (pages[slot] && !pages[slot]->known[at % PAGE]) {
		pages[slot]->known[at % PAGE] = 1;
		pages[slot]->bytes[at % PAGE] = byte;
	}
}

static void keep_fresh(void)
{
	struct cursor c = cursor_over(buf_str(&fresh));

	while (cursor_more(&c)) {
		uint64_t at = cursor_u64(&c);
		struct str bytes = cursor_bytes(&c, cursor_u32(&c));

		for (size_t i = 0; i < bytes.n; i++)
			keep_byte(at + i, (uint8_t)bytes.p[i]);
	}
	buf_clear(&fresh);
}

static int by_page(const void *a, const void *b)
{
	const struct page *x = *(struct page *const *)a, *y = *(struct page *const *)b;

	return !x || !y ? !x - !y : (x->at > y->at) - (x->at < y->at);
}

static void write_memory(struct buf *out)
{
	struct buf run = { 0 };
	uint64_t next = 0;

	qsort(pages, PAGES, sizeof(pages[0]), by_page);
	for (uint32_t i = 0; i < PAGES && pages[i]; i++)
		for (uint32_t k = 0; k < PAGE; k++) {
			uint64_t at = pages[i]->at * PAGE + k;

			if (!pages[i]->known[k])
				continue;
			if (at != next && run.n) {
				seed_add(out, 'M', run.p, run.n);
				buf_clear(&run);
			}
			if (!run.n)
				buf_add(&run, &at, sizeof(at));
			buf_add(&run, &pages[i]->bytes[k], 1);
			next = at + 1;
		}
	if (run.n)
		seed_add(out, 'M', run.p, run.n);
	buf_fini(&run);
}

/* ---- what is asked for */

static struct buf pieces;
static uint32_t n_kept[512];

static bool is_enough(uint32_t kind)
{
	return n_kept[kind % 512] >= EACH_MAX;
}

static bool is_wanted(struct str name)
{
	const char *of = getenv("SONDE_IMAGE_OF");

	return of && name.n && memmem(name.p, name.n, of, strlen(of));
}

static void keep(uint32_t kind, uint8_t tag, const void *bytes, size_t n)
{
	n_kept[kind % 512]++;
	seed_add(&pieces, tag, bytes, n);
	keep_fresh();
}

/* ---- V8 */

static v8_lookup_fn lookup;
static struct buf asked;

static bool look_up(void *context, const char *name, int32_t *ret_value)
{
	if (!lookup(context, name, ret_value))
		return false;
	buf_clear(&asked);
	buf_add(&asked, ret_value, 4);
	buf_add_str(&asked, str_of(name));
	seed_add(&pieces, 'N', asked.p, asked.n);
	return true;
}

bool __real_v8_objects_of(struct v8_objects *o, unsigned major, unsigned minor, v8_lookup_fn f, void *context);
bool __wrap_v8_objects_of(struct v8_objects *o, unsigned major, unsigned minor, v8_lookup_fn f, void *context)
{
	uint8_t version[2] = { (uint8_t)major, (uint8_t)minor };

	buf_clear(&pieces);
	seed_add(&pieces, 'V', version, 2);
	lookup = f;
	return __real_v8_objects_of(o, major, minor, look_up, context);
}

void __real_v8_objects_set_bytecodes(struct v8_objects *o, const void *bytes, size_t n);
void __wrap_v8_objects_set_bytecodes(struct v8_objects *o, const void *bytes, size_t n)
{
	seed_add(&pieces, 'B', bytes, n);
	__real_v8_objects_set_bytecodes(o, bytes, n);
}

#define IDS_MAX 65536u

/* Where in the pieces a code's own is, behind its head; 0: nowhere, or its place is known. */
static size_t place_wanted[IDS_MAX];

uint32_t __real_v8_codes_place(const struct v8_codes *codes, uint32_t id, uint32_t place, bool is_return,
			       struct v8_place places[V8_INLINED_MAX]);
uint32_t __wrap_v8_codes_place(const struct v8_codes *codes, uint32_t id, uint32_t place, bool is_return,
			       struct v8_place places[V8_INLINED_MAX])
{
	struct v8_seed_seen seen;

	if (id < IDS_MAX && place_wanted[id]) {
		memcpy(&seen, pieces.p + place_wanted[id], sizeof(seen));
		seen.place = place;
		seen.is_return = is_return;
		memcpy(pieces.p + place_wanted[id], &seen, sizeof(seen));
		place_wanted[id] = 0;
	}
	return __real_v8_codes_place(codes, id, place, is_return, places);
}

static void keep_v8(const struct v8_memory *memory, const struct v8_seen *seen, uint32_t known_as)
{
	struct recorded from = { memory->read, memory->context };
	struct v8_memory recording = { record, &from, memory->objects, NULL };
	struct v8_codes *codes = v8_codes_new();
	struct v8_place places[V8_INLINED_MAX];
	struct v8_seed_seen piece = { seen->address, seen->kind, seen->check, 0, 0 };
	enum v8_fault fault;
	uint32_t id, n, kind = seen->kind * 8;

	buf_clear(&fresh);
	id = v8_codes_read(codes, &recording, (struct v8_owner){ 1, 2 }, seen, &fault);
	n = __real_v8_codes_place(codes, id, 0, false, places);
	if (n)
		kind += places[0].tier == V8_TIER_MAGLEV ? 1 : 0;
	if (n && codes->items[id].n_inlined)
		kind += 2;
	if (n && codes->items[id].exits.n)
		kind += 4;
	if (n && !is_enough(kind) && (seen->kind == V8_REGEXP || is_wanted(places[n - 1].file))) {
		if (known_as < IDS_MAX)
			place_wanted[known_as] = pieces.n + SEED_HEAD;
		keep(kind, 'S', &piece, sizeof(piece));
	}
	v8_codes_free(codes);
}


uint32_t __real_v8_codes_read(struct v8_codes *codes, const struct v8_memory *memory, struct v8_owner owner,
			      const struct v8_seen *seen, enum v8_fault *ret_fault);
uint32_t __wrap_v8_codes_read(struct v8_codes *codes, const struct v8_memory *memory, struct v8_owner owner,
			      const struct v8_seen *seen, enum v8_fault *ret_fault)
{
	uint32_t id = __real_v8_codes_read(codes, memory, owner, seen, ret_fault);

	if (id && memory->read != record)
		keep_v8(memory, seen, id);
	return id;
}

uint32_t __real_v8_codes_wasm(struct v8_codes *codes, const struct v8_memory *memory, uint32_t process, uint64_t instance,
			      uint64_t pc);
uint32_t __wrap_v8_codes_wasm(struct v8_codes *codes, const struct v8_memory *memory, uint32_t process, uint64_t instance,
			      uint64_t pc)
{
	struct recorded from = { memory->read, memory->context };
	struct v8_memory recording = { record, &from, memory->objects, NULL };
	struct v8_codes *own = v8_codes_new();
	struct v8_seed_wasm piece = { instance, pc };

	buf_clear(&fresh);
	if (!is_enough(400) && __real_v8_codes_wasm(own, &recording, 1, instance, pc))
		keep(400, 'W', &piece, sizeof(piece));
	v8_codes_free(own);
	return __real_v8_codes_wasm(codes, memory, process, instance, pc);
}

bool __real_v8_codes_at(const struct v8_memory *memory, const struct v8_where *where, struct v8_seen *ret_seen, uint32_t *ret_place);
bool __wrap_v8_codes_at(const struct v8_memory *memory, const struct v8_where *where, struct v8_seen *ret_seen, uint32_t *ret_place)
{
	struct recorded from = { memory->read, memory->context };
	struct v8_memory recording = { record, &from, memory->objects, NULL };
	struct v8_seed_where piece = { where->pc, where->is_return, where->bytes_check, where->function_check, 0 };
	struct v8_codes *codes = v8_codes_new();
	enum v8_fault fault;

	buf_clear(&fresh);
	if (!is_enough(401) && __real_v8_codes_at(&recording, where, ret_seen, ret_place) &&
	    __real_v8_codes_read(codes, &recording, (struct v8_owner){ 1, 2 }, ret_seen, &fault))
		keep(401, 'A', &piece, sizeof(piece));
	v8_codes_free(codes);
	return __real_v8_codes_at(memory, where, ret_seen, ret_place);
}

/* ---- HotSpot */

static void keep_row(unsigned table, bool is_static, uint64_t value, const char *type, const char *name)
{
	static struct buf rows;
	uint8_t head[2] = { (uint8_t)table, is_static };

	buf_clear(&asked);
	buf_add(&asked, head, 2);
	buf_add(&asked, &value, 8);
	buf_add(&asked, type, strlen(type) + 1);
	buf_add(&asked, name, strlen(name) + 1);
	if (rows.n && memmem(rows.p, rows.n, asked.p, asked.n))
		return;
	buf_add(&rows, asked.p, asked.n);
	seed_add(&pieces, 'E', asked.p, asked.n);
}

bool __real_jvm_field(const struct jvm_vmstructs *structs, const char *type, const char *field, uint32_t *ret_offset);
bool __wrap_jvm_field(const struct jvm_vmstructs *structs, const char *type, const char *field, uint32_t *ret_offset)
{
	bool found = __real_jvm_field(structs, type, field, ret_offset);

	if (found)
		keep_row(JVM_FIELDS, false, *ret_offset, type, field);
	return found;
}

bool __real_jvm_static(const struct jvm_vmstructs *structs, const char *type, const char *field, uint64_t *ret_vaddr);
bool __wrap_jvm_static(const struct jvm_vmstructs *structs, const char *type, const char *field, uint64_t *ret_vaddr)
{
	bool found = __real_jvm_static(structs, type, field, ret_vaddr);

	if (found)
		keep_row(JVM_FIELDS, true, *ret_vaddr, type, field);
	return found;
}

bool __real_jvm_type_size(const struct jvm_vmstructs *structs, const char *type, uint32_t *ret_size);
bool __wrap_jvm_type_size(const struct jvm_vmstructs *structs, const char *type, uint32_t *ret_size)
{
	bool found = __real_jvm_type_size(structs, type, ret_size);

	if (found)
		keep_row(JVM_TYPES, false, *ret_size, type, "");
	return found;
}

bool __real_jvm_int(const struct jvm_vmstructs *structs, const char *name, int64_t *ret_value);
bool __wrap_jvm_int(const struct jvm_vmstructs *structs, const char *name, int64_t *ret_value)
{
	bool found = __real_jvm_int(structs, name, ret_value);

	if (found)
		keep_row(JVM_LONGS, false, (uint64_t)*ret_value, name, "");
	return found;
}

/* The tables themselves are made anew of the rows that were asked for. */
bool __real_jvm_vmstructs_read(struct jvm_vmstructs *structs, const struct jvm_places *places, uint64_t bias, jvm_read_fn read,
			       void *context);
bool __wrap_jvm_vmstructs_read(struct jvm_vmstructs *structs, const struct jvm_places *places, uint64_t bias, jvm_read_fn read,
			       void *context)
{
	const struct recorded *from = context;

	return read == record ? __real_jvm_vmstructs_read(structs, places, bias, from->read, from->context) :
				__real_jvm_vmstructs_read(structs, places, bias, read, context);
}

#define STARTED 12u	/* places of the program that were seen when its threads are there */

static uint32_t n_wanted;
static struct jvm_places libjvm;
static uint64_t libjvm_bias;

bool __real_jvm_layout(const struct jvm_file *file, uint64_t bias, jvm_read_fn read, void *context, struct walk_jvm *ret_jvm);
bool __wrap_jvm_layout(const struct jvm_file *file, uint64_t bias, jvm_read_fn read, void *context, struct walk_jvm *ret_jvm)
{
	libjvm = file->places;
	libjvm_bias = bias;
	return __real_jvm_layout(file, bias, read, context, ret_jvm);
}

static bool see_any(void *seer, const struct jvm_thread *thread)
{
	uint32_t *n = seer;

	return thread && ++*n < 40;
}

/* What is read of the process, and not of a place in it. */
static void keep_jvm(const struct jvm_memory *memory)
{
	struct recorded from = { memory->read, memory->context };
	struct jvm_memory recording = { record, &from };
	struct arena arena = { 0 };
	const struct jvm_offsets *o;
	struct jvm_file file;
	struct walk_jvm walk;
	uint32_t n = 0;

	if (is_enough(402) || n_wanted < STARTED || !libjvm_bias || !jvm_file_init(&file, &libjvm))
		return;
	buf_clear(&fresh);
	o = __real_jvm_layout(&file, libjvm_bias, record, &from, &walk) ? jvm_file_offsets(&file, libjvm_bias, record, &from) : NULL;
	if (o && jvm_thread_names(jvm_file_structs(&file, libjvm_bias, record, &from), o, libjvm_bias, &recording, &arena,
				  NULL, see_any, &n)) {
		n_kept[402] = EACH_MAX;
		keep(402, 'G', &libjvm_bias, sizeof(libjvm_bias));
	}
	arena_fini(&arena);
	jvm_file_fini(&file);
}

uint32_t __real_jvm_codes_read(struct jvm_codes *codes, const struct jvm_memory *memory, const struct jvm_offsets *o,
			       uint32_t process, const struct jvm_seen *seen, enum jvm_fault *ret_fault);
uint32_t __wrap_jvm_codes_read(struct jvm_codes *codes, const struct jvm_memory *memory, const struct jvm_offsets *o,
			       uint32_t process, const struct jvm_seen *seen, enum jvm_fault *ret_fault)
{
	struct recorded from = { memory->read, memory->context };
	struct jvm_memory recording = { record, &from };
	struct jvm_codes *own = jvm_codes_new();
	struct jvm_seed_seen piece = { seen->address, seen->kind, seen->check, seen->place, seen->is_return };
	uint32_t id, n, kind = seen->kind * 16;

	buf_clear(&fresh);
	id = __real_jvm_codes_read(own, &recording, o, 1, seen, ret_fault);
	n = jvm_codes_frames(own, id);
	if (n) {
		struct jvm_place place = jvm_codes_place(own, id, n - 1);

		n_wanted += is_wanted(place.name);
		kind += place.tier * 2 + (n > 1);
		if (!is_enough(kind) && (seen->kind == JVM_STUB || is_wanted(place.name)))
			keep(kind, 'S', &piece, sizeof(piece));
	}
	jvm_codes_free(own);
	keep_jvm(memory);
	return __real_jvm_codes_read(codes, memory, o, process, seen, ret_fault);
}

/* ---- what a seed tells */

static void say(struct buf *out, uint8_t tag, uint32_t kind, uint32_t n)
{
	char text[64];

	snprintf(text, sizeof(text), "%c %u %u:", tag, kind, n);
	buf_add_str(out, str_of(text));
}

static void say_place(struct buf *out, struct str name, struct str file, uint32_t line, unsigned tier)
{
	char text[64];

	buf_add_str(out, STR(" "));
	buf_add_str(out, name);
	buf_add_str(out, STR(" "));
	buf_add_str(out, file);
	snprintf(text, sizeof(text), ":%u/%u", line, tier);
	buf_add_str(out, str_of(text));
}

static void see_v8(void *seer, const struct v8_seed_told *told)
{
	say(seer, told->tag, told->kind, told->n);
	for (uint32_t i = 0; i < told->n; i++)
		say_place(seer, told->places[i].name, told->places[i].file, told->places[i].line, told->places[i].tier);
	buf_add_str(seer, STR("\n"));
}

static void see_jvm(void *seer, const struct jvm_seed_told *told)
{
	say(seer, told->tag, told->kind, told->n);
	for (uint32_t i = 0; i < told->n && told->tag != 'L'; i++)
		say_place(seer, told->places[i].name, told->places[i].file, told->places[i].line, told->places[i].tier);
	buf_add_str(seer, STR("\n"));
}

static struct buf tell(const char *runtime, struct str bytes)
{
	static struct seed seed;
	struct buf out = { 0 };

	seed_read(&seed, bytes);
	if (!strcmp(runtime, "v8"))
		(void)v8_seed_replay(&seed, see_v8, &out);
	else
		(void)jvm_seed_replay(&seed, see_jvm, &out);
	return out;
}

static void add_memory(const struct seed_piece *piece, size_t from, size_t to, struct buf *out)
{
	struct buf run = { 0 };
	uint64_t at = piece->at + from;

	if (from >= to)
		return;
	buf_add(&run, &at, sizeof(at));
	buf_add(&run, piece->bytes.p + from, to - from);
	seed_add(out, 'M', run.p, run.n);
	buf_fini(&run);
}

/* The pieces, but for bytes [from, to) of the memory piece i; `only`: of what is asked for that alone. */
static void write_without(const struct seed *seed, uint32_t i, size_t from, size_t to, const struct seed_piece *only, struct buf *out)
{
	buf_clear(out);
	for (uint32_t k = 0; k < seed->n_others; k++)
		if (!only || !memchr("SWA", seed->others[k].tag, 3) || only == &seed->others[k])
			seed_add(out, seed->others[k].tag, seed->others[k].bytes.p, seed->others[k].bytes.n);
	for (uint32_t k = 0; k < seed->n_memory; k++) {
		const struct seed_piece *piece = &seed->memory[k];

		add_memory(piece, 0, k == i ? from : piece->bytes.n, out);
		if (k == i)
			add_memory(piece, to, piece->bytes.n, out);
	}
}

/* The pieces that tell something. */
static void drop_what_tells_nothing(const char *runtime, struct buf *bytes)
{
	static struct seed seed;
	struct buf out = { 0 };

	seed_read(&seed, buf_str(bytes));
	for (uint32_t i = 0; i < seed.n_memory; i++)
		add_memory(&seed.memory[i], 0, seed.memory[i].bytes.n, &out);
	for (uint32_t i = 0; i < seed.n_others; i++) {
		const struct seed_piece *piece = &seed.others[i];
		struct buf one = { 0 }, told;

		if (!strcmp(runtime, "v8") && memchr("SWA", piece->tag, 3)) {
			write_without(&seed, UINT32_MAX, 0, 0, piece, &one);
			told = tell(runtime, buf_str(&one));
			if (told.n < 6 || told.p[told.n - 3] == '0' || memmem(told.p, told.n, " 0:\n", 4)) {
				buf_fini(&one);
				continue;
			}
			buf_fini(&told);
		}
		buf_fini(&one);
		seed_add(&out, piece->tag, piece->bytes.p, piece->bytes.n);
	}
	buf_fini(bytes);
	*bytes = out;
}

static int shrink(const char *runtime, struct str bytes, const char *path)
{
	static const size_t steps[] = { SIZE_MAX, 4096, 512, 64 };
	static struct seed seed;
	struct buf best = { 0 }, tried = { 0 }, told;
	FILE *out;

	buf_add_str(&best, bytes);
	drop_what_tells_nothing(runtime, &best);
	told = tell(runtime, buf_str(&best));
	for (unsigned s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		seed_read(&seed, buf_str(&best));
		for (uint32_t i = seed.n_memory; i-- > 0;)
			for (size_t from = 0; i < seed.n_memory && from < seed.memory[i].bytes.n;) {
				size_t n = seed.memory[i].bytes.n - from, to = from + (n < steps[s] ? n : steps[s]);
				struct buf now;

				write_without(&seed, i, from, to, NULL, &tried);
				now = tell(runtime, buf_str(&tried));
				if (!str_eq(buf_str(&now), buf_str(&told))) {
					from = to;
				} else {
					struct buf swap = best;

					best = tried;
					tried = swap;
					seed_read(&seed, buf_str(&best));
					/* what is behind the hole is a piece of its own, and comes with the next step */
					if (from)
						from = SIZE_MAX;
				}
				buf_fini(&now);
			}
	}
	fprintf(stderr, "%zu -> %zu bytes\n", bytes.n, best.n);
	out = fopen(path, "wb");
	return out && fwrite(best.p, 1, best.n, out) == best.n && fclose(out) == 0 ? 0 : 1;
}

static void write_seed(void)
{
	FILE *out = fopen(getenv("SONDE_IMAGE"), "wb");

	write_memory(&pieces);
	if (out && pieces.n)
		fwrite(pieces.p, 1, pieces.n, out);
	if (out)
		fclose(out);
}

static struct str whole(const char *path)
{
	static struct buf bytes;
	char part[65536];
	FILE *in = fopen(path, "rb");
	size_t n;

	buf_clear(&bytes);
	while (in && (n = fread(part, 1, sizeof(part), in)) > 0)
		buf_add(&bytes, part, n);
	if (in)
		fclose(in);
	return buf_str(&bytes);
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 5 && !strcmp(argv[1], "shrink"))
		return shrink(argv[2], whole(argv[3]), argv[4]);
	if (argc == 4 && !strcmp(argv[1], "tell")) {
		struct buf told = tell(argv[2], whole(argv[3]));

		fwrite(told.p, 1, told.n, stdout);
		return !told.n;
	}
	rc = sonde_main(argc, argv);
	if (getenv("SONDE_IMAGE"))
		write_seed();
	return rc;
}
