/* SPDX-License-Identifier: Apache-2.0 */
/* Renames another program (argv[3]) over its own path while it runs. argv[2]: "stay" goes on as the old
 * program, "exec" becomes the new one, "delete" only removes the path. Built twice: NEW has its functions
 * at other addresses under other names, so a name of the wrong file shows. */
#include "truth.h"

#ifdef NEW
#define VERSION(name) new_##name
#define TEXT(name) "new_" name
NOINLINE uint64_t new_filler(uint32_t rounds)
{
	return truth_burn(rounds, 79) + truth_burn(rounds, 83) + truth_burn(rounds / 2, 89);
}
#else
#define VERSION(name) old_##name
#define TEXT(name) "old_" name
#endif

NOINLINE uint64_t VERSION(major)(uint32_t rounds)
{
	return truth_burn(rounds, 97) + 1;
}

NOINLINE uint64_t VERSION(minor)(uint32_t rounds)
{
	return truth_burn(rounds, 101) + 1;
}

static void work(double until_s)
{
	while ((double)truth_now() / 1e9 < until_s) {
		if (truth_random(100) < 65)
			TIMED(TEXT("major"), VERSION(major)(300000));
		else
			TIMED(TEXT("minor"), VERSION(minor)(300000));
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "stay";

	truth_init(argc, argv);
	truth_region("old_major");
	truth_region("old_minor");
#ifdef NEW
	work(truth_seconds);
#else
	work(truth_seconds / 3);
	if (strcmp(mode, "delete") == 0 ? unlink(argv[0]) : rename(argv[3], argv[0])) {
		perror("replace");
		return 1;
	}
	if (strcmp(mode, "exec") == 0) {
		char *next[] = { argv[0], argv[1], (char *)"stay", NULL };

		execv(argv[0], next);
		return 127;
	}
	work(truth_seconds);
#endif
	truth_print();
	return 0;
}
