// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
)

// What the run-time says of addresses of this program (hexadecimal, as the file has them, on standard input).
func tellNames(mainAddress string) {
	linked, _ := strconv.ParseUint(mainAddress, 16, 64)
	bias := uint64(reflect.ValueOf(main).Pointer()) - linked
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		pc, _ := strconv.ParseUint(in.Text(), 16, 64)
		f, _ := runtime.CallersFrames([]uintptr{uintptr(pc + bias + 1)}).Next()
		fmt.Fprintf(w, "%x\t%s\t%s\t%d\n", pc, f.Function, f.File, f.Line)
	}
}
