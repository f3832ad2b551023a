/* SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <unordered_map>
/* Maps, virtual calls, streams, regular expressions, an allocator's work. */
struct shape { virtual ~shape() {} virtual double area() const = 0; };
struct box : shape { double a, b; box(double x, double y) : a(x), b(y) {} double area() const override { return a * b; } };
struct ball : shape { double r; ball(double x) : r(x) {} double area() const override { return 3.14 * r * r; } };
#define APART __attribute__((noinline))
APART static std::vector<std::string> words(std::mt19937 &r, int n) { std::vector<std::string> out; for (int i = 0; i < n; i++) { std::ostringstream s; s << "w" << r() % 5000 << "." << i % 7; out.push_back(s.str()); } return out; }
APART static size_t ordered(const std::vector<std::string> &ws) { std::map<std::string, int> m; for (auto &w : ws) m[w]++; return m.size(); }
APART static size_t hashed(const std::vector<std::string> &ws) { std::unordered_map<std::string, int> m; for (auto &w : ws) m[w]++; return m.size(); }
APART static int matched(const std::vector<std::string> &ws) { static const std::regex re("w([0-9]+)[.]([1-4])"); int n = 0; std::smatch m; for (size_t i = 0; i < ws.size(); i += 8) n += std::regex_match(ws[i], m, re); return n; }
APART static double shapes(std::mt19937 &r, int n) { std::vector<std::unique_ptr<shape>> v; for (int i = 0; i < n; i++) { if (r() & 1) v.emplace_back(new box(i, 2)); else v.emplace_back(new ball(i)); } double s = 0; for (auto &x : v) s += x->area(); return s; }
int main() { std::mt19937 r(3); double total = 0;
  for (int i = 0; i < 250; i++) { auto ws = words(r, 20000); total += ordered(ws) + hashed(ws) + matched(ws) + shapes(r, 60000); std::sort(ws.begin(), ws.end()); total += ws[3].size(); }
  std::cout << total << "\n"; }
