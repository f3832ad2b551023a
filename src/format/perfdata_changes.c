/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_reader.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/mman.h>

#include "base/vec.h"
#include "model/profile.h"

#define MISC_EXEC (1u << 13)	/* of COMM: another program; of FORK: perf's own, of what ran already */
#define MISC_BUILD_ID (1u << 14)	/* of MMAP2: in place of device and inode */
#define BUILD_ID_BYTES 20u
#define BUILD_ID_LIKELY 16u

/* A name of a process or thread, of a fixed size in its record. */
static uint32_t take_name(struct perfdata_reader *r, struct cursor *c)
{
	struct str name = cursor_bytes(c, cursor_left(c) < 16 ? cursor_left(c) : 16);

	return perfdata_intern(r, str_cut(&name, '\0'));
}

/* What tells the file: a build id, or device and inode, 24 bytes in either case. The flag alone does not say
 * which: where two profilers ask at once, Linux (seen up to 6.18) leaves the one's flag in the other's
 * records, which makes perf's own tools fall over. */
static void take_identity(struct perfdata_mapped *mapped, struct str field, bool flagged, bool asked)
{
	struct cursor id = cursor_over(field), inode = id;
	uint8_t n = cursor_u8(&id);
	bool zeros = !cursor_u8(&id) && !cursor_u16(&id);

	if (flagged && zeros && n <= BUILD_ID_BYTES && n >= (asked ? 1 : BUILD_ID_LIKELY)) {
		mapped->build_id = cursor_bytes(&id, n);
	} else {
		cursor_skip(&inode, 8);
		mapped->inode = cursor_u64(&inode);
	}
}

/* MMAP and MMAP2: pid, tid, address, length, offset; what tells the file, protection, flags; its name. */
static int take_map(struct perfdata_reader *r, const struct perfdata_event *event,
		    const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	struct perfdata_mapped mapped = { .pid = cursor_u32(&c) };
	struct code_map map = { .image = CODE_IMAGE_UNASKED };
	uint32_t protection = PROT_EXEC;

	cursor_skip(&c, 4);
	map.start = cursor_u64(&c);
	map.end = map.start + cursor_u64(&c);
	map.off = cursor_u64(&c);
	if (record->type == PERF_RECORD_MMAP2) {
		take_identity(&mapped, cursor_bytes(&c, 24), record->misc & MISC_BUILD_ID,
			      event && event->tells_build_ids);
		protection = cursor_u32(&c);
		cursor_skip(&c, 4);
	} else if (record->misc & PERF_RECORD_MISC_MMAP_DATA) {
		protection = 0;
	}
	mapped.path = cursor_cstr(&c);
	if (c.failed) {
		r->bad++;
		return 0;
	}
	if (mapped.pid == PERFDATA_KERNEL_PID && str_starts(mapped.path, STR("[kernel.kallsyms]"))) {
		perfdata_code_set_kernel(&r->code, str_skip(mapped.path, 17), map.off);
		if (mapped.build_id.n)
			r->code.kernel.build_id = arena_dup(&r->code.kept, mapped.build_id);
	} else if (!(protection & PROT_EXEC)) {
		return 0;
	}
	map.file = perfdata_code_file(&r->code, &mapped);
	return r->code.failed ? -ENOMEM : perfdata_tasks_map(&r->tasks, mapped.pid, &map);
}

/* KSYMBOL: address, length, kind, flags, name; code that the kernel has made, or (flag 1) no longer has. */
static int take_ksymbol(struct perfdata_reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	struct perfdata_mapped mapped = { .pid = PERFDATA_KERNEL_PID };
	struct code_map map = { .start = cursor_u64(&c), .image = CODE_IMAGE_UNASKED };
	uint16_t kind, flags;

	map.end = map.start + cursor_u32(&c);
	kind = cursor_u16(&c);
	flags = cursor_u16(&c);
	mapped.path = cursor_cstr(&c);
	mapped.bpf = kind == PERF_RECORD_KSYMBOL_TYPE_BPF;
	if (c.failed || !mapped.bpf || flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER)
		return 0;
	map.file = perfdata_code_file(&r->code, &mapped);
	return r->code.failed ? -ENOMEM : perfdata_tasks_map(&r->tasks, mapped.pid, &map);
}

static int take_name_record(struct perfdata_reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	uint32_t pid = cursor_u32(&c), tid = cursor_u32(&c), name = take_name(r, &c);

	return c.failed ? 0 : perfdata_tasks_name(&r->tasks, pid, tid, name, record->misc & MISC_EXEC);
}

/* FORK and EXIT: pid, parent's, tid, parent's. */
static int take_task(struct perfdata_reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	uint32_t pid = cursor_u32(&c), parent = cursor_u32(&c);
	uint32_t tid = cursor_u32(&c), parent_tid = cursor_u32(&c);

	if (c.failed)
		return 0;
	if (record->type == PERF_RECORD_FORK)
		return perfdata_tasks_fork(&r->tasks, pid, parent, tid, parent_tid,
					   !(record->misc & MISC_EXEC));
	perfdata_tasks_exit(&r->tasks, pid, tid);
	return 0;
}

uint32_t perfdata_cgroup_path(const struct perfdata_reader *r, uint64_t id)
{
	uint32_t step = 0, found;

	while ((found = idindex_probe(&r->cgroup_index, hash_u64(id, 0), &step)))
		if (r->cgroups[found - 1].id == id)
			return r->cgroups[found - 1].path;
	return 0;
}

/* CGROUP: its number and path. The first that has a number keeps it. */
static int take_cgroup(struct perfdata_reader *r, const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);
	struct perfdata_cgroup group = { .id = cursor_u64(&c), .path = perfdata_intern(r, cursor_cstr(&c)) };

	if (c.failed || perfdata_cgroup_path(r, group.id) || r->n_cgroups == PERFDATA_TASKS_MAX)
		return 0;
	if (VEC_RESERVE(&r->cgroups, &r->cap_cgroups, (uint64_t)r->n_cgroups + 1) < 0 ||
	    idindex_add(&r->cgroup_index, hash_u64(group.id, 0), r->n_cgroups + 1) < 0)
		return -ENOMEM;
	r->cgroups[r->n_cgroups++] = group;
	return 0;
}

int perfdata_take_change(struct perfdata_reader *r, const struct perfdata_event *event,
			 const struct perfdata_record *record)
{
	switch (record->type) {
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		return take_map(r, event, record);
	case PERF_RECORD_KSYMBOL:
		return take_ksymbol(r, record);
	case PERF_RECORD_COMM:
		return take_name_record(r, record);
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return take_task(r, record);
	case PERF_RECORD_CGROUP:
		return take_cgroup(r, record);
	default:
		return 0;
	}
}
