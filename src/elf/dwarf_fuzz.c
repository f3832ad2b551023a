/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a whole ELF file, or (where it does not start like one) debug sections: their 16-bit
 * sizes, then their bytes. A file with split sections is also its own .dwo: it is put where
 * descriptor DWO_FD is, and a skeleton may name it. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "elf/dwarf.h"
#include "elf/dwarf_image.h"
#include "elf/elf.h"

#define DWO_FD 100	/* seeds name /proc/self/fd/100 */

static const char *const names[] = {
	".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str",
	".debug_str_offsets", ".debug_addr", ".debug_ranges", ".debug_rnglists", ".debug_aranges",
	".debug_info.dwo", ".debug_abbrev.dwo", ".debug_str.dwo", ".debug_str_offsets.dwo",
};
#define N_NAMES (sizeof(names) / sizeof(*names))

static void build(struct buf *image, struct str input)
{
	struct image_section sections[N_NAMES];
	struct cursor sizes = cursor_over(input), bytes;

	bytes = sizes;
	cursor_skip(&bytes, 2 * N_NAMES);
	for (size_t i = 0; i < N_NAMES; i++) {
		uint64_t n = cursor_u16(&sizes), left = cursor_left(&bytes);

		sections[i].name = names[i];
		sections[i].flags = 0;
		sections[i].bytes = cursor_bytes(&bytes, n < left ? n : left);
	}
	image_build(image, sections, N_NAMES);
}

static void publish_dwo(struct str bytes)
{
	static int fd = -1;

	if (fd < 0)
		fd = dup2(memfd_create("dwo", 0), DWO_FD);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, bytes.p, bytes.n, 0) < 0)
		_exit(1);
}

static unsigned touch(struct str s)
{
	return s.n ? (unsigned)s.p[0] + (unsigned)s.p[s.n - 1] : 0;
}

/* Addresses all over the executable sections, and some that are nowhere. */
static uint32_t choose(const struct elf *elf, uint64_t *vaddrs, uint32_t cap)
{
	uint32_t n = 0;

	vaddrs[n++] = 0;
	for (uint32_t i = 0; i < elf->n_sections && i < 64; i++) {
		const struct elf_section *s = &elf->sections[i];

		if (!(s->flags & SHF_EXECINSTR))
			continue;
		for (uint64_t part = 0; part < 16 && n < cap - 1; part++) {
			uint64_t vaddr = s->vaddr + s->size / 16 * part + part % 4;

			if (vaddr > vaddrs[n - 1])
				vaddrs[n++] = vaddr;
		}
	}
	if (vaddrs[n - 1] < UINT64_MAX)
		vaddrs[n++] = UINT64_MAX;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_over(data, size);
	struct dwarf_result result = { 0 };
	struct dwarf *dwarf = NULL;
	struct buf image = { 0 };
	uint64_t vaddrs[128];
	unsigned sum = 0;
	struct elf elf;

	if (size < 4 || memcmp(data, ELFMAG, 4)) {
		build(&image, input);
		input = buf_str(&image);
	}
	if (str_contains(input, STR(".dwo")))
		publish_dwo(input);
	if (elf_open_bytes(&elf, input, "input", NULL) == 0 &&
	    dwarf_open(&dwarf, &elf, "/nowhere/input", NULL) == 0 &&
	    dwarf_resolve(dwarf, vaddrs, choose(&elf, vaddrs, 127), &result, NULL) == 0) {
		for (uint32_t i = 0; i < result.n_frames; i++) {
			const struct dwarf_frame *f = &result.frames[i];

			sum += touch(f->name) + touch(f->dir) + touch(f->file) +
			       touch(f->decl_dir) + touch(f->decl_file);
		}
	}
	dwarf_result_fini(&result);
	dwarf_close(dwarf);
	elf_close(&elf);
	buf_fini(&image);
	__asm__ volatile("" : : "r"(sum));	/* keeps the reads */
	return 0;
}
