/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_unpack.h"

#include <errno.h>
#include <zstd.h>

#include "format/perfdata_head.h"

#define STEP ((size_t)256 << 10)

void perfdata_unpack_fini(struct perfdata_unpack *unpack)
{
	ZSTD_freeDCtx(unpack->stream);
	buf_fini(&unpack->out);
	*unpack = (struct perfdata_unpack){ 0 };
}

/* The packed bytes: all of the record, or as many as it says. */
static struct str packed_in(const struct perfdata_record *record)
{
	struct cursor c = cursor_over(record->body);

	if (record->type == PERFDATA_COMPRESSED)
		return record->body;
	return str_head(str_skip(record->body, 8), cursor_u64(&c));
}

static int unpack_all(struct perfdata_unpack *unpack, struct str packed)
{
	ZSTD_inBuffer in = { packed.p, packed.n, 0 };
	struct buf *buf = &unpack->out;

	for (;;) {
		ZSTD_outBuffer out;
		size_t rc;

		if (buf->n > PERFDATA_PIECE_MAX)
			return -E2BIG;
		if (!buf_reserve(buf, STEP))
			return -ENOMEM;
		out = (ZSTD_outBuffer){ buf->p + buf->n, STEP, 0 };
		rc = ZSTD_decompressStream(unpack->stream, &out, &in);
		if (ZSTD_isError(rc))
			return -EBADMSG;
		buf->n += out.pos;
		if (in.pos == in.size && out.pos < out.size)
			return 0;
	}
}

/* How many of the bytes are whole records. */
static size_t whole(struct str bytes)
{
	struct perfdata_record record;
	struct str left = bytes;

	while (perfdata_record_at(left, &record))
		left = str_skip(left, PERFDATA_HEADER_BYTES + record.body.n);
	return bytes.n - left.n;
}

int perfdata_unpack(struct perfdata_unpack *unpack, const struct perfdata_record *record,
		    struct perfdata_order *order, struct perfdata_chunk **ret_chunk)
{
	struct buf *out = &unpack->out;
	struct perfdata_chunk *chunk;
	size_t n;
	int rc;

	if (!unpack->stream)
		unpack->stream = ZSTD_createDCtx();
	if (!unpack->stream)
		return -ENOMEM;
	rc = unpack_all(unpack, packed_in(record));
	if (rc < 0)
		return rc;
	n = whole(buf_str(out));
	if (out->n - n > UINT16_MAX)	/* no record is as long */
		return -EBADMSG;
	*ret_chunk = NULL;
	if (!n)
		return 0;
	chunk = perfdata_chunk_new(order, n);
	if (!chunk)
		return -ENOMEM;
	memcpy(chunk->bytes, out->p, n);
	memmove(out->p, out->p + n, out->n - n);
	out->n -= n;
	*ret_chunk = chunk;
	return 0;
}
