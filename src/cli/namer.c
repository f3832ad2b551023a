/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/namer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "cli/expected.h"
#include "collect/ksyms.h"
#include "elf/buildcache.h"
#include "elf/elf.h"
#include "model/profile.h"
#include "proc/process.h"
#include "symbol/symbol.h"

#define BUILD_ID_MAX 64
#define VDSO_BYTES_MAX ((size_t)64 << 10)
#define PAGE_BYTES 4096

struct build_id {
	uint8_t bytes[BUILD_ID_MAX];
	size_t n;
};

static struct str path_of(const struct profile *profile, uint32_t module)
{
	return strings_get(&profile->strings, profile->frames.modules[module].path);
}

static bool is_kernel(struct str path)
{
	return str_eq(path, STR("[kernel]"));
}

static bool is_vdso(struct str path)
{
	return str_eq(path, STR("[vdso]"));
}

/* "/tmp/perf-1234.map": *ret_pid is the number in it. */
static bool is_perf_map(struct str path, pid_t *ret_pid)
{
	static const struct str before = { "/tmp/perf-", 10 }, behind = { ".map", 4 };
	uint64_t pid;

	if (path.n <= before.n + behind.n || !str_starts(path, before) || !str_ends(path, behind) ||
	    str_parse_u64(str_head(str_skip(path, before.n), path.n - before.n - behind.n), 10, &pid) < 0 ||
	    pid > INT_MAX)
		return false;
	*ret_pid = (pid_t)pid;
	return true;
}

bool namer_wanted(const struct profile *profile, uint32_t id)
{
	const struct frame *frame = &profile->frames.frames[id];
	const struct module *module = &profile->frames.modules[frame->module];
	struct str path = path_of(profile, frame->module);
	pid_t pid;

	if (!frame->module || !frame->address || frame_name(&profile->frames, id).n)
		return false;
	switch ((enum frame_kind)frame->kind) {
	case FRAME_KERNEL:
		return is_kernel(path) && module->build_id;
	case FRAME_JIT:
		return is_perf_map(path, &pid);
	case FRAME_NONE:
	case FRAME_NATIVE:
	case FRAME_LIBRARY:
	case FRAME_UNKNOWN:
		return (is_vdso(path) && module->build_id) ||
		       (str_starts(path, STR("/")) && !str_starts(path, STR("//")));
	default:
		return false;
	}
}

bool namer_line_wanted(const struct profile *profile, uint32_t id)
{
	const struct frames *frames = &profile->frames;
	const struct frame *frame = &frames->frames[id];
	struct str path = path_of(profile, frame->module);

	return frame->kind == FRAME_RUNTIME && frame->module && frame->address && !frame->line &&
	       !frames->functions[frame->function].file && frames->modules[frame->module].build_id &&
	       str_starts(path, STR("/")) && !str_starts(path, STR("//"));
}

/* Empty where it is none that a file has (Go's own, a path). */
static struct build_id parse_build_id(struct str hex)
{
	struct build_id id = { .n = hex.n / 2 };

	if (hex.n % 2 || id.n > BUILD_ID_MAX)
		return (struct build_id){ 0 };
	for (size_t i = 0; i < id.n; i++) {
		uint64_t byte;

		if (str_parse_u64(str_head(str_skip(hex, i * 2), 2), 16, &byte) < 0)
			return (struct build_id){ 0 };
		id.bytes[i] = (uint8_t)byte;
	}
	return id;
}

bool namer_is_younger(const struct stat *file, const struct profile *profile)
{
	uint64_t end_ns = profile->start_wall_ns + profile->duration_ns;

	return profile->start_wall_ns && (uint64_t)file->st_mtim.tv_sec > end_ns / 1000000000;
}

struct str namer_running_kernel(struct mapped_file *notes)
{
	if (!notes->p && mapped_file_open(notes, "/sys/kernel/notes", NULL) < 0)
		return (struct str){ 0 };
	return elf_build_id_in_notes(str_over(notes->p, notes->n), 4);
}

/* Why what is at the path cannot be what was profiled. */
static const char *trouble_of_path(const struct profile *profile, struct str path, bool has_build_id)
{
	char text[PATH_MAX];
	struct stat st;

	if (path.n >= sizeof(text))
		return "no such file here";
	snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	if (stat(text, &st) < 0 && (errno == EACCES || errno == EPERM))
		return "not permitted to read it";
	if (stat(text, &st) < 0 || !S_ISREG(st.st_mode))
		return "no such file here";
	if (!has_build_id && namer_is_younger(&st, profile))
		return "written after it was profiled";
	return NULL;
}

