// SPDX-License-Identifier: Apache-2.0

// Shortest paths, text, numbers, maps of structs. scan() costs os.Args[1] parts.
package main

import (
	"fmt"
	"math/big"
	"math/rand"
	"os"
	"sort"
	"strconv"
	"strings"
)

var parts = 100

//go:noinline
func scan(n int) int {
	t := 0
	for i := 0; i < n*parts; i++ {
		t = (t*31 + i) % 65521
	}
	return t
}

type edge struct{ to, cost int }
type key struct {
	a int
	b string
}

func graph(r *rand.Rand, n int) [][]edge {
	g := make([][]edge, n)
	for i := range g {
		for k := 0; k < 5; k++ {
			g[i] = append(g[i], edge{r.Intn(n), 1 + r.Intn(90)})
		}
	}
	return g
}

func relax(g [][]edge) int {
	best := make([]int, len(g))
	for i := range best {
		best[i] = 1 << 30
	}
	best[0] = 0
	for round, moved := 0, true; moved && round < 12; round++ {
		moved = false
		for i, es := range g {
			for _, e := range es {
				if c := best[i] + e.cost; c < best[e.to] {
					best[e.to], moved = c, true
				}
			}
		}
	}
	return best[len(g)-1]
}

func text(r *rand.Rand, n int) string {
	var s strings.Builder
	for i := 0; i < n; i++ {
		fmt.Fprintf(&s, "%05d;%x\n", r.Intn(99999), i)
	}
	return s.String()
}

func split(t string) int {
	seen := map[key]int{}
	for _, line := range strings.Split(t, "\n") {
		p := strings.Split(line, ";")
		if len(p) == 2 {
			n, _ := strconv.Atoi(p[0])
			seen[key{n % 500, p[1]}]++
		}
	}
	return len(seen)
}

func power(n int) int { return len(new(big.Int).Exp(big.NewInt(3), big.NewInt(int64(n)), nil).String()) }

func order(r *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = strconv.Itoa(r.Intn(1 << 30))
	}
	sort.Strings(words)
	return words[0]
}

func main() {
	if len(os.Args) > 1 {
		parts, _ = strconv.Atoi(os.Args[1])
	}
	r := rand.New(rand.NewSource(1))
	x := 0
	for i := 0; i < 640; i++ {
		t := text(r, 4000)
		x += scan(3000) + relax(graph(r, 6000)) + split(t) + power(9000) + len(order(r, 6000))
	}
	fmt.Println(x)
}
