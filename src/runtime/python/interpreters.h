/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/interpreters.h - the interpreters of a process, and what they imported. */
#ifndef SONDE_RUNTIME_PYTHON_INTERPRETERS_H
#define SONDE_RUNTIME_PYTHON_INTERPRETERS_H

#include "runtime/python/memory.h"
#include "runtime/python/objects.h"
#include "runtime/python/python.h"

#define PYTHON_INTERPRETERS_MAX 16

/* The first interpreter's address, 0 when there is none (yet). The next: interp_next. */
uint64_t python_first_interpreter(const struct python_file *file, uint64_t bias,
				  const struct python_memory *memory);

static inline struct python_shape python_file_shape(const struct python_file *file)
{
	return (struct python_shape){ file->minor, file->offsets.object_bytes };
}

/* The dictionary of sys.modules[name], 0 when it is not imported. */
uint64_t python_module_dict(const struct python_file *file, const struct python_memory *memory,
			    uint64_t interpreter, struct str name);

#endif
