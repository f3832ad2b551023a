/* SPDX-License-Identifier: Apache-2.0 */
/* The input is .eh_frame_hdr and all that follows it. */
#include "elf/starts.h"

#include <stdlib.h>

#include "elf/elf.h"
#include "elf/starts_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = { 0 };
	struct starts starts;
	struct elf elf;

	starts_image_write(&file, str_over(data, size));
	if (elf_open_bytes(&elf, buf_str(&file), "input", NULL) == 0) {
		if (starts_load(&starts, &elf) == 0) {
			for (uint64_t vaddr = 0; vaddr < 0x2000; vaddr += 0x10) {
				uint64_t start = 0, again;

				/* who holds an address holds its own start, too */
				if (starts_find(&starts, vaddr, &start) &&
				    (start > vaddr || (!starts.row_bytes &&
				     !starts_find(&starts, start, &again))))
					abort();
			}
			starts_fini(&starts);
		}
		elf_close(&elf);
	}
	buf_fini(&file);
	return 0;
}
