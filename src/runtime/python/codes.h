/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/codes.h
 *
 * Code objects that were seen in stacks: their names and line tables, copied out of the process at
 * first sight, since neither the object nor the process need be there later.
 *
 *   (address, check) --python_codes_read()--> id --python_codes_place()--> name, file, line
 *
 * Equal functions of several processes are one code.
 * Memory: all strings live as long as the table. Threads: one.
 */
#ifndef SONDE_RUNTIME_PYTHON_CODES_H
#define SONDE_RUNTIME_PYTHON_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "base/str.h"
#include "runtime/python/python.h"

struct python_codes;
struct python_names;

/* NULL when out of memory. */
struct python_codes *python_codes_new(void);
void python_codes_free(struct python_codes *codes);

/* Where a frame stands. */
struct python_place {
	struct str name;	/* "app.py:Class.method" */
	struct str file;	/* as the code object has it: "/srv/app.py", "<frozen importlib._bootstrap>" */
	uint32_t line;		/* 0: the instruction belongs to no line */
	uint32_t first_line;
};

/* The id of the code object at an address of a process, read now, when its check is `check` (what the
 * kernel saw); 0 with *ret_fault otherwise. Not remembered by address: the caller does, as long as it
 * knows the address space to be the same. */
uint32_t python_codes_read(struct python_codes *codes, const struct walk_python *python,
			   python_read_fn read, void *context, uint64_t address, uint32_t check,
			   enum python_fault *ret_fault);

/* What else can be known of where a code object comes from. */
struct python_source {
	struct python_names *names;	/* qualified names of 3.6 to 3.10 (runtime/python/names.h); NULL: none */
	python_read_fn read;	/* for those; the process's memory, also when ... */
	void *context;
	bool copied;	/* the memory is a copy that was taken when the walk met the object: it is what
			 * the walk saw, and no other object can have come in between */
};

/* The same with more known (NULL: nothing). */
uint32_t python_codes_read_from(struct python_codes *codes, const struct python_source *source,
				const struct walk_python *python, python_read_fn read, void *context,
				uint64_t address, uint32_t check, enum python_fault *ret_fault);

/* What the check of a code object would be; false when it cannot be read. */
bool python_codes_check(const struct walk_python *python, python_read_fn read, void *context,
			uint64_t address, uint32_t *ret_check);

/* False for an id that is none. `instr` is what the walk recorded (abi/sample.h): f_lasti, or code units. */
bool python_codes_place(const struct python_codes *codes, uint32_t id, int32_t instr,
			struct python_place *ret_place);

#endif
