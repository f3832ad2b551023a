/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/kallsyms.h"

#include <errno.h>

#include "base/err.h"
#include "base/test.h"

static void check_name(const struct kallsyms *kallsyms, uint64_t address, const char *name,
		       const char *module)
{
	struct str got_name = { 0 }, got_module = { 0 };

	CHECK(kallsyms_find(kallsyms, address, &got_name, &got_module));
	CHECK_STR(got_name, name);
	CHECK_STR(got_module, module);
}

static struct kallsyms symbols_of(const char *text)
{
	struct kallsyms kallsyms;

	CHECK_EQ(kallsyms_parse(&kallsyms, str_of(text), NULL), 0);
	return kallsyms;
}

TEST(an_address_belongs_to_the_last_function_at_or_below_it)
{
	struct kallsyms k = symbols_of("ffffffff81000000 T first\n"
				       "ffffffff81000100 t second\n");
	struct str name, module;

	check_name(&k, 0xffffffff81000000, "first", "");
	check_name(&k, 0xffffffff810000ff, "first", "");
	check_name(&k, 0xffffffff81000100, "second", "");
	CHECK(!kallsyms_find(&k, 0xffffffff80ffffff, &name, &module));
	CHECK(!kallsyms_find(&k, 0x400000, &name, &module));
	CHECK(!kallsyms_find(&k, UINT64_MAX, &name, &module));
	kallsyms_fini(&k);
}

TEST(only_functions_are_kept)
{
	struct kallsyms k = symbols_of("ffffffff81000000 T function\n"
				       "ffffffff81000010 D data\n"
				       "ffffffff81000020 r read_only\n"
				       "ffffffff81000030 W weak\n");

	CHECK_EQ(k.n, 2);
	check_name(&k, 0xffffffff81000024, "function", "");
	check_name(&k, 0xffffffff81000030, "weak", "");
	kallsyms_fini(&k);
}

TEST(of_several_names_the_global_one_with_fewest_underscores_wins)
{
	struct kallsyms k = symbols_of("ffffffff81000000 t local\n"
				       "ffffffff81000000 W weak\n"
				       "ffffffff81000000 T __x64_alias\n"
				       "ffffffff81000000 T plain\n"
				       "ffffffff81000000 T second_plain\n"
				       "ffffffff81000040 t next\n");

	CHECK_EQ(k.n, 2);
	check_name(&k, 0xffffffff81000001, "plain", "");
	kallsyms_fini(&k);
}

TEST(modules_and_bpf_programs_are_named_and_may_come_out_of_order)
{
	struct kallsyms k = symbols_of("ffffffff81000000 T kernel_function\n"
				       "ffffffffc0201000 t ext4_read\t[ext4]\n"
				       "ffffffffc0200000 t xfs_read\t[xfs]\n"
				       "ffffffffc0300000 t bpf_prog_6deef7357e7b4530_sample\t[bpf]");

	check_name(&k, 0xffffffff81000000, "kernel_function", "");
	check_name(&k, 0xffffffffc0200fff, "xfs_read", "xfs");
	check_name(&k, 0xffffffffc0201000, "ext4_read", "ext4");
	check_name(&k, 0xffffffffc0300008, "bpf_prog_6deef7357e7b4530_sample", "bpf");
	kallsyms_fini(&k);
}

TEST(withheld_addresses_are_noticed)
{
	struct kallsyms k = symbols_of("0000000000000000 T _stext\n0000000000000000 t other\n");

	CHECK(k.hidden);
	CHECK_EQ(k.n, 0);
	kallsyms_fini(&k);
	k = symbols_of("0000000000000000 A per_cpu_start\nffffffff81000000 T _stext\n");
	CHECK(!k.hidden);
	kallsyms_fini(&k);
}

TEST(an_address_far_behind_the_last_function_of_a_run_is_in_a_gap)
{
	struct kallsyms k = symbols_of("ffffffff81000000 T last_of_kernel\n"
				       "ffffffffc0201000 t of_module\t[m]\n");
	struct str name, module;

	CHECK(!kallsyms_find(&k, 0xffffffffa0000000, &name, &module));
	kallsyms_fini(&k);
}

TEST(a_line_that_is_none_is_refused_by_its_number)
{
	struct kallsyms k;
	struct err err = { 0 };

	CHECK_EQ(kallsyms_parse(&k, STR("ffffffff81000000 T ok\nnonsense\n"), &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "kernel symbols, line 2: expected 'address type name'");
	CHECK_EQ(kallsyms_parse(&k, STR("11112222333344445 T long\n"), NULL), -EBADMSG);
	CHECK_EQ(kallsyms_parse(&k, STR("ffffffff81000000 T"), NULL), -EBADMSG);
	CHECK_EQ(k.n, 0);
	kallsyms_fini(&k);
}

TEST(the_running_kernel_can_be_read)
{
	struct kallsyms k;

	CHECK_EQ(kallsyms_load(&k, NULL), 0);
	CHECK(k.hidden || k.n > 1000);
	for (uint32_t i = 1; i < k.n; i++)
		CHECK(k.addresses[i - 1] < k.addresses[i]);
	kallsyms_fini(&k);
}

TEST_MAIN(CASE(an_address_belongs_to_the_last_function_at_or_below_it),
	  CASE(only_functions_are_kept),
	  CASE(of_several_names_the_global_one_with_fewest_underscores_wins),
	  CASE(modules_and_bpf_programs_are_named_and_may_come_out_of_order),
	  CASE(withheld_addresses_are_noticed),
	  CASE(an_address_far_behind_the_last_function_of_a_run_is_in_a_gap),
	  CASE(a_line_that_is_none_is_refused_by_its_number),
	  CASE(the_running_kernel_can_be_read))
