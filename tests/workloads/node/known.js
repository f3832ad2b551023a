// SPDX-License-Identifier: Apache-2.0
// node -r known.js PROGRAM: when the program ends, writes to $KNOWN_FILE what V8 knows of each function of each script:
//   {url: [[[name, line, column, end line, end column, class, made, member], ...] of each script of that url, ...]}
// lines and columns from 1, in UTF-16 units; `class`: the class that the function is directly in, where it has a name;
// `made`: the constructor that a class has without writing one, the class being the place; `member`: a method or an accessor of it.
'use strict';
const inspector = require('inspector');
const fs = require('fs');

const session = new inspector.Session();
const scripts = new Map();

function ask(method, parameters) {
  let answer = null;
  session.post(method, parameters, (error, result) => {
    answer = error ? null : result;
  });
  return answer;
}

session.connect();
session.on('Debugger.scriptParsed', ({params}) => scripts.set(params.scriptId, params));
ask('Profiler.enable');
ask('Debugger.enable');
ask('Profiler.startPreciseCoverage', {callCount: true, detailed: false});

function line_starts(text) {
  const starts = [0];
  for (const found of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(found.index + found[0].length);
  return starts;
}

// The brace that ends what begins at `i`; texts and comments are stepped over, regular expressions are not.
function end_of_block(text, i) {
  for (let depth = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i;
    else if (c === '/' && text[i + 1] === '/') i = text.indexOf('\n', i);
    else if (c === '/' && text[i + 1] === '*') i = text.indexOf('*/', i) + 1;
    else if (c === "'" || c === '"' || c === '`') for (i++; i < text.length && text[i] !== c; i++) if (text[i] === '\\') i++;
    if (i < 0) return text.length;
  }
  return text.length;
}

function classes_of(text) {
  const found = text.matchAll(
    /(?:(?<![.\p{ID_Continue}$])([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=\s*)?\bclass\b(?:\s+(?!extends\b)([\p{ID_Start}$_][\p{ID_Continue}$]*))?[^{}();=]*\{/gu);
  return [...found].map((f) => ({name: f[2] || f[1] || '', start: f.index, end: end_of_block(text, f.index)})).filter((f) => f.name);
}

// The class whose body a function stands in, with no other function between.
function class_of(range, ranges, classes) {
  const around = (a) => a.start < range.start && a.end >= range.end - 1;
  const inner = classes.filter(around).sort((a, b) => b.start - a.start)[0];
  const between = inner && ranges.some((r) => r !== range && !r.name.startsWith('<') && r.start > inner.start && around(r) &&
    r.end < inner.end);
  return inner && !between ? inner.name : '';
}

// How a method begins, where V8 says so: at its name.
const MEMBER = /^((static|async|get|set)\s+)*\*?\s*(?!function\b|async\b|class\b)(#?[\p{ID_Start}$_][\p{ID_Continue}$]*|\[[^\]]*\])\s*\(/u;

function known_of(script, source, functions) {
  const starts = line_starts(source);
  const place = (offset) => {
    let low = 0, high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return [script.startLine + low + 1, offset - starts[low] + 1 + (low ? 0 : script.startColumn)];
  };
  const classes = classes_of(source);
  const ranges = functions.map((f) => ({name: f.functionName, start: f.ranges[0].startOffset, end: f.ranges[0].endOffset}));
  return [...ranges.map((r) => [r.name, ...place(r.start), ...place(r.end), class_of(r, ranges, classes), false, MEMBER.test(source.slice(r.start, r.start + 200))]),
    ...classes.map((c) => [c.name, ...place(c.start), ...place(c.end + 1), '', true, false])];
}

process.on('exit', () => {
  const all = {};
  for (const {scriptId, url, functions} of ask('Profiler.takePreciseCoverage').result) {
    const source = ask('Debugger.getScriptSource', {scriptId});
    const script = scripts.get(scriptId);
    if (source && script && functions.length < 20000) (all[url] = all[url] || []).push(known_of(script, source.scriptSource, functions));
  }
  fs.writeFileSync(process.env.KNOWN_FILE, JSON.stringify(all));
});
