// SPDX-License-Identifier: Apache-2.0
// For test_dwarf.py: templates, lambdas, local classes and calls inlined many levels deep.
#include <cstdio>
#include <algorithm>
#include <vector>
#include <map>
#include <string>
namespace { struct Anon { int v; __attribute__((noinline)) int get(int a) { return v * a + (int)std::string("abc").size(); } }; }
static inline __attribute__((always_inline)) int leaf(int x) { return x * 3 + 1; }
static inline __attribute__((always_inline)) int mid(int x) { int s = 0; for (int i = 0; i < x; i++) s += leaf(i) ^ s; return s; }
template <typename T> T tmpl(std::vector<T> &v) { std::sort(v.begin(), v.end(), [](T a, T b) { return a > b; }); T s = 0; for (auto x : v) s += mid((int)x); return s; }
int f(int x){
  struct L { __attribute__((noinline)) int m(int a){ asm volatile(""); return a*mid(a);} __attribute__((noinline)) static int s(int b){asm volatile("");return leaf(b)+2;} } l;
  auto lam=[&](int z){ asm volatile(""); return leaf(z)+x; };
  int (*volatile p)(int)=&L::s;
  return l.m(x)+lam(2)+p(3);
}
int main(int c, char **v) { std::vector<int> a; std::vector<long> b; std::map<std::string,int> m; for (int i = 0; i < c * 10; i++) { a.push_back(i); b.push_back(i); m[std::to_string(i)] = mid(i); } Anon z{c}; printf("%d %ld %d %zu\n", tmpl(a), tmpl(b), z.get(f(c)), m.size()); }
