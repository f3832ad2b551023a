/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged description of a HotSpot (layout_test.h): the input is one byte for the version, and then changes of ten
 * bytes, where and what. */
#include <stdlib.h>

#include "runtime/jvm/layout_test.h"
#include "runtime/jvm/offsets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct jvm_image image;
	struct jvm_file file;
	struct walk_jvm jvm;
	uint16_t where;
	uint64_t word;

	if (!size)
		return 0;
	jvm_image_make(&image, data[0] & 1);
	for (size_t at = 1; size - at >= 10; at += 10) {
		memcpy(&where, data + at, 2);
		memcpy(&word, data + at + 2, 8);
		if (where + 8u <= JVM_IMAGE_BYTES)
			memcpy(image.memory + where, &word, 8);
	}
	if (!jvm_file_init(&file, &image.places))
		return 0;
	/* what the walk reads into has fixed sizes */
	if (jvm_layout(&file, JVM_IMAGE_BIAS, jvm_image_read, &image, &jvm) &&
	    (!jvm.n_heaps || jvm.n_heaps > JVM_HEAPS_MAX || jvm.blob_bytes > 384 || jvm.const_size > 56 ||
	     jvm.const_code_size > 62 || jvm.segment_bits > 16))
		abort();
	jvm_file_offsets(&file, JVM_IMAGE_BIAS, jvm_image_read, &image);
	jvm_file_fini(&file);
	return 0;
}
