/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/symbol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "elf/elf.h"
#include "elf/symbols.h"
#include "model/frames.h"
#include "model/strings.h"

/* Everything a test resolves into. */
struct world {
	struct strings strings;
	struct frames frames;
	struct symbol_chains chains;
	struct symbol_object *object;
};

static void world_make(struct world *w)
{
	*w = (struct world){ 0 };
	frames_init(&w->frames, &w->strings);
}

static void world_fini(struct world *w)
{
	symbol_object_close(w->object);
	symbol_chains_fini(&w->chains);
	frames_fini(&w->frames);
	strings_fini(&w->strings);
}

static void resolve(struct world *w, const uint64_t *vaddrs, uint32_t n)
{
	symbol_chains_fini(&w->chains);
	CHECK_EQ(symbol_resolve(w->object, &w->frames, vaddrs, n, &w->chains, NULL), 0);
	CHECK_EQ(w->chains.n, n);
}

/* Frame k of query i; k < 0 counts from the outermost. */
static const struct frame *frame_of(const struct world *w, uint32_t i, int k)
{
	uint32_t first = w->chains.first[i], after = w->chains.first[i + 1];
	uint32_t at = k < 0 ? after + (uint32_t)k : first + (uint32_t)k;

	CHECK(at >= first && at < after);
	return &w->frames.frames[w->chains.frames[at]];
}

static struct str name_of(const struct world *w, const struct frame *frame)
{
	return strings_get(&w->strings, w->frames.functions[frame->function].name);
}

static struct str system_name_of(const struct world *w, const struct frame *frame)
{
	return strings_get(&w->strings, w->frames.functions[frame->function].system_name);
}

static struct str file_of(const struct world *w, const struct frame *frame)
{
	return strings_get(&w->strings, w->frames.functions[frame->function].file);
}

static struct str module_of(const struct world *w, const struct frame *frame)
{
	return strings_get(&w->strings, w->frames.modules[frame->module].path);
}

static void open_file(struct world *w, const char *path, struct str build_id)
{
	CHECK_EQ(symbol_object_open_file(&w->object, -1, str_of(path), STR(""), build_id, NULL),
		 0);
}

static void open_self(struct world *w)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	CHECK(n > 0);
	path[n] = 0;
	open_file(w, path, (struct str){ 0 });
}

/* The vaddr of live code of this program or of a library. */
static uint64_t vaddr_of(const void *live)
{
	Dl_info info;

	CHECK(dladdr(live, &info) != 0);
	return (uint64_t)((const char *)live - (const char *)info.dli_fbase);
}

__attribute__((noinline)) static uint64_t pc_of_caller(void)
{
	return vaddr_of(__builtin_return_address(0)) - 1;
}

static inline __attribute__((always_inline)) uint64_t innermost(void)
{
	return pc_of_caller();
}

static inline __attribute__((always_inline)) uint64_t between(void)
{
	return innermost() + 0;
}

enum { OUTER_LINE = __LINE__ + 2 };
__attribute__((noinline)) static uint64_t outer(void)
{
	uint64_t pc = between();

	__asm__ volatile("" : : : "memory");	/* no tail call */
	return pc;
}

/* A name as a C++ compiler would give it. */
uint64_t twice(void) __asm__("_ZN4math5twiceEi");
__attribute__((noinline)) uint64_t twice(void)
{
	uint64_t pc = pc_of_caller();

	__asm__ volatile("" : : : "memory");
	return pc;
}

TEST(an_address_becomes_its_chain_of_inlined_calls_with_lines)
{
	uint64_t pc = outer();
	struct world w;

	world_make(&w);
	open_self(&w);
	resolve(&w, &pc, 1);
	CHECK_EQ(w.chains.first[1], 3);
	CHECK_EQ(w.chains.n_named, 1);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "innermost");
	CHECK_STR(name_of(&w, frame_of(&w, 0, 1)), "between");
	CHECK_STR(name_of(&w, frame_of(&w, 0, 2)), "outer");
	CHECK_EQ(frame_of(&w, 0, 0)->inlined, 1);
	CHECK_EQ(frame_of(&w, 0, 1)->inlined, 1);
	CHECK_EQ(frame_of(&w, 0, 2)->inlined, 0);
	for (int k = 0; k < 3; k++) {
		CHECK_EQ(frame_of(&w, 0, k)->address, pc);
		CHECK_EQ(frame_of(&w, 0, k)->kind, FRAME_NATIVE);
		CHECK(str_ends(file_of(&w, frame_of(&w, 0, k)), STR("src/symbol/symbol_test.c")));
	}
	CHECK_EQ(frame_of(&w, 0, 2)->line, OUTER_LINE + 1);
	CHECK_EQ(w.frames.functions[frame_of(&w, 0, 2)->function].start_line, OUTER_LINE - 1);
	world_fini(&w);
}

