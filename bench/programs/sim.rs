// SPDX-License-Identifier: Apache-2.0
// Bodies that attract each other, a market's queues, text taken apart, trees of boxes.
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
struct Rng(u64);
impl Rng { fn next(&mut self) -> u64 { self.0 ^= self.0 << 13; self.0 ^= self.0 >> 7; self.0 ^= self.0 << 17; self.0 } }
#[inline(never)]
fn bodies(n: usize, steps: usize) -> f64 { let mut p: Vec<[f64; 4]> = (0..n).map(|i| [i as f64, (i * 7 % 13) as f64, 0.0, 0.0]).collect();
    for _ in 0..steps { for i in 0..n { let (mut ax, mut ay) = (0.0, 0.0); for j in 0..n { let (dx, dy) = (p[j][0] - p[i][0], p[j][1] - p[i][1]); let d = dx * dx + dy * dy + 0.1; ax += dx / (d * d.sqrt()); ay += dy / (d * d.sqrt()); } p[i][2] += ax * 0.01; p[i][3] += ay * 0.01; } for b in p.iter_mut() { b[0] += b[2]; b[1] += b[3]; } } p[0][0] }
#[inline(never)]
fn market(r: &mut Rng, n: usize) -> usize { let mut bids: BTreeMap<u64, VecDeque<u64>> = BTreeMap::new(); let mut done = 0; for _ in 0..n { let k = r.next() % 900; if r.next() % 3 == 0 { if let Some(mut e) = bids.first_entry() { e.get_mut().pop_front(); done += 1; if e.get().is_empty() { e.remove(); } } } else { bids.entry(k).or_default().push_back(k); } } done }
#[inline(never)]
fn text(r: &mut Rng, n: usize) -> usize { let t: String = (0..n).map(|i| format!("{}={};", r.next() % 400, i)).collect(); let mut m: HashMap<String, u64> = HashMap::new(); for part in t.split(';') { let mut kv = part.split('='); if let (Some(k), Some(v)) = (kv.next(), kv.next()) { *m.entry(k.to_string()).or_default() += v.parse::<u64>().unwrap_or(0); } } m.len() }
enum Tree { Leaf, Node(Box<Tree>, u64, Box<Tree>) }
#[inline(never)]
fn grow(d: u32, r: &mut Rng) -> Tree { if d == 0 { Tree::Leaf } else { Tree::Node(Box::new(grow(d - 1, r)), r.next(), Box::new(grow(d - 1, r))) } }
fn sum(t: &Tree) -> u64 { match t { Tree::Leaf => 0, Tree::Node(l, v, r) => sum(l).wrapping_add(*v).wrapping_add(sum(r)) } }
#[inline(never)]
fn top(r: &mut Rng, n: usize) -> u64 { let mut h: BinaryHeap<u64> = BinaryHeap::new(); for _ in 0..n { h.push(r.next()); if h.len() > 700 { h.pop(); } } h.into_sorted_vec()[0] }
fn main() { let mut r = Rng(88172645463325252); let mut x = 0u64;
    for _ in 0..560 { x = x.wrapping_add(bodies(90, 40) as u64).wrapping_add(market(&mut r, 40000) as u64).wrapping_add(text(&mut r, 12000) as u64).wrapping_add(sum(&grow(14, &mut r))).wrapping_add(top(&mut r, 50000)); }
    println!("{}", x); }
