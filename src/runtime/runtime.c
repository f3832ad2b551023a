/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime.h"

#include <stdlib.h>

struct runtime_file *runtime_detect(struct elf *elf, bool *ret_interpreter)
{
	struct runtime_file found = { .kind = RUNTIME_NONE }, *file;

	if (python_detect(&found.python, elf))
		found.kind = RUNTIME_PYTHON;
	else if (jvm_detect(&found.jvm, elf))
		found.kind = RUNTIME_JVM;
	else if (go_detect(&found.go, elf))
		found.kind = RUNTIME_GO;
	else if (v8_detect(&found.v8, elf))
		found.kind = RUNTIME_V8;
	*ret_interpreter = found.kind == RUNTIME_PYTHON || python_is_launcher(elf);
	file = found.kind != RUNTIME_NONE ? malloc(sizeof(*file)) : NULL;
	if (file)
		*file = found;
	else if (found.kind == RUNTIME_JVM)
		jvm_file_fini(&found.jvm);
	return file;
}

uint32_t runtime_launched(struct elf *elf)
{
	return (python_is_launcher(elf) ? RUNTIME_BIT(RUNTIME_PYTHON) : 0) |
	       (jvm_is_launcher(elf) ? RUNTIME_BIT(RUNTIME_JVM) : 0);
}

bool runtime_comes_later(const struct runtime_file *file)
{
	return file->kind == RUNTIME_JVM && jvm_comes_later(&file->jvm);
}

void runtime_file_free(struct runtime_file *file)
{
	if (file && file->kind == RUNTIME_JVM)
		jvm_file_fini(&file->jvm);
	free(file);
}

bool runtime_layout(const struct runtime_file *file, uint64_t bias, python_read_fn read,
		    void *context, struct walk_runtime *ret_runtime)
{
	*ret_runtime = (struct walk_runtime){ .kind = file->kind };
	switch (file->kind) {
	case RUNTIME_PYTHON:
		return python_layout(&file->python, bias, read, context, &ret_runtime->python);
	case RUNTIME_GO:
		return go_layout(&file->go, bias, read, context, &ret_runtime->go);
	case RUNTIME_V8:
		return v8_layout(&file->v8, bias, &ret_runtime->v8);
	case RUNTIME_JVM:
		return jvm_layout(&file->jvm, bias, read, context, &ret_runtime->jvm);
	case RUNTIME_NONE:
		break;
	}
	return false;
}
