/* SPDX-License-Identifier: Apache-2.0 */
/* The running kernel and its modules, named by somebody who can ask for single addresses, or from
 * /proc/kallsyms. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "proc/kallsyms.h"
#include "symbol/naming.h"
#include "symbol/object.h"

#define MODULE_NAME_MAX 128

/* So many questions take less time than reading the file does. */
#define ASKED_MAX 8192

struct kernel_object {
	struct symbol_object object;
	struct kallsyms kallsyms;
	bool loaded, unreadable;
	symbol_kernel_fn find;
	void *context;
};

static void read_file(struct kernel_object *kernel)
{
	if (kernel->loaded)
		return;
	kernel->loaded = true;
	kernel->unreadable = kallsyms_load(&kernel->kallsyms, NULL) < 0;
}

static void load_kernel(struct symbol_object *object)
{
	struct kernel_object *kernel = (struct kernel_object *)object;

	if (!kernel->find)
		read_file(kernel);
}

/* From the one or the other. False: no name. */
static bool find_name(struct kernel_object *kernel, uint64_t address, struct str *ret_name,
		      struct str *ret_module)
{
	if (!kernel->loaded && kernel->find(kernel->context, address, ret_name, ret_module))
		return ret_name->n;
	read_file(kernel);
	return kallsyms_find(&kernel->kallsyms, address, ret_name, ret_module);
}

/* "[ext4]"; of the kernel itself "[kernel]". */
static uint32_t module_of(struct naming *naming, struct str name)
{
	char text[MODULE_NAME_MAX];

	if (!name.n)
		name = STR("kernel");
	snprintf(text, sizeof(text), "[%.*s]", STR_ARG(name));
	return naming_module(naming, str_of(text), (struct str){ 0 });
}

static void name_kernel(struct symbol_object *object, struct naming *naming,
			const uint64_t *vaddrs, uint32_t n)
{
	struct kernel_object *kernel = (struct kernel_object *)object;
	uint32_t whole = module_of(naming, (struct str){ 0 }), module = whole;
	struct str last = { 0 };	/* the module's name, lent */

	if (n > ASKED_MAX)
		read_file(kernel);
	for (uint32_t i = 0; i < n; i++) {
		struct naming_frame frame = { .kind = FRAME_KERNEL, .address = vaddrs[i] };
		struct str name;
		bool found = find_name(kernel, vaddrs[i], &frame.name, &name);

		naming_query(naming);
		if (kernel->kallsyms.hidden) {
			naming_add_unknown(naming, whole, vaddrs[i],
					   "[kernel: addresses hidden from this user]");
		} else if (kernel->unreadable) {
			naming_add_unknown(naming, whole, vaddrs[i],
					   "[kernel: cannot read /proc/kallsyms]");
		} else if (!found) {
			naming_add_unknown(naming, whole, vaddrs[i], "[kernel+0x%llx]",
					   (unsigned long long)vaddrs[i]);
		} else {
			if (!str_eq(name, last))
				module = module_of(naming, name);
			last = name;
			frame.module = module;
			naming_add(naming, &frame);
		}
	}
}

static void close_kernel(struct symbol_object *object)
{
	struct kernel_object *kernel = (struct kernel_object *)object;

	kallsyms_fini(&kernel->kallsyms);
	free(kernel);
}

static const struct symbol_source kernel_source = {
	.load = load_kernel, .name = name_kernel, .close = close_kernel
};

void symbol_object_set_kernel_names(struct symbol_object *object, symbol_kernel_fn find,
				    void *context)
{
	struct kernel_object *kernel = (struct kernel_object *)object;

	if (object->source != &kernel_source)
		return;
	kernel->find = find;
	kernel->context = context;
}

int symbol_object_open_kernel(struct symbol_object **ret_object, struct err *err)
{
	struct kernel_object *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	kernel->object.source = &kernel_source;
	*ret_object = &kernel->object;
	return 0;
}
