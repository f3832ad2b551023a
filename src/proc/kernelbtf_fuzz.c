/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/kernelbtf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_btf btf = { 0 };
	uint32_t off;

	if (kernel_btf_parse(&btf, str_over(data, size), NULL) < 0)
		return 0;
	kernel_btf_find_member(&btf, STR("outer"), STR("d"), &off);
	kernel_btf_find_member(&btf, STR("outer"), STR("e"), &off);
	return 0;
}
