// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package main

func cgoRegions() []*region { return nil }

var oracleInC = spin
