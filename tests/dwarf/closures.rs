// SPDX-License-Identifier: Apache-2.0
// For test_dwarf.py: generics, closures and trait objects.
use std::collections::{BTreeMap, HashMap};
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum E { A(u32), B(String), C { x: Vec<u8> } }
trait T { fn go(&self, n: usize) -> usize; }
impl T for E { fn go(&self, n: usize) -> usize { match self { E::A(a) => *a as usize + n, E::B(s) => s.chars().filter(|c| c.is_ascii_digit()).count() * n, E::C { x } => x.iter().map(|&b| b as usize).sum::<usize>() ^ n } } }
mod inner { pub fn twist<I: Iterator<Item = u32>>(i: I) -> Vec<u32> { let mut v: Vec<u32> = i.zip(1..).map(|(a, b): (u32, u32)| a.wrapping_mul(b)).collect(); v.sort_unstable_by(|a, b| b.cmp(a)); v.dedup(); v } }
fn main() {
    let n = std::env::args().count() * 40;
    let mut m: HashMap<E, BTreeMap<String, usize>> = HashMap::new();
    for i in 0..n { let e = match i % 3 { 0 => E::A(i as u32), 1 => E::B(format!("{:?}-{}", i, i * 7)), _ => E::C { x: (0..i).map(|v| v as u8).collect() } }; let g = e.go(i); m.entry(e).or_default().insert(i.to_string(), g); }
    let mut all: Vec<_> = m.iter().flat_map(|(k, v)| v.iter().map(move |(s, g)| (k.clone(), s.len() + g))).collect();
    all.sort();
    let t: Box<dyn Fn(usize) -> usize> = Box::new(move |q| all.iter().map(|(e, g)| e.go(*g) % (q + 1)).sum());
    println!("{} {:?}", t(n), inner::twist((0..n as u32).rev()).len());
}
