// SPDX-License-Identifier: Apache-2.0
// image.js: a little of each kind of code, for a few seconds, with little memory (tests/images.py keeps what is read of it).
'use strict';
const wasm = require('../node/wasm.js')((n) => n);
const {ελληνικά, 두바이트_loop} = require('../node/twobyte.js');

const SLICE = 120;
let sink = 0;

class Counter {
  constructor() { this.n = 0; }
  step(i) { this.n = (this.n + i) % 1021; return this.n; }
  many(n) { for (let i = 0; i < n; i++) this.step(i); }
}

const inferred = {of_a_property: (n) => { for (let i = 0; i < n; i++) sink = (sink * 31 + i) | 0; }};
const cold = (number) => eval(`(function cold_${number}(n) { let s = 0; for (let i = 0; i < n; i++) s += i & ${number}; return s; })`);
const within = new Function('n', 'let s = 0; for (let i = 0; i < n; i++) s ^= i; return s;');
const joined = 'function of_a_joined_text(n) { let s = 0; for (let i = 0; i < n; i++) s = (s + i) | 0; return s; } ' + 'of_a_joined_text'.slice(0);
const of_a_joined_text = (0, eval)(joined + ' '.repeat(30) + `//# sourceURL=${'joined'}_text.js`);

function regular(n) {
  const text = 'ab'.repeat(400) + 'd';
  for (let i = 0; i < n; i++) sink += /(a|b)*c$/.test(text) ? 1 : 0;
}

// Entered once, and gone on with in optimised code.
function loop_of_its_own(until) {
  let x = 0;
  while (Date.now() < until)
    for (let i = 0; i < 3000; i++) x = (x * 7 + i) % 1048573;
  return x;
}

function changes_kind(o, n) {
  let s = 0;
  for (let i = 0; i < n; i++) s += o.a;
  return s;
}

function slice(work) {
  const until = Date.now() + SLICE;
  while (Date.now() < until) work();
}

const counter = new Counter();
for (let round = 0; round < 3; round++) {
  slice(() => counter.many(20000));
  slice(() => inferred.of_a_property(20000));
  slice(() => { sink += within(20000); });
  slice(() => { sink += of_a_joined_text(20000); });
  slice(() => { sink += 두바이트_loop(20000); ελληνικά.μέθοδος((s) => { sink += s.length; }); });
  slice(() => regular(3));
  if (wasm) slice(() => { sink += wasm.spin_in_wasm(200000); });
  for (let i = 0; i < 12; i++) sink += cold(round * 12 + i)(30000);
  sink += loop_of_its_own(Date.now() + SLICE);
  slice(() => { sink += changes_kind({a: 1}, 1000) + changes_kind({['b' + round]: 2, a: round % 2 ? 1.5 : 'x'}, 1000).length; });
}
