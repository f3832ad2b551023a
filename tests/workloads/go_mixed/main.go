// SPDX-License-Identifier: Apache-2.0

// A Go program that knows where its own CPU time went: the Go counterpart of truth.h.
//
//	go_mixed SECONDS        regions, each on a thread of its own while it runs; one JSON line at the end
//	go_mixed fixed N        N rounds of all regions for each line on standard input, the same every time; {"cpu_s", "wall_s"}
//	go_mixed oracle N       N stacks, each spun on for a while, each printed as runtime.Callers sees it
//	go_mixed names MAIN     what the run-time says of addresses, see names.go
//	go_mixed many N         N goroutines that wait, and a few that work, until a line comes on standard input
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const (
	clockMonotonic = 1
	clockProcess   = 2
	clockThread    = 3
)

func now(clock uintptr) int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

type region struct {
	name string
	work func()
	ns   int64
}

var sink uint64

// The goroutine stays on its thread, so that the thread's clock is its clock.
func (r *region) run() {
	runtime.LockOSThread()
	start := now(clockThread)
	r.work()
	atomic.AddInt64(&r.ns, now(clockThread)-start)
	runtime.UnlockOSThread()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "oracle" {
		oracle(os.Args[2])
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "names" {
		tellNames(os.Args[2])
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "many" {
		many(os.Args[2])
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "fixed" {
		fixed(os.Args[2])
		return
	}
	seconds := 2.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	await()
	before := now(clockProcess)
	all := append(regions, cgoRegions()...)
	for now(clockProcess)-before < int64(seconds*1e9) {
		all[rand.Intn(len(all))].run()
	}
	print(append(all, workersRegion, growRegion), float64(now(clockProcess)-before))
}

// A profiler attaches now.
func await() {
	if os.Getenv("TRUTH_WAIT") != "" {
		var one [1]byte
		os.Stdin.Read(one[:])
	}
}

// What a profiler adds to work that is always the same is its cost.
func fixed(text string) {
	rounds, _ := strconv.Atoi(text)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		began, before := now(clockMonotonic), now(clockProcess)
		for i := 0; i < rounds; i++ {
			for _, r := range append(regions, cgoRegions()...) {
				r.run()
			}
		}
		fmt.Printf("{\"cpu_s\": %.6f, \"wall_s\": %.6f}\n", float64(now(clockProcess)-before)/1e9,
			float64(now(clockMonotonic)-began)/1e9)
	}
}

func print(all []*region, total float64) {
	fmt.Printf("{\"@cpu_s\": %.6f", total/1e9)
	for _, r := range all {
		if r.name != "" {
			fmt.Printf(", %q: %.6f", r.name, float64(r.ns)/total)
		}
	}
	fmt.Println("}")
}