TEST(a_mangled_name_is_shown_demangled_and_kept)
{
	uint64_t pc = twice();
	struct world w;

	world_make(&w);
	open_self(&w);
	resolve(&w, &pc, 1);
	CHECK_STR(name_of(&w, frame_of(&w, 0, -1)), "math::twice(int)");
	CHECK_STR(system_name_of(&w, frame_of(&w, 0, -1)), "_ZN4math5twiceEi");
	world_fini(&w);
}

TEST(an_address_that_belongs_to_no_function_says_where_it_is)
{
	uint64_t vaddr = 0x12;
	struct world w;

	world_make(&w);
	open_self(&w);
	resolve(&w, &vaddr, 1);
	CHECK_EQ(w.chains.first[1], 1);
	CHECK_EQ(w.chains.n_named, 0);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "[symbol+0x12]");
	CHECK_EQ(frame_of(&w, 0, 0)->kind, FRAME_UNKNOWN);
	CHECK_EQ(frame_of(&w, 0, 0)->address, 0x12);
	CHECK(str_ends(module_of(&w, frame_of(&w, 0, 0)), STR("/symbol")));
	world_fini(&w);
}

TEST(addresses_of_a_stripped_function_have_one_name_and_keep_their_addresses)
{
	uint64_t start = vaddr_of((const void *)pc_of_caller);
	uint64_t vaddrs[3] = { 0x12, start, start + 1 };
	struct mapped_file file = { 0 };
	struct world w;
	char wanted[64];
	char *bytes;

	CHECK_EQ(mapped_file_open(&file, "/proc/self/exe", NULL), 0);
	bytes = malloc(file.n);
	CHECK(bytes != NULL);
	memcpy(bytes, file.p, file.n);
	/* without section headers nothing has a name */
	((Elf64_Ehdr *)(void *)bytes)->e_shoff = ((Elf64_Ehdr *)(void *)bytes)->e_shnum = 0;
	world_make(&w);
	CHECK_EQ(symbol_object_open_vdso(&w.object, str_over(bytes, file.n), NULL), 0);
	resolve(&w, vaddrs, 3);
	CHECK_EQ(w.chains.n_named, 0);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "[vdso+0x12]");
	snprintf(wanted, sizeof(wanted), "[vdso+0x%llx]", (unsigned long long)start);
	CHECK_STR(name_of(&w, frame_of(&w, 1, 0)), wanted);
	CHECK_STR(name_of(&w, frame_of(&w, 2, 0)), wanted);
	CHECK_EQ(frame_of(&w, 1, 0)->function, frame_of(&w, 2, 0)->function);
	CHECK_EQ(frame_of(&w, 2, 0)->address, vaddrs[2]);
	CHECK_EQ(frame_of(&w, 2, 0)->kind, FRAME_UNKNOWN);
	world_fini(&w);
	free(bytes);
	mapped_file_close(&file);
}

TEST(a_system_library_is_told_apart_and_named_from_its_exports)
{
	void *function = dlsym(RTLD_DEFAULT, "a64l");	/* no sanitizer wraps it */
	uint64_t vaddrs[2] = { 0x10 };
	struct world w;
	Dl_info info;

	CHECK(function != NULL && dladdr(function, &info) != 0);
	vaddrs[1] = vaddr_of(function);
	world_make(&w);
	open_file(&w, info.dli_fname, (struct str){ 0 });
	resolve(&w, vaddrs, 2);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "[libc.so.6+0x10]");
	CHECK_EQ(frame_of(&w, 0, 0)->kind, FRAME_UNKNOWN);
	CHECK_STR(name_of(&w, frame_of(&w, 1, -1)), "a64l");
	CHECK_EQ(frame_of(&w, 1, -1)->kind, FRAME_LIBRARY);
	CHECK_EQ(w.chains.n_named, 1);
	world_fini(&w);
}

