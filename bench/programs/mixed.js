// SPDX-License-Identifier: Apache-2.0
// Numbers, text, arrays. With argv[2] scan() costs that many parts.
const PARTS = Number(process.argv[2] || 0);
function scan(n) { let t = 0; for (let i = 0; i < n * PARTS; i++) t = (t * 31 + i) % 65521; return t; }
function hot(n) { let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) | 0; return s; }
function outer(n) { let t = 0; for (let i = 0; i < n; i++) t += hot(20000); return t; }
let x = 0, kept = [];
for (let r = 0; r < 3800; r++) {
  if (PARTS) x += scan(850);
  x += outer(20) + JSON.stringify(Array.from({ length: 2000 }, (_, i) => ({ i }))).length;
  x += "abcabc".repeat(500).replace(/(a|b)+c/g, "").length;
  kept = kept.slice(-50); kept.push(new Array(20000).fill(x).map(String)); }
