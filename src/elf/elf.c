/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: System V gABI, chapters 4 (object files) and 5 (loading); extended numbering of sections
 * and segments as in gABI "ELF Header" (e_shnum 0, SHN_XINDEX) and Linux elf(5) (PN_XNUM). */
#include "elf/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"
#include "elf/decompress.h"

#define PAGE ((uint64_t)4096)

/* Each bounds the work that overlapping ranges of a hostile file could multiply. */
#define SECTION_NAME_MAX 1024
#define NOTES_READ_MAX 64
#define NOTE_BYTES_MAX ((size_t)64 << 10)

struct elf_cached {
	struct elf_cached *before;
	uint32_t section;	/* index */
	struct str data;	/* malloc's */
};

static struct str file_range(const struct elf *elf, uint64_t off, uint64_t n)
{
	if (off > elf->bytes.n || n > elf->bytes.n - off)
		return (struct str){ 0 };
	return (struct str){ elf->bytes.p + off, (size_t)n };
}

/* Copies one fixed-size struct out of the file; zero when it is not all there. */
static bool read_struct(const struct elf *elf, uint64_t off, void *p, size_t n)
{
	struct str bytes = file_range(elf, off, n);

	memset(p, 0, n);
	if (bytes.n)
		memcpy(p, bytes.p, n);
	return bytes.n == n;
}

static int check_header(const Elf64_Ehdr *eh, const char *what, struct err *err)
{
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
		return err_fail(err, -ENOEXEC, "%s is not an ELF file", what);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return err_fail(err, -ENOEXEC,
				"%s is not a 64-bit little-endian ELF file; no other is read", what);
	if (eh->e_machine != EM_X86_64 && eh->e_machine != EM_AARCH64)
		return err_fail(err, -ENOEXEC,
				"%s is for machine %u; only x86-64 and aarch64 are read", what,
				eh->e_machine);
	return 0;
}

/* The name at `offset` of a string table; empty when it is not all there. */
static struct str name_in(struct str table, uint64_t offset)
{
	struct cursor c;

	if (offset >= table.n)
		return (struct str){ 0 };
	c = cursor_over(str_head(str_skip(table, (size_t)offset), SECTION_NAME_MAX));
	return cursor_cstr(&c);
}

/* 0 with n_sections 0 when the headers cannot be used. -ENOMEM. */
static int read_sections(struct elf *elf, const Elf64_Ehdr *eh, const Elf64_Shdr *first)
{
	uint64_t n = eh->e_shnum ? eh->e_shnum : first->sh_size;
	uint32_t names_index = eh->e_shstrndx == SHN_XINDEX ? first->sh_link : eh->e_shstrndx;
	struct str names = { 0 };

	if (!eh->e_shoff || eh->e_shoff > elf->bytes.n ||
	    eh->e_shentsize != sizeof(Elf64_Shdr) ||
	    n > (elf->bytes.n - eh->e_shoff) / sizeof(Elf64_Shdr) || n > UINT32_MAX || n == 0)
		return 0;
	elf->sections = arena_array(&elf->arena, (size_t)n, sizeof(*elf->sections));
	if (!elf->sections)
		return -ENOMEM;
	elf->n_sections = (uint32_t)n;
	if (names_index < n) {
		Elf64_Shdr sh;

		read_struct(elf, eh->e_shoff + names_index * sizeof(sh), &sh, sizeof(sh));
		if (sh.sh_type != SHT_NOBITS)
			names = file_range(elf, sh.sh_offset, sh.sh_size);
	}
	for (uint32_t i = 0; i < elf->n_sections; i++) {
		Elf64_Shdr sh;

		read_struct(elf, eh->e_shoff + i * sizeof(sh), &sh, sizeof(sh));
		elf->sections[i] = (struct elf_section){
			.name = name_in(names, sh.sh_name),
			.type = sh.sh_type,
			.flags = sh.sh_flags,
			.vaddr = sh.sh_addr,
			.off = sh.sh_offset,
			.size = sh.sh_size,
			.align = sh.sh_addralign,
			.entsize = sh.sh_entsize,
			.link = sh.sh_link,
			.info = sh.sh_info,
		};
	}
	return 0;
}

static int read_segments(struct elf *elf, const Elf64_Ehdr *eh, const Elf64_Shdr *first)
{
	uint64_t n = eh->e_phnum == PN_XNUM ? first->sh_info : eh->e_phnum;

	if (!eh->e_phoff || eh->e_phoff > elf->bytes.n ||
	    eh->e_phentsize != sizeof(Elf64_Phdr) ||
	    n > (elf->bytes.n - eh->e_phoff) / sizeof(Elf64_Phdr) || n == 0)
		return 0;
	elf->segments = arena_array(&elf->arena, (size_t)n, sizeof(*elf->segments));
	if (!elf->segments)
		return -ENOMEM;
	elf->n_segments = (uint32_t)n;
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		Elf64_Phdr ph;

		read_struct(elf, eh->e_phoff + i * sizeof(ph), &ph, sizeof(ph));
		elf->segments[i] = (struct elf_segment){
			.type = ph.p_type,
			.flags = ph.p_flags,
			.vaddr = ph.p_vaddr,
			.off = ph.p_offset,
			.filesz = ph.p_filesz,
			.memsz = ph.p_memsz,
			.align = ph.p_align,
		};
	}
	return 0;
}

