/* SPDX-License-Identifier: Apache-2.0 */
#include "base/truncation.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

TEST(a_mapped_file_that_is_cut_short_reads_as_zeros)
{
	char path[] = "/tmp/sonde-truncation-XXXXXX", bytes[3 * 4096];
	struct mapped_file file;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	memset(bytes, 'x', sizeof(bytes));
	CHECK_EQ(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	CHECK_EQ(mapped_file_open(&file, path, NULL), 0);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(truncation_survive(), 0);
	CHECK_EQ(ftruncate(fd, 4096), 0);
	CHECK_EQ(file.p[4095], 'x');
	CHECK_EQ(file.p[4096], 0);
	CHECK_EQ(file.p[sizeof(bytes) - 1], 0);
	mapped_file_close(&file);
	close(fd);
}

TEST_MAIN(CASE(a_mapped_file_that_is_cut_short_reads_as_zeros))
