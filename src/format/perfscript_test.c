/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfscript.h"

#include <errno.h>

#include "base/test.h"
#include "format/format.h"
#include "format/memory_test.h"
#include "format/perfscript_line.h"

static void read_text(struct profile *p, const char *text)
{
	struct err err = { 0 };

	profile_init(p);
	if (format_read_bytes(p, str_of(text), "x.txt", &err) < 0)
		fail_msg("%s", err.text);
}

static void check_stack(const struct profile *p, uint32_t row, const char *wanted)
{
	char *text;

	CHECK(row < p->n);
	text = stack_text(p, p->stack[row]);
	CHECK_STR(str_of(text), wanted);
	free(text);
}

static const struct frame *innermost(const struct profile *p, uint32_t row)
{
	return &p->frames.frames[p->tree.frame[p->stack[row]]];
}

static struct str label_of(const struct profile *p, uint32_t row, const char *key)
{
	const struct label *label = labels_find(&p->labels, p->label_set[row],
						strings_find(&p->strings, str_of(key)));

	return label ? strings_get(&p->strings, label->str) : (struct str){ 0 };
}

static int64_t number_of(const struct profile *p, uint32_t row, const char *key)
{
	const struct label *label = labels_find(&p->labels, p->label_set[row],
						strings_find(&p->strings, str_of(key)));

	return label ? label->num : -1;
}

#define CHAIN "\t            11e8 main+0x78 (/opt/my app (x)/bin)\n"	\
	      "\t           2724a __libc_start_call_main+0x7a (/usr/lib/x86_64-linux-gnu/libc.so.6)\n"

TEST(a_sample_is_its_stack_its_labels_its_time_and_its_period)
{
	struct profile p;

	read_text(&p, "my prog (x) 1053/1054 [001] 28649.946281:    1001001 cpu-clock:ppp: \n"
		  "\t            139f app::Box<unsigned int>::spin+0x1f (/opt/my app (x)/bin)\n" CHAIN
		  "\n"
		  "my prog (x) 1053/1053 [000] 28649.946291:    2 cpu-clock:ppp: \n"
		  "\tffffffff815e441e set_pte_range+0xe ([kernel.kallsyms])\n" CHAIN "\n");
	CHECK_EQ(p.n, 2);
	check_stack(&p, 0, "__libc_start_call_main;main;app::Box<unsigned int>::spin");
	CHECK_STR(label_of(&p, 0, "thread"), "my prog (x)");
	CHECK_EQ(number_of(&p, 0, "pid"), 1053);
	CHECK_EQ(number_of(&p, 0, "tid"), 1054);
	CHECK_EQ(number_of(&p, 0, "cpu"), 1);
	CHECK_STR(label_of(&p, 0, "event"), "");
	CHECK_EQ(p.time_ns[0], 0);
	CHECK_EQ(p.time_ns[1], 10000);
	CHECK_EQ(p.duration_ns, 10000);
	CHECK_EQ(p.n_types, 2);
	CHECK_EQ(p.default_type, 1);
	CHECK_STR(strings_get(&p.strings, p.types[1].type), "cpu-clock");
	CHECK_STR(strings_get(&p.strings, p.types[1].unit), "nanoseconds");
	CHECK_EQ(profile_total(&p, 0), 2);
	CHECK_EQ(profile_total(&p, 1), 1001003);
	CHECK_EQ(innermost(&p, 1)->kind, FRAME_KERNEL);
	CHECK_EQ(innermost(&p, 0)->kind, FRAME_NATIVE);
	CHECK_STR(strings_get(&p.strings, p.frames.modules[innermost(&p, 0)->module].path),
		  "/opt/my app (x)/bin");
	profile_fini(&p);
}

TEST(places_of_one_function_are_one_frame)
{
	struct profile p;

	read_text(&p, "a 1 1.000001: 1 cycles: \n\t              10 f+0x10 (/bin/a)\n\n"
		  "a 1 1.000002: 1 cycles: \n\t              1f f+0x1f (/bin/a)\n\n"
		  "a 1 1.000003: 1 cycles: \n\t              1f f+0x1f (/bin/b)\n\n");
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.stack[0], p.stack[1]);
	CHECK(p.stack[0] != p.stack[2]);
	profile_fini(&p);
}

