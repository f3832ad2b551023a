/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/threads.h"

#include "base/test.h"
#include "runtime/jvm/tables_test.h"

#define LIST 0x100000ull
#define THREAD 0x110000ull	/* a JavaThread */
#define OSTHREAD 0x120000ull
#define HANDLE 0x130000ull
#define STRING_KLASS 0x200000ull
#define THREAD_KLASS 0x210000ull
#define BYTES_KLASS 0x220000ull
#define VARIABLES 0x240000ull
#define HEAP 0x10000000ull	/* objects */
#define OBJECT (HEAP + 0x100)
#define STRING (HEAP + 0x200)
#define BYTES (HEAP + 0x300)

/* How an object is referred to and what it begins with. */
enum shape { NARROW, WIDE, COLOURED, COMPACT };

struct shape_numbers {
	uint32_t header, reference;	/* bytes */
	uint32_t name, value, coder;	/* offsets of fields */
};

static const struct shape_numbers shapes[] = {
	[NARROW] = { 12, 4, 20, 12, 16 },
	[WIDE] = { 16, 8, 24, 16, 24 },
	[COLOURED] = { 16, 8, 24, 16, 24 },
	[COMPACT] = { 8, 4, 16, 8, 12 },
};

static const struct table_row rows[] = {
	{ JVM_FIELDS, "OopHandle", "_obj", false, 0 },
	{ JVM_FIELDS, "JavaThread", "_threadObj", false, 16 },
	{ JVM_FIELDS, "JavaThread", "_osthread", false, 32 },
	{ JVM_FIELDS, "OSThread", "_thread_id", false, 8 },
	{ JVM_FIELDS, "OSThread", "_pthread_id", false, 16 },
	{ JVM_FIELDS, "ThreadsSMRSupport", "_java_thread_list", true, VARIABLES },
	{ JVM_FIELDS, "ThreadsList", "_length", false, 4 },
	{ JVM_FIELDS, "ThreadsList", "_threads", false, 16 },
	{ JVM_FIELDS, "vmClasses", "_klasses[static_cast<int>(vmClassID::String_klass_knum)]", true, VARIABLES + 8 },
	{ JVM_FIELDS, "vmClasses", "_klasses[static_cast<int>(vmClassID::Thread_klass_knum)]", true, VARIABLES + 16 },
	{ JVM_FIELDS, "CompressedOops", "_base", true, VARIABLES + 24 },
	{ JVM_FIELDS, "CompressedOops", "_shift", true, VARIABLES + 32 },
	{ JVM_FIELDS, "CompressedKlassPointers", "_base", true, VARIABLES + 40 },
	{ JVM_FIELDS, "CompressedKlassPointers", "_shift", true, VARIABLES + 48 },
	{ JVM_FIELDS, "ZGlobalsForVMStructs", "_instance_p", true, VARIABLES + 56 },
	{ JVM_FIELDS, "ZGlobalsForVMStructs", "_ZPointerLoadShift", false, 8 },
	{ JVM_FIELDS, "Klass", "_super", false, 120 },
	{ JVM_FIELDS, "Klass", "_layout_helper", false, 8 },
	{ JVM_FIELDS, "InstanceKlass", "_constants", false, 224 },
	{ JVM_FIELDS, "InstanceKlass", "_fieldinfo_stream", false, 448 },
	{ JVM_FIELDS, "Array<u1>", "_data", false, 4 },
	{ JVM_TYPES, "Klass", NULL, false, 200 },
	{ JVM_INTS, "None", NULL, false, 0 },
	{ JVM_LONGS, "markWord::klass_shift", NULL, false, 42 },
};

/* A class with two fields: names and types are entries 1 to 4 of its pool. */
static void add_class(struct buf *image, const struct jvm_offsets *o, uint64_t at, const char *const strings[4],
		      uint32_t first, uint32_t second)
{
	/* packed, raised by 1: fields, added ones, then each: name, type, offset, access, flags */
	uint8_t stream[4 + 12] = { 12, 0, 0, 0, 3, 1, 2, 3, (uint8_t)(first + 1), 1, 1,
				   4, 5, (uint8_t)(second + 1), 1, 1 };

	image_add_u64(image, at + 120, 0);
	image_add_u64(image, at + 224, at + 0x1000);
	image_add_u64(image, at + 448, at + 0x2000);
	image_add(image, at + 0x2000, stream, sizeof(stream));
	for (unsigned i = 0; i < 4; i++) {
		image_add_u64(image, at + 0x1000 + o->pool_bytes + (i + 1) * 8, at + 0x3000 + i * 64);
		image_add_symbol(image, o, at + 0x3000 + i * 64, strings[i]);
	}
}

static uint64_t referred(enum shape shape, uint64_t object)
{
	switch (shape) {
	case NARROW:
	case COMPACT:
		return (object - HEAP) >> 3;
	case COLOURED:
		return object << 13 | 0x1010;
	case WIDE:
		break;
	}
	return object;
}

static void add_object(struct buf *image, enum shape shape, uint64_t at, uint64_t klass, uint8_t *object, size_t n)
{
	if (shape == COMPACT)
		image_set(object, 0, klass << 42 | 1, 8);
	else
		image_set(object, 8, klass, shape == NARROW ? 4 : 8);
	image_add(image, at, object, n);
}

