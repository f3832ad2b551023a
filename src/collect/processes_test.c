/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/processes.h"

#include <unistd.h>

#include "base/test.h"
#include "collect/events.h"

/* Processes that exist nowhere: above any pid the kernel gives. Files that do not, either: their images
 * have names only, which is all that a space needs. */
#define PID 0x7ffffff0u
#define CHILD 0x7ffffff1u

struct world {
	struct images images;
	struct processes processes;
};

static void world_make(struct world *w, bool all)
{
	CHECK_EQ(images_init(&w->images), 0);
	processes_init(&w->processes, &w->images, NULL, all, true);
}

static void world_fini(struct world *w)
{
	processes_fini(&w->processes);
	images_fini(&w->images);
}

static void apply(struct world *w, struct process_event event)
{
	CHECK_EQ(processes_apply(&w->processes, &event), 0);
}

static void map(struct world *w, uint32_t pid, uint64_t start, uint64_t end, const char *path)
{
	apply(w, (struct process_event){ .kind = PROCESS_MAPPED, .pid = pid, .tid = pid,
					 .start = start, .end = end, .off = 0x100,
					 .path = str_of(path) });
}

static void fork_child(struct world *w, uint32_t parent, uint32_t child)
{
	apply(w, (struct process_event){ .kind = PROCESS_FORKED, .pid = child, .tid = child,
					 .parent_pid = parent });
}

static struct process *process_of(const struct world *w, uint32_t pid)
{
	return processes_find(&w->processes, (pid_t)pid);
}

/* What owns an address: the path, or "run-time code", or "nobody". */
static const char *owner(const struct world *w, uint32_t pid, uint64_t address)
{
	static char path[256];
	const struct process *process = process_of(w, pid);
	const struct space_map *at = process ? space_find(process->space, address) : NULL;
	const struct image *image = at ? images_get(&w->images, at->image) : NULL;

	if (!at)
		return "nobody";
	if (image->kind == IMAGE_RUNTIME)
		return "run-time code";
	snprintf(path, sizeof(path), "%.*s", STR_ARG(image->path));
	return path;
}

#define CHECK_OWNER(w, pid, address, wanted) CHECK_STR(str_of(owner((w), (pid), (address))), wanted)

TEST(a_mapping_holds_its_addresses_and_no_others)
{
	struct world w;

	world_make(&w, true);
	map(&w, PID, 0x2000, 0x4000, "/gone/a");
	CHECK_OWNER(&w, PID, 0x1fff, "nobody");
	CHECK_OWNER(&w, PID, 0x2000, "/gone/a");
	CHECK_OWNER(&w, PID, 0x3fff, "/gone/a");
	CHECK_OWNER(&w, PID, 0x4000, "nobody");
	CHECK_OWNER(&w, CHILD, 0x2000, "nobody");
	/* without the file the address becomes an offset in it */
	CHECK_EQ(0x2010 - space_find(process_of(&w, PID)->space, 0x2010)->bias, 0x110);
	world_fini(&w);
}

TEST(a_mapping_over_others_takes_what_it_covers)
{
	struct world w;

	world_make(&w, true);
	map(&w, PID, 0x1000, 0x3000, "/gone/a");
	map(&w, PID, 0x4000, 0x6000, "/gone/b");
	map(&w, PID, 0x7000, 0x9000, "/gone/c");
	map(&w, PID, 0x2000, 0x8000, "/gone/d");
	CHECK_EQ(process_of(&w, PID)->space->n, 3);
	CHECK_OWNER(&w, PID, 0x1fff, "/gone/a");
	CHECK_OWNER(&w, PID, 0x2000, "/gone/d");
	CHECK_OWNER(&w, PID, 0x5000, "/gone/d");
	CHECK_OWNER(&w, PID, 0x7fff, "/gone/d");
	CHECK_OWNER(&w, PID, 0x8000, "/gone/c");
	world_fini(&w);
}

TEST(a_mapping_inside_another_splits_it)
{
	struct world w;

	world_make(&w, true);
	map(&w, PID, 0x1000, 0x9000, "/gone/a");
	map(&w, PID, 0x3000, 0x4000, "/gone/b");
	CHECK_EQ(process_of(&w, PID)->space->n, 3);
	CHECK_OWNER(&w, PID, 0x2fff, "/gone/a");
	CHECK_OWNER(&w, PID, 0x3000, "/gone/b");
	CHECK_OWNER(&w, PID, 0x4000, "/gone/a");
	/* both parts are where they were in the file */
	CHECK_EQ(space_find(process_of(&w, PID)->space, 0x2000)->bias,
		 space_find(process_of(&w, PID)->space, 0x8000)->bias);
	world_fini(&w);
}