TEST(inlined_frames_take_the_module_of_the_one_they_were_inlined_into)
{
	struct profile p;
	const struct frame *f;

	read_text(&p, "w 1 1.000001: 1 cpu-clock: \n"
		  "\t            e460 resolve_map+0x840 (inlined)\n"
		  "  ./elf/dl-lookup.c:17 (inlined)\n"
		  "\t            e460 elf_machine_rela+0x840 (inlined)\n"
		  "\t            e460 relocate+0x840 (/usr/lib/ld-linux-x86-64.so.2)\n"
		  "  dl-reloc.c:170 (discriminator 3)\n"
		  "\t            1b5a main+0x1a (/bin/w)\n"
		  "  :0\n\n");
	CHECK_EQ(p.n, 1);
	check_stack(&p, 0, "main;relocate;elf_machine_rela;resolve_map");
	f = innermost(&p, 0);
	CHECK_EQ(f->inlined, 1);
	CHECK_EQ(f->line, 17);
	CHECK_EQ(f->kind, FRAME_LIBRARY);
	CHECK_STR(strings_get(&p.strings, p.frames.modules[f->module].path),
		  "/usr/lib/ld-linux-x86-64.so.2");
	CHECK_STR(strings_get(&p.strings, p.frames.functions[f->function].file),
		  "./elf/dl-lookup.c");
	f = &p.frames.frames[p.tree.frame[p.tree.parent[p.tree.parent[p.stack[0]]]]];
	CHECK_EQ(f->inlined, 0);
	CHECK_EQ(f->line, 170);
	profile_fini(&p);
}

TEST(frames_without_a_name_are_called_by_their_module_and_keep_their_address)
{
	struct profile p;

	read_text(&p, "w 1 1.000001: 1 cpu-clock: \n"
		  "\t           d44a3 [unknown] (/usr/lib/libstdc++.so.6.0.30)\n"
		  "\t            1b5a [unknown] ([unknown])\n"
		  "\tffffffff81000c82 [unknown] ([kernel.kallsyms])\n\n");
	check_stack(&p, 0, "[kernel.kallsyms];[unknown];[libstdc++.so.6.0.30]");
	CHECK_EQ(innermost(&p, 0)->address, 0xd44a3);
	CHECK_EQ(innermost(&p, 0)->kind, FRAME_UNKNOWN);
	profile_fini(&p);
}

TEST(any_fields_may_be_missing)
{
	static const char *const texts[] = {
		"my prog     10 cpu-clock: \n\t            139f spin (/bin/a)\n\t            11e8 main (/bin/a)\n\n",
		"my prog     10 28618.043186613: \n\t            139f spin (/bin/a)\n"
			"\t            11e8 main (/bin/a)\n\n",
		"\n\t            139f spin (/bin/a)\n\t            11e8 main (/bin/a)\n\n",
		"my prog  10/11 [000] 1.000001:          7 cycles:u:                0\n"
			"\t            139f spin (/bin/a)\n\t            11e8 main (/bin/a)\n\n",
		"my prog  10/11 [000] 1.000001:          7 cycles:u: \n\t            139f spin\n"
			"\t            11e8 main\n\n",
		"my prog  10/11 [000] K 2026-11-27 18:40:01.123456 1.000001:   7 cycles:u: \n"
			"\t            139f spin\n\t            11e8 main\n\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct profile p;

		read_text(&p, texts[i]);
		CHECK_EQ(p.n, 1);
		check_stack(&p, 0, "main;spin");
		if (i != 2)
			CHECK_STR(label_of(&p, 0, "thread"), "my prog");
		if (i >= 3)
			CHECK_EQ(profile_total(&p, p.default_type), 7);
		profile_fini(&p);
	}
}

