// SPDX-License-Identifier: Apache-2.0
// oracle.js [stress]: stands in many kinds of calls and spins there, each for ORACLE_SPIN_MS of CPU time. For each it prints a line of JSON first: its label and
// the frames of `new Error().stack` below spin(), innermost first, each [function, file, line, column]. Frames of builtins,
// which have no file, and of what awaits (no stack holds it) are left out. Code of eval() that has no name has the file
// "[eval in FILE]". "via": [index, pattern]: between the frame of that index and its caller is native code of such a name.
// TRUTH_WAIT: begins at a line on standard input.
// stress: throughout, code is made, optimised, thrown away (new hidden classes) and the heap collected and compacted.
'use strict';
const {Worker, isMainThread, parentPort, workerData, threadId} = require('worker_threads');
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const native = require(process.env.SONDE_NATIVE || path.join(__dirname, 'native.node'));
const {ελληνικά} = require('./twobyte.js');
const STRESS = process.argv.includes('stress') || (workerData && workerData.stress);
const MS = Number(process.env.ORACLE_SPIN_MS || 100);

Error.stackTraceLimit = Infinity;

function sites() {
  const old = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, frames) => frames;
  const found = new Error().stack;
  Error.prepareStackTrace = old;
  return found;
}

function file_of(site) {
  const origin = site.isEval() && /\((.*):\d+:\d+\)/.exec(site.getEvalOrigin());
  return site.getScriptNameOrSourceURL() || (origin ? `[eval in ${origin[1]}]` : '');
}

// Called by spin(): what stands below it.
function below() {
  return sites().slice(3)
    .filter((s) => file_of(s) && !s.isNative() && !(s.isAsync && s.isAsync()) && !(s.isPromiseAll && s.isPromiseAll()))
    .map((s) => [s.getFunctionName() || '', file_of(s), s.getLineNumber(), s.getColumnNumber()]);
}

let sink = 0, churned = 0;

// New code and new hidden classes; what was optimised for the old ones is thrown away.
function churn() {
  const number = churned++, id = `${number}`.padStart(6, '0');
  const f = vm.runInThisContext(`(function churned_${id}(o, n) { let s = ${number}; for (let i = 0; i < n; i++) s = (s + o.a_${number % 7}) % 1021; return s; })`,
    {filename: `churned_${id}.js`});
  const o = {};
  for (let i = 0; i < 7; i++) o[`a_${(i + number) % 7}`] = i;
  sink += f(o, 3000);
  sink += polymorphic(o) + polymorphic({['b' + id]: 1, a_1: number}) + polymorphic(number % 3 ? 1.5 : 'text');
  if (number % 40 === 0 && global.gc) global.gc();
  else garbage = Array.from({length: 2000}, (_, i) => ({i, s: `${i}`}));
}
let garbage = null;

function polymorphic(o) {
  let s = 0;
  for (let i = 0; i < 500; i++) s += o.a_1 ? 1 : 2;
  return s;
}

function spins(until, o) {
  let x = 0;
  while (native.threadCpu() < until) {
    for (let i = 0; i < 2000; i++) x = (x + i * (o.k || 1)) % 1048573;
    if (STRESS) churn();
  }
  return x;
}

function say(line) {
  fs.writeSync(1, line + '\n');
}

function spin(label, between) {
  const frames = below();
  say(JSON.stringify({label, frames, via: between || null, thread: threadId}));
  sink += spins(native.threadCpu() + MS, {['k' + sink % 5]: 1});
  return 1;
}

// The kinds

const cases = [];
const kind = (f) => cases.push(f);

kind(function plain_function() { spin('function'); });
kind(() => { spin('arrow named by nothing'); });
kind(() => (function () { spin('anonymous'); })());
kind(function nested() {
  function inner() {
    const innermost = () => spin('closures');
    innermost();
  }
  inner();
});

