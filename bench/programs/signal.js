// SPDX-License-Identifier: Apache-2.0
// Numbers in typed arrays, text taken apart and put together, big integers, objects in trees. scan() costs argv[2] parts.
'use strict';
const PARTS = Number(process.argv[2] || 100);
function scan(n) { let t = 0; for (let i = 0; i < n * PARTS; i++) t = (t * 31 + i) % 65521; return t; }
function transform(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) { let bit = n >> 1; for (; j & bit; bit >>= 1) j ^= bit; j ^= bit; if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; } }
  for (let len = 2; len <= n; len <<= 1) { const a = (-2 * Math.PI) / len;
    for (let i = 0; i < n; i += len) for (let k = 0; k < len / 2; k++) { const c = Math.cos(a * k), s = Math.sin(a * k), x = i + k, y = x + len / 2;
      const r = re[y] * c - im[y] * s, m = re[y] * s + im[y] * c; re[y] = re[x] - r; im[y] = im[x] - m; re[x] += r; im[x] += m; } }
  return re[1]; }
function words(text) { const seen = {}; for (const w of text.split(/\W+/)) seen[w] = (seen[w] || 0) + 1; return Object.keys(seen).sort().length; }
function page(rows) { return rows.map((r) => `<li class="${r.k}">${r.v.toFixed(2)} ${r.k.padStart(8, '.')}</li>`).join('\n'); }
function big(n) { let x = 1n; for (let i = 1n; i < n; i++) x = (x * 6364136223846793005n + i) & ((1n << 256n) - 1n); return Number(x & 255n); }
class Node { constructor(k) { this.k = k; this.l = this.r = null; } }
function insert(t, k) { if (!t) return new Node(k); if (k < t.k) t.l = insert(t.l, k); else t.r = insert(t.r, k); return t; }
function sum(t) { return t ? sum(t.l) + t.k + sum(t.r) : 0; }
let x = 0;
for (let r = 0; r < 1000; r++) {
  x += scan(2200) + transform(new Float64Array(4096).fill(r), new Float64Array(4096));
  const rows = Array.from({ length: 1500 }, (_, i) => ({ k: 'n' + ((i * 7919) % 300), v: i / 7 })), text = page(rows);
  x += words(text) + JSON.parse(JSON.stringify(rows)).length + big(700n);
  let t = null; for (let i = 0; i < 3000; i++) t = insert(t, (i * 7919) % 10007); x += sum(t); }
console.log(x);
