// SPDX-License-Identifier: Apache-2.0

// go_offsets FILE: where Go's own DWARF says that the fields are which runtime/go/go.c knows by version.
package main

import (
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
)

func offset(s *dwarf.StructType, name string) (int64, dwarf.Type) {
	for _, field := range s.Field {
		if field.Name == name {
			return field.ByteOffset, field.Type
		}
	}
	return -1, nil
}

func main() {
	file, err := elf.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	data, err := file.DWARF()
	if err != nil {
		panic(err)
	}
	for r := data.Reader(); ; {
		entry, err := r.Next()
		if err != nil || entry == nil {
			panic("no runtime.g")
		}
		if entry.Tag == dwarf.TagStructType && entry.Val(dwarf.AttrName) == "runtime.g" {
			t, err := data.Type(entry.Offset)
			if err != nil {
				panic(err)
			}
			g := t.(*dwarf.StructType)
			goid, _ := offset(g, "goid")
			labels, _ := offset(g, "labels")
			m, _ := offset(g, "m")
			sched, of := offset(g, "sched")
			for {
				named, ok := of.(*dwarf.TypedefType)
				if !ok {
					break
				}
				of = named.Type
			}
			sp, _ := offset(of.(*dwarf.StructType), "sp")
			pc, _ := offset(of.(*dwarf.StructType), "pc")
			fmt.Println(goid, labels, m, sched+sp, sched+pc)
			return
		}
		if entry.Tag != dwarf.TagCompileUnit {
			r.SkipChildren()
		}
	}
}
