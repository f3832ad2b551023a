/* SPDX-License-Identifier: Apache-2.0 */
#include "base/truncation.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Runs inside the fault: only system calls. Returning repeats the read, which then succeeds. */
static void put_zeros_there(int signal_number, siginfo_t *info, void *context)
{
	uintptr_t page_bytes = (uintptr_t)getpagesize();
	uintptr_t page = (uintptr_t)info->si_addr & ~(page_bytes - 1);
	int saved = errno;

	(void)context;
	if (info->si_code != BUS_ADRERR ||
	    mmap((void *)page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1,
		 0) == MAP_FAILED)
		signal(signal_number, SIG_DFL);
	errno = saved;
}

int truncation_survive(void)
{
	struct sigaction action = { .sa_sigaction = put_zeros_there, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
}
