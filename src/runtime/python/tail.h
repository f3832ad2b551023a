/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/python/tail.h
 *
 * CPython 3.14 can be built with a function for each instruction (--with-tail-call-interp, as uv's
 * Pythons are). Each ends with a jump through a table to the next one's:
 *
 *   _PyEval_EvalFrameDefault, and    call *table[...] ---> LOAD_FAST  jmp *table[...] ---> RETURN_VALUE
 *   what it was inlined into  <------------------------------------------------------------ ret
 *
 * So there is no loop on the native stack, but one of those functions, and below it the one that called
 * the first of them. The latter is on many other stacks too, which run no bytecode for it: those call
 * instructions alone are what stands for a run of the loop.
 */
#ifndef SONDE_RUNTIME_PYTHON_TAIL_H
#define SONDE_RUNTIME_PYTHON_TAIL_H

#include <stdbool.h>
#include <stdint.h>

struct elf;
struct python_file;
struct starts;
struct starts_range;

/* Fills file->loops with the call instructions of all such functions, when `loop` (of the exported
 * _PyEval_EvalFrameDefault) is one. False: it is none, and there are no loops. x86-64 only. */
bool python_tail_find(struct python_file *file, const struct elf *elf, const struct starts *starts,
		      const struct starts_range *loop);

/* What is certain of the stack in those functions, while their CFI is wrong where BOLT has inlined one into
 * another: at a jump through the table it is as it was where the function began, which it leaves; and so it
 * is where a frame begins (push %rbp; mov %rsp,%rbp), but for what the first of these two has `pushed`.
 * Spans ascend. */
typedef void (*python_stack_fn)(void *context, uint64_t start, uint64_t end, bool pushed);
void python_tail_stack(const struct python_file *file, const struct elf *elf, const struct starts *starts,
		       python_stack_fn add, void *context);

#endif
