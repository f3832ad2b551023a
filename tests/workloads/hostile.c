/* SPDX-License-Identifier: Apache-2.0 */
/* Maps argv[2], a file nobody should trust, and runs the code at its second page for argv[1] seconds. A
 * profiler has to read that file to name the samples. */
#include <fcntl.h>

#include "truth.h"

/* mov %edi,%ecx; loop: imul; dec %ecx; jnz loop; ret */
static const uint8_t spin_code[] = { 0x89, 0xf9, 0x48, 0x69, 0xc0, 0x15, 0x7c, 0x4a, 0x7f,
				     0xff, 0xc9, 0x75, 0xf5, 0xc3 };

int main(int argc, char **argv)
{
	int fd = open(argv[2], O_RDONLY);
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096);
	void (*code)(uint32_t) = (void (*)(uint32_t))(void *)page;

	if (fd < 0 || page == MAP_FAILED || memcmp(page, spin_code, sizeof(spin_code)) != 0)
		return 1;
	truth_init(argc, argv);
	while (truth_more())
		code(300000);
	return 0;
}
