// SPDX-License-Identifier: Apache-2.0
// XOR by one layer norm: no linear network parts the four points, the compiler proves that this one does
//
//   sh examples/run.sh xor --out build/out      # xor.csv, xor_plane.csv, xor.gp and, with gnuplot, xor.svg
//
// The sum of squares within the classes is all there is (LSSR = 1), so linear layers do not get the classes apart
// whatever their weights. Turned by 45 degrees and lifted to height 1/2, the points lie on a line of the plane that
// layer norm over three neurons projects on a circle: (0, 0) and (1, 1) end at the height 1/sqrt(3), the others at 1.
#include <array>
#include <cmath>
#include <cstdio>
#include <taut/engine/engine.hpp>
#include <taut/theory/ln_net.hpp>
#include <taut/theory/separability.hpp>

#include "laboratory/experiment.hpp"

using namespace taut;

namespace {

constexpr std::array<double, 8> points{0, 0, 0, 1, 1, 0, 1, 1};
constexpr std::array<std::size_t, 4> labels{0, 1, 1, 0};
static_assert(linear_sum_of_squares_ratio(points, 2, labels).ratio > 1 - 1e-12);

constexpr double half_root = 0.70710678118654752, low = 0.57735026918962576;

/// Those of Input<2> >> Linear<3> >> LN(no_affine) >> Linear<2>.
constexpr auto weights = [] {
  ln_net::folding f;
  f.direction = {half_root, half_root};           // the diagonal
  f.stages = {{.about = {half_root, 0.5}}};       // folded about its middle, from the height 1/2
  f.order = {0, 1}, f.borders = {(low + 1) / 2};  // 1/sqrt(3) and 1, and a border between them
  return ln_net::network_of<2, 1, 2>(f);
}();
constexpr auto engine = compile(weights);

constexpr std::array<float, 2> corner(std::size_t i) {
  return {static_cast<float>(points[2 * i]), static_cast<float>(points[2 * i + 1])};
}
constexpr bool classifies_all() {
  for (std::size_t i = 0; i < 4; ++i)
    if (ln_net::label_of(engine(corner(i))) != labels[i]) return false;
  return true;
}
static_assert(classifies_all(), "the engine, run by the compiler, gives each corner its label");

/// The same without a hint: the compiler finds weights for the corners.
struct corners {
  static constexpr auto points = ::points;
  static constexpr auto labels = ::labels;
};
static_assert(ln_net::built<corners>::depth == 1 && ln_net::built<corners>::classifies_all());

/// The network up to its layer norm, and where on the circle of radius 1 that leaves a point.
struct head : decltype(Input<2> >> Linear<3> >> LN(no_affine)) {};
std::array<double, 2> on_circle(const std::array<float, 2>& x) {
  parameters<head> p;
  get<0>(p) = get<0>(weights);
  const auto z = evaluate(p, x);
  std::array<double, 2> at{};
  for (std::size_t k = 0; k < 3; ++k) at[0] += ln_net::along[k] * z[k], at[1] += ln_net::across[k] * z[k];
  return {at[0] / std::sqrt(3.0), at[1] / std::sqrt(3.0)};
}

constexpr const char* figure = R"gp(set multiplot layout 1,2
set key outside top center horizontal samplen 1
set size square
set title "what the network answers in the plane"
set xlabel "x_1"; set ylabel "x_2"
set xrange [-0.55:1.55]; set yrange [-0.55:1.55]
unset colorbox; set cbrange [0:1]; set palette defined (0 "#dbe9f6", 1 "#fde3cf")
plot "xor_plane.csv" using 1:2:3 skip 1 with image notitle, \
     "xor.csv" using 1:($3==0?$2:1/0) skip 1 with points pt 7 ps 2 lc rgb "#1f6fb4" title "label 0", \
     "xor.csv" using 1:($3==1?$2:1/0) skip 1 with points pt 5 ps 2 lc rgb "#d9651e" title "label 1"
set title "along the diagonal, before and on the circle"
set xlabel "along"; set ylabel "across: what the last layer reads"
set xrange [-1.15:1.15]; set yrange [-0.15:1.45]
set size ratio -1
set trange [0:pi]; set parametric
plot cos(t), sin(t) with lines lc rgb "#999999" title "circle", \
     2.3*t/pi-1.15, BORDER with lines dt 2 lc rgb "#555555" title "border", \
     "xor.csv" using (0):(0):6:7 skip 1 with vectors nohead lc rgb "#bbbbbb" notitle, \
     "xor.csv" using 4:5 skip 1 with points pt 6 ps 1.5 lc rgb "#333333" title "before", \
     "xor.csv" using ($3==0?$6:1/0):7 skip 1 with points pt 7 ps 2 lc rgb "#1f6fb4" notitle, \
     "xor.csv" using ($3==1?$6:1/0):7 skip 1 with points pt 5 ps 2 lc rgb "#d9651e" notitle
unset multiplot)gp";

void run(const laboratory::experiment& e) {
  laboratory::table rows({"x_1", "x_2", "label", "along", "across", "circle_along", "circle_across", "answer"});
  std::vector<double> read;
  std::size_t right = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto x = corner(i);
    const auto at = on_circle(x);
    const std::size_t answer = ln_net::label_of(engine(x));
    right += answer == labels[i] ? 1 : 0;
    read.push_back(at[1]);
    rows.add({x[0], x[1], labels[i], half_root * (points[2 * i] + points[2 * i + 1] - 1), 0.5, at[0], at[1], answer});
    std::printf("(%g, %g) of label %zu: at %.6f across, answered %zu\n", points[2 * i], points[2 * i + 1], labels[i],
                at[1], answer);
  }
  laboratory::table plane({"x_1", "x_2", "answer"});
  for (int i = 0; i <= 104; ++i)
    for (int k = 0; k <= 104; ++k) {
      const std::array<float, 2> x{static_cast<float>(i - 26) / 52, static_cast<float>(k - 26) / 52};
      plane.add({x[0], x[1], ln_net::label_of(engine(x))});
    }
  e.write("xor", rows);
  e.write("xor_plane", plane);
  std::string script = figure;
  script.replace(script.find("BORDER"), 6, std::to_string((low + 1) / 2));
  e.draw("xor", script, "900,460");
  e.result({{"points", 4},
            {"lssr", linear_sum_of_squares_ratio(points, 2, labels).ratio},
            {"accuracy", static_cast<double>(right) / 4},
            {"layers", 1},
            {"ssr_behind", sum_of_squares_ratio(read, 1, labels)},
            {"compile_time", "verified"}});
}

}  // namespace

int main(int argc, char** argv) {
  laboratory::experiment e{"xor", "XOR by one layer norm."};
  return e.main(argc, argv, [&] { run(e); });
}
