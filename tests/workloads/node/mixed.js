// SPDX-License-Identifier: Apache-2.0
// mixed.js SECONDS [FLAGS]: works in many ways and prints the share of the whole process's CPU time that each had, by its
// thread's CPU clock. TRUTH_WAIT: begins at a line on standard input. --phases: one measurement for each such line.
// --fixed N: for each such line N rounds of the same work, then {"cpu_s", "wall_s"}, without what the thread waited for a CPU.
// MIXED_WORKERS: how many worker threads (2).
'use strict';
const {Worker, isMainThread, parentPort, workerData} = require('worker_threads');
const fs = require('fs');
const path = require('path');
const native = require(process.env.SONDE_NATIVE || path.join(__dirname, 'native.node'));
const wasm = require('./wasm.js')((n) => n);
const {두바이트_loop} = require('./twobyte.js');

let spent = Object.create(null);
const began = Object.create(null);

function timed(key, f, ...args) {
  const start = native.threadCpu();
  try {
    return f(...args);
  } finally {
    spent[key] = (spent[key] || 0) + native.threadCpu() - start;
  }
}

let sink = 0;

function plain_loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum = (sum + i * i) % 1000003;
  }
  return sum;
}

class Shape {
  #side;
  constructor(side) {
    this.#side = side;
  }
  area_of() {
    return this.#side * this.#side;
  }
  static sum_areas(shapes, n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += shapes[i % shapes.length].area_of();
    return sum;
  }
  get slow_getter() {
    let x = this.#side;
    for (let i = 0; i < 60000; i++) x = (x * 33 + i) % 65521;
    return x;
  }
}

class Square extends Shape {
  constructor(side) {
    super(side);
    this.name = `square ${side}`;
  }
  area_of() {
    return super.area_of() + 1;
  }
}

const shapes = [new Shape(1), new Square(2), new Shape(3), new Square(4)];
const calls_getter = () => shapes[1].slow_getter;

function make_counter(step) {
  let count = 0;
  return function counts_up(n) {
    for (let i = 0; i < n; i++) count = (count + step) % 99991;
    return count;
  };
}
const closure = make_counter(7);

const calls_anonymous = (n) => (function () {
  let x = 0;
  for (let i = 0; i < n; i++) x ^= i * 5;
  return x;
})();

let seed = 12345;
const numbers = Array.from({length: 4000}, () => (seed = (seed * 1103515245 + 12345) % 2147483648) % 100000);

function sorts_with_comparator() {
  return numbers.slice().sort(function compares(a, b) { return a - b; })[0];
}

const document_text = JSON.stringify(Array.from({length: 150}, (_, i) => ({id: i, name: `item ${i}`, tags: ['a', 'b', i / 3]})));

function json_round_trip() {
  return JSON.stringify(JSON.parse(document_text)).length;
}

function json_reviver() {
  return JSON.parse(document_text, function revives(key, value) { return typeof value === 'number' ? value + 1 : value; }).length;
}

const prose = 'the quick brown fox jumps over the lazy dog 12345 and again, '.repeat(100);

function regexp_work() {
  return prose.match(/\b(\w+)\s+(?=\w*o)(\w+)\b/g).length +
    prose.replace(/[aeiou]+(\d*)/g, function replaces(vowels) { return vowels.toUpperCase(); }).length;
}

function map_and_set() {
  const map = new Map(), set = new Set();
  for (let i = 0; i < 6000; i++) {
    map.set(`key ${i % 700}`, i);
    set.add(i % 900);
  }
  map.forEach((value, key) => { if (value % 2) set.add(key); });
  return set.size;
}

function* numbers_of(n) {
  for (let i = 0; i < n; i++) yield (i * 3) % 11;
}

function sums_generator(n) {
  let sum = 0;
  for (const x of numbers_of(n)) sum += x;
  return sum;
}

function calls_wasm(n) {
  return wasm.spin_in_wasm(n);
}

const evaled_loop = eval('(function evaled_loop(n) {\n  let s = 0;\n  for (let i = 0; i < n; i++) s = (s + i) % 65537;\n  return s;\n})');
const made_loop = new Function('return function made_loop(n) { let s = 1; for (let i = 1; i < n; i++) s = (s * i + 1) % 65537; return s; };')();

function recurses(depth) {
  return depth ? recurses(depth - 1) + 1 : plain_leaf(150000);
}

function plain_leaf(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum + i) & 0xffff;
  return sum;
}

function makes_garbage() {
  let head = null;
  for (let i = 0; i < 25000; i++) head = {next: i % 1000 ? head : null, value: [i, `${i}`]};
  return head.value[0];
}

function spin_in_callback() {
  let x = 0;
  for (let i = 0; i < 20000; i++) x = (x + i * i) % 8191;
  sink += x;
}

function called_from_c() {
  native.call(spin_in_callback, 10);
}

function works_in_c() {
  sink += native.spin(2);
}

function array_methods() {
  return numbers.map((x) => x * 2).filter((x) => x % 3).reduce(function reduces(a, b) { return (a + b) % 99991; }, 0);
}

function throws_and_catches() {
  let caught = 0;
  for (let i = 0; i < 300; i++) {
    try {
      if (i % 2 === 0) throw new Error(`number ${i}`);
    } catch (error) {
      caught += error.message.length;
    }
  }
  return caught;
}

function bigint_work() {
  let x = 3n;
  for (let i = 0; i < 200; i++) x = (x * x + 1n) % (1n << 2048n);
  return Number(x & 1023n);
}

function proxy_work() {
  const proxy = new Proxy({}, {get: function traps(target, key) { return key.length; }});
  let sum = 0;
  for (let i = 0; i < 6000; i++) sum += proxy.some_key;
  return sum;
}