/* Against a plain array of owners: mappings at random, thousands of them. */
TEST(mappings_in_any_order_end_up_as_the_last_one_said)
{
	enum { PAGES = 64 };
	char last[PAGES] = { 0 }, path[] = "/gone/?";
	uint32_t seed = 1;
	struct world w;

	world_make(&w, true);
	for (int round = 0; round < 2000; round++) {
		uint32_t first, n;

		seed = seed * 1664525 + 1013904223;
		first = (seed >> 8) % PAGES;
		n = 1 + (seed >> 16) % 12;
		if (n > PAGES - first)
			n = PAGES - first;
		path[6] = (char)('a' + (seed >> 24) % 8);
		map(&w, PID, first * 0x1000, (first + n) * 0x1000, path);
		memset(last + first, path[6], n);
		for (int page = 0; page < PAGES; page++) {
			path[6] = last[page];
			CHECK_OWNER(&w, PID, (uint64_t)page * 0x1000 + 0x800,
				    last[page] ? path : "nobody");
		}
	}
	world_fini(&w);
}

TEST(what_is_no_file_is_run_time_code_of_its_process)
{
	static const char *const paths[] = { "//anon", "", "[heap]", "[stack]" };
	struct world w;

	world_make(&w, true);
	for (uint32_t i = 0; i < 4; i++)
		map(&w, PID, 0x1000 * (i + 1), 0x1000 * (i + 2), paths[i]);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_OWNER(&w, PID, 0x1000 * (i + 1), "run-time code");
	CHECK_EQ(space_find(process_of(&w, PID)->space, 0x1800)->bias, 0);
	map(&w, CHILD, 0x1000, 0x2000, "//anon");
	CHECK(space_find(process_of(&w, PID)->space, 0x1000)->image !=
	      space_find(process_of(&w, CHILD)->space, 0x1000)->image);
	/* the kernel's own page is mapped everywhere and runs nothing */
	map(&w, PID, 0xf000, 0x10000, "[vsyscall]");
	CHECK_OWNER(&w, PID, 0xf000, "nobody");
	world_fini(&w);
}

TEST(a_forked_child_shares_until_one_of_the_two_maps)
{
	struct world w;

	world_make(&w, true);
	map(&w, PID, 0x1000, 0x2000, "/gone/a");
	fork_child(&w, PID, CHILD);
	CHECK(process_of(&w, PID)->space == process_of(&w, CHILD)->space);
	CHECK_EQ(process_of(&w, PID)->space->refs, 2);
	map(&w, CHILD, 0x1000, 0x2000, "/gone/a");	/* nothing new */
	CHECK(process_of(&w, PID)->space == process_of(&w, CHILD)->space);
	map(&w, CHILD, 0x3000, 0x4000, "/gone/b");
	CHECK(process_of(&w, PID)->space->id != process_of(&w, CHILD)->space->id);
	CHECK_OWNER(&w, CHILD, 0x1000, "/gone/a");
	CHECK_OWNER(&w, CHILD, 0x3000, "/gone/b");
	CHECK_OWNER(&w, PID, 0x3000, "nobody");
	map(&w, PID, 0x5000, 0x6000, "/gone/c");
	CHECK_OWNER(&w, CHILD, 0x5000, "nobody");
	world_fini(&w);
}

TEST(another_program_begins_with_an_empty_space_and_its_own_name)
{
	struct world w;

	world_make(&w, true);
	map(&w, PID, 0x1000, 0x2000, "/gone/a");
	fork_child(&w, PID, CHILD);
	apply(&w, (struct process_event){ .kind = PROCESS_EXECED, .pid = CHILD, .tid = CHILD,
					  .path = STR("a-name-of-sixteen-and-more") });
	CHECK_OWNER(&w, CHILD, 0x1000, "nobody");
	CHECK_OWNER(&w, PID, 0x1000, "/gone/a");
	CHECK_STR(str_of(process_of(&w, CHILD)->name), "a-name-of-sixte");
	world_fini(&w);
}

TEST(only_the_first_thread_names_and_ends_its_process)
{
	struct world w;
	struct process_event event = { .kind = PROCESS_RENAMED, .pid = PID, .tid = PID,
				       .path = STR("main") };

	world_make(&w, true);
	map(&w, PID, 0x1000, 0x2000, "/gone/a");
	apply(&w, event);
	event.tid++;
	event.path = STR("worker");
	apply(&w, event);
	CHECK_STR(str_of(process_of(&w, PID)->name), "main");
	apply(&w, (struct process_event){ .kind = PROCESS_EXITED, .pid = PID, .tid = PID + 1 });
	CHECK(!process_of(&w, PID)->exited);
	apply(&w, (struct process_event){ .kind = PROCESS_EXITED, .pid = PID, .tid = PID });
	CHECK(process_of(&w, PID)->exited);
	CHECK_OWNER(&w, PID, 0x1000, "/gone/a");	/* its last samples are still to come */
	world_fini(&w);
}

