/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/kernelbtf.h"

#include <errno.h>
#include <linux/btf.h>

#include "base/cursor.h"
#include "base/err.h"

#define BTF_FILE "/sys/kernel/btf/vmlinux"
#define DEPTH_MAX 8		/* anonymous structures in one another */
#define STEPS_MAX (16u << 20)	/* types passed on the way to them: damaged ones could lead anywhere */

/* A type's head, and where its members are. */
struct type {
	uint32_t name, kind, n;
	bool bitfields;		/* offsets carry a size in their upper byte */
	struct cursor tail;
};

/* Bytes behind a type's head: fixed ones, and so many for each of its n members. */
static const struct {
	uint8_t fixed, each;
} tails[] = {
	[BTF_KIND_INT] = { 4, 0 },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum) },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0 },
	[BTF_KIND_ENUM64] = { 0, 12 },	/* struct btf_enum64, which came with 6.0 */
};

int kernel_btf_parse(struct kernel_btf *btf, struct str bytes, struct err *err)
{
	struct cursor c = cursor_over(bytes);
	uint32_t header, types, types_n, strings, strings_n;

	if (cursor_u16(&c) != BTF_MAGIC)
		cursor_fail(&c);
	cursor_skip(&c, 2);	/* version, flags */
	header = cursor_u32(&c);
	types = cursor_u32(&c);
	types_n = cursor_u32(&c);
	strings = cursor_u32(&c);
	strings_n = cursor_u32(&c);
	cursor_seek(&c, (uint64_t)header + types);
	btf->types = cursor_bytes(&c, types_n);
	cursor_seek(&c, (uint64_t)header + strings);
	btf->strings = cursor_bytes(&c, strings_n);
	return c.failed ? err_fail(err, -EBADMSG, "the kernel's type information is damaged") : 0;
}

int kernel_btf_open(struct kernel_btf *btf, struct err *err)
{
	int rc;

	*btf = (struct kernel_btf){ 0 };
	rc = mapped_file_open(&btf->file, BTF_FILE, err);
	if (rc < 0)
		return rc;
	rc = kernel_btf_parse(btf, mapped_file_view(&btf->file), err);
	if (rc < 0)
		kernel_btf_close(btf);
	return rc;
}

void kernel_btf_close(struct kernel_btf *btf)
{
	mapped_file_close(&btf->file);
	*btf = (struct kernel_btf){ 0 };
}

/* The next type; false at the end, and at a kind of a future kernel, whose length we do not know. */
static bool next_type(struct cursor *c, struct type *type)
{
	uint32_t info;

	type->name = cursor_u32(c);
	info = cursor_u32(c);
	cursor_skip(c, 4);	/* size or type */
	type->kind = BTF_INFO_KIND(info);
	type->n = BTF_INFO_VLEN(info);
	type->bitfields = BTF_INFO_KFLAG(info);
	type->tail = *c;
	if (type->kind > BTF_KIND_ENUM64)
		cursor_fail(c);
	else
		cursor_skip(c, tails[type->kind].fixed +
			       (uint64_t)tails[type->kind].each * type->n);
	return !c->failed;
}

static bool has_name(const struct kernel_btf *btf, uint32_t off, struct str name)
{
	return off < btf->strings.n && name.n < btf->strings.n - off &&
	       !memcmp(btf->strings.p + off, name.p, name.n) && !btf->strings.p[off + name.n];
}

/* The type of that number; they count from 1. */
static bool type_by_id(const struct kernel_btf *btf, uint32_t id, uint32_t *steps,
		       struct type *ret_type)
{
	struct cursor c = cursor_over(btf->types);

	for (uint32_t i = 0; i < id; i++, (*steps)--)
		if (!*steps || !next_type(&c, ret_type))
			return false;
	return id > 0;
}

static int find_in(const struct kernel_btf *btf, struct type type, struct str member, int depth,
		   uint32_t *steps, uint32_t *ret_bits)
{
	for (uint32_t i = 0; i < type.n; i++) {
		uint32_t name = cursor_u32(&type.tail), id = cursor_u32(&type.tail);
		uint32_t bits = cursor_u32(&type.tail);
		struct type inner;

		if (type.bitfields && bits >> 24)
			continue;
		if (type.bitfields)
			bits &= 0xffffff;
		if (has_name(btf, name, member)) {
			*ret_bits = bits;
			return 0;
		}
		if (name || depth == DEPTH_MAX || !type_by_id(btf, id, steps, &inner) ||
		    (inner.kind != BTF_KIND_STRUCT && inner.kind != BTF_KIND_UNION))
			continue;
		if (find_in(btf, inner, member, depth + 1, steps, ret_bits) == 0) {
			*ret_bits += bits;
			return 0;
		}
	}
	return -ENOENT;
}

int kernel_btf_find_member(const struct kernel_btf *btf, struct str structure, struct str member,
			   uint32_t *ret_offset)
{
	struct cursor c = cursor_over(btf->types);
	struct type type;
	uint32_t bits, steps = STEPS_MAX;
	int rc;

	while (cursor_more(&c) && next_type(&c, &type)) {
		if (type.kind != BTF_KIND_STRUCT || !has_name(btf, type.name, structure))
			continue;
		rc = find_in(btf, type, member, 0, &steps, &bits);
		if (rc == 0)
			*ret_offset = bits / 8;
		return rc;
	}
	return -ENOENT;
}
