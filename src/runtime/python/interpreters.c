/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/python/interpreters.h"

#include "runtime/python/dict.h"

uint64_t python_first_interpreter(const struct python_file *file, uint64_t bias,
				  const struct python_memory *memory)
{
	if (file->minor > 6)
		return python_word(memory,
				   file->runtime + bias + file->offsets.runtime_interpreters);
	if (file->interpreters)
		return python_word(memory, file->interpreters + bias);
	if (!file->current)
		return 0;
	/* whoever holds the GIL knows */
	return python_word(memory, python_word(memory, file->current + bias) +
					   file->offsets.tstate_interp);
}

uint64_t python_module_dict(const struct python_file *file, const struct python_memory *memory,
			    uint64_t interpreter, struct str name)
{
	struct python_shape shape = python_file_shape(file);
	uint64_t modules = python_word(memory, interpreter + file->offsets.interp_modules);
	uint64_t module = modules ? python_dict_find(memory, shape, modules, name) : 0;

	return module ? python_word(memory, module + shape.object_bytes) : 0;	/* md_dict */
}
