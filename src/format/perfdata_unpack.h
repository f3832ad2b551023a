/* SPDX-License-Identifier: Apache-2.0 */
/* format/perfdata_unpack.h
 *
 * The records inside PERF_RECORD_COMPRESSED and ..._COMPRESSED2 (perf record -z): one zstd stream through the
 * whole file, a piece in each such record. A piece may end inside a record, whose rest is in the next one.
 *
 * Memory: {0} is ready.
 */
#ifndef SONDE_FORMAT_PERFDATA_UNPACK_H
#define SONDE_FORMAT_PERFDATA_UNPACK_H

#include "base/buf.h"
#include "format/perfdata_order.h"

struct perfdata_record;
struct ZSTD_DCtx_s;

#define PERFDATA_PIECE_MAX ((size_t)256 << 20)	/* unpacked; perf's own are of a few MiB at most */

struct perfdata_unpack {
	struct ZSTD_DCtx_s *stream;
	struct buf out;		/* of the piece, behind the start of a record that the last one broke off */
};

/* Unpacks a piece: *ret_chunk holds its whole records, held once by the caller; NULL when there is none. 0,
 * -EBADMSG, -E2BIG or -ENOMEM. */
int perfdata_unpack(struct perfdata_unpack *unpack, const struct perfdata_record *record,
		    struct perfdata_order *order, struct perfdata_chunk **ret_chunk);
void perfdata_unpack_fini(struct perfdata_unpack *unpack);

#endif
