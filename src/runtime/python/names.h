/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/names.h
 *
 * Qualified names for 3.6 to 3.10, whose code objects do not have them: looked for in what the process
 * has imported, module by module, when code of that module is first seen.
 *
 *   sys.modules   the module whose __file__ is the code's co_filename
 *   its functions                 func_code, func_qualname
 *   its classes' functions        also in staticmethod, classmethod, property, behind decorators
 *   constants of each code        what is defined inside: "outer.<locals>.inner", "Class.method"
 *
 * A name counts only when it ends with the code's own. Bounded in objects and in how often it is
 * done again; what is not found keeps its short name. Threads: one.
 */
#ifndef SONDE_RUNTIME_PYTHON_NAMES_H
#define SONDE_RUNTIME_PYTHON_NAMES_H

#include "base/str.h"
#include "runtime/python/python.h"

struct python_names;

/* Of one address space; the file is copied. NULL when out of memory. */
struct python_names *python_names_new(const struct python_file *file, uint64_t bias);
void python_names_free(struct python_names *names);

/* The qualified name of the code object at an address, which has this check, short name and file.
 * Lent until the next call; empty when it is not found. */
struct str python_names_find(struct python_names *names, python_read_fn read, void *context,
			     uint64_t code, uint32_t check, struct str short_name, struct str code_file);

#endif
