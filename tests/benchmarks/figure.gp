# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "folder='DIR'" figure.gp: DIR/figure.svg from what the driver wrote there.
set terminal svg noenhanced size 1100,760 font "sans,13" background "white"
set output folder . "/figure.svg"
set multiplot layout 2,1
set style data histogram
set style histogram cluster gap 1.5
set style fill solid 0.9 noborder
set boxwidth 0.9
set logscale y
set yrange [0.2:100]
set grid ytics lc rgb "#dddddd"
set xtics nomirror
set ytics nomirror ("1/5" 0.2, "1/2" 0.5, "1" 1, "2" 2, "4" 4, "10" 10, "30" 30, "100" 100)
set ylabel "time / time of taut"
set key outside right
set datafile missing "?"
set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb "black" front
do for [batch in "1 64"] {
  set title "batch " . batch . ": the fastest of each family of peers, g++ or clang++, over taut by g++"
  data = folder . "/figure_" . batch . ".dat"
  families = int(system("head -1 '" . data . "' | wc -w"))
  plot for [column = 2:families] data using column:xtic(1) title columnheader(column)
}
unset multiplot
