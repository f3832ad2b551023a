// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

/*
#cgo CFLAGS: -O2 -g -fomit-frame-pointer
#include <stdint.h>
uint64_t spin_in_c(uint64_t n);
uint64_t call_back(int depth);
void c_oracle(int depth);
*/
import "C"

func cgoRegions() []*region {
	return []*region{
		{name: "spin_in_c", work: callC},
		{name: "call_back", work: callBack},
	}
}

//go:noinline
func callC() { sink += uint64(C.spin_in_c(300000)) }

//go:noinline
func callBack() { sink += uint64(C.call_back(3)) }

//export goCalled
func goCalled(depth C.int) C.uint64_t {
	x := uint64(depth)
	for i := 0; i < 50000; i++ {
		x = x*2862933555777941757 + 3037000493
	}
	if depth > 0 {
		x += uint64(C.call_back(depth - 1))
	}
	return C.uint64_t(x)
}

//export goOracle
func goOracle(depth C.int) {
	if depth > 0 {
		C.c_oracle(depth - 1)
		return
	}
	spin()
}

var oracleInC = func() { C.c_oracle(2) }
