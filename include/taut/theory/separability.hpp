// SPDX-License-Identifier: Apache-2.0
// How far labelled points are apart, and how far a linear map can bring them apart (Ni, Guo, Jia, Huang 2024,
// arXiv 2406.01255):
//
//   SS(X) = sum |x - mean|^2        SSR = sum over classes SS(X_c) / SS(X)        LSSR = the least SSR of linear images
//
// LSSR is the smallest generalized eigenvalue of (S_within, S_total) on the range of S_total. With M's columns
// sqrt(n_c) (mean_c - mean), S_total = S_within + M M', so LSSR = 1 - the largest eigenvalue of M' S_total^+ M.
// Networks without a nonlinearity never go below it. Example: of XOR's four points it is 1, behind one LN it can be 0.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <taut/simd/portable.hpp>
#include <taut/theory/symmetric_eigen.hpp>
#include <vector>

namespace taut {

namespace base {

/// How many points of this dimension there are. @throws std::invalid_argument if they are not whole or there is none.
constexpr std::size_t count_points(std::span<const double> points, std::size_t dimension) {
  if (dimension == 0 || points.empty() || points.size() % dimension != 0)
    throw std::invalid_argument("points need a dimension above 0 and as many coordinates each");
  return points.size() / dimension;
}

/// @throws std::invalid_argument if all points are equal. Compared, as sums of squares may be no more than rounding.
constexpr void require_different(std::span<const double> points, std::size_t dimension) {
  for (std::size_t i = dimension; i < points.size(); ++i)
    if (points[i] != points[i - dimension]) return;
  throw std::invalid_argument("points that are all equal have no ratio of sums of squares");
}

/// Means of classes, and of all points behind them: row c. Classes without a point have mean 0.
struct class_means {
  std::vector<double> rows, counts;

  constexpr class_means(std::span<const double> points, std::size_t dimension, std::span<const std::size_t> labels) {
    if (labels.size() != count_points(points, dimension)) throw std::invalid_argument("each point has one label");
    const std::size_t classes = *std::max_element(labels.begin(), labels.end()) + 1;
    rows.assign((classes + 1) * dimension, 0.0), counts.assign(classes + 1, 0.0);
    for (std::size_t i = 0; i < labels.size(); ++i)
      for (const std::size_t row : {labels[i], classes}) {
        counts[row] += 1;
        for (std::size_t k = 0; k < dimension; ++k) rows[row * dimension + k] += points[i * dimension + k];
      }
    for (std::size_t row = 0; row <= classes; ++row)
      for (std::size_t k = 0; k < dimension && counts[row] > 0; ++k) rows[row * dimension + k] /= counts[row];
  }
};

}  // namespace base

/// S = sum (x - mean)(x - mean)' of points, row-major, `dimension` coordinates each; its trace is SS.
/// @throws std::invalid_argument if the coordinates do not fill whole points or there is none.
[[nodiscard]] constexpr std::vector<double> scatter_matrix(std::span<const double> points, std::size_t dimension) {
  const std::size_t count = base::count_points(points, dimension);
  std::vector<double> mean(dimension, 0.0), centred(dimension, 0.0), s(dimension * dimension, 0.0);
  for (std::size_t i = 0; i < points.size(); ++i) mean[i % dimension] += points[i] / static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < dimension; ++k) centred[k] = points[i * dimension + k] - mean[k];
    for (std::size_t r = 0; r < dimension; ++r)
      for (std::size_t k = 0; k < dimension; ++k) s[r * dimension + k] += centred[r] * centred[k];
  }
  return s;
}

/// SSR: what share of the squared distances from the mean is inside the classes. 0: each class is one point; 1: all
/// classes have the same mean. labels[i] is the class of point i.
/// @throws std::invalid_argument if points and labels do not fit or all points are equal.
[[nodiscard]] constexpr double sum_of_squares_ratio(std::span<const double> points, std::size_t dimension,
                                                    std::span<const std::size_t> labels) {
  const base::class_means means(points, dimension, labels);
  base::require_different(points, dimension);
  const double* const overall = means.rows.data() + means.rows.size() - dimension;
  double within = 0, total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t k = 0; k < dimension; ++k) {
      const double x = points[i * dimension + k], inside = x - means.rows[labels[i] * dimension + k];
      within += inside * inside, total += (x - overall[k]) * (x - overall[k]);
    }
  if (!(total > 0)) throw std::invalid_argument("points differ by too little for a ratio of sums of squares");
  return within / total;
}

/// LSSR and a direction that attains it.
struct linear_separability {
  double ratio;                   ///< no linear map, and no network of linear layers, gives a smaller SSR
  std::vector<double> direction;  ///< of length 1: the points' components along it have this SSR
};

/// LSSR of labelled points, two or more classes. S_total may be singular: its eigenvalues below `tolerance` times the
/// largest count as 0, as do the directions in which they say that the points do not differ.
/// @throws std::invalid_argument as sum_of_squares_ratio.
[[nodiscard]] constexpr linear_separability linear_sum_of_squares_ratio(std::span<const double> points,
                                                                        std::size_t dimension,
                                                                        std::span<const std::size_t> labels,
                                                                        double tolerance = 1e-12) {
  const base::class_means means(points, dimension, labels);
  base::require_different(points, dimension);
  const std::size_t classes = means.counts.size() - 1;
  const double* const overall = means.rows.data() + classes * dimension;
  const eigen_decomposition total = symmetric_eigen(scatter_matrix(points, dimension), dimension);
  if (!(total.values.back() > 0))
    throw std::invalid_argument("points differ by too little for a ratio of sums of squares");

  // whitened[k][c]: M's column c along eigenvector k, over the root of the eigenvalue. Its Gram matrix is M' S^+ M.
  std::size_t first = 0;
  while (total.values[first] <= tolerance * total.values.back()) ++first;
  std::vector<double> whitened(dimension * classes, 0.0), gram(classes * classes, 0.0);
  for (std::size_t k = first; k < dimension; ++k)
    for (std::size_t c = 0; c < classes; ++c) {
      double along = 0;
      for (std::size_t i = 0; i < dimension; ++i)
        along += total.vector(k)[i] * (means.rows[c * dimension + i] - overall[i]);
      whitened[k * classes + c] = along * simd::sqrt(means.counts[c] / total.values[k]);
    }
  for (std::size_t k = first; k < dimension; ++k)
    for (std::size_t c = 0; c < classes; ++c)
      for (std::size_t d = 0; d < classes; ++d)
        gram[c * classes + d] += whitened[k * classes + c] * whitened[k * classes + d];
  const eigen_decomposition between = symmetric_eigen(gram, classes);
  const double explained = std::clamp(between.values.back(), 0.0, 1.0);

  std::vector<double> direction(dimension, 0.0);  // S^+ M u, u the eigenvector of the largest eigenvalue
  for (std::size_t k = first; k < dimension; ++k) {
    double weight = 0;
    for (std::size_t c = 0; c < classes; ++c) weight += whitened[k * classes + c] * between.vector(classes - 1)[c];
    for (std::size_t i = 0; i < dimension; ++i)
      direction[i] += weight / simd::sqrt(total.values[k]) * total.vector(k)[i];
  }
  double length = 0;
  for (const double d : direction) length += d * d;
  if (!(length > 0)) {  // the means coincide: every direction gives 1
    std::copy_n(total.vector(dimension - 1).begin(), dimension, direction.begin());
  } else {
    for (double& d : direction) d /= simd::sqrt(length);
  }
  return {1 - explained, direction};
}

}  // namespace taut
