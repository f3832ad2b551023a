/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/threads.h"

#include "runtime/jvm/heap.h"
#include "runtime/jvm/offsets.h"
#include "runtime/jvm/vmstructs.h"

/* Offsets. */
struct thread_fields {
	uint32_t object, osthread;	/* of a JavaThread */
	uint32_t tid, pthread;		/* of an OSThread */
	bool handle;			/* what a JavaThread has is where the reference is */
};

struct reading {
	const struct jvm_vmstructs *structs;
	struct jvm_memory memory;
	struct jvm_java_heap heap;
	struct thread_fields fields;
	uint64_t bias;
	struct arena *arena;
	bool (*wants)(void *seer, const struct jvm_thread *thread);
	bool (*see)(void *seer, const struct jvm_thread *thread);
	void *seer;
	uint32_t n;
};

static bool find_fields(struct reading *r)
{
	struct thread_fields *f = &r->fields;
	uint32_t handle;

	f->handle = jvm_field(r->structs, "OopHandle", "_obj", &handle) && handle == 0;
	return jvm_field(r->structs, "JavaThread", "_threadObj", &f->object) &&
	       (jvm_field(r->structs, "Thread", "_osthread", &f->osthread) ||
		jvm_field(r->structs, "JavaThread", "_osthread", &f->osthread)) &&
	       jvm_field(r->structs, "OSThread", "_thread_id", &f->tid) &&
	       jvm_field(r->structs, "OSThread", "_pthread_id", &f->pthread);
}

/* Where the reference to its java.lang.Thread is. */
static uint64_t reference_of(const struct reading *r, uint64_t thread)
{
	uint64_t at = thread + r->fields.object;

	return r->fields.handle ? jvm_word(&r->memory, at) : at;
}

static bool read_name(const struct reading *r, uint64_t thread, struct str *ret_name)
{
	const struct jvm_java_heap *heap = &r->heap;
	uint64_t at = reference_of(r, thread), object, string;

	object = at ? jvm_heap_object(heap, at, true, JVM_CLASS_THREAD) : 0;
	string = object ? jvm_heap_object(heap, object + heap->thread_name, false, JVM_CLASS_STRING) : 0;
	return string && jvm_heap_text(heap, string, JVM_THREAD_NAME_MAX, r->arena, ret_name) && ret_name->n &&
	       /* neither has been moved, and the thread has not ended */
	       reference_of(r, thread) == at && jvm_heap_object(heap, at, true, JVM_CLASS_THREAD) == object &&
	       jvm_heap_object(heap, object + heap->thread_name, false, JVM_CLASS_STRING) == string;
}

/* False: enough. */
static bool take_thread(struct reading *r, uint64_t thread)
{
	uint64_t osthread = jvm_word(&r->memory, thread + r->fields.osthread);
	struct jvm_thread found = { 0 };
	uint32_t tid;

	if (!osthread || !jvm_read_u32(&r->memory, osthread + r->fields.tid, &tid) || !tid)
		return true;
	found.tid = tid;
	found.pthread = jvm_word(&r->memory, osthread + r->fields.pthread);
	if ((r->wants && !r->wants(r->seer, &found)) || !read_name(r, thread, &found.name))
		return true;
	r->n++;
	return r->see(r->seer, &found);
}

/* JDK 17 and later: an array, replaced as a whole when a thread begins or ends. */
static void take_array(struct reading *r, uint64_t list)
{
	uint32_t length_at, items_at, n;
	uint64_t items;

	if (!jvm_field(r->structs, "ThreadsList", "_length", &length_at) ||
	    !jvm_field(r->structs, "ThreadsList", "_threads", &items_at) ||
	    !jvm_read_u32(&r->memory, list + length_at, &n))
		return;
	items = jvm_word(&r->memory, list + items_at);
	for (uint32_t i = 0; items && i < n && i < JVM_THREADS_MAX; i++) {
		uint64_t thread = jvm_word(&r->memory, items + i * 8ull);

		if (!thread || !take_thread(r, thread))
			return;
	}
}

/* Before: a chain. */
static void take_chain(struct reading *r, uint64_t thread)
{
	uint32_t next;

	if (!jvm_field(r->structs, "JavaThread", "_next", &next))
		return;
	for (uint32_t i = 0; thread && i < JVM_THREADS_MAX && take_thread(r, thread); i++)
		thread = jvm_word(&r->memory, thread + next);
}

uint32_t jvm_thread_names(const struct jvm_vmstructs *structs, const struct jvm_offsets *o, uint64_t bias,
			  const struct jvm_memory *memory, struct arena *arena,
			  bool (*wants)(void *seer, const struct jvm_thread *thread),
			  bool (*see)(void *seer, const struct jvm_thread *thread), void *seer)
{
	struct reading reading = {
		.structs = structs, .memory = *memory, .bias = bias, .arena = arena,
		.wants = wants, .see = see, .seer = seer,
	};
	uint64_t vaddr;

	if (!find_fields(&reading) || !jvm_heap_find(&reading.heap, structs, o, bias, memory))
		return 0;
	if (jvm_static(structs, "ThreadsSMRSupport", "_java_thread_list", &vaddr))
		take_array(&reading, jvm_word(memory, vaddr + bias));
	else if (jvm_static(structs, "Threads", "_thread_list", &vaddr))
		take_chain(&reading, jvm_word(memory, vaddr + bias));
	return reading.n;
}