/* -F comm,ip,sym and the like; perf ends every field with a blank. */
TEST(names_and_events_alone_are_heads_and_a_number_in_a_name_is_no_thread)
{
	static const struct {
		const char *head, *thread, *type;
		int64_t tid;
	} rows[] = {
		{ "my prog ", "my prog", "samples", -1 },
		{ "pool 1 ", "pool 1", "samples", -1 },
		{ "pool 1     28618.043186: ", "pool 1", "samples", -1 },
		{ " 6112    2004008 cpu-clock: ", "", "cpu-clock", 6112 },
		{ "pool 1 cpu-clock:ppp: ", "pool 1", "samples", -1 },
		{ "pool 1  6112 ", "pool 1", "samples", 6112 },
		{ "pool 1  6112/6113  [001] ", "pool 1", "samples", 6113 },
		{ "pool 1  6112    2004008 cpu-clock:ppp: ", "pool 1", "cpu-clock", 6112 },
		{ "cpu-clock:ppp: ", "", "samples", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct profile p;

		for (int first = 0; first < 2; first++) {	/* the file's first line is what it is known by */
			snprintf(text, sizeof(text), "%s%s\n\t            139f spin (/bin/a)\n\t            11e8 main "
				 "(/bin/a)\n\n", first ? "" : "# a note\n", rows[i].head);
			read_text(&p, text);
			CHECK_EQ(p.n, 1);
			check_stack(&p, 0, "main;spin");
			CHECK_STR(label_of(&p, 0, "thread"), rows[i].thread);
			CHECK_EQ(number_of(&p, 0, "tid"), rows[i].tid);
			CHECK_STR(profile_type_name(&p, p.default_type), rows[i].type);
			CHECK_EQ(p.n_comments, 0);
			profile_fini(&p);
		}
	}
}

TEST(times_from_sample_to_sample_are_not_kept_and_said)
{
	struct buf text = { 0 };
	struct profile p;

	for (int i = 0; i < 20; i++)
		buf_addf(&text, "app  7/7  [000]  0.%06d:  5 cpu-clock: \n\t            139f spin (/bin/a)\n\n",
			 i % 3 ? 1000 - i : 2000 * (i > 0));
	buf_add_u8(&text, '\0');
	read_text(&p, text.p);
	CHECK_EQ(profile_total(&p, 0), 20);
	CHECK(!p.time_ns && !p.duration_ns);
	CHECK_EQ(p.n_comments, 1);
	profile_fini(&p);
	buf_fini(&text);
}

TEST(a_sample_may_be_one_line)
{
	struct profile p;

	read_text(&p, "     my prog (x)  8861 28618.043186:    1001001 cpu-clock:      7f4e926c73aa "
		  "_dl_relocate_object+0x78a (/usr/lib/ld-linux-x86-64.so.2)\n"
		  "               w  9102 28622.131220:    1000000 cpu-clock:  ffffffff8158cc9d f\n"
		  "               w  9102 28622.131221:    1000000 cpu-clock: \n");
	CHECK_EQ(p.n, 3);
	check_stack(&p, 0, "_dl_relocate_object");
	check_stack(&p, 1, "f");
	check_stack(&p, 2, "");
	CHECK_EQ(innermost(&p, 1)->kind, FRAME_KERNEL);
	CHECK_EQ(profile_total(&p, 1), 3001001);
	profile_fini(&p);
}

TEST(several_events_are_columns_and_a_label)
{
	struct profile p;

	read_text(&p, "a 1 1.000001: 5 cycles: \n" CHAIN "\n"
		  "a 1 1.000002: 2 page-faults: \n" CHAIN "\n"
		  "a 1 1.000003: sched:sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b: x\n" CHAIN
		  "\n");
	CHECK_EQ(p.n, 3);
	CHECK_EQ(p.n_types, 3);
	CHECK_EQ(profile_total(&p, 0), 3);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("cycles"))), 5);
	CHECK_EQ(profile_total(&p, (uint32_t)profile_find_type(&p, STR("page-faults"))), 2);
	CHECK_EQ(p.default_type, profile_find_type(&p, STR("cycles")));
	CHECK_STR(label_of(&p, 0, "event"), "cycles");
	CHECK_STR(label_of(&p, 1, "event"), "page-faults");
	CHECK_STR(label_of(&p, 2, "event"), "sched:sched_switch");
	profile_fini(&p);
}

