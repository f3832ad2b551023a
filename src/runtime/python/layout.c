/* SPDX-License-Identifier: Apache-2.0 */
/* Where a thread keeps its values by key: glibc's nptl/descr.h (specific_1stblock of struct pthread,
 * nptl/pthread_getspecific.c), musl's src/internal/pthread_impl.h (tsd). */
#include "runtime/python/interpreters.h"
#include "runtime/python/memory.h"
#include "runtime/python/offsets.h"
#include "runtime/python/python.h"

#define THREADS_MAX 32			/* enough to agree on a key */
#define KEYS_MAX 128
#define TRIES 3

struct shape {
	uint16_t at;
	uint8_t indirect, stride, value, keys;
};

static const struct shape glibc = { .at = 0x310, .stride = 16, .value = 8, .keys = 32 };
static const struct shape musl = { .at = 0x80, .indirect = 1, .stride = 8, .keys = KEYS_MAX };

static void set_shape(struct walk_python *walk, const struct shape *shape)
{
	walk->tsd_at = shape->at;
	walk->tsd_indirect = shape->indirect;
	walk->tsd_stride = shape->stride;
	walk->tsd_value = shape->value;
	walk->tsd_keys = shape->keys;
}

static void extend(unsigned *bytes, uint16_t field, unsigned n)
{
	if (field != RUNTIME_NO_FIELD && field + n > *bytes)
		*bytes = field + n;
}

static uint8_t frame_bytes(const struct python_offsets *o)
{
	unsigned bytes = 0;

	extend(&bytes, o->frame_previous, 8);
	extend(&bytes, o->frame_code, 8);
	extend(&bytes, o->frame_instr, o->minor <= 10 ? 4 : 8);
	extend(&bytes, o->frame_owner, 1);
	extend(&bytes, o->frame_coroutine, 8);
	extend(&bytes, o->frame_tlbc, 4);
	return (uint8_t)((bytes + 7) & ~7u);
}

static enum python_segment segment_of(uint8_t minor)
{
	if (minor <= 10)
		return PYTHON_SEGMENT_EACH;
	return minor == 11 ? PYTHON_SEGMENT_ENTRY : PYTHON_SEGMENT_SHIM;
}

static void set_fields(struct walk_python *walk, const struct python_offsets *o)
{
	walk->interp_gil = o->interp_gil == RUNTIME_NO_FIELD ? 0 : o->interp_gil;
	walk->gil_holder = o->gil_holder;
	walk->gil_locked = o->gil_locked;
	walk->minor = o->minor;
	walk->segment = segment_of(o->minor);
	walk->instr = o->minor <= 10 ? PYTHON_INSTR_INDEX : PYTHON_INSTR_POINTER;
	walk->shim_owner = o->minor >= 12 ? 3 : 0xff;
	walk->free_threaded = o->free_threaded;
	walk->frame_bytes = frame_bytes(o);
	walk->tstate_interp = o->tstate_interp;
	walk->tstate_frame = o->tstate_frame;
	walk->cframe_frame = o->cframe_frame;
	walk->frame_previous = o->frame_previous;
	walk->frame_code = o->frame_code;
	walk->frame_instr = o->frame_instr;
	walk->frame_owner = o->frame_owner;
	walk->frame_coroutine = o->frame_coroutine;
	walk->tstate_thread = o->tstate_thread;
	walk->coroutine_frame = o->coroutine_frame;
	walk->frame_tlbc = o->frame_tlbc;
	walk->code_tlbc = o->code_tlbc;
	walk->code_start = o->code_start;
	walk->code_first_line = o->code_first_line;
	walk->code_file = o->code_file;
	walk->code_name = o->code_name;
	walk->code_qualname = o->code_qualname;
	walk->code_table = o->code_table;
	walk->object_bytes = o->object_bytes;
}

static void set_addresses(struct walk_python *walk, const struct python_file *file, uint64_t bias)
{
	const struct python_offsets *o = &file->offsets;

	walk->key = -1;
	if (file->minor == 6) {
		walk->key_at = file->key ? file->key + bias : 0;
		walk->gil_at = file->current ? file->current + bias : 0;
		walk->interpreters_at = file->interpreters ? file->interpreters + bias : 0;
		return;
	}
	/* Py_tss_t: whether it is there, then the key */
	walk->key_at = file->runtime + bias + o->runtime_key + 4;
	if (o->runtime_holder != RUNTIME_NO_FIELD)
		walk->gil_at = file->runtime + bias + o->runtime_holder;
	if (file->minor <= 11)
		walk->interpreters_at = file->runtime + bias + o->runtime_interpreters;
}

/* ---- what only a running one tells: which key it is */

