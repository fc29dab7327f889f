// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <taut/train/augment.hpp>
#include <vector>

#include "support/catch.hpp"

using namespace taut;

namespace {

// The image moved by one loop over where each pixel goes.
std::vector<float> moved(const std::vector<float>& image, int height, int width, int down, int right) {
  std::vector<float> into(image.size());
  for (int at = 0; at < static_cast<int>(image.size()); ++at) {
    const int channel = at / (height * width), row = at / width % height + down, column = at % width + right;
    if (row >= 0 && row < height && column >= 0 && column < width)
      into[static_cast<std::size_t>((channel * height + row) * width + column)] = image[static_cast<std::size_t>(at)];
  }
  return into;
}

std::vector<float> counted(std::size_t size) {
  std::vector<float> image(size);
  for (std::size_t i = 0; i < size; ++i) image[i] = static_cast<float>(i + 1);
  return image;
}

}  // namespace

TEST_CASE("train.augment: an image moves as a whole, each channel for itself, and zeros follow") {
  const std::vector<float> image = counted(2 * 3 * 4);
  std::vector<float> into(image.size());
  for (int down = -4; down <= 4; ++down)
    for (int right = -5; right <= 5; ++right) {
      base::shift_images(image, into, 3, 4, down, right);
      CHECK(into == moved(image, 3, 4, down, right));
    }
}

TEST_CASE("train.augment: all shifts up to the largest are drawn, about equally often, and no others") {
  const std::vector<float> image = counted(5 * 6);
  const augmentation change = shifted(5, 6, 1);
  base::random_stream random(1);
  std::map<std::vector<float>, int> seen;
  for (int draw = 0; draw < 1800; ++draw) {
    std::vector<float> into(image.size(), -1);
    change(image, into, random);
    ++seen[into];
  }
  CHECK(seen.size() == 9);
  for (int down = -1; down <= 1; ++down)
    for (int right = -1; right <= 1; ++right) {
      const int count = seen[moved(image, 5, 6, down, right)];
      CHECK(count > 140);
      CHECK(count < 260);
    }
}

TEST_CASE("train.augment: the same stream gives the same shifts; none at most leaves the image as it is") {
  const std::vector<float> image = counted(16);
  std::vector<float> first(16), second(16);
  base::random_stream one(7), other(7);
  for (int draw = 0; draw < 20; ++draw) {
    shifted(4, 4, 2)(image, first, one);
    shifted(4, 4, 2)(image, second, other);
    CHECK(first == second);
  }
  shifted(4, 4, 0)(image, first, one);
  CHECK(first == image);
}

TEST_CASE("train.augment: samples that are no images of this size are refused") {
  const std::vector<float> image = counted(17);
  std::vector<float> into(17);
  base::random_stream random(1);
  CHECK_THROWS_WITH(shifted(4, 4, 1)(image, into, random), "a sample of 17 features is no image of 4 x 4 pixels");
}
