// SPDX-License-Identifier: Apache-2.0
// An ES module.
export function esm_loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum = (sum + i * 7) % 1000003;
  }
  return sum;
}

export const esm_calls = (f) => f('ES module');
export default class Exported {
  static esm_static(f) {
    return f('static of an ES module');
  }
}