struct thread {
	uint64_t pthread;	/* PyThreadState.thread_id: pthread_self(), where the thread pointer points */
	uint64_t tstate;
};

struct threads {
	struct thread items[THREADS_MAX];
	uint32_t n;
};

/* False when what is there is no list of thread states. */
static bool list_threads(struct threads *threads, const struct python_offsets *o,
			 const struct python_memory *memory, uint64_t interp)
{
	uint64_t tstate = python_word(memory, interp + o->interp_threads);

	for (uint32_t i = 0; tstate && i < THREADS_MAX && threads->n < THREADS_MAX; i++) {
		uint64_t of, pthread;

		if (!python_read_u64(memory, tstate + o->tstate_interp, &of) || of != interp ||
		    !python_read_u64(memory, tstate + o->tstate_thread, &pthread))
			return false;
		if (pthread)
			threads->items[threads->n++] = (struct thread){ pthread, tstate };
		tstate = python_word(memory, tstate + o->tstate_next);
	}
	return true;
}

static bool list_all(struct threads *threads, const struct python_file *file, uint64_t bias,
		     const struct python_memory *memory)
{
	const struct python_offsets *o = &file->offsets;
	uint64_t interp = python_first_interpreter(file, bias, memory);
	bool good = true;

	threads->n = 0;
	for (uint32_t i = 0; good && interp && i < PYTHON_INTERPRETERS_MAX; i++) {
		good = list_threads(threads, o, memory, interp);
		interp = python_word(memory, interp + o->interp_next);
	}
	return good;
}

/* The threads whose value of each key is their own state. */
static void count_keys(uint32_t counts[KEYS_MAX], const struct shape *shape,
		       const struct threads *threads, const struct python_memory *memory)
{
	uint8_t block[32 * 16];

	for (unsigned k = 0; k < KEYS_MAX; k++)
		counts[k] = 0;
	for (uint32_t i = 0; i < threads->n; i++) {
		const struct thread *thread = &threads->items[i];
		uint64_t at = thread->pthread + shape->at;

		if (shape->indirect)
			at = python_word(memory, at);
		for (unsigned k = 0; k < shape->keys; k += sizeof(block) / shape->stride) {
			if (!at || !python_read(memory, block, sizeof(block),
						at + k * shape->stride))
				break;
			for (unsigned j = 0; j < sizeof(block) / shape->stride; j++) {
				uint64_t value;

				memcpy(&value, block + j * shape->stride + shape->value,
				       sizeof(value));
				counts[k + j] += value == thread->tstate;
			}
		}
	}
}

/* Extensions keep the state under keys of their own too: the interpreter's is the one that its own
 * variable says, else the one that most threads have, else the first, which is the oldest. */
static int best_key(const uint32_t counts[KEYS_MAX], uint32_t told)
{
	int best = -1;

	if (told < KEYS_MAX && counts[told])
		return (int)told;
	for (int k = 0; k < KEYS_MAX; k++)
		if (counts[k] && (best < 0 || counts[k] > counts[best]))
			best = k;
	return best;
}

static void prove_key(struct walk_python *walk, const struct threads *threads,
		      const struct python_memory *memory)
{
	const struct shape *shapes[2] = { &glibc, &musl };
	uint32_t counts[KEYS_MAX], told = KEYS_MAX;

	if (walk->tsd_indirect) {
		shapes[0] = &musl;
		shapes[1] = &glibc;
	}
	if (walk->key_at && !python_read_u32(memory, walk->key_at, &told))
		told = KEYS_MAX;
	for (unsigned i = 0; i < 2; i++) {
		int key;

		count_keys(counts, shapes[i], threads, memory);
		key = best_key(counts, told);
		if (key < 0)
			continue;
		set_shape(walk, shapes[i]);
		walk->key = key;
		if ((uint32_t)key != told)
			walk->key_at = 0;
		return;
	}
}

bool python_layout(const struct python_file *file, uint64_t bias, python_read_fn read, void *context,
		   struct walk_python *ret_python)
{
	struct python_memory memory = { read, context };
	struct walk_python walk = { .key = -1 };
	struct threads threads = { .n = 0 };
	bool good = !read;

	if (!file->minor)
		return false;
	set_fields(&walk, &file->offsets);
	set_addresses(&walk, file, bias);
	set_shape(&walk, file->musl ? &musl : &glibc);
	/* a list that changes under our eyes looks wrong once, not every time */
	for (unsigned i = 0; !good && i < TRIES; i++)
		good = list_all(&threads, file, bias, &memory);
	if (!good)
		return false;
	if (threads.n)
		prove_key(&walk, &threads, &memory);
	if (!walk.key_at && walk.key < 0)
		return false;
	*ret_python = walk;
	return true;
}
