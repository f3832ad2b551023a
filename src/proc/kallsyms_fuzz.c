/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/kallsyms.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str name, module;
	struct kallsyms k;

	if (kallsyms_parse(&k, str_over(data, size), NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < k.n; i++)
		if ((i && k.addresses[i - 1] >= k.addresses[i]) ||
		    !kallsyms_find(&k, k.addresses[i], &name, &module))
			abort();
	kallsyms_fini(&k);
	return 0;
}