TEST(a_file_of_another_build_names_nothing)
{
	uint64_t pc = outer();
	struct world w;

	world_make(&w);
	open_file(&w, "/proc/self/exe", STR("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23"));
	resolve(&w, &pc, 1);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)),
		  "[exe: changed on disk since it was mapped]");
	CHECK_EQ(frame_of(&w, 0, 0)->kind, FRAME_UNKNOWN);
	CHECK_EQ(frame_of(&w, 0, 0)->address, pc);
	CHECK_STR(module_of(&w, frame_of(&w, 0, 0)), "/proc/self/exe");
	CHECK_STR(strings_get(&w.strings,
			      w.frames.modules[frame_of(&w, 0, 0)->module].build_id),
		  "0102030405060708090a0b0c0d0e0f10111213");
	world_fini(&w);
}

TEST(a_file_without_a_build_id_that_was_written_to_names_nothing)
{
	uint64_t pc = outer();
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct world w;

	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	for (int written = 0; written < 2; written++) {
		world_make(&w);
		CHECK_EQ(symbol_object_open_file(&w.object, fd, STR("/bin/prog"), STR(""),
						 (struct str){ 0 }, NULL), 0);
		symbol_object_set_stamp(w.object, (uint64_t)st.st_size,
					(uint64_t)st.st_mtim.tv_sec * 1000000000u +
					(uint64_t)st.st_mtim.tv_nsec + (uint64_t)written);
		resolve(&w, &pc, 1);
		CHECK_STR(name_of(&w, frame_of(&w, 0, -1)),
			  written ? "[prog: changed on disk since it was mapped]" : "outer");
		world_fini(&w);
	}
	close(fd);
}

TEST(the_kernels_zero_padded_build_id_is_the_same)
{
	uint64_t pc = outer();
	char id[24] = { 0 };
	struct world w;
	struct elf elf;

	CHECK_EQ(elf_open(&elf, "/proc/self/exe", NULL), 0);
	memcpy(id, elf.build_id.p, elf.build_id.n);
	world_make(&w);
	if (elf.build_id.n) {	/* some toolchains write none */
		open_file(&w, "/proc/self/exe", str_over(id, elf.build_id.n + 3));
		resolve(&w, &pc, 1);
		CHECK_STR(name_of(&w, frame_of(&w, 0, -1)), "outer");
	}
	elf_close(&elf);
	world_fini(&w);
}

TEST(a_file_that_cannot_be_read_says_why)
{
	static const struct {
		const char *path, *wanted;
	} rows[] = {
		{ "/nonexistent/libx.so", "[libx.so: file is gone]" },
		{ "/proc/self/status", "[status: not a 64-bit ELF file]" },
		{ "/", "[: not a 64-bit ELF file]" },
	};
	uint64_t vaddr = 0x1234;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;

		world_make(&w);
		open_file(&w, rows[i].path, (struct str){ 0 });
		resolve(&w, &vaddr, 1);
		CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), rows[i].wanted);
		world_fini(&w);
	}
}

TEST(a_descriptor_serves_when_the_path_is_gone)
{
	uint64_t pc = outer();
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct world w;

	CHECK(fd >= 0);
	world_make(&w);
	CHECK_EQ(symbol_object_open_file(&w.object, fd, STR("/gone/program"), STR("/proc/1/root"),
					 (struct str){ 0 }, NULL),
		 0);
	close(fd);
	resolve(&w, &pc, 1);
	CHECK_STR(name_of(&w, frame_of(&w, 0, -1)), "outer");
	CHECK_STR(module_of(&w, frame_of(&w, 0, -1)), "/gone/program");
	world_fini(&w);
}

TEST(system_libraries_are_known_by_their_place)
{
	static const struct {
		const char *path;
		enum frame_kind wanted;
	} rows[] = {
		{ "/lib/x86_64-linux-gnu/libc.so.6", FRAME_LIBRARY },
		{ "/lib64/ld-linux-x86-64.so.2", FRAME_LIBRARY },
		{ "/usr/lib/jvm/lib/libjvm.so", FRAME_LIBRARY },
		{ "/usr/local/lib/libx.so.1.2", FRAME_LIBRARY },
		{ "/usr/lib/git-core/git", FRAME_NATIVE },	/* a program */
		{ "/home/me/lib/libx.so", FRAME_NATIVE },
		{ "/libx/libx.so", FRAME_NATIVE },
		{ "/usr/bin/program", FRAME_NATIVE },
		{ "", FRAME_NATIVE },
	};
	uint64_t pc = outer();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		struct world w;

		world_make(&w);
		CHECK_EQ(symbol_object_open_file(&w.object, fd, str_of(rows[i].path), STR(""),
						 (struct str){ 0 }, NULL),
			 0);
		close(fd);
		resolve(&w, &pc, 1);
		CHECK_STR(name_of(&w, frame_of(&w, 0, -1)), "outer");
		CHECK_EQ(frame_of(&w, 0, -1)->kind, rows[i].wanted);
		world_fini(&w);
	}
}

