/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/ksyms.h"

#include <bpf/bpf.h>
#include <stdlib.h>

#include "abi/ksym.h"
#include "base/arena.h"
#include "ksym.skel.h"

struct ksyms {
	struct arena arena;	/* the answers */
	struct ksym *skeleton;
	int program;
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

struct ksyms *ksyms_open(void)
{
	struct ksyms *ksyms = calloc(1, sizeof(*ksyms));

	if (!ksyms)
		return NULL;
	libbpf_set_print(quiet);
	ksyms->skeleton = ksym__open_and_load();
	if (!ksyms->skeleton) {
		free(ksyms);
		return NULL;
	}
	ksyms->program = bpf_program__fd(ksyms->skeleton->progs.name_address);
	return ksyms;
}

/* "name [module]", "0xffffffffc0000000". */
static void split(struct str text, struct str *ret_name, struct str *ret_module)
{
	*ret_name = str_cut(&text, ' ');
	*ret_module = (struct str){ 0 };
	if (str_starts(*ret_name, STR("0x")))
		*ret_name = (struct str){ 0 };
	if (text.p && text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		*ret_module = str_over(text.p + 1, text.n - 2);
}

bool ksyms_find(struct ksyms *ksyms, uint64_t address, struct str *ret_name, struct str *ret_module)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct ksym_query *query = &ksyms->skeleton->bss->query;
	struct str text;

	query->address = address;
	query->n = -1;
	if (bpf_prog_test_run_opts(ksyms->program, &options) < 0 || query->n <= 1 ||
	    (uint32_t)query->n > sizeof(query->text))
		return false;
	text = arena_dup(&ksyms->arena, str_over(query->text, (size_t)query->n - 1));
	if (!text.p)
		return false;
	split(text, ret_name, ret_module);
	return true;
}

void ksyms_close(struct ksyms *ksyms)
{
	if (!ksyms)
		return;
	ksym__destroy(ksyms->skeleton);
	arena_fini(&ksyms->arena);
	free(ksyms);
}