class Base {
  constructor(label) { if (label) this.made = spin(label); }
  method() { return spin('method'); }
  static static_method() { return spin('static method'); }
  #hidden() { return spin('private method'); }
  calls_hidden() { return this.#hidden(); }
  get property() { return spin('getter'); }
  set property(value) { spin('setter'); }
  ['computed' + 1]() { return spin('computed name'); }
  [Symbol.iterator]() { return spin('symbol name'), [][Symbol.iterator](); }
  field = () => spin('arrow in a field');
}
class Derived extends Base {
  constructor(label) { super(label); }
  method() { return super.method(); }
}
const named_by_variable = function () { spin('named by a variable'); };
const object = {shorthand() { spin('shorthand method'); }, property: function () { spin('function of a property'); }, arrow: () => spin('arrow of a property')};
const Anonymous = class { method() { spin('method of an unnamed class'); } };

kind(function methods() {
  const it = new Derived('constructor');
  it.method();
  Base.static_method();
  it.calls_hidden();
  void it.property;
  it.property = 1;
  it.computed1();
  for (const x of it) void x;
  it.field();
  named_by_variable();
  object.shorthand();
  object.property();
  object.arrow();
  new Anonymous().method();
});

class Initialised {
  static done = [1].map(function in_initialiser() { return 1; });
}
kind(function static_initialisers() {
  void Initialised;
  class Later {
    static value = spin('static field');
    field = spin('field');
  }
  class Sooner {      // V8 14.6 numbers what comes second as another kind of function
    field = spin('field that is first');
    static value = spin('static field behind a field');
  }
  return [new Later(), new Sooner()];
});

kind(function array_callbacks() {
  let once = true;
  const one = (label, between) => { if (once) { once = false; spin(label, between); } return 0; };
  const each = (f) => { once = true; f(); };
  each(() => [3, 1, 2].sort(function compares(a, b) { one('Array.prototype.sort', [1, 'Sort']); return a - b; }));
  each(() => [1].forEach(function visits() { one('forEach', [1, 'ArrayForEach']); }));
  each(() => [1].map((x) => one('map')));
  each(() => [1].filter(function keeps() { return one('filter'); }));
  each(() => [1, 2].reduce(function folds() { return one('reduce'); }));
  each(() => [1].find(() => one('find')));
  each(() => Array.from([1], () => one('Array.from')));
  each(() => new Float64Array([2, 1]).sort((a, b) => (one('typed array sort'), a - b)));
});

kind(function json_and_regexp() {
  let once = true;
  JSON.parse('{"a": [1]}', function revives(k, v) { if (once) { once = false; spin('JSON reviver', [0, 'Internalize']); } return v; });
  JSON.stringify({toJSON() { spin('toJSON'); return 1; }});
  JSON.stringify([1], function replaces(k, v) { if (k === '0') spin('JSON replacer'); return v; });
  'abc'.replace(/b/, () => { spin('RegExp replace', [0, 'RegExp']); return ''; });
  'abc'.replace('b', function with_text() { spin('text replace'); return ''; });
});

kind(function collections() {
  new Map([[1, 2]]).forEach(function of_map() { spin('Map.forEach', [0, 'MapPrototypeForEach']); });
  new Set([1]).forEach(() => spin('Set.forEach'));
});

kind(function calls_of_many_kinds() {
  (function by_call() { spin('call'); }).call(null);
  (function by_apply() { spin('apply'); }).apply(null, [1, 2, 3]);
  (function by_bind() { spin('bind'); }).bind(null, 1)();
  Reflect.apply(function by_reflect() { spin('Reflect.apply'); }, null, []);
  Reflect.construct(function constructed() { spin('Reflect.construct'); }, []);
  (function with_rest(...all) { spin('rest arguments'); })(...[1, 2, 3, 4, 5, 6]);
  (function too_few(a, b, c, d) { spin('fewer arguments than named'); })(1);
  (function too_many() { return arguments.length && spin('more arguments than named'); })(1, 2, 3, 4);
  (function default_argument(a = spin('default argument')) { return a; })();
  `${{toString() { spin('toString'); return ''; }}}`;
  void (1 + {valueOf() { spin('valueOf'); return 1; }});
  void ({[Symbol.toPrimitive]() { spin('toPrimitive'); return 1; }} * 2);
  tag`text ${1}`;
  new Proxy({}, {get: function get_trap() { return spin('proxy get'); }}).x;
  new Proxy(function target() {}, {apply() { return spin('proxy apply'); }})();
  void ('x' in new Proxy({}, {has() { return spin('proxy has'); }}));
  Object.defineProperty({}, 'x', {get() { return spin('defined getter'); }}).x;
});
function tag() { spin('template tag'); }

kind(function generators() {
  function* generates() { spin('generator'); yield 1; spin('generator resumed'); }
  for (const x of generates()) void x;
  const [first] = (function* spread() { yield spin('generator, destructured'); })();
  function* outer() { yield* inner_generator(); }
  function* inner_generator() { yield spin('yield*'); }
  return [first, ...outer()];
});

kind(function exceptions() {
  try {
    (function throws() { throw new Error('x'); })();
  } catch (error) {
    spin('catch block');
  } finally {
    spin('finally block');
  }
});

kind(function evaluates() {
  eval("(function evaled() {\n  return spin('eval');\n})()\n//# sourceURL=evaled.js");
  eval("(function evaled_without_a_name() {\n  return spin('eval without a name');\n})()");
  (0, eval)("(function (spin) {\n  spin('indirect eval');\n})")(spin);
  new Function('spin', "return spin('new Function')\n//# sourceURL=made.js")(spin);
  vm.runInThisContext('(function in_vm(spin) { return spin("vm script"); })', {filename: '/virtual/in_vm.js', lineOffset: 10})(spin);
  vm.runInNewContext('(() => spin("other context"))()', {spin}, {filename: 'other_context.js'});
});

kind(function recursion() {
  (function deep(n) { return n ? deep(n - 1) + 1 : spin('recursion'); })(500);
  const even = (n) => n ? odd(n - 1) : spin('mutual recursion');
  const odd = (n) => even(n - 1);
  even(40);
});

kind(function native_code() {
  native.call(function from_c() { spin('called from C', [0, 'sonde_call_back']); }, 1);
  native.call(() => native.call(function from_c_again() { spin('called from C twice', [0, 'sonde_call_back']); }, 1), 1);
});

kind(function two_byte() {
  ελληνικά.μέθοδος(function κλήση(text) { spin(text); });
  (function naïve_é() { spin('Latin-1 name'); })();
  (function 파이썬() { spin('two-byte name'); })();
});

// Texts and file names as V8 keeps them: joined but not copied, part of another one, outside of its heap, in two bytes.
kind(function kinds_of_strings() {
  const code = (name, label) => `(() => {\n  class Holder { ${name}() { return spin('${label}'); } }\n  new Holder().${name}();\n})()`;
  const run = (text, filename) => vm.runInThisContext(text, {filename});
  const outside = (text, encoding) => Buffer.from(text.padEnd(1200000), encoding).toString(encoding);
  const long = 'a part of a long file name that is not copied, nor is it flat/'.repeat(3);
  global.spin = spin;
  run(code('joined', 'joined text') + ' '.repeat(20 + long.length % 2), long.slice(5, 60) + '/joined' + long.length + '.js');
  run(('//' + ' '.repeat(50) + '\n' + code('sliced', 'part of a text')).slice(2), (long + 'sliced.js').slice(-40));
  run(code('μέθοδος', 'two-byte text'), ('/tmp/프로파일러/' + '파일'.repeat(10) + '.js').slice(1));
  run(outside(code('outside', 'text outside of the heap'), 'latin1'), '/outside.js');
  run(outside(code('Ωmega', 'two-byte text outside of the heap'), 'utf16le'), '/outside-two-byte.js');
  run(outside(code('after', 'behind text outside of the heap'), 'latin1').slice(0, -1000) + '\n;' + code('behind', 'behind a long text'), '/behind.js');
});

kind(function emitter() {
  const {EventEmitter} = require('events');
  new EventEmitter().on('x', function on_x() { spin('event'); }).emit('x');
});

// Made hot, so that inlined and optimised frames stand in the stack.
function hot_leaf(i, f) { return i === 30000 ? f() : i & 7; }
function hot_middle(i, f) { return hot_leaf(i, f) + 1; }
function hot_outer(f) {
  let sum = 0;
  for (let i = 0; i <= 30000; i++) {
    sum += hot_middle(i, f);
  }
  return sum;
}
kind(function optimised() {
  for (let k = 0; k < 20; k++) hot_outer(() => k === 19 ? spin('inlined into a hot loop') : 0);
});

class Vector {
  constructor(x) { this.x = x; }
  plus(other, f) { return f(new Vector(this.x + other.x)); }
}
kind(function optimised_methods() {
  const one = new Vector(1);
  function keeps(v) { return v.x === 40000 ? (spin('inlined methods'), v) : v; }
  function adds(n) {
    let v = new Vector(0);
    for (let i = 0; i < n; i++) v = v.plus(one, keeps);
    return v;
  }
  for (let k = 0; k < 10; k++) adds(39999);
  adds(40000);
});

kind(function deoptimised() {
  function reads(o, f) {
    let s = 0;
    for (let i = 0; i < 2000; i++) s += o.v;
    f(s);
    return s;
  }
  for (let k = 0; k < 300; k++) reads({v: k}, () => 0);
  reads({w: 1, v: 1.5}, () => spin('after a deoptimisation'));
  reads({v: 1}, function changes() { reads({z: 2, v: 'text'}, () => spin('deoptimised below')); });
});

kind(function hot_callbacks() {
  const all = Array.from({length: 3000}, (_, i) => i);
  let armed = false;
  const visit = (x) => { if (armed && x === 2999) spin('inlined forEach callback'); return x; };
  const walk = () => { all.forEach(visit); };
  for (let k = 0; k < 200; k++) walk();
  armed = true;
  walk();
});

kind(async function asynchronous() {
  async function before_await() { spin('async, before its await'); await null; spin('async, after its await'); }
  await before_await();
  await new Promise(function executor(resolve) { spin('promise executor'); resolve(); });
  await Promise.resolve(1).then(function reaction() { spin('then'); });
  await new Promise((resolve) => setTimeout(function on_timer() { spin('timer'); resolve(); }, 1));
  await new Promise((resolve) => setImmediate(function on_immediate() { spin('immediate'); resolve(); }));
  await new Promise((resolve) => process.nextTick(function on_tick() { spin('nextTick'); resolve(); }));
  await new Promise((resolve) => queueMicrotask(() => { spin('microtask'); resolve(); }));
  await new Promise((resolve) => fs.stat('/', function on_stat() { spin('libuv callback', [1, 'node::|uv_']); resolve(); }));
  for await (const x of (async function* async_generator() { yield spin('async generator'); })()) void x;
  await {then(resolve) { spin('thenable'); resolve(); }};
});

kind(async function es_modules() {
  const module = await import('./module.mjs');
  module.esm_calls(spin);
  module.default.esm_static(spin);
});

kind(function web_assembly() {
  const wasm = require('./wasm.js')((n) => spin('called from wasm'));
  if (wasm) wasm.calls_out(1);
  else say(JSON.stringify({label: 'called from wasm', skipped: 'no WebAssembly'}));
});

async function main() {
  for (const f of cases) await f();
}

function wait_for_line() {
  for (const byte = Buffer.alloc(1); ;) {
    try {
      if (fs.readSync(0, byte, 0, 1, null) === 0 || byte[0] === 10 || byte[0] === 120) return;
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

if (isMainThread) {
  if (process.env.TRUTH_WAIT) wait_for_line();
  main().then(() => new Promise((resolve, reject) => {
    new Worker(__filename, {workerData: {stress: STRESS}}).on('exit', resolve).on('error', reject);
  }));
} else {
  (function in_worker() { spin('worker thread'); })();
  setTimeout(function worker_timer() { spin('timer of a worker'); }, 1);
}