TEST(the_vdso_is_named_from_memory)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct symbols symbols;
	struct elf elf;
	struct str bytes;
	struct world w;
	uint64_t vaddr;

	if (!header)
		return;		/* this machine gives none (gVisor) */
	/* Its section headers are the last thing in it. */
	bytes = str_over(header, header->e_shoff + header->e_shnum * sizeof(Elf64_Shdr));
	CHECK_EQ(elf_open_bytes(&elf, bytes, "vdso", NULL), 0);
	CHECK_EQ(symbols_load(&symbols, &elf, NULL), 0);
	CHECK(symbols.n > 0);
	vaddr = symbols.items[0].vaddr;
	world_make(&w);
	CHECK_EQ(symbol_object_open_vdso(&w.object, elf.bytes, NULL), 0);
	resolve(&w, &vaddr, 1);
	CHECK(str_eq(name_of(&w, frame_of(&w, 0, 0)), symbols.items[0].name));
	CHECK_STR(module_of(&w, frame_of(&w, 0, 0)), "[vdso]");
	CHECK_EQ(frame_of(&w, 0, 0)->kind, FRAME_LIBRARY);
	vaddr = 1;
	resolve(&w, &vaddr, 1);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "[vdso+0x1]");
	world_fini(&w);
	symbols_fini(&symbols);
	elf_close(&elf);
}

TEST(kernel_addresses_are_named_or_say_why_not)
{
	uint64_t address = 0xffffffffffffff00;
	struct world w;
	const struct frame *frame;

	world_make(&w);
	CHECK_EQ(symbol_object_open_kernel(&w.object, NULL), 0);
	resolve(&w, &address, 1);
	frame = frame_of(&w, 0, 0);
	CHECK(name_of(&w, frame).n > 0);
	CHECK(frame->kind == FRAME_KERNEL || str_starts(name_of(&w, frame), STR("[kernel")));
	CHECK(str_starts(module_of(&w, frame), STR("[")));
	CHECK_EQ(frame->address, address);
	world_fini(&w);
}

TEST(run_time_code_is_named_from_the_perf_map)
{
	uint64_t addresses[2] = { 0x1008, 0x5000 };
	char path[64];
	struct world w;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	CHECK_EQ(file_write_whole(path, STR("1000 10 js:work file.js:3\n"), NULL), 0);
	world_make(&w);
	CHECK_EQ(symbol_object_open_jit(&w.object, getpid(), STR("node"), NULL), 0);
	symbol_object_load(w.object);
	CHECK_EQ(unlink(path), 0);	/* it was read in time */
	resolve(&w, addresses, 2);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "js:work file.js:3");
	CHECK_EQ(frame_of(&w, 0, 0)->kind, FRAME_JIT);
	CHECK_STR(module_of(&w, frame_of(&w, 0, 0)), "[jit node]");
	CHECK_STR(name_of(&w, frame_of(&w, 1, 0)), "[run-time code not in its perf map]");
	CHECK_EQ(frame_of(&w, 1, 0)->kind, FRAME_UNKNOWN);
	CHECK_EQ(w.chains.n_named, 1);
	world_fini(&w);
}

TEST(run_time_code_without_a_perf_map_says_so)
{
	uint64_t address = 0x1008;
	struct world w;

	world_make(&w);
	CHECK_EQ(symbol_object_open_jit(&w.object, getpid(), (struct str){ 0 }, NULL), 0);
	resolve(&w, &address, 1);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "[run-time code without a perf map]");
	CHECK_STR(module_of(&w, frame_of(&w, 0, 0)), "[jit]");
	world_fini(&w);
}

/* A header and one JIT_CODE_LOAD record (jitdump-specification.txt). */
struct jitdump {
	uint32_t magic, version, header_bytes, machine, zero, pid;
	uint64_t time_ns, flags;
	uint32_t record, record_bytes;
	uint64_t record_time_ns;
	uint32_t record_pid, tid;
	uint64_t vma, address, code_bytes, index;
	char name[8];
	char code[16];
};

