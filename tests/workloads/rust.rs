// SPDX-License-Identifier: Apache-2.0
//! Rust: generics, closures, dyn traits, named threads. argv[1]: CPU seconds. Prints one line like truth.h's.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// std's is younger than the Rust of Debian 12 (1.63).
#[inline(always)]
fn black_box<T>(value: T) -> T {
    let copy = unsafe { std::ptr::read_volatile(&value) };
    std::mem::forget(value);
    copy
}

#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, ts: *mut Timespec) -> i32;
}

fn clock(which: i32) -> u64 {
    let mut ts = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(which, &mut ts) };
    ts.sec as u64 * 1_000_000_000 + ts.nsec as u64
}

const PROCESS: i32 = 2;
const THREAD: i32 = 3;

thread_local! {
    static TRUTH: RefCell<BTreeMap<&'static str, u64>> = RefCell::new(BTreeMap::new());
}
static ALL: Mutex<Option<BTreeMap<&'static str, u64>>> = Mutex::new(None);

fn credit(name: &'static str, ns: u64) {
    TRUTH.with(|t| *t.borrow_mut().entry(name).or_insert(0) += ns);
}

#[inline(always)]
fn timed<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    let began = clock(THREAD);
    let result = f();
    credit(name, clock(THREAD) - began);
    result
}

fn hand_in() {
    TRUTH.with(|t| {
        let mut guard = ALL.lock().unwrap();
        let all = guard.get_or_insert_with(BTreeMap::new);
        for (name, ns) in t.borrow().iter() {
            *all.entry(name).or_insert(0) += ns;
        }
    });
}

struct Random(u32);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % n
    }
}

trait Worker {
    fn work(&self, rounds: u32) -> u64;
}

struct Baker;
struct Tailor;

impl Worker for Baker {
    #[inline(never)]
    fn work(&self, rounds: u32) -> u64 {
        let mut x = 3u64;
        for i in 0..rounds {
            x = black_box((x ^ (x >> 29)).wrapping_mul(0x9e3779b97f4a7c15).wrapping_add(i as u64));
        }
        x
    }
}

impl Worker for Tailor {
    #[inline(never)]
    fn work(&self, rounds: u32) -> u64 {
        let mut x = 1.5f64;
        for i in 0..rounds / 4 {
            x = black_box(x * 1.000001 + 1.0 / (x + i as f64));
        }
        x as u64
    }
}

#[inline(never)]
fn generic_sum<T: Copy + Into<u64>>(values: &[T], times: u32) -> u64 {
    let mut sum = 0u64;
    for _ in 0..times {
        for v in values {
            sum = black_box(sum.wrapping_mul(31).wrapping_add((*v).into()));
        }
    }
    sum
}

#[inline(never)]
fn with_closure(f: &dyn Fn(u32) -> u64, rounds: u32) -> u64 {
    let x = f(rounds);
    black_box(x) + 1
}

#[inline(never)]
fn sort_strings(random: &mut Random) -> usize {
    let mut strings: Vec<String> = (0..600).map(|_| random.below(1 << 20).to_string()).collect();
    strings.sort_by(|a, b| b.cmp(a));
    black_box(strings.len()) + 1
}

#[inline(never)]
fn thread_body(share: &'static str, seconds: f64, seed: u32) {
    let mut random = Random(seed ^ clock(1) as u32 | 1);
    while (clock(THREAD) as f64) / 1e9 < seconds {
        run_one(&mut random);
    }
    credit("rust::thread_body", clock(THREAD));
    credit(share, clock(THREAD));
    hand_in();
}

#[inline(never)]
fn run_one(random: &mut Random) {
    let workers: [Box<dyn Worker>; 2] = [Box::new(Baker), Box::new(Tailor)];
    let bytes = [7u8; 1000];
    let words = [9u32; 1000];
    let seed = random.below(100) as u64;
    match random.below(100) {
        0..=24 => {
            timed("<rust::Baker as rust::Worker>::work", || black_box(workers[0].work(200_000)));
        }
        25..=39 => {
            timed("<rust::Tailor as rust::Worker>::work", || black_box(workers[1].work(200_000)));
        }
        40..=59 => {
            timed("rust::generic_sum", || {
                black_box(generic_sum(&bytes, 150));
                black_box(generic_sum(&words, 150));
            });
        }
        60..=79 => {
            timed("rust::with_closure", || {
                let f = |rounds: u32| (0..rounds).fold(seed, |x, i| black_box(x ^ (i as u64) << 3));
                black_box(with_closure(&f, 200_000));
            });
        }
        _ => {
            timed("rust::sort_strings", || black_box(sort_strings(random)));
        }
    }
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(1.0, |s| s.parse().unwrap());
    let threads: Vec<_> = [
        ("ferris", "@thread:ferris", 0.6, 2463534242u32),
        ("corro", "@thread:corro", 0.4, 88675123),
    ]
        .into_iter()
        .map(|(name, share, part, seed)| {
            std::thread::Builder::new()
                .name(name.to_string())
                .spawn(move || thread_body(share, seconds * part, seed))
                .unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let cpu_ns = clock(PROCESS) as f64;
    print!("{{\"@cpu_s\":{:.4}", cpu_ns / 1e9);
    for (name, ns) in ALL.lock().unwrap().iter().flatten() {
        print!(",\"{}\":{:.5}", name, *ns as f64 / cpu_ns);
    }
    println!("}}");
}
