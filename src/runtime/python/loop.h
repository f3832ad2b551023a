/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/loop.h
 *
 * The code of _PyEval_EvalFrameDefault, all of it: a compiler splits off what it takes for cold (GCC's
 * .cold and .part, BOLT's .cold.N). A build of tail calls has none, see runtime/python/tail.h.
 *
 *   symbols          when .symtab names the parts
 *   jumps            else: a jump that leaves the function lands in the part
 *   indirect jumps   no symbol at all: the function that dispatches most often is the loop
 */
#ifndef SONDE_RUNTIME_PYTHON_LOOP_H
#define SONDE_RUNTIME_PYTHON_LOOP_H

#include <stdbool.h>

struct elf;
struct python_file;

/* Fills file->loops. False when there is no loop to be found; then file->n_loops is 0. */
bool python_loop_find(struct python_file *file, struct elf *elf);

#endif