TEST(run_time_code_of_an_ended_process_is_named_from_its_jitdump)
{
	struct jitdump dump = {
		.magic = 0x4a695444, .version = 1, .header_bytes = 40, .machine = EM_X86_64,
		.record = 0, .record_bytes = sizeof(dump) - 40, .record_time_ns = 5,
		.vma = 0x1000, .address = 0x1000, .code_bytes = 16, .name = "jit_one",
	};
	char path[] = "/tmp/sonde-jitdump-XXXXXX";
	uint64_t address = 0x100f;
	int fd = mkstemp(path);
	struct world w;

	CHECK(fd >= 0);
	close(fd);
	CHECK_EQ(file_write_whole(path, str_over(&dump, sizeof(dump)), NULL), 0);
	world_make(&w);
	CHECK_EQ(symbol_object_open_jit(&w.object, 0x7ffffff0, STR("java"), NULL), 0);
	CHECK_EQ(symbol_object_set_jitdump(w.object, str_of(path), NULL), 0);
	resolve(&w, &address, 1);
	CHECK_EQ(unlink(path), 0);
	CHECK_STR(name_of(&w, frame_of(&w, 0, 0)), "jit_one");
	CHECK_STR(module_of(&w, frame_of(&w, 0, 0)), "[jit java]");
	world_fini(&w);
}

TEST(what_cannot_be_named_carries_its_reason)
{
	uint64_t addresses[2] = { 1, 2 };
	struct world w;

	world_make(&w);
	CHECK_EQ(symbol_object_open_unknown(&w.object, STR("no mapping"), NULL), 0);
	resolve(&w, addresses, 2);
	CHECK_STR(name_of(&w, frame_of(&w, 1, 0)), "[no mapping]");
	CHECK_EQ(frame_of(&w, 1, 0)->address, 2);
	CHECK_EQ(w.chains.n_named, 0);
	resolve(&w, NULL, 0);
	world_fini(&w);
}

TEST(offsets_in_a_file_become_addresses_of_its_code)
{
	struct symbol_object *gone = NULL;
	uint64_t pc = outer(), off = 0, vaddr = 0;
	struct elf elf;
	struct world w;

	world_make(&w);
	open_self(&w);
	CHECK(!symbol_object_trouble(w.object));
	CHECK_EQ(elf_open(&elf, "/proc/self/exe", NULL), 0);
	for (uint32_t i = 0; i < elf.n_segments; i++)
		if (elf.segments[i].vaddr <= pc && pc - elf.segments[i].vaddr < elf.segments[i].filesz)
			off = pc - elf.segments[i].vaddr + elf.segments[i].off;
	elf_close(&elf);
	CHECK(symbol_object_vaddr(w.object, off, &vaddr));
	CHECK_EQ(vaddr, pc);
	CHECK(!symbol_object_vaddr(w.object, UINT64_MAX, &vaddr));
	CHECK_EQ(symbol_object_open_file(&gone, -1, STR("/nowhere"), STR(""), (struct str){ 0 }, NULL), 0);
	CHECK_STR(str_of(symbol_object_trouble(gone)), "file is gone");
	CHECK(!symbol_object_vaddr(gone, 0, &vaddr));
	symbol_object_close(gone);
	world_fini(&w);
}

TEST_MAIN(CASE(offsets_in_a_file_become_addresses_of_its_code), CASE(an_address_becomes_its_chain_of_inlined_calls_with_lines),
	  CASE(a_mangled_name_is_shown_demangled_and_kept),
	  CASE(an_address_that_belongs_to_no_function_says_where_it_is),
	  CASE(addresses_of_a_stripped_function_have_one_name_and_keep_their_addresses),
	  CASE(a_system_library_is_told_apart_and_named_from_its_exports),
	  CASE(a_file_of_another_build_names_nothing),
	  CASE(a_file_without_a_build_id_that_was_written_to_names_nothing),
	  CASE(the_kernels_zero_padded_build_id_is_the_same),
	  CASE(a_file_that_cannot_be_read_says_why),
	  CASE(a_descriptor_serves_when_the_path_is_gone), CASE(the_vdso_is_named_from_memory),
	  CASE(system_libraries_are_known_by_their_place),
	  CASE(kernel_addresses_are_named_or_say_why_not),
	  CASE(run_time_code_is_named_from_the_perf_map),
	  CASE(run_time_code_without_a_perf_map_says_so),
	  CASE(run_time_code_of_an_ended_process_is_named_from_its_jitdump),
	  CASE(what_cannot_be_named_carries_its_reason))
