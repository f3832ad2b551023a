/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/diffwords.h
 *
 * Words that mean the same in lists of stacks of several profiles (struct diff_stacks). Private to analyze/diff*.c.
 *
 *   input 0   word 7 = frames 3, 4 = subjects 1, 2   --.   chain 1 2, the word that is called 1
 *   input 1   word 2 = frames 8, 9 = subjects 1, 2   --'
 *             word 3 = frame 5     = subject 4             chain 4, the word that is called 4
 *
 * A word is called by the subject it begins with. Two chains that begin alike and go on differently can be no words:
 * they are written as their subjects, one by one, and then none of those may begin a longer word, and so on.
 * Memory: malloc's, diffwords_fini() frees.
 */
#ifndef SONDE_ANALYZE_DIFFWORDS_H
#define SONDE_ANALYZE_DIFFWORDS_H

#include "analyze/difftree.h"

struct diffwords {
	uint32_t **chain;	/* input -> word of its list -> chain: where it begins in .subjects ... */
	uint32_t *subjects;	/* ... and before that, how many words it is written as: 1, or one for each subject */
	uint32_t n, cap;
	struct stack_span *spans;	/* word -> its subjects there */
	uint32_t n_inputs;
};

/* 0 or -ENOMEM; diffwords_fini() in any case. */
int diffwords_init(struct diffwords *words, const struct diff_input *inputs, uint32_t n, const struct subjects *subjects);
void diffwords_fini(struct diffwords *words);

/* How many words a chain is written as; they are at .subjects[chain]. */
static inline uint32_t diffwords_count(const struct diffwords *words, uint32_t chain)
{
	return words->subjects[chain - 1];
}

#endif
