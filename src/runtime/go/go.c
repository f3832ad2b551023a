/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/go.h"

#include "base/cursor.h"
#include "elf/elf.h"
#include "runtime/go/code.h"

#define CODE_BYTES_MAX 1024u

/* Of struct g (runtime/runtime2.go) since 1.18. */
#define G_M 48u
#define G_SCHED_SP 56u
#define G_SCHED_PC 64u

/* By version, measured on builds of each (docs/go.md). */
static const struct {
	uint8_t first, last;	/* of 1.MINOR */
	uint16_t goid, labels_at, labels;
} versions[] = {
	{ 18, 20, 152, 360, GO_LABELS_MAP },
	{ 21, 22, 152, 344, GO_LABELS_MAP },
	{ 23, 23, 160, 352, GO_LABELS_MAP },
	{ 24, 24, 160, 352, GO_LABELS_SLICE },
	{ 25, 25, 152, 344, GO_LABELS_SLICE },
	{ 26, 26, 152, 352, GO_LABELS_SLICE },
};

/* 22 of "go1.22.12", "go1.22-abc"; 0: something else ("devel ..."). */
static uint32_t minor_of(struct str version)
{
	uint32_t minor = 0;

	if (!str_starts(version, STR("go1.")))
		return 0;
	for (size_t i = 4; i < version.n && i < 7; i++) {
		if (version.p[i] < '0' || version.p[i] > '9')
			break;
		minor = minor * 10 + (uint32_t)(version.p[i] - '0');
	}
	return minor;
}

static void set_version(struct go_file *file, struct elf *elf)
{
	file->minor = minor_of(go_version(elf));
	file->layout.g_goid = file->layout.g_labels = RUNTIME_NO_FIELD;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (file->minor < versions[i].first || file->minor > versions[i].last)
			continue;
		file->layout.g_goid = versions[i].goid;
		file->layout.g_labels = versions[i].labels_at;
		file->layout.labels = versions[i].labels;
	}
}

/* The function's code, of those that the run-time marks. */
static struct str code_of(const struct go_table *table, const struct elf *elf, struct str name,
			  uint64_t *ret_start)
{
	struct go_function function;

	for (uint32_t i = 0; i < table->n_functions; i++)
		if (go_table_function(table, i, &function) && function.id &&
		    str_eq(function.name, name)) {
			uint64_t n = function.end - function.start;

			*ret_start = function.start;
			return elf_bytes_at(elf, function.start,
					    n < CODE_BYTES_MAX ? n : CODE_BYTES_MAX);
		}
	return (struct str){ 0 };
}

static int32_t s32_at(struct str code, size_t at)
{
	struct cursor c = cursor_over(str_skip(code, at));

	return cursor_s32(&c);
}

/* morestack begins by loading its goroutine:
 *
 *   mov %fs:DISP32,%REG                             programs
 *   mov $IMM32,%rcx;       mov %fs:(%rcx),%REG      position-independent ones
 *   mov REL32(%rip),%rcx;  mov %fs:(%rcx),%REG      libraries: the word is set when they are loaded */
static bool find_tls(struct go_file *file, struct str code, uint64_t start)
{
	if (code.n < 16)
		return false;
	if (str_starts(code, STR("\x64\x48\x8b")) && code.p[4] == 0x25) {
		file->layout.g_tls = s32_at(code, 5);
	} else if (str_starts(code, STR("\x48\xc7\xc1"))) {
		file->layout.g_tls = s32_at(code, 3);
	} else if (str_starts(code, STR("\x48\x8b\x0d"))) {
		file->tls_at = start + 7 + (uint64_t)(int64_t)s32_at(code, 3);
	} else {
		return false;
	}
	return true;
}

/* `mov %rbp,OFF(%rsi or %rdi)` in morestack. */
static bool find_saved_rbp(struct go_file *file, struct str code)
{
	size_t at = go_code_after(code, 0, STR("\x48\x89\x6f"));

	if (!at)
		at = go_code_after(code, 0, STR("\x48\x89\x6e"));
	if (!at || at >= code.n)
		return false;
	file->layout.g_sched_bp = (uint8_t)code.p[at];
	return true;
}

/* `cmp OFF(%rbx),%rax` in systemstack, which compares its goroutine with the thread's. */
static bool find_current(struct go_file *file, struct str code)
{
	size_t at = go_code_after(code, 0, STR("\x48\x3b\x83"));
	int32_t offset = at ? s32_at(code, at) : 0;

	if (offset <= 0 || offset >= (int32_t)RUNTIME_NO_FIELD || offset % 8)
		return false;
	file->layout.m_curg = (uint16_t)offset;
	return true;
}

static void find_layout(struct go_file *file, const struct elf *elf)
{
	uint64_t start = 0, ignored;
	struct str morestack = code_of(&file->table, elf, STR("runtime.morestack"), &start);
	struct str systemstack = code_of(&file->table, elf, STR("runtime.systemstack"), &ignored);

	file->layout.g_m = G_M;
	file->layout.g_sched_sp = G_SCHED_SP;
	file->layout.g_sched_pc = G_SCHED_PC;
	if (!find_tls(file, morestack, start) || !find_saved_rbp(file, morestack) ||
	    !find_current(file, systemstack))
		file->layout.g_m = RUNTIME_NO_FIELD;
}

bool go_detect(struct go_file *ret_file, struct elf *elf)
{
	struct go_file file = { 0 };

	if (go_table_open(&file.table, elf) < 0)
		return false;
	set_version(&file, elf);
	find_layout(&file, elf);
	*ret_file = file;
	return true;
}

bool go_layout(const struct go_file *file, uint64_t bias, go_read_fn read, void *context,
	       struct walk_go *ret_layout)
{
	struct walk_go layout = file->layout;

	if (layout.g_m == RUNTIME_NO_FIELD)
		return false;
	/* 0 until the dynamic linker has been there */
	if (file->tls_at && (!read(context, &layout.g_tls, sizeof(layout.g_tls),
				   file->tls_at + bias) || !layout.g_tls))
		return false;
	*ret_layout = layout;
	return true;
}
