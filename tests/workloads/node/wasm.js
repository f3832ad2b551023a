// SPDX-License-Identifier: Apache-2.0
// A WebAssembly module, its bytes made here: spin_in_wasm(n) counts, calls_out(n) calls back into JavaScript.
'use strict';

const text = (s) => [s.length, ...Buffer.from(s)];
const section = (id, body) => [id, ...leb(body.length), ...body];
const list = (items) => [items.length, ...items.flat()];

function leb(n) {
  const out = [];
  do {
    out.push((n & 127) | (n > 127 ? 128 : 0));
    n >>>= 7;
  } while (n);
  return out;
}

const body = (code) => [...leb(code.length), ...code];
const I32 = 0x7f;

// (x = x * 31 + n) while (--n), then x
const counting = [1, 1, I32, 0x03, 0x40, 0x20, 1, 0x41, 31, 0x6c, 0x20, 0, 0x6a, 0x21, 1,
  0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 1, 0x0b];
const calling = [0, 0x20, 0, 0x10, 0, 0x0b];

const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, list([[0x60, 1, I32, 1, I32]])),
  ...section(2, list([[...text('js'), ...text('out'), 0, 0]])),
  ...section(3, list([0, 0])),
  ...section(7, list([[...text('spin_in_wasm'), 0, 1], [...text('calls_out'), 0, 2]])),
  ...section(10, list([body(counting), body(calling)])),
  ...section(0, [...text('name'), ...section(1, list([[1, ...text('spin_in_wasm')], [2, ...text('calls_out')]]))])]);

module.exports = (out) => typeof WebAssembly === 'undefined' ? null
  : new WebAssembly.Instance(new WebAssembly.Module(bytes), {js: {out}}).exports;
