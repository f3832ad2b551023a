/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are instructions or unknown, one after another and without gaps. Byte 0 chooses the machine. */
#include "elf/disasm.h"

#include <elf.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t next = 0x400000;
	struct disasm disasm;

	if (!size || disasm_read(&disasm, data[0] & 1 ? EM_AARCH64 : EM_X86_64,
				 str_over(data + 1, size - 1), next, NULL) < 0)
		return 0;
	for (uint32_t i = 0; i < disasm.n; i++) {
		const struct disasm_insn *insn = &disasm.items[i];

		if (insn->vaddr != next || !insn->size || !insn->mnemonic.n)
			abort();
		next += insn->size;
	}
	if (next != 0x400000 + size - 1)
		abort();
	disasm_fini(&disasm);
	return 0;
}
