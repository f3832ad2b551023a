/* SPDX-License-Identifier: Apache-2.0 */
/* Source: CPython's Lib/threading.py (_active, Thread._name, Thread._native_id from 3.8 on). */
#include "runtime/python/threads.h"

#include "runtime/python/dict.h"
#include "runtime/python/interpreters.h"

static bool read_thread(const struct python_memory *memory, struct python_shape shape, uint64_t key,
			uint64_t object, struct arena *arena, struct python_thread *thread)
{
	uint64_t name = python_attribute(memory, shape, object, STR("_name"));
	uint64_t native = python_attribute(memory, shape, object, STR("_native_id"));

	*thread = (struct python_thread){ 0 };
	if (!name || !python_integer(memory, shape, key, &thread->pthread) ||
	    !python_type_is(memory, shape, name, STR("str")))
		return false;
	if (native && !python_integer(memory, shape, native, &thread->tid))
		thread->tid = 0;	/* None, before it runs */
	return python_string(memory, shape, name, arena, &thread->name);
}

uint32_t python_thread_names(const struct python_file *file, uint64_t bias, python_read_fn read,
			     void *context, struct arena *arena,
			     bool (*see)(void *seer, const struct python_thread *thread), void *seer)
{
	struct python_memory memory = { read, context };
	struct python_shape shape = python_file_shape(file);
	uint64_t interp = python_first_interpreter(file, bias, &memory), key, object;
	uint32_t seen = 0;

	for (uint32_t i = 0; interp && i < PYTHON_INTERPRETERS_MAX; i++) {
		uint64_t module = python_module_dict(file, &memory, interp, STR("threading"));
		struct python_dict active;

		if (module && python_dict_open(&active, &memory, shape,
					       python_dict_find(&memory, shape, module,
								STR("_active")))) {
			while (seen < PYTHON_THREADS_MAX &&
			       python_dict_next(&active, &memory, &key, &object)) {
				struct python_thread thread;

				if (!read_thread(&memory, shape, key, object, arena, &thread))
					continue;
				seen++;
				if (!see(seer, &thread))
					return seen;
			}
		}
		interp = python_word(&memory, interp + file->offsets.interp_next);
	}
	return seen;
}
