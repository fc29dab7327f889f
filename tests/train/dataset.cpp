// SPDX-License-Identifier: Apache-2.0
#include <taut/train/dataset.hpp>

#include "support/catch.hpp"

using namespace taut;

static const std::vector<double> numbers{2, 4, 0, 6, 8, 1, 10, 12, 2, 14, 16, 0};  // rows of two features and a label

TEST_CASE("train.dataset: rows end in their label") {
  const dataset data = labelled_rows(numbers, 3, 0.5);
  REQUIRE(data.size() == 4);
  CHECK(data.features() == 2);
  CHECK(data.labels == std::vector<std::size_t>{0, 1, 2, 0});
  CHECK(data.input(1)[0] == 3);
  CHECK(data.input(3)[1] == 8);
  CHECK(dataset{}.size() == 0);
}

TEST_CASE("train.dataset: what is no table of labelled rows is refused") {
  CHECK_THROWS_WITH(labelled_rows(numbers, 5), "12 numbers do not fill rows of 5");
  CHECK_THROWS_WITH(labelled_rows(numbers, 1), "12 numbers do not fill rows of 1");
  CHECK_THROWS_WITH(labelled_rows(std::vector{1.0, 0.5}, 2), tests::contains("row 0 ends in 0.5"));
  CHECK_THROWS_WITH(labelled_rows(std::vector{1.0, 1.0, 1.0, -1.0}, 2), tests::contains("row 1 ends in -1"));
  CHECK_THROWS_AS(labelled_rows(std::vector{1.0, std::nan("")}, 2), std::invalid_argument);
}

TEST_CASE("train.dataset: a subset has the samples asked for, in order") {
  const dataset data = labelled_rows(numbers, 3);
  const std::vector<std::size_t> which{3, 1, 3};
  const dataset part = subset(data, which);
  REQUIRE(part.size() == 3);
  CHECK(part.labels == std::vector<std::size_t>{0, 1, 0});
  CHECK(part.input(0)[0] == 14);
  CHECK(part.input(1)[1] == 8);
  CHECK(part.input(2)[1] == 16);
  const std::vector<std::size_t> missing{4};
  CHECK_THROWS_WITH(subset(data, missing), "sample 4 of 4");
}

TEST_CASE("train.dataset: a split has every sample once") {
  const auto [first, rest] = split_at(labelled_rows(numbers, 3), 3);
  CHECK(first.labels == std::vector<std::size_t>{0, 1, 2});
  CHECK(rest.labels == std::vector<std::size_t>{0});
  CHECK(rest.input(0)[0] == 14);
  CHECK(split_at(first, 3).rest.size() == 0);
  CHECK_THROWS_WITH(split_at(rest, 2), "cannot take 2 of 1 samples");
}

TEST_CASE("train.dataset: shuffling is a permutation that the seed determines") {
  const auto order = permutation(1000, 7);
  CHECK(order == permutation(1000, 7));
  CHECK(order != permutation(1000, 8));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted != order);
  for (std::size_t i = 0; i < 1000; ++i) REQUIRE(sorted[i] == i);

  const dataset data = labelled_rows(numbers, 3), mixed = shuffled(data, 3);
  const auto which = permutation(4, 3);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(mixed.labels[i] == data.labels[which[i]]);
    CHECK(mixed.input(i)[0] == data.input(which[i])[0]);
  }
}
