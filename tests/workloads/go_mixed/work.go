// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var regions = []*region{
	{name: "main.sortSlice", work: sortSlice},
	{name: "main.useMaps", work: useMaps},
	{name: "main.Total[...]", work: func() { useGenerics() }},
	{name: "main.useChannel", work: useChannel},
	{name: "main.recoverPanics", work: recoverPanics},
	{name: "main.descend", work: func() { descend(400) }},
	{work: growStack},
	{name: "main.askTime", work: askTime},
	{name: "main.(*shape).area", work: callMethod},
	{name: "main.allocate", work: allocate},
	{name: "main.inlines", work: inlines},
	{work: startWorkers},
}

const items = 2000

//go:noinline
func sortSlice() {
	list := make([]int, items)
	for i := range list {
		list[i] = i * 7919 % items
	}
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	sink += uint64(list[0])
}

//go:noinline
func useMaps() {
	counts := map[string]int{}
	for i := 0; i < items; i++ {
		counts[names[i%len(names)]] += i
	}
	for name, n := range counts {
		sink += uint64(len(name) + n)
	}
	ids := map[int]int{}
	for i := 0; i < items; i++ {
		ids[i*31] = i
	}
	sink += uint64(len(ids))
}

var names = strings.Fields("a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii")

type number interface{ ~int | ~float64 }

//go:noinline
func Total[T number](list []T) T {
	var sum T
	for round := 0; round < 100; round++ {
		for _, v := range list {
			sum += v * T(round)
		}
	}
	return sum
}

//go:noinline
func useGenerics() {
	sink += uint64(Total(make([]int, items))) + uint64(Total(make([]float64, items)))
}

//go:noinline
func useChannel() {
	c := make(chan int, 64)
	for round := 0; round < 200; round++ {
		for i := 0; i < 64; i++ {
			select {
			case c <- i:
			default:
			}
		}
		for i := 0; i < 64; i++ {
			sink += uint64(<-c)
		}
	}
}

//go:noinline
func mayPanic(i int) (n int) {
	defer func() {
		if e := recover(); e != nil {
			n = e.(int)
		}
	}()
	if i%2 == 0 {
		panic(i)
	}
	return i
}

//go:noinline
func recoverPanics() {
	for i := 0; i < 500; i++ {
		sink += uint64(mayPanic(i))
	}
}

//go:noinline
func descend(n int) uint64 {
	if n > 0 {
		return descend(n-1) + 1
	}
	var x uint64 = 1
	for i := 0; i < 200000; i++ {
		x = x*2862933555777941757 + 3037000493
	}
	sink += x
	return x
}

//go:noinline
func grow(n int) byte {
	var space [512]byte
	space[n%512] = byte(n)
	if n == 0 {
		return space[0]
	}
	return grow(n-1) + space[n%512]
}

// A new goroutine begins with a small stack, which must grow again and again.
func growStack() {
	growRegion.onOtherThreads(4, func(int) { sink += uint64(growing()) })
}

//go:noinline
func growing() byte { return grow(300) }

//go:noinline
func askTime() {
	for i := 0; i < 2000; i++ {
		sink += uint64(time.Now().Nanosecond())
	}
}

type measurable interface{ area(int) int }

type shape struct{ w, h int }

//go:noinline
func (s *shape) area(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += s.w * (s.h ^ i)
	}
	return sum
}

var shapes = []measurable{&shape{3, 4}, &shape{5, 6}}

//go:noinline
func callMethod() {
	for i := 0; i < 4; i++ {
		sink += uint64(shapes[i%2].area(50000))
	}
}

var kept [64][]byte

//go:noinline
func allocate() {
	for i := 0; i < 400; i++ {
		kept[i%64] = make([]byte, 16<<(i%8))
	}
}

func mixIn(x, y uint64) uint64  { return x ^ y<<7 ^ y>>3 }
func twice(x, y uint64) uint64  { return mixIn(mixIn(x, y), y+1) }
func fourth(x, y uint64) uint64 { return twice(twice(x, y), y+2) }

//go:noinline
func inlines() {
	x := uint64(1)
	for i := uint64(0); i < 100000; i++ {
		x = fourth(x, i)
	}
	sink += x
}

var (
	workersRegion = &region{name: "main.worker"}
	growRegion    = &region{name: "main.growing"}
)

//go:noinline
func worker(n int) (x uint64) {
	x = uint64(n)
	for i := 0; i < 60000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func startWorkers() {
	workersRegion.onOtherThreads(4, func(i int) { atomic.AddUint64(&sink, worker(i)) })
}

// Goroutines on as many threads as there are; each times itself.
func (r *region) onOtherThreads(n int, work func(int)) {
	var all sync.WaitGroup
	for i := 0; i < n; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			start := now(clockThread)
			work(i)
			atomic.AddInt64(&r.ns, now(clockThread)-start)
		}(i)
	}
	all.Wait()
}