/* The file where perf keeps copies by build id: in place of one that is not there, or is another by now. */
static int open_kept(struct namer *namer, struct str path, const struct build_id *id, struct err *err)
{
	struct str raw = str_over(id->bytes, id->n);
	char kept[PATH_MAX];
	int fd, rc;

	if (!buildcache_find(raw, kept, sizeof(kept)))
		return 0;
	fd = open(kept, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	symbol_object_close(namer->object);
	namer->object = NULL;
	rc = symbol_object_open_file(&namer->object, fd, path, STR(""), raw, err);
	if (rc == 0)
		namer->reason = symbol_object_trouble(namer->object);
	close(fd);
	return rc;
}

static int open_file(struct namer *namer, const struct profile *profile, struct str path,
		     const struct build_id *id, struct err *err)
{
	int rc;

	namer->takes_mappings = true;
	namer->reason = trouble_of_path(profile, path, id->n > 0);
	if (namer->reason)
		return open_kept(namer, path, id, err);
	namer->object = expected_take_file(path, str_over(id->bytes, id->n));
	rc = namer->object ? 0 : symbol_object_open_file(&namer->object, -1, path, STR(""),
							 str_over(id->bytes, id->n), err);
	if (rc == 0)
		namer->reason = symbol_object_trouble(namer->object);
	return rc == 0 && namer->reason ? open_kept(namer, path, id, err) : rc;
}

static bool is_running_kernel(const struct build_id *id)
{
	struct mapped_file notes = { 0 };
	struct str running = namer_running_kernel(&notes);
	bool same = running.n && str_eq(running, str_over(id->bytes, id->n));

	mapped_file_close(&notes);
	return same;
}

static bool ask_kernel(void *context, uint64_t address, struct str *ret_name, struct str *ret_module)
{
	return ksyms_find(context, address, ret_name, ret_module);
}

static int open_kernel(struct namer *namer, const struct build_id *id, struct err *err)
{
	int rc;

	if (!is_running_kernel(id)) {
		namer->reason = "not the running one";
		return 0;
	}
	expected_take_kernel(&namer->ksyms, &namer->object);
	if (namer->object)
		return 0;
	if (!namer->ksyms)
		namer->ksyms = ksyms_open();
	rc = symbol_object_open_kernel(&namer->object, err);
	if (rc == 0 && namer->ksyms)
		symbol_object_set_kernel_names(namer->object, ask_kernel, namer->ksyms);
	return rc;
}

/* Ours, as far as it goes, read through the kernel and not by faulting. */
static struct str read_vdso(char *bytes)
{
	uintptr_t start = getauxval(AT_SYSINFO_EHDR);
	size_t n = 0;

	while (start && n < VDSO_BYTES_MAX &&
	       process_read(getpid(), start + n, bytes + n, PAGE_BYTES) == PAGE_BYTES)
		n += PAGE_BYTES;
	return str_over(bytes, n);
}

static int open_vdso(struct namer *namer, const struct build_id *id, struct err *err)
{
	char copy[VDSO_BYTES_MAX];
	struct str bytes = read_vdso(copy);
	struct elf elf = { 0 };
	bool same = elf_open_bytes(&elf, bytes, "[vdso]", NULL) == 0 &&
		    str_eq(elf.build_id, str_over(id->bytes, id->n));

	elf_close(&elf);
	if (!same) {
		namer->reason = "of another kernel";
		return 0;
	}
	return symbol_object_open_vdso(&namer->object, bytes, err);
}

/* The process is not asked, even if there is one of that id: it may be another. */
static int open_perf_map(struct namer *namer, const struct profile *profile, pid_t pid, struct err *err)
{
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "%d", pid);
	namer->home = (struct perf_home){ .pid = pid, .uid = geteuid(),
					  .start_s = (int64_t)(profile->start_wall_ns / 1000000000),
					  .dir_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	rc = symbol_object_open_jit(&namer->object, 0, str_of(name), err);
	if (rc == 0)
		symbol_object_set_perf_home(namer->object, &namer->home);
	return rc;
}

int namer_open(struct namer *namer, const struct profile *profile, uint32_t module, struct err *err)
{
	struct str path = path_of(profile, module);
	struct build_id id = parse_build_id(strings_get(&profile->strings,
							profile->frames.modules[module].build_id));
	pid_t pid;

	*namer = NAMER_CLOSED;
	if (is_kernel(path))
		return open_kernel(namer, &id, err);
	if (is_vdso(path))
		return open_vdso(namer, &id, err);
	if (is_perf_map(path, &pid))
		return open_perf_map(namer, profile, pid, err);
	return open_file(namer, profile, path, &id, err);
}

void namer_close(struct namer *namer)
{
	symbol_object_close(namer->object);
	ksyms_close(namer->ksyms);
	perf_home_close(&namer->home);
	*namer = NAMER_CLOSED;
}
