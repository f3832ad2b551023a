/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/symbols.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "base/test.h"
#include "elf/elf.h"

#define TEXT 0x1000
#define TEXT_BYTES 0x1000

/* An ELF file in memory: null, .text (no bytes of its own), .symtab, .strtab, section names. */
struct image {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[5];
	Elf64_Sym syms[16];
	char names[512];
	uint32_t n_syms, names_bytes;
};

static const char section_names[] = "\0.text\0.symtab\0.strtab\0.names";

static void image_make(struct image *im)
{
	*im = (struct image){ .n_syms = 1, .names_bytes = 1 };
	memcpy(im->eh.e_ident, ELFMAG "\2\1\1", 7);
	im->eh.e_machine = EM_X86_64;
	im->eh.e_type = ET_DYN;
	im->eh.e_shoff = offsetof(struct image, sh);
	im->eh.e_shentsize = sizeof(Elf64_Shdr);
	im->eh.e_shnum = 5;
	im->eh.e_shstrndx = 4;
	im->sh[1] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_NOBITS, .sh_addr = TEXT,
				  .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_size = TEXT_BYTES };
	im->sh[2] = (Elf64_Shdr){ .sh_name = 7, .sh_type = SHT_SYMTAB, .sh_link = 3,
				  .sh_offset = offsetof(struct image, syms) };
	im->sh[3] = (Elf64_Shdr){ .sh_name = 15, .sh_type = SHT_STRTAB,
				  .sh_offset = offsetof(struct image, names),
				  .sh_size = sizeof(im->names) };
	im->sh[4] = (Elf64_Shdr){ .sh_name = 23, .sh_type = SHT_STRTAB,
				  .sh_offset = offsetof(struct image, names) + 256,
				  .sh_size = sizeof(section_names) };
	memcpy(im->names + 256, section_names, sizeof(section_names));
}

static void put(struct image *im, const char *name, int bind, int type, uint64_t vaddr,
		uint64_t size)
{
	im->syms[im->n_syms++] = (Elf64_Sym){ .st_name = im->names_bytes,
					      .st_info = ELF64_ST_INFO(bind, type),
					      .st_shndx = 1, .st_value = vaddr, .st_size = size };
	strcpy(im->names + im->names_bytes, name);
	im->names_bytes += (uint32_t)strlen(name) + 1;
	im->sh[2].sh_size = im->n_syms * sizeof(Elf64_Sym);
}

static const char *at_text(struct image *im, uint64_t vaddr)
{
	static char name[64];
	struct symbols symbols;
	struct elf elf;
	const struct symbol *found;

	CHECK_EQ(elf_open_bytes(&elf, str_over(im, sizeof(*im)), "image", NULL), 0);
	CHECK_EQ(symbols_load(&symbols, &elf, NULL), 0);
	found = symbols_find(&symbols, vaddr);
	snprintf(name, sizeof(name), "%.*s", STR_ARG(found ? found->name : STR("nobody")));
	symbols_fini(&symbols);
	elf_close(&elf);
	return name;
}

#define CHECK_AT(im, vaddr, wanted) CHECK_STR(str_of(at_text(im, vaddr)), wanted)

TEST(an_address_past_a_sized_symbol_is_nobodys)
{
	struct image im;

	image_make(&im);
	put(&im, "a", STB_GLOBAL, STT_FUNC, 0x1010, 0x10);
	put(&im, "b", STB_GLOBAL, STT_FUNC, 0x1040, 0x10);
	CHECK_AT(&im, 0x100f, "nobody");
	CHECK_AT(&im, 0x1010, "a");
	CHECK_AT(&im, 0x101f, "a");
	CHECK_AT(&im, 0x1020, "nobody");
	CHECK_AT(&im, 0x1040, "b");
	CHECK_AT(&im, 0x1fff, "nobody");
}

