// SPDX-License-Identifier: Apache-2.0
use std::collections::{BTreeMap, HashMap};
#[inline(never)]
fn words(seed: &mut u64, n: usize) -> Vec<String> {
    (0..n).map(|_| { *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); format!("w{}", *seed >> 50) }).collect()
}
#[inline(never)]
fn count(ws: &[String]) -> usize { let mut m: HashMap<&str, usize> = HashMap::new(); for w in ws { *m.entry(w).or_insert(0) += 1; } m.values().max().copied().unwrap_or(0) }
#[inline(never)]
fn tree(ws: &[String]) -> usize { let mut m: BTreeMap<String, usize> = BTreeMap::new(); for w in ws { *m.entry(w.clone()).or_insert(0) += w.len(); } m.len() }
#[inline(never)]
fn order(mut ws: Vec<String>) -> usize { ws.sort(); ws[0].len() }
#[inline(never)]
fn sieve(n: usize) -> usize { let mut c = vec![true; n]; let mut i = 2; while i * i < n { if c[i] { let mut k = i * i; while k < n { c[k] = false; k += i; } } i += 1; } c.iter().filter(|x| **x).count() }
fn main() {
    let mut seed = 1u64; let mut total = 0;
    for _ in 0..190 { let ws = words(&mut seed, 60000); total += count(&ws) + tree(&ws) + sieve(1_000_000) + order(ws); }
    println!("{}", total);
}
