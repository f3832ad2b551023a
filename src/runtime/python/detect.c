/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked for, as CPython's Python/pylifecycle.c (.PyRuntime), Python/pystate.c (3.6: interp_head,
 * autoTLSkey), Python/getversion.c and Include/patchlevel.h name it. */
#include "runtime/python/python.h"

#include <ctype.h>

#include "base/cursor.h"
#include "base/str.h"
#include "elf/elf.h"
#include "elf/lookup.h"
#include "elf/x86.h"
#include "runtime/python/loop.h"

#define RODATA_BYTES_MAX ((size_t)64 << 20)

static bool minor_is_read(uint64_t minor)
{
	return minor >= PYTHON_MINOR_MIN && minor <= PYTHON_MINOR_MAX;
}

/* PY_VERSION_HEX: 0x030d00f0 is 3.13.0 final. */
static uint8_t minor_of_hex(uint64_t hex)
{
	return hex >> 32 == 0 && hex >> 24 == 3 ? (uint8_t)(hex >> 16) : 0;
}

static bool digit_at(struct str s, size_t i)
{
	return i < s.n && isdigit((unsigned char)s.p[i]);
}

/* The number at s[*at ...], at most two digits. */
static bool cut_number(struct str s, size_t *at, unsigned *ret_value)
{
	size_t n = digit_at(s, *at) + (digit_at(s, *at) && digit_at(s, *at + 1));

	*ret_value = 0;
	for (size_t i = 0; i < n; i++)
		*ret_value = *ret_value * 10 + (unsigned)(s.p[*at + i] - '0');
	*at += n;
	return n && !digit_at(s, *at);
}

/* A whole PY_VERSION: "3.10.13", "3.13.0rc2", "3.14.0a1+". */
static bool is_version(struct str s, unsigned *ret_minor)
{
	size_t at = 2;
	unsigned micro;

	if (!str_starts(s, STR("3.")) || !cut_number(s, &at, ret_minor) || at >= s.n ||
	    s.p[at++] != '.' || !cut_number(s, &at, &micro))
		return false;
	if (at < s.n && (s.p[at] == 'a' || s.p[at] == 'b' || s.p[at] == 'r'))
		at += 1 + (s.p[at] == 'r');
	while (digit_at(s, at))
		at++;
	at += at < s.n && s.p[at] == '+';
	return at == s.n;
}

/* "python3.10" of a path that the build was configured with. */
static uint32_t minors_in_paths(struct str data)
{
	struct str name = STR("python3.");
	uint32_t seen = 0;

	while (data.n > name.n) {
		const char *p = memmem(data.p, data.n, name.p, name.n);
		size_t at = 0;
		unsigned minor;

		if (!p)
			break;
		data = str_skip(data, (size_t)(p - data.p) + name.n);
		if (cut_number(data, &at, &minor) && minor_is_read(minor))
			seen |= 1u << minor;
	}
	return seen;
}

/* Versions that end a string: the linker lets PY_VERSION share the end of ".../3.10.13". */
static uint32_t minors_of_versions(struct str data)
{
	uint32_t seen = 0;

	for (size_t at = 0; at + 1 < data.n;) {
		struct str rest = str_skip(data, at + 1);
		const char *p = memmem(rest.p, rest.n, "3.", 2);
		struct cursor c;
		unsigned minor;
		char before;

		if (!p)
			break;
		at = (size_t)(p - data.p);
		before = data.p[at - 1];
		c = cursor_over(str_head(str_skip(data, at), 16));
		if (before != '.' && !isdigit((unsigned char)before) &&
		    is_version(cursor_cstr(&c), &minor) && minor_is_read(minor))
			seen |= 1u << minor;
	}
	return seen;
}

/* The versions of libraries that are linked in stand beside it, and only those whose minor could be
 * Python's matter: what a path says decides between them. */
static uint8_t minor_of_strings(struct elf *elf)
{
	uint32_t versions, both;
	struct str data = { 0 };

	if (elf_section_by_name(elf, STR(".rodata"), &data, NULL) < 0 || !data.n)
		return 0;
	data = str_head(data, RODATA_BYTES_MAX);
	versions = minors_of_versions(data);
	both = versions & minors_in_paths(data);
	if (!both)
		both = versions;
	return both && !(both & (both - 1)) ? (uint8_t)__builtin_ctz(both) : 0;
}

static struct str dynamic_string(struct elf *elf, int64_t wanted)
{
	struct str entries = { 0 }, names = { 0 };
	struct cursor c;

	if (elf_section_by_name(elf, STR(".dynamic"), &entries, NULL) < 0 ||
	    elf_section_by_name(elf, STR(".dynstr"), &names, NULL) < 0)
		return (struct str){ 0 };
	c = cursor_over(entries);
	while (cursor_left(&c) >= sizeof(Elf64_Dyn)) {
		int64_t tag = cursor_s64(&c);
		uint64_t value = cursor_u64(&c);

		if (tag == wanted) {
			struct cursor name = cursor_over(str_skip(names, value));

			return cursor_cstr(&name);
		}
	}
	return (struct str){ 0 };
}

static uint8_t minor_of_soname(struct elf *elf)
{
	struct str name = dynamic_string(elf, DT_SONAME), head = STR("libpython3.");
	size_t at = head.n;
	unsigned minor;

	return str_starts(name, head) && cut_number(name, &at, &minor) && minor_is_read(minor) ?
		       (uint8_t)minor : 0;
}

