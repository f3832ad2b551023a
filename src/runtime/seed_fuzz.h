/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/seed_fuzz.h - what fuzzers of seeds (seed_test.h) have in common: an input is changed word by word, and stays pieces. */
#ifndef SONDE_RUNTIME_SEED_FUZZ_H
#define SONDE_RUNTIME_SEED_FUZZ_H

#include "runtime/seed_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int random);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int random)
{
	(void)max_size;
	seed_mutate(data, size, random);
	return size;
}

#endif