static void skip_to(struct cursor *c, uint64_t align)
{
	uint64_t over = cursor_pos(c) % align;

	if (over && cursor_more(c))
		cursor_skip(c, align - over);
}

struct str elf_build_id_in_notes(struct str notes, uint64_t align)
{
	struct cursor c = cursor_over(str_head(notes, NOTE_BYTES_MAX));

	align = align == 8 ? 8 : 4;
	while (cursor_more(&c)) {
		uint32_t name_bytes = cursor_u32(&c);
		uint32_t desc_bytes = cursor_u32(&c);
		uint32_t type = cursor_u32(&c);
		struct str name = cursor_bytes(&c, name_bytes);
		struct str desc;

		skip_to(&c, align);
		desc = cursor_bytes(&c, desc_bytes);
		skip_to(&c, align);
		if (desc.n && type == NT_GNU_BUILD_ID && str_eq(name, STR("GNU\0")))
			return desc;
	}
	return (struct str){ 0 };
}

/* Sections first: in a separate debug file the segments still describe the binary. */
static struct str find_build_id(const struct elf *elf)
{
	uint32_t left = NOTES_READ_MAX;

	for (uint32_t i = 0; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];
		struct str id = { 0 };

		if (s->type == SHT_NOTE && left && left--)
			id = elf_build_id_in_notes(file_range(elf, s->off, s->size), s->align);
		if (id.n)
			return id;
	}
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];
		struct str id = { 0 };

		if (s->type == PT_NOTE && left && left--)
			id = elf_build_id_in_notes(file_range(elf, s->off, s->filesz), s->align);
		if (id.n)
			return id;
	}
	return (struct str){ 0 };
}

/* Fills the elf from elf->bytes. On failure everything is closed. */
static int parse(struct elf *elf, const char *what, struct err *err)
{
	Elf64_Ehdr eh;
	Elf64_Shdr first = { 0 };
	bool whole = read_struct(elf, 0, &eh, sizeof(eh));
	int rc;

	if (!whole && !str_starts(elf->bytes, STR(ELFMAG)))
		rc = err_fail(err, -ENOEXEC, "%s is not an ELF file", what);
	else if (!whole)
		rc = err_fail(err, -EBADMSG, "%s ends inside its ELF header", what);
	else
		rc = check_header(&eh, what, err);
	if (rc < 0)
		goto out;
	elf->machine = eh.e_machine;
	elf->type = eh.e_type;
	elf->entry = eh.e_entry;
	if (eh.e_shoff && eh.e_shentsize == sizeof(first))
		read_struct(elf, eh.e_shoff, &first, sizeof(first));
	rc = read_sections(elf, &eh, &first);
	if (rc == 0)
		rc = read_segments(elf, &eh, &first);
	if (rc == 0 && !elf->n_sections && !elf->n_segments)
		rc = err_fail(err, -EBADMSG, "%s is damaged: neither its sections nor its segments "
			      "can be read", what);
	if (rc == 0)
		elf->build_id = find_build_id(elf);
out:
	if (rc < 0)
		elf_close(elf);
	return rc;
}

int elf_open_fd(struct elf *elf, int fd, const char *what, struct err *err)
{
	int rc;

	*elf = (struct elf){ 0 };
	rc = mapped_file_open_fd(&elf->file, fd, what, err);
	if (rc < 0)
		return rc;
	elf->bytes = mapped_file_view(&elf->file);
	return parse(elf, what, err);
}

/* Only regular files: a name inside somebody else's root may be a FIFO, and opening that waits. */
int elf_open(struct elf *elf, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc;

	*elf = (struct elf){ 0 };
	if (fd < 0)
		return err_fail(err, -errno, "cannot open %s: %s", path, err_text(errno));
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		rc = err_fail(err, -ENOEXEC, "%s is not a regular file", path);
	else
		rc = elf_open_fd(elf, fd, path, err);
	close(fd);
	return rc;
}

int elf_open_bytes(struct elf *elf, struct str bytes, const char *what, struct err *err)
{
	*elf = (struct elf){ .bytes = bytes };
	return parse(elf, what, err);
}

void elf_close(struct elf *elf)
{
	for (struct elf_cached *c = elf->cached; c;) {
		struct elf_cached *before = c->before;

		free((void *)(uintptr_t)c->data.p);
		free(c);
		c = before;
	}
	mapped_file_close(&elf->file);
	arena_fini(&elf->arena);
	*elf = (struct elf){ 0 };
}

const struct elf_section *elf_find_section(const struct elf *elf, struct str name)
{
	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (str_eq(elf->sections[i].name, name))
			return &elf->sections[i];
	return NULL;
}

