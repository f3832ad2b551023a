// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sort"
	"strconv"
	"sync"
	"syscall"
)

// One stack: what runtime.Callers says of it, and then CPU time in it. The goroutine stays on its thread,
// whose samples are those to compare.
func spin() {
	var pcs [2048]uintptr
	n := runtime.Callers(1, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	runtime.LockOSThread()
	outMutex.Lock()
	fmt.Fprintf(out, "stack %d %d\n", syscall.Gettid(), goid())
	for {
		f, more := frames.Next()
		fmt.Fprintf(out, "%s\t%s\t%d\n", f.Function, f.File, f.Line)
		if !more {
			break
		}
	}
	out.Flush()
	outMutex.Unlock()
	burn()
	runtime.UnlockOSThread()
}

var out = bufio.NewWriter(os.Stdout)
var outMutex sync.Mutex

//go:noinline
func burn() {
	until := now(clockThread) + 60e6
	x := uint64(1)
	for now(clockThread) < until {
		for i := 0; i < 10000; i++ {
			x = x*2862933555777941757 + 3037000493
		}
	}
	sink += x
}

// The goroutine's number, from the head of its own trace.
func goid() int {
	var text [64]byte
	n := runtime.Stack(text[:], false)
	id := 0
	for _, c := range text[len("goroutine "):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + int(c-'0')
	}
	return id
}

type node struct{ left, right *node }

func (n *node) visit(f func()) {
	if n.left != nil {
		n.left.visit(f)
		return
	}
	f()
}

//go:noinline
func Apply[T any](v T, f func(T)) { f(v) }

func fib(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	fib(n-1, f)
}

func inner(f func())  { f() }
func outer(f func())  { inner(f) }
func outest(f func()) { outer(f) }

var stacks = []func(){
	spin,
	func() { (&node{left: &node{}}).visit(spin) },
	func() { Apply(1, func(int) { spin() }) },
	func() { Apply("x", func(string) { Apply(2.0, func(float64) { spin() }) }) },
	func() { fib(700, spin) },
	func() { outest(spin) },
	func() { defer spin() },
	func() {
		defer func() { recover() }()
		defer spin()
		panic("spin while panicking")
	},
	func() {
		list := []int{2, 1}
		once := sync.Once{}
		sort.Slice(list, func(i, j int) bool { once.Do(spin); return list[i] < list[j] })
	},
	func() {
		pprof.Do(context.Background(), pprof.Labels("kind", "oracle", "other", "it"),
			func(context.Context) { spin() })
	},
	func() { (&sync.Once{}).Do(spin) },
	func() { var s fmt.Stringer = stringer{}; _ = fmt.Sprint(s) },
	func() { oracleInC() },
}

type stringer struct{}

func (stringer) String() string { spin(); return "" }

func oracle(rounds string) {
	n, _ := strconv.Atoi(rounds)
	for i := 0; i < n; i++ {
		for _, f := range stacks {
			f()
			done := make(chan bool)
			go func() { f(); done <- true }()
			<-done
		}
	}
}

// Many goroutines that wait, with labels, and some that work.
func many(text string) {
	n, _ := strconv.Atoi(text)
	wait := make(chan bool)
	for i := 0; i < n; i++ {
		go func() { <-wait }()
	}
	for i := 0; i < 4; i++ {
		labels := pprof.Labels("worker", strconv.Itoa(i), "key", "value")
		go pprof.Do(context.Background(), labels, func(context.Context) {
			for {
				sink += worker(i)
			}
		})
	}
	fmt.Println("ready")
	var one [1]byte
	os.Stdin.Read(one[:])
	close(wait)
}
