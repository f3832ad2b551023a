// SPDX-License-Identifier: Apache-2.0
package main

import (
	"bytes"
	"compress/gzip"
	"container/heap"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand"
	"regexp"
	"text/template"
)

type items []int

func (h items) Len() int           { return len(h) }
func (h items) Less(i, j int) bool { return h[i] < h[j] }
func (h items) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *items) Push(x any)        { *h = append(*h, x.(int)) }
func (h *items) Pop() any          { old := *h; x := old[len(old)-1]; *h = old[:len(old)-1]; return x }

var page = template.Must(template.New("p").Parse(`{{range .}}<li>{{.A}}: {{printf "%05d" .B}}</li>{{end}}`))
var word = regexp.MustCompile(`<li>(\w+): 0*(\d+)`)

type pair struct {
	A string
	B int
}

func render(r *rand.Rand) []byte {
	var out bytes.Buffer
	ps := make([]pair, 1200)
	for i := range ps {
		ps[i] = pair{fmt.Sprint("n", r.Intn(100)), r.Intn(99999)}
	}
	page.Execute(&out, ps)
	return out.Bytes()
}
func squeeze(b []byte) []byte { var out bytes.Buffer; w := gzip.NewWriter(&out); w.Write(b); w.Close(); return out.Bytes() }
func open(b []byte) int       { r, _ := gzip.NewReader(bytes.NewReader(b)); all, _ := io.ReadAll(r); return len(all) }
func find(b []byte) int       { return len(word.FindAllSubmatch(b, -1)) }
func queue(r *rand.Rand) int {
	h := &items{}
	for i := 0; i < 6000; i++ {
		heap.Push(h, r.Intn(1<<30))
	}
	s := 0
	for h.Len() > 0 {
		s ^= heap.Pop(h).(int)
	}
	return s
}

func main() {
	r := rand.New(rand.NewSource(1))
	total := 0
	for i := 0; i < 750; i++ {
		b := render(r)
		z := squeeze(b)
		sum := sha256.Sum256(bytes.Repeat(b, 6))
		total += open(z) + find(b) + queue(r) + int(sum[0])
	}
	fmt.Println(total)
}
