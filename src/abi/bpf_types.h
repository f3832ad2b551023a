/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* abi/bpf_types.h - the fixed-width names, where there is no C library. */
#ifndef SONDE_ABI_BPF_TYPES_H
#define SONDE_ABI_BPF_TYPES_H

#include <stdbool.h>

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;

#endif