TEST(an_unsized_symbol_reaches_to_the_next_or_to_its_sections_end)
{
	struct image im;

	image_make(&im);
	put(&im, "a", STB_LOCAL, STT_NOTYPE, 0x1010, 0);
	put(&im, "b", STB_LOCAL, STT_FUNC, 0x1040, 0);
	CHECK_AT(&im, 0x103f, "a");
	CHECK_AT(&im, 0x1040, "b");
	CHECK_AT(&im, 0x1fff, "b");
	CHECK_AT(&im, 0x2000, "nobody");
}

TEST(a_label_inside_a_sized_function_does_not_hide_it)
{
	struct image im;

	image_make(&im);
	put(&im, "label", STB_GLOBAL, STT_NOTYPE, 0x1020, 0);
	put(&im, "a", STB_LOCAL, STT_FUNC, 0x1010, 0x100);
	CHECK_AT(&im, 0x1020, "a");
	CHECK_AT(&im, 0x1110, "nobody");
}

TEST(past_a_nested_symbol_the_enclosing_one_holds_the_address)
{
	struct image im;

	image_make(&im);
	put(&im, "outer", STB_LOCAL, STT_FUNC, 0x1000, 0x100);
	put(&im, "inner", STB_LOCAL, STT_FUNC, 0x1010, 0x10);
	put(&im, "second", STB_LOCAL, STT_FUNC, 0x1030, 0x10);
	CHECK_AT(&im, 0x1015, "inner");
	CHECK_AT(&im, 0x1025, "outer");
	CHECK_AT(&im, 0x1035, "second");
	CHECK_AT(&im, 0x1045, "outer");
	CHECK_AT(&im, 0x1100, "nobody");
}

TEST(of_several_names_the_best_is_kept)
{
	static const struct {
		const char *worse;
		int worse_bind, worse_type;
		uint64_t worse_size;
		const char *better;
		int better_bind, better_type;
		uint64_t better_size;
	} rows[] = {
		{ "a", STB_GLOBAL, STT_FUNC, 0, "b", STB_LOCAL, STT_FUNC, 4 },
		{ "a", STB_WEAK, STT_FUNC, 4, "b", STB_GLOBAL, STT_FUNC, 4 },
		{ "a", STB_LOCAL, STT_FUNC, 4, "b", STB_WEAK, STT_FUNC, 4 },
		{ "a", STB_LOCAL, STT_NOTYPE, 4, "b", STB_LOCAL, STT_FUNC, 4 },
		{ "_b", STB_GLOBAL, STT_FUNC, 4, "long", STB_GLOBAL, STT_FUNC, 4 },
		{ "long", STB_GLOBAL, STT_FUNC, 4, "b", STB_GLOBAL, STT_FUNC, 4 },
		{ "b", STB_GLOBAL, STT_FUNC, 4, "a", STB_GLOBAL, STT_FUNC, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int swap = 0; swap < 2; swap++) {
			struct image im;

			image_make(&im);
			if (!swap)
				put(&im, rows[i].worse, rows[i].worse_bind, rows[i].worse_type,
				    0x1010, rows[i].worse_size);
			put(&im, rows[i].better, rows[i].better_bind, rows[i].better_type, 0x1010,
			    rows[i].better_size);
			if (swap)
				put(&im, rows[i].worse, rows[i].worse_bind, rows[i].worse_type,
				    0x1010, rows[i].worse_size);
			CHECK_AT(&im, 0x1010, rows[i].better);
		}
	}
}

TEST(versions_are_cut_and_what_is_no_code_is_left_out)
{
	struct image im;

	image_make(&im);
	put(&im, "memcpy@@GLIBC_2.14", STB_GLOBAL, STT_GNU_IFUNC, 0x1010, 0x10);
	put(&im, "object", STB_GLOBAL, STT_OBJECT, 0x1030, 0x10);
	put(&im, "outside", STB_GLOBAL, STT_FUNC, 0x3000, 0x10);
	put(&im, "absolute", STB_GLOBAL, STT_FUNC, 0x1050, 0x10);
	im.syms[4].st_shndx = SHN_ABS;
	CHECK_AT(&im, 0x1010, "memcpy");
	CHECK_AT(&im, 0x1030, "nobody");
	CHECK_AT(&im, 0x3000, "nobody");
	CHECK_AT(&im, 0x1050, "nobody");
}