/* Decompresses and remembers. `bytes` are the section's own. */
static int decompress_once(struct elf *elf, const struct elf_section *section, struct str bytes,
			   struct str *ret_data, struct err *err)
{
	uint32_t index = (uint32_t)(section - elf->sections);
	uint64_t room = ELF_DECOMPRESSED_MAX;
	struct elf_cached *c;
	int rc;

	for (c = elf->cached; c; c = c->before) {
		if (c->section == index) {
			*ret_data = c->data;
			return 0;
		}
		room -= c->data.n;	/* cannot pass 0: each was within the room of its time */
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (section->flags & SHF_COMPRESSED)
		rc = decompress_elf_section(bytes, room, section->name, &c->data, err);
	else
		rc = decompress_zdebug_section(bytes, room, section->name, &c->data, err);
	if (rc < 0) {
		free(c);
		return rc;
	}
	c->section = index;
	c->before = elf->cached;
	elf->cached = c;
	*ret_data = c->data;
	return 0;
}

int elf_section_data(struct elf *elf, const struct elf_section *section, struct str *ret_data,
		     struct err *err)
{
	struct str bytes;

	if (section->type == SHT_NOBITS || section->type == SHT_NULL || section->size == 0) {
		*ret_data = (struct str){ 0 };
		return 0;
	}
	bytes = file_range(elf, section->off, section->size);
	if (!bytes.n)
		return err_fail(err, -EBADMSG, "section %.*s reaches past the end of the file",
				STR_ARG(section->name));
	if ((section->flags & SHF_COMPRESSED) || str_starts(section->name, STR(".zdebug_")))
		return decompress_once(elf, section, bytes, ret_data, err);
	*ret_data = bytes;
	return 0;
}

int elf_section_by_name(struct elf *elf, struct str name, struct str *ret_data, struct err *err)
{
	const struct elf_section *section = elf_find_section(elf, name);
	char old[64] = ".z";

	if (!section && str_starts(name, STR(".debug_")) && name.n < sizeof(old) - 2) {
		memcpy(old + 2, name.p + 1, name.n - 1);
		section = elf_find_section(elf, (struct str){ old, name.n + 1 });
	}
	if (section)
		return elf_section_data(elf, section, ret_data, err);
	*ret_data = (struct str){ 0 };
	return 0;
}

uint64_t elf_section_bytes(const struct elf *elf, struct str name)
{
	const struct elf_section *section = elf_find_section(elf, name);

	if (!section)
		return 0;
	return section->flags & SHF_COMPRESSED ?
	       decompressed_bytes(file_range(elf, section->off, section->size)) : section->size;
}

int elf_section_head(struct elf *elf, struct str name, uint64_t n, unsigned share_max,
		     struct str *ret_data)
{
	const struct elf_section *section = elf_find_section(elf, name);
	struct elf_cached *c;
	int rc;

	if (!section || !(section->flags & SHF_COMPRESSED))
		return -EOPNOTSUPP;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	rc = decompress_elf_head(file_range(elf, section->off, section->size), n, share_max, &c->data);
	if (rc < 0) {
		free(c);
		return rc;
	}
	c->section = UINT32_MAX;	/* no section's number: nobody else finds it */
	c->before = elf->cached;
	elf->cached = c;
	*ret_data = c->data;
	return 0;
}

bool elf_vaddr_of_off(const struct elf *elf, uint64_t off, uint64_t *ret_vaddr)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == PT_LOAD && off >= s->off && off - s->off < s->filesz) {
			*ret_vaddr = s->vaddr + (off - s->off);
			return true;
		}
	}
	return false;
}

bool elf_code_vaddr_of_off(const struct elf *elf, uint64_t off, uint64_t *ret_vaddr)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t before = s->off % PAGE;	/* mapped bytes in front of the segment */
		uint64_t start = s->off - before;

		if (s->type != PT_LOAD || !(s->flags & PF_X) || off < start)
			continue;
		if ((off - start) / PAGE * PAGE < before + s->filesz && s->filesz) {
			*ret_vaddr = s->vaddr - before + (off - start);
			return true;
		}
	}
	return false;
}

struct str elf_bytes_at(const struct elf *elf, uint64_t vaddr, uint64_t n)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];
		uint64_t into = vaddr - s->vaddr;

		if (s->type != PT_LOAD || vaddr < s->vaddr || into > s->filesz ||
		    n > s->filesz - into || s->off > UINT64_MAX - into)
			continue;
		return file_range(elf, s->off + into, n);
	}
	return (struct str){ 0 };
}

void elf_build_id_hex(struct str build_id, char *out, size_t out_size)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < build_id.n && n + 2 < out_size; i++) {
		uint8_t byte = (uint8_t)build_id.p[i];

		out[n++] = digits[byte >> 4];
		out[n++] = digits[byte & 15];
	}
	if (out_size)
		out[n] = 0;
}
