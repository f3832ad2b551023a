// SPDX-License-Identifier: Apache-2.0
// A file that V8 keeps as two-byte text: 프로파일러, 分析器, ☃.
'use strict';

function 두바이트_loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum = (sum * 31 + i) | 0;
  }
  return sum;
}

const ελληνικά = {μέθοδος(f) { return f('снег ☃'); }};

module.exports = {두바이트_loop, ελληνικά};
