// SPDX-License-Identifier: Apache-2.0
// The figures of unified_norms, from the tables that it has written.
#pragma once
#include <string>

#include "../laboratory/experiment.hpp"

namespace unified {

/// Curves of all nets of a table whose first column is x: colours stand for normalizers in all figures.
inline std::string curves(const std::string& file, const std::string& nets, const std::string& with = "lines lw 2") {
  return "plot for [n in \"" + nets + "\"] \"unified_norms_" + file + ".csv\" using 1:(column(n)) with " + with +
         " lc rgb colour(n) title n\n";
}

inline const std::string colours = R"gp(
colour(n) = n eq "none" ? "#000000" : n eq "BN" ? "#d62728" : n eq "LN" ? "#1f77b4" : n eq "GN" ? "#17becf" : \
            n eq "IN" ? "#8c564b" : n eq "RMS" ? "#2ca02c" : n eq "WN" ? "#ff7f0e" : n eq "CWN" ? "#bcbd22" : "#9467bd"
)gp";
inline const std::string perceptron_names = "none BN LN GN RMS WN CWN SN",
                         image_names = "none BN LN GN IN RMS WN CWN SN";

inline void draw_all(const laboratory::experiment& e, bool with_cifar) {
  const std::string panels = with_cifar ? "1,3" : "1,2";
  e.draw("unified_norms",
         colours + "set multiplot layout " + panels + R"gp(
set xlabel "epoch"
set ylabel "test accuracy (median of seeds)"
set key bottom right
set grid
set yrange [0.6:1]
set title "digits, perceptron"
)gp" + curves("digits", perceptron_names) +
             "set yrange [0.6:1]\nset title \"digits, convolutions\"\n" + curves("conv", image_names) +
             (with_cifar ? "set yrange [0.1:0.6]\nset title \"CIFAR, 8 x 8 averages, convolutions\"\n" +
                               curves("cifar", image_names)
                         : std::string()) +
             "unset multiplot",
         with_cifar ? "1350,480" : "900,480");

  e.draw("unified_norms_sensitivity",
         colours + R"gp(
set multiplot layout 2,2
set grid
set ylabel "test accuracy (median of seeds)"
set yrange [0:1]
set logscale x
set key bottom left
set xlabel "learning rate"
set title "learning rate, momentum 0.9"
)gp" + curves("rates", perceptron_names) +
             R"gp(
set xlabel "learning rate"
set title "the same with warm-up and clipping"
)gp" + curves("rates_both", perceptron_names) +
             R"gp(
set key bottom center
set xlabel "scale of the initial weights"
set title "initialization"
)gp" + curves("scales", perceptron_names) +
             R"gp(
set key bottom right
set logscale x 2
set xlabel "samples a batch"
set title "size of the batch (BN: 2 or more)"
plot "unified_norms_batches.csv" \
     skip 1 index 0 using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb colour("none") title "none", \
  "" skip 1 index 1 using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb colour("LN") title "LN", \
  "" skip 1 index 2 using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb colour("GN") title "GN", \
  "" skip 1 index 3 using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb colour("BN") title "BN"
unset multiplot)gp",
         "1100,900");

  e.draw(
      "unified_norms_robust",
      colours + R"gp(
set grid
set logscale x
set xrange [0.0125:1.6]
set yrange [0:1]
set xlabel "radius (Euclidean; pixels in [0, 1])"
set ylabel "accuracy (median of seeds)"
set key outside right top
set title "digits, perceptron: attacked (solid) and certified (dashed)"
plot for [n in ")gp" +
          perceptron_names +
          R"gp("] "unified_norms_robust.csv" using 1:(column(n." attacked")) with lines lw 2 lc rgb colour(n) title n, \
  for [n in ")gp" +
          perceptron_names +
          R"gp("] "" using 1:(column(n." certified")) with lines lw 2 dt 2 lc rgb colour(n) notitle)gp");

  std::string growth = colours + R"gp(
set multiplot layout 1,3
set grid
set logscale x 2
set logscale y
set xlabel "epoch"
names = ")gp" + perceptron_names +
                       "\"\n";
  const auto panel = [&](const std::string& title, const std::string& range, const char* column) {
    growth += "set title \"" + title + "\"\nset yrange [" + range +
              "]\nplot for [i=1:8] \"unified_norms_growth.csv\" skip 1 index i-1 using 1:" + column +
              " with lines lw 2 lc rgb colour(word(names, i)) title word(names, i)\nunset key\n";
  };
  growth += "set key top left\nset ytics add (15, 20, 30, 40)\n";
  panel("length of the weights below the last layer", "10:60", "2");
  growth += "unset ytics\nset ytics\n";
  panel("gain / std, product over the normalizers", "0.9:10", "3");
  panel("|d margin / d x|, geometric mean", "2:50", "4");
  e.draw("unified_norms_growth", growth + "unset multiplot", "1350,450");

  e.draw("unified_norms_sphere", R"gp(
set multiplot layout 1,3
set view equal xyz
set view 62, 70, 1.7
set xyplane relative 0
unset border
unset tics
unset key
set parametric
set isosamples 25, 25
set urange [0:2*pi]
set vrange [-pi/2:pi/2]
r = sqrt(3)
unset hidden3d
set title "LN on R^3: the plane of mean 0, its circle of radius 3^{1/2}"
set xrange [-2.5:2.5]
set yrange [-2.5:2.5]
set zrange [-2.5:2.5]
splot "unified_norms_sphere.csv" skip 1 using 1:2:3 with points pt 7 ps 0.3 lc rgb "#999999", \
  "" skip 1 using 1:2:3:($4-$1):($5-$2):($6-$3) with vectors nohead lw 0.5 lc rgb "#bbbbbb", \
  "" skip 1 using 4:5:6 with points pt 7 ps 0.5 lc rgb "#1f77b4", \
  r*cos(u)*cos(v), r*sin(u)*cos(v), r*sin(v) with lines lw 0.3 lc rgb "#cccccc"
set hidden3d front
set title "RMS norm on R^3: the sphere of radius 3^{1/2}"
splot "unified_norms_sphere.csv" skip 1 using 1:2:3 with points pt 7 ps 0.3 lc rgb "#999999", \
  "" skip 1 using 1:2:3:($7-$1):($8-$2):($9-$3) with vectors nohead lw 0.5 lc rgb "#bbbbbb", \
  "" skip 1 using 7:8:9 with points pt 7 ps 0.5 lc rgb "#2ca02c", \
  r*cos(u)*cos(v), r*sin(u)*cos(v), r*sin(v) with lines lw 0.3 lc rgb "#cccccc"
set title "GN<2> on R^6: a circle for each group, together a torus"
set vrange [0:2*pi]
splot "unified_norms_torus.csv" skip 1 using ((1.7+0.7*cos($2))*cos($1)):((1.7+0.7*cos($2))*sin($1)):(0.7*sin($2)) \
  with points pt 7 ps 0.4 lc rgb "#17becf", \
  (1.7+0.7*cos(v))*cos(u), (1.7+0.7*cos(v))*sin(u), 0.7*sin(v) with lines lw 0.3 lc rgb "#cccccc"
unset multiplot)gp",
         "1350,470");
}

}  // namespace unified