static void add_heap(struct buf *image, enum shape shape, const char *text, uint32_t n, uint8_t coder)
{
	const struct shape_numbers *s = &shapes[shape];
	uint8_t thread[64] = { 0 }, string[64] = { 0 }, bytes[128] = { 0 };

	image_add_u64(image, HANDLE, shape == COLOURED ? referred(shape, OBJECT) : OBJECT);
	image_set(thread, s->name, referred(shape, STRING), s->reference);
	add_object(image, shape, OBJECT, THREAD_KLASS, thread, sizeof(thread));
	image_set(string, s->value, referred(shape, BYTES), s->reference);
	string[s->coder] = coder;
	add_object(image, shape, STRING, STRING_KLASS, string, sizeof(string));
	image_set(bytes, s->header, n, 4);
	memcpy(bytes + s->header + 4, text, n);
	add_object(image, shape, BYTES, BYTES_KLASS, bytes, sizeof(bytes));
}

static void add_world(struct buf *image, const struct jvm_offsets *o, enum shape shape)
{
	static const char *const of_string[] = { "value", "[B", "coder", "B" };
	static const char *const of_thread[] = { "tid", "J", "name", "Ljava/lang/String;" };
	static const uint32_t length = 1;
	const struct shape_numbers *s = &shapes[shape];
	uint64_t variables[8] = { LIST, STRING_KLASS, THREAD_KLASS, HEAP, 3, 0, 0, shape == COLOURED ? LIST + 64 : 0 };

	image_add(image, VARIABLES, variables, sizeof(variables));
	image_add(image, LIST + 4, &length, 4);
	image_add_u64(image, LIST + 16, LIST + 32);
	image_add_u64(image, LIST + 32, THREAD);
	image_add_u64(image, LIST + 64 + 8, LIST + 80);
	image_add_u32(image, LIST + 80, 13);
	image_add_u64(image, THREAD + 16, HANDLE);
	image_add_u64(image, THREAD + 32, OSTHREAD);
	image_add_u32(image, OSTHREAD + 8, 4711);
	image_add_u64(image, OSTHREAD + 16, 0x7f0000001000);
	add_class(image, o, STRING_KLASS, of_string, s->value, s->coder);
	add_class(image, o, THREAD_KLASS, of_thread, 40, s->name);
	image_add_u32(image, BYTES_KLASS + 8, 0xc0000800 | (s->header + 4) << 16);
	image_add_u64(image, BYTES_KLASS + 120, 0);
}

struct found {
	struct jvm_thread thread;
	char name[80];
	bool wanted;
};

static bool see(void *seer, const struct jvm_thread *thread)
{
	struct found *found = seer;

	found->thread = *thread;
	snprintf(found->name, sizeof(found->name), "%.*s", STR_ARG(thread->name));
	return true;
}

static bool wants(void *seer, const struct jvm_thread *thread)
{
	const struct found *found = seer;

	return thread->tid == 4711 && !thread->name.n && found->wanted;
}

static uint32_t read_threads(struct buf *image, struct found *found)
{
	struct tables tables = { 0 };
	struct jvm_vmstructs structs;
	struct arena arena = { 0 };
	struct str view;
	struct jvm_memory memory = { image_read, &view };
	uint32_t n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tables_add(&tables, &rows[i]);
	tables_finish(&tables, image);
	view = str_over(image->p, image->n);
	CHECK(jvm_vmstructs_read(&structs, &tables.places, 0, image_read, &view));
	n = jvm_thread_names(&structs, &image_offsets[IMAGE_25], 0, &memory, &arena, wants, see, found);
	jvm_vmstructs_fini(&structs);
	arena_fini(&arena);
	return n;
}

TEST(a_thread_has_its_java_name_however_objects_are_referred_to)
{
	for (enum shape shape = NARROW; shape <= COMPACT; shape++) {
		struct buf image = { 0 };
		struct found found = { .wanted = true };

		add_world(&image, &image_offsets[IMAGE_25], shape);
		add_heap(&image, shape, "main-worker-\xfc", 13, 0);
		CHECK_EQ(read_threads(&image, &found), 1);
		CHECK_STR(str_of(found.name), "main-worker-ü");
		CHECK_EQ(found.thread.tid, 4711);
		CHECK_EQ(found.thread.pthread, 0x7f0000001000);
		buf_fini(&image);
	}
}

TEST(names_beyond_latin1_have_two_bytes_a_character)
{
	struct buf image = { 0 };
	struct found found = { .wanted = true };

	add_world(&image, &image_offsets[IMAGE_25], NARROW);
	add_heap(&image, NARROW, "\x3d\xd8\x00\xde\x61\x00", 6, 1);
	CHECK_EQ(read_threads(&image, &found), 1);
	CHECK_STR(str_of(found.name), "\xf0\x9f\x98\x80" "a");
	buf_fini(&image);
}

TEST(an_object_of_another_class_is_no_name)
{
	struct buf image = { 0 };
	struct found found = { .wanted = true };

	add_world(&image, &image_offsets[IMAGE_25], WIDE);
	image_add(&image, STRING, (uint64_t[]){ 1, THREAD_KLASS }, 16);	/* it was moved there meanwhile */
	add_heap(&image, WIDE, "main", 4, 0);
	CHECK_EQ(read_threads(&image, &found), 0);
	buf_fini(&image);
}

TEST(a_thread_that_is_known_is_not_asked_for_its_name)
{
	struct buf image = { 0 };
	struct found found = { 0 };

	add_world(&image, &image_offsets[IMAGE_25], NARROW);
	add_heap(&image, NARROW, "main", 4, 0);
	CHECK_EQ(read_threads(&image, &found), 0);
	CHECK_EQ(found.name[0], '\0');
	buf_fini(&image);
}

TEST_MAIN(CASE(a_thread_that_is_known_is_not_asked_for_its_name),
	  CASE(a_thread_has_its_java_name_however_objects_are_referred_to),
	  CASE(names_beyond_latin1_have_two_bytes_a_character), CASE(an_object_of_another_class_is_no_name))