TEST(a_pid_that_comes_again_is_another_process)
{
	struct world w;

	world_make(&w, true);
	map(&w, PID, 0x1000, 0x2000, "/gone/a");
	fork_child(&w, PID, CHILD);
	map(&w, CHILD, 0x3000, 0x4000, "/gone/b");
	apply(&w, (struct process_event){ .kind = PROCESS_EXITED, .pid = CHILD, .tid = CHILD });
	fork_child(&w, PID, CHILD);
	CHECK(!process_of(&w, CHILD)->exited);
	CHECK_OWNER(&w, CHILD, 0x1000, "/gone/a");
	CHECK_OWNER(&w, CHILD, 0x3000, "nobody");
	world_fini(&w);
}

TEST(strangers_are_followed_only_when_all_are)
{
	struct world w;

	world_make(&w, false);
	map(&w, PID, 0x1000, 0x2000, "/gone/a");
	fork_child(&w, PID, CHILD);
	CHECK(!process_of(&w, PID));
	CHECK(!process_of(&w, CHILD));
	CHECK(processes_get(&w.processes, (pid_t)PID) != NULL);
	fork_child(&w, PID, CHILD);
	CHECK(process_of(&w, CHILD) != NULL);
	fork_child(&w, CHILD, CHILD);	/* a thread of it */
	CHECK_EQ(w.processes.n, 2);
	world_fini(&w);
}

__attribute__((noinline)) static void here(void)
{
	__asm__ volatile("");
}

TEST(a_living_process_is_read_from_proc_and_walkable)
{
	struct world w;
	struct process *self;
	const struct space_map *at;
	const struct walk_mapping *walk;
	uint32_t n, id;

	world_make(&w, false);
	self = processes_get(&w.processes, getpid());
	CHECK(self != NULL);
	at = space_find(self->space, (uint64_t)(uintptr_t)here);
	CHECK(at && at->walkable);
	CHECK_EQ(images_get(&w.images, at->image)->kind, IMAGE_FILE);
	walk = space_walk_mappings(self->space, &n);
	CHECK(walk != NULL);
	CHECK_EQ(n, self->space->n);
	CHECK_EQ(walk[at - self->space->maps].table, at->image);
	/* reading it again changes nothing */
	id = self->space->id;
	CHECK(!processes_rescan(&w.processes, self));
	CHECK_EQ(self->space->id, id);
	CHECK(self->misses_known);
	/* others are looked for later, and later still when that was in vain */
	processes_missed(self, 1000);
	processes_missed(self, 5000000);
	CHECK(self->misses_known);
	processes_missed(self, 20000000);
	CHECK(!self->misses_known && self->dirty);
	CHECK(!processes_rescan(&w.processes, self));
	processes_missed(self, 30000000);
	processes_missed(self, 45000000);
	CHECK(self->misses_known);
	processes_missed(self, 60000000);
	CHECK(!self->misses_known);
	/* rows are built when wanted, once */
	CHECK(w.processes.n_wanted > 0);
	CHECK_EQ(processes_publish(&w.processes), 0);
	CHECK_EQ(images_get(&w.images, at->image)->rows, ROWS_BUILT);
	CHECK(images_get(&w.images, at->image)->n_cells > 0);
	processes_want_rows(&w.processes, at->image);
	CHECK_EQ(w.processes.n_wanted, 0);
	world_fini(&w);
}

TEST(lost_events_are_made_up_for_by_reading_all_again)
{
	struct world w;
	struct process *self;

	world_make(&w, false);
	self = processes_get(&w.processes, getpid());
	apply(&w, (struct process_event){ .kind = PROCESS_EXECED, .pid = (uint32_t)getpid(),
					  .tid = (uint32_t)getpid(), .path = STR("self") });
	CHECK(!space_find(self->space, (uint64_t)(uintptr_t)here));
	apply(&w, (struct process_event){ .kind = PROCESS_EVENTS_LOST, .lost = 3 });
	CHECK(space_find(self->space, (uint64_t)(uintptr_t)here) != NULL);
	CHECK_EQ(w.processes.lost, 3);
	world_fini(&w);
}

TEST_MAIN(CASE(a_mapping_holds_its_addresses_and_no_others),
	  CASE(a_mapping_over_others_takes_what_it_covers),
	  CASE(a_mapping_inside_another_splits_it),
	  CASE(mappings_in_any_order_end_up_as_the_last_one_said),
	  CASE(what_is_no_file_is_run_time_code_of_its_process),
	  CASE(a_forked_child_shares_until_one_of_the_two_maps),
	  CASE(another_program_begins_with_an_empty_space_and_its_own_name),
	  CASE(only_the_first_thread_names_and_ends_its_process),
	  CASE(a_pid_that_comes_again_is_another_process),
	  CASE(strangers_are_followed_only_when_all_are),
	  CASE(a_living_process_is_read_from_proc_and_walkable),
	  CASE(lost_events_are_made_up_for_by_reading_all_again))