TEST(a_size_beyond_the_section_ends_with_it)
{
	struct image im;

	image_make(&im);
	put(&im, "endless", STB_GLOBAL, STT_FUNC, 0x1010, UINT64_MAX);
	put(&im, "bad_name", STB_GLOBAL, STT_FUNC, 0x1800, 4);
	im.syms[2].st_name = 0x7fffffff;
	CHECK_AT(&im, 0x1801, "endless");
	CHECK_AT(&im, 0x1fff, "endless");
	CHECK_AT(&im, 0x2000, "nobody");
}

static void check_own(const void *live, const void *base, const char *path, const char *wanted)
{
	struct elf elf;
	struct symbols symbols;
	const struct symbol *found;

	CHECK_EQ(elf_open(&elf, path, NULL), 0);
	CHECK_EQ(symbols_load(&symbols, &elf, NULL), 0);
	found = symbols_find(&symbols, (uint64_t)((const char *)live - (const char *)base));
	CHECK(found != NULL);
	CHECK_STR(found->name, wanted);
	symbols_fini(&symbols);
	elf_close(&elf);
}

TEST(a_function_of_this_program_is_found)
{
	Dl_info info;

	CHECK(dladdr((const void *)(uintptr_t)symbols_load, &info) != 0);
	check_own((const char *)(uintptr_t)symbols_load + 3, info.dli_fbase, "/proc/self/exe",
		  "symbols_load");
}

TEST(an_exported_function_of_the_c_library_is_found)
{
	void *function = dlsym(RTLD_DEFAULT, "a64l");	/* no sanitizer wraps it */
	Dl_info info;

	CHECK(function != NULL && dladdr(function, &info) != 0);
	check_own(function, info.dli_fbase, info.dli_fname, "a64l");
}

TEST(calls_into_libraries_are_named_after_their_targets)
{
	struct elf elf;
	struct symbols symbols;
	uint32_t n_plt = 0, n_getenv = 0;

	(void)!getenv("HOME");		/* so that there is such an entry */
	CHECK_EQ(elf_open(&elf, "/proc/self/exe", NULL), 0);
	CHECK_EQ(symbols_load(&symbols, &elf, NULL), 0);
	for (uint32_t i = 0; i < symbols.n; i++) {
		n_plt += str_ends(symbols.items[i].name, STR("@plt"));
		n_getenv += str_eq(symbols.items[i].name, STR("getenv@plt"));
		CHECK(symbols.items[i].size > 0);
		CHECK(i == 0 || symbols.items[i - 1].vaddr < symbols.items[i].vaddr);
	}
	CHECK(n_plt > 5);
	CHECK_EQ(n_getenv, 1);
	symbols_fini(&symbols);
	elf_close(&elf);
}

TEST_MAIN(CASE(an_address_past_a_sized_symbol_is_nobodys),
	  CASE(an_unsized_symbol_reaches_to_the_next_or_to_its_sections_end),
	  CASE(a_label_inside_a_sized_function_does_not_hide_it),
	  CASE(past_a_nested_symbol_the_enclosing_one_holds_the_address),
	  CASE(of_several_names_the_best_is_kept),
	  CASE(versions_are_cut_and_what_is_no_code_is_left_out),
	  CASE(a_size_beyond_the_section_ends_with_it), CASE(a_function_of_this_program_is_found),
	  CASE(an_exported_function_of_the_c_library_is_found),
	  CASE(calls_into_libraries_are_named_after_their_targets))