function naïve_loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum ^ (i << 1)) & 0xfffff;
  return sum;
}

let esm_loop = null;

async function async_works(n) {
  for (let k = 0; k < 3; k++) {
    timed('in_async', in_async, n);
    await null;
  }
}

function in_async(n) {
  let x = 1;
  for (let i = 0; i < n; i++) x = (x * 5 + i) % 10007;
  return x;
}

const slow = /jitless/.test([...process.execArgv, process.env.NODE_OPTIONS].join(' ')) ? 0.1 : 1;
const N = (n) => Math.round(n * slow);

// in an array, so that only the functions that do the work have these names
const regions = [
  ['plain_loop', () => plain_loop(N(400000))],
  ['sum_areas', () => Shape.sum_areas(shapes, N(200000))],
  ['calls_getter', () => calls_getter()],
  ['counts_up', () => closure(N(300000))],
  ['calls_anonymous', () => calls_anonymous(N(1000000))],
  ['sorts_with_comparator', sorts_with_comparator],
  ['json_round_trip', json_round_trip],
  ['json_reviver', json_reviver],
  ['regexp_work', regexp_work],
  ['map_and_set', map_and_set],
  ['sums_generator', () => sums_generator(N(60000))],
  ...(wasm ? [['calls_wasm', () => calls_wasm(1500000)]] : []),
  ['evaled_loop', () => evaled_loop(N(300000))],
  ['made_loop', () => made_loop(N(200000))],
  ['recurses', () => recurses(200)],
  ['makes_garbage', makes_garbage],
  ['called_from_c', called_from_c],
  ['works_in_c', works_in_c],
  ['array_methods', array_methods],
  ['throws_and_catches', throws_and_catches],
  ['bigint_work', bigint_work],
  ['proxy_work', proxy_work],
  ['naïve_loop', () => naïve_loop(N(800000))],
  ['두바이트_loop', () => 두바이트_loop(N(600000))],
  ['esm_loop', () => esm_loop(N(250000))],
];

function shuffled(all) {
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}

async function work_for(seconds) {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) await one_round();
}

async function one_round() {
  for (const [key, f] of shuffled(regions)) sink += Number(timed(key, f)) || 0;
  await async_works(N(150000));
}

function worker_loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum + i * 3) % 104729;
  return sum;
}

function work_in_worker() {
  const flag = new Int32Array(workerData);
  let rounds = 0;
  while (!Atomics.load(flag, 0)) {
    sink += timed('worker_loop', worker_loop, N(500000));
    Atomics.wait(flag, 0, 0, 5);
    rounds++;
  }
  parentPort.postMessage({spent, tid: native.threadId(), cpu: native.threadCpu()});
}

async function with_workers(work) {
  const shared = new SharedArrayBuffer(4);
  const workers = Array.from({length: Number(process.env.MIXED_WORKERS || 2)}, () => new Worker(__filename, {workerData: shared}));
  const ended = workers.map((worker) => new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  }));
  await work();
  const flag = new Int32Array(shared);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
  for (const worker of await Promise.all(ended)) {
    for (const key in worker.spent) spent[key] = (spent[key] || 0) + worker.spent[key];
    threads.push(worker);
  }
}

// Threads that run JavaScript: the others of the process compile and collect garbage.
const threads = [];

function cpu_ms(since) {
  const cpu = process.cpuUsage(since);
  return (cpu.user + cpu.system) / 1000;
}

// What this thread has waited for a CPU.
function waited_ns() {
  return Number(fs.readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]);
}

function told(since, own_since = 0) {
  const all = cpu_ms(since);
  const of_threads = threads.reduce((sum, thread) => sum + thread.cpu, native.threadCpu() - own_since);
  const shares = {'@cpu_s': all / 1000, '@tids': [native.threadId(), ...threads.map((thread) => thread.tid)],
    '@thread:others': 1 - of_threads / all};
  for (const key in spent) shares[key] = spent[key] / all;
  return JSON.stringify(shares);
}

function wait_for_line() {
  const byte = Buffer.alloc(1);
  for (;;) {
    let n;
    try {
      n = fs.readSync(0, byte, 0, 1, null);
    } catch (error) {
      if (error.code === 'EAGAIN') continue;
      throw error;
    }
    if (n === 0) return false;
    if (byte[0] === 10 || byte[0] === 120) return true;
  }
}

async function main() {
  ({esm_loop} = await import('./module.mjs'));
  const [first, second] = process.argv.slice(2);
  if (first === '--phases') {
    await work_for(1);      // optimised by then
    while (wait_for_line()) {
      spent = Object.create(null);
      const since = process.cpuUsage(), own_since = native.threadCpu();
      await work_for(Number(second));
      fs.writeSync(1, told(since, own_since) + '\n');
    }
  } else if (first === '--fixed') {
    for (let i = 0; i < 10; i++) await one_round();
    while (wait_for_line()) {
      const since = process.cpuUsage(), start = process.hrtime.bigint(), waited = waited_ns();
      for (let i = 0; i < Number(second); i++) await one_round();
      const wall = Number(process.hrtime.bigint() - start) - (waited_ns() - waited);
      fs.writeSync(1, JSON.stringify({cpu_s: cpu_ms(since) / 1000, wall_s: wall / 1e9}) + '\n');
    }
  } else {
    let since, own_since = 0;
    if (process.env.TRUTH_WAIT) {
      wait_for_line();
      since = process.cpuUsage();
      own_since = native.threadCpu();
    }
    await with_workers(() => work_for(Number(first || 1)));
    fs.writeSync(1, told(since, own_since) + '\n');
    process.exitCode = sink === 0.5 ? 3 : 0;
  }
}

if (isMainThread) main();
else work_in_worker();
