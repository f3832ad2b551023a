// SPDX-License-Identifier: Apache-2.0
//! Known stacks in Rust, found by the unwinder that std links: prints lines like oracle.h's.
use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};

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

#[repr(C)]
struct DlInfo {
    file: *const c_char,
    base: *const c_void,
    name: *const c_char,
    address: *const c_void,
}

#[repr(C)]
struct LinkMap {
    bias: usize,
}

extern "C" {
    fn clock_gettime(clock: i32, ts: *mut Timespec) -> i32;
    fn dladdr1(pc: *const c_void, info: *mut DlInfo, map: *mut *mut LinkMap, flags: c_int) -> c_int;
    fn _Unwind_Backtrace(f: extern "C" fn(*mut c_void, *mut c_void) -> c_int, arg: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

fn cpu_ns() -> u64 {
    let mut ts = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(3, &mut ts) };
    ts.sec as u64 * 1_000_000_000 + ts.nsec as u64
}

extern "C" fn on_frame(context: *mut c_void, arg: *mut c_void) -> c_int {
    let pcs = unsafe { &mut *(arg as *mut Vec<usize>) };
    let pc = unsafe { _Unwind_GetIP(context) };
    if pc != 0 {
        pcs.push(pc);
    }
    0
}

fn text_of(pc: usize) -> String {
    let mut info = DlInfo { file: std::ptr::null(), base: std::ptr::null(), name: std::ptr::null(), address: std::ptr::null() };
    let mut map: *mut LinkMap = std::ptr::null_mut();
    if unsafe { dladdr1(pc as *const c_void, &mut info, &mut map, 2) } == 0 || map.is_null() {
        return format!("\"?+{:x}\"", pc);
    }
    let path = unsafe { CStr::from_ptr(info.file) }.to_string_lossy().to_string();
    format!("\"{}+{:x}\"", path.rsplit('/').next().unwrap(), pc - unsafe { (*map).bias })
}

#[inline(never)]
fn oracle_spin(label: &str) -> u64 {
    let mut pcs: Vec<usize> = Vec::new();
    unsafe { _Unwind_Backtrace(on_frame, &mut pcs as *mut _ as *mut c_void) };
    let frames: Vec<String> = pcs[1..].iter().map(|pc| text_of(*pc)).collect();
    println!("{{\"label\":\"{}\",\"line\":0,\"frames\":[{}]}}", label, frames.join(","));
    let ms: u64 = std::env::var("ORACLE_SPIN_MS").map_or(100, |v| v.parse().unwrap());
    let until = cpu_ns() + ms * 1_000_000;
    let mut x = 7u64;
    while cpu_ns() < until {
        for i in 0..100_000u64 {
            x = (x ^ (x >> 29)).wrapping_mul(0x9e3779b97f4a7c15).wrapping_add(i);
        }
        black_box(x);
    }
    x
}

trait Step {
    fn step(&self, depth: u32) -> u64;
}

struct Last;
struct More(Box<dyn Step>);

impl Step for Last {
    #[inline(never)]
    fn step(&self, _: u32) -> u64 {
        black_box(oracle_spin("dyn trait")) + 1
    }
}

impl Step for More {
    #[inline(never)]
    fn step(&self, depth: u32) -> u64 {
        black_box(self.0.step(depth + 1)) + 1
    }
}

#[inline(never)]
fn generic<T: Copy + Into<u64>>(value: T, depth: u32) -> u64 {
    let x = if depth == 0 { oracle_spin("generic") } else { generic(value, depth - 1) };
    black_box(x) + value.into()
}

#[inline(never)]
fn sorts() {
    let mut spun = false;
    let mut values = vec![5, 2, 8, 1];
    values.sort_by(|a, b| {
        if !spun {
            spun = true;
            black_box(oracle_spin("sort_by"));
        }
        a.cmp(b)
    });
    black_box(values);
}

#[inline(never)]
fn catches() {
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(|| {
        struct Guard;
        impl Drop for Guard {
            #[inline(never)]
            fn drop(&mut self) {
                black_box(oracle_spin("drop while unwinding"));
            }
        }
        let _guard = Guard;
        panic!("on purpose");
    });
    black_box(result.is_err());
}

fn main() {
    let chain: Box<dyn Step> = Box::new(More(Box::new(More(Box::new(Last)))));
    black_box(chain.step(0));
    black_box(generic(3u8, 4));
    sorts();
    std::thread::spawn(|| black_box(oracle_spin("thread"))).join().unwrap();
    catches();
}
