/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/jvm/scopes.h"

#include "base/test.h"

/* At 1: method 1 at bytecode 7, the outermost; at 4: method 3 at bytecode -1, inlined there; at 7: method 2 at
 * bytecode 20, inlined in that. Each: the caller's place, the method, the bytecode + 1. */
static const char data_17[] = "\xee" "\x00\x01\x08" "\x01\x03\x00" "\x04\x02\x15";
static const char data_21[] = "\xee" "\x01\x02\x09" "\x02\x04\x01" "\x05\x03\x16";

static struct jvm_pc pcs[] = { { -1, 0 }, { 16, 1 }, { 32, 7 }, { 40, 4 }, { INT32_MAX, 0 } };

static struct jvm_scopes made(const char *data)
{
	static uint64_t metadata[3];

	return (struct jvm_scopes){ .pcs = pcs, .n_pcs = 5, .data = str_over(data, sizeof(data_17) - 1),
				    .metadata = metadata, .n_metadata = 3 };
}

static void check_chain(const struct jvm_scopes *scopes, uint32_t base)
{
	struct jvm_scope chain[JVM_INLINED_MAX];

	CHECK_EQ(jvm_scopes_find(scopes, base, jvm_scopes_at(scopes, 32), chain), 3);
	CHECK_EQ(chain[0].metadata, 1);
	CHECK_EQ(chain[0].bci, 20);
	CHECK_EQ(chain[1].metadata, 2);
	CHECK_EQ(chain[1].bci, -1);
	CHECK_EQ(chain[2].metadata, 0);
	CHECK_EQ(chain[2].bci, 7);
}

TEST(inlined_methods_come_innermost_first)
{
	struct jvm_scopes old = made(data_17), new = made(data_21);

	check_chain(&old, 0);
	check_chain(&new, 1);
}

TEST(a_return_address_is_at_its_place_and_an_instruction_before_it)
{
	struct jvm_scopes scopes = made(data_17);
	struct jvm_scope chain[JVM_INLINED_MAX];

	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_at(&scopes, 16), chain), 1);
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 15), chain), 1);
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 16), chain), 3);
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 0), chain), 1);
}

TEST(behind_the_last_place_only_the_compiled_method_is_known)
{
	struct jvm_scopes scopes = made(data_17);
	struct jvm_scope chain[JVM_INLINED_MAX];

	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 100), chain), 1);
	CHECK_EQ(chain[0].metadata, 0);
	CHECK_EQ(chain[0].bci, 7);
}

TEST(tables_that_cannot_be_are_none)
{
	static const char loop[] = "\xee" "\x01\x01\x08";	/* inlined in itself */
	static const char beyond[] = "\xee" "\x00\x04\x08";	/* there are three methods */
	struct jvm_scope chain[JVM_INLINED_MAX];
	struct jvm_scopes scopes = made(data_17);

	scopes.n_pcs = 2;
	scopes.data = str_over(loop, sizeof(loop) - 1);
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 8), chain), 0);
	scopes.data = str_over(beyond, sizeof(beyond) - 1);
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 8), chain), 0);
	scopes.data = str_over(data_17, 3);
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 8), chain), 0);
	scopes = (struct jvm_scopes){ 0 };
	CHECK_EQ(jvm_scopes_find(&scopes, 0, jvm_scopes_after(&scopes, 8), chain), 0);
}

TEST_MAIN(CASE(inlined_methods_come_innermost_first),
	  CASE(a_return_address_is_at_its_place_and_an_instruction_before_it),
	  CASE(behind_the_last_place_only_the_compiled_method_is_known), CASE(tables_that_cannot_be_are_none))
