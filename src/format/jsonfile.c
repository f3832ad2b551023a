/* SPDX-License-Identifier: Apache-2.0 */
#include "format/jsonfile.h"

#include <errno.h>

#include "base/err.h"
#include "base/file.h"

#define FLUSH_BYTES ((size_t)1 << 20)

void jsonfile_begin(struct jsonfile *out, struct new_file *file, struct err *err)
{
	*out = (struct jsonfile){ .file = file, .err = err };
	out->json.out = &out->bytes;
}

static bool flush(struct jsonfile *out, size_t most)
{
	if (out->rc == 0 && out->bytes.failed)
		out->rc = -ENOMEM;
	if (out->rc == 0 && out->bytes.n >= most)
		out->rc = new_file_write(out->file, buf_str(&out->bytes), out->err);
	if (out->bytes.n >= most)
		buf_clear(&out->bytes);
	return out->rc == 0;
}

bool jsonfile_flush(struct jsonfile *out)
{
	return flush(out, FLUSH_BYTES);
}

int jsonfile_end(struct jsonfile *out)
{
	buf_add_u8(&out->bytes, '\n');
	flush(out, 0);
	buf_fini(&out->bytes);
	return out->rc;
}
