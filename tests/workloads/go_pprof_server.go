// SPDX-License-Identifier: Apache-2.0
// Serves net/http/pprof over work whose names and sizes a test knows, and ends with its standard input.
//
//	go_pprof_server CERT    prints "http URL" and "https URL"; writes the certificate to CERT
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

const parked = 50

var kept [][]byte
var total uint64

//go:noinline
func burn(ctx context.Context) {
	for {
		for i := uint64(0); i < 1<<20; i++ {
			total += i * i
		}
		time.Sleep(0)
	}
}

//go:noinline
func keep() {
	for i := 0; i < 64; i++ {
		kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
	}
}

//go:noinline
func churn() int {
	n := 0
	for i := 0; i < 128; i++ {
		n += len(bytes.Repeat([]byte{2}, 1<<20))
	}
	return n
}

//go:noinline
func park(never chan int) { <-never }

//go:noinline
func contend(mutex *sync.Mutex) {
	for i := 0; i < 200; i++ {
		mutex.Lock()
		time.Sleep(100 * time.Microsecond)
		mutex.Unlock()
	}
}

//go:noinline
func wait(c chan int) {
	for range c {
	}
}

func certificate(path string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sonde's tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, os.WriteFile(path, text, 0o600)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	runtime.MemProfileRate = 4096
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	cert, err := certificate(os.Args[1])
	check(err)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	check(err)

	keep()
	churn()
	runtime.GC()
	runtime.GC() // the heap profile is that of the last but one collection
	for i := 0; i < parked; i++ {
		go park(make(chan int))
	}
	var mutex sync.Mutex
	var group sync.WaitGroup
	for i := 0; i < 2; i++ {
		group.Go(func() { contend(&mutex) })
	}
	c := make(chan int)
	go wait(c)
	for i := 0; i < 20; i++ {
		time.Sleep(time.Millisecond)
		c <- i
	}
	group.Wait()
	go pprof.Do(context.Background(), pprof.Labels("user", "ada"), burn)

	go func() { check(http.Serve(plain, nil)) }()
	go func() { check(http.Serve(secure, nil)) }()
	fmt.Printf("http://%s\nhttps://%s\n", plain.Addr(), secure.Addr())
	io.Copy(io.Discard, os.Stdin)
}