static uint64_t u64_at(const struct elf *elf, uint64_t vaddr)
{
	struct cursor c = cursor_over(elf_bytes_at(elf, vaddr, 8));

	return cursor_u64(&c);
}

static uint8_t find_minor(const struct python_file *file, struct elf *elf)
{
	struct elf_symbol symbol;
	uint8_t minor = 0;

	if (elf_lookup(elf, STR("Py_Version"), &symbol))
		minor = minor_of_hex(u64_at(elf, symbol.vaddr));
	if (!minor && file->current)
		return 6;	/* later ones keep this in _PyRuntime */
	if (!minor)
		minor = minor_of_strings(elf);
	if (!minor)
		minor = minor_of_soname(elf);
	return minor;
}

static uint64_t lookup_vaddr(struct elf *elf, struct str name)
{
	struct elf_symbol symbol;

	return elf_lookup(elf, name, &symbol) ? symbol.vaddr : 0;
}

/* The first variable that an exported function loads: with REX.W (rex 8) a pointer, without an int. */
static uint64_t loaded_by(struct elf *elf, struct str function, uint8_t rex)
{
	struct elf_symbol symbol;
	struct x86_insn insn;
	struct str code;
	uint64_t vaddr;

	if (elf->machine != EM_X86_64 || !elf_lookup(elf, function, &symbol))
		return 0;
	vaddr = symbol.vaddr;
	code = elf_bytes_at(elf, vaddr, symbol.size < 64 ? symbol.size : 64);
	while (x86_decode(code, &insn)) {
		vaddr += insn.length;
		code = str_skip(code, insn.length);
		if (!insn.vex && insn.map == X86_ONE_BYTE && insn.opcode == 0x8b &&
		    insn.rip_relative && (insn.rex & 8) == rex)
			return vaddr + (uint64_t)(int64_t)insn.disp;
	}
	return 0;
}

static void find_state(struct python_file *file, struct elf *elf, const struct elf_section *section)
{
	file->runtime = section ? section->vaddr : lookup_vaddr(elf, STR("_PyRuntime"));
	if (file->runtime)
		return;
	file->current = lookup_vaddr(elf, STR("_PyThreadState_Current"));
	file->key = lookup_vaddr(elf, STR("autoTLSkey"));
	file->interpreters = lookup_vaddr(elf, STR("interp_head"));
	/* static variables: where there is no .symtab, two short functions say where they are */
	if (!file->key)
		file->key = loaded_by(elf, STR("PyGILState_GetThisThreadState"), 0);
	if (!file->interpreters)
		file->interpreters = loaded_by(elf, STR("PyInterpreterState_Head"), 8);
}

/* The structure is the file's own static data. One that cannot be understood is of no known version. */
static bool find_offsets(struct python_file *file, struct elf *elf)
{
	struct str debug = elf_bytes_at(elf, file->runtime, PYTHON_DEBUG_BYTES);

	if (str_starts(debug, STR("xdebugpy"))) {
		if (!python_offsets_read(&file->offsets, debug))
			return false;
	} else if (!python_offsets_of(&file->offsets, find_minor(file, elf), false) ||
		   file->offsets.minor >= 13) {
		return false;
	}
	file->minor = file->offsets.minor;
	file->free_threaded = file->offsets.free_threaded;
	return true;
}

/* The loader is musl's, or the C library that is asked for. A static one says nothing of itself. */
static bool is_musl(struct elf *elf)
{
	struct str loader = { 0 };

	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].type == PT_INTERP)
			loader = elf_bytes_at(elf, elf->segments[i].vaddr,
					      elf->segments[i].filesz);
	if (loader.n)
		return str_contains(loader, STR("/ld-musl-"));
	if (elf_section_by_name(elf, STR(".dynstr"), &loader, NULL) < 0)
		return false;
	return str_contains(loader, STR("libc.musl-")) ||
	       (str_contains(loader, STR("libc.so")) && !str_contains(loader, STR("libc.so.6")));
}

bool python_detect(struct python_file *ret_file, struct elf *elf)
{
	const struct elf_section *section = elf_find_section(elf, STR(".PyRuntime"));
	struct python_file file = { 0 };
	struct elf_symbol loop;

	if (!section && !elf_lookup(elf, STR("_PyEval_EvalFrameDefault"), &loop))
		return false;
	find_state(&file, elf, section);
	if (!file.runtime && !file.current)
		return false;
	if (!find_offsets(&file, elf) || !python_loop_find(&file, elf))
		return false;
	file.musl = is_musl(elf);
	file.has_asyncio = elf_lookup(elf, STR("PyInit__asyncio"), &loop);
	*ret_file = file;
	return true;
}

#define LAUNCHER_TEXT_MAX 4096u

bool python_is_launcher(struct elf *elf)
{
	static const struct str mains[] = {
		{ "\0Py_BytesMain", 14 }, { "\0_Py_UnixMain", 14 }, { "\0Py_Main", 9 },
	};
	const struct elf_section *text = elf_find_section(elf, STR(".text"));
	struct str names;

	if (!text || text->size > LAUNCHER_TEXT_MAX ||
	    elf_section_by_name(elf, STR(".dynstr"), &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < sizeof(mains) / sizeof(mains[0]); i++)
		if (names.n && memmem(names.p, names.n, mains[i].p, mains[i].n))
			return true;
	return false;
}