TEST(what_is_not_a_sample_is_passed_over_and_losses_are_told)
{
	struct profile p;

	read_text(&p, "# ========\n# captured on    : Fri Nov 27 18:40:01 2026\n# hostname : box\n"
		  "# cmdline : /usr/bin/perf record -g\n# ========\n#\n"
		  "swapper     0     0.000000: PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x12) @ 0]: x\n"
		  "w 1 1.000001: PERF_RECORD_LOST lost 12\n"
		  "what is this\n"
		  "w 1 1.000001: 1 cpu-clock: \n" CHAIN "\n");
	CHECK_EQ(p.n, 1);
	CHECK_EQ(p.n_comments, 5);
	CHECK_STR(strings_get(&p.strings, p.comments[1]), "perf hostname: box");
	CHECK_STR(strings_get(&p.strings, p.comments[3]), "sonde: note perf lost 12 events");
	CHECK_STR(strings_get(&p.strings, p.comments[4]),
		  "sonde: note 1 lines are none of perf script's, the first is line 9");
	profile_fini(&p);
}

TEST(samples_in_several_pieces_stay_in_order)
{
	struct buf text = { 0 };
	struct profile p;

	for (int i = 0; i < 30000; i++)
		buf_addf(&text, "w 1 %d.%06d: 1 cycles: \n\t            139f f%d+0x1 (/bin/w)\n" CHAIN "\n",
			 1 + i / 1000, i % 1000, i % 777);
	buf_add_u8(&text, '\0');
	CHECK(text.n > 4 << 20);
	read_text(&p, text.p);
	CHECK_EQ(p.n, 30000);
	CHECK_EQ(p.tree.n, 1 + 2 + 777);
	for (uint32_t i = 1; i < p.n; i++)
		CHECK(p.time_ns[i] > p.time_ns[i - 1]);
	check_stack(&p, 29999, "__libc_start_call_main;main;f473");
	profile_fini(&p);
	buf_fini(&text);
}

TEST(a_stack_that_is_too_deep_is_refused_by_its_line)
{
	struct buf text = { 0 };
	struct profile p;
	struct err err = { 0 };

	buf_addf(&text, "w 1 1.000001: 1 cycles: \n");
	for (int i = 0; i < (1 << 20) + 1; i++)
		buf_addf(&text, "\t 1 f (/b)\n");
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, buf_str(&text), "x", &err), -EBADMSG);
	CHECK_STR(str_of(err.text),
		  "x:1048578: the stack that ends here has more than 1048576 frames");
	profile_fini(&p);
	buf_fini(&text);
}

TEST(a_file_without_a_sample_is_refused)
{
	struct profile p;
	struct err err = { 0 };

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, STR("# ========\n# captured on : today\n"), "x", &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "x is perf script's, but there is no sample in it");
	profile_fini(&p);
}

TEST(folded_stacks_are_not_taken_for_it)
{
	CHECK(!perfscript_detect(STR("main;foo 12\nmain;bar 1\n")));
	CHECK(!perfscript_detect(STR("main 12 34\n")));
	CHECK(!perfscript_detect(STR("")));
	CHECK(perfscript_detect(STR("a 1 1.000001: 5 cycles: \n\t              10 f (/b)\n")));
	CHECK(perfscript_detect(STR("a 1 5 cycles: \n\t              10 f (/b)\n")));
	/* -F comm,pid,time,ip,sym,dso,srcline, a sample that begins in user space */
	CHECK(perfscript_detect(STR("a 1 1.000001:      7f6e30457f02 f (/b)\n  b.h:200\n")));
}

TEST_MAIN(CASE(a_sample_is_its_stack_its_labels_its_time_and_its_period),
	  CASE(places_of_one_function_are_one_frame),
	  CASE(inlined_frames_take_the_module_of_the_one_they_were_inlined_into),
	  CASE(frames_without_a_name_are_called_by_their_module_and_keep_their_address),
	  CASE(any_fields_may_be_missing),
	  CASE(names_and_events_alone_are_heads_and_a_number_in_a_name_is_no_thread),
	  CASE(times_from_sample_to_sample_are_not_kept_and_said),
	  CASE(a_sample_may_be_one_line),
	  CASE(several_events_are_columns_and_a_label),
	  CASE(what_is_not_a_sample_is_passed_over_and_losses_are_told),
	  CASE(samples_in_several_pieces_stay_in_order),
	  CASE(a_stack_that_is_too_deep_is_refused_by_its_line),
	  CASE(a_file_without_a_sample_is_refused),
	  CASE(folded_stacks_are_not_taken_for_it))
