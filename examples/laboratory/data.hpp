// SPDX-License-Identifier: Apache-2.0
// The data sets of the experiments, as taut::dataset: digits come with the project; MNIST and CIFAR are read from a
// folder that has their official files, plain or .gz, by default shared/data beside the checkout.
//
//   const auto images = laboratory::cifar("DIR");            // std::nullopt: there are no such files
//   const auto small = laboratory::block_averages(images->train, {3, 32, 32}, 4);     // 3 x 8 x 8
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <taut/taut.hpp>
#include <vector>

namespace laboratory {

/// Where larger data sets are looked for unless an option says otherwise.
inline const std::filesystem::path data_folder = TAUT_LARGE_DATA;

/// The 1797 handwritten digits in a fixed random order: 64 pixels in [0, 1].
[[nodiscard]] inline taut::dataset digits() {
  const taut::csv_table rows = taut::read_csv(std::filesystem::path(TAUT_DATA) / "digits.csv.gz");
  return taut::shuffled(taut::labelled_rows(rows.values, rows.columns, 1.0 / 16), 20);
}

/// A file as it is or with .gz, in the folder itself or in its folder of this name; empty if there is none.
[[nodiscard]] inline std::filesystem::path found(const std::filesystem::path& folder, const std::string& set,
                                                 const std::string& file) {
  for (const auto& place : {folder, folder / set})
    for (const char* ending : {"", ".gz"})
      if (const auto path = place / (file + ending); std::filesystem::exists(path)) return path;
  return {};
}

/// MNIST's t10k images (`set` "t10k") or its training images ("train"): 784 pixels in [0, 1].
[[nodiscard]] inline std::optional<taut::dataset> mnist(const std::filesystem::path& folder = data_folder,
                                                        const std::string& set = "t10k") {
  const auto images_file = found(folder, "mnist10k", set + "-images-idx3-ubyte"),
             labels_file = found(folder, "mnist10k", set + "-labels-idx1-ubyte");
  if (images_file.empty() || labels_file.empty()) return std::nullopt;
  const taut::idx_array images = taut::read_idx(images_file), labels = taut::read_idx(labels_file);
  const std::size_t count = labels.values.size();
  if (images.shape != std::vector<std::size_t>{count, 28, 28})
    throw std::runtime_error(images_file.string() + " has not one image of 28 x 28 for each label");
  taut::dataset data{taut::array<float, 2>::from_shape({count, 784}), {labels.values.begin(), labels.values.end()}};
  std::ranges::transform(images.values, data.inputs.data(), [](std::uint8_t v) { return static_cast<float>(v) / 255; });
  return data;
}

/// Images of CIFAR's binary layout: `label_bytes` bytes, of which number `counts` is the label, then the red, green and
/// blue plane of 32 x 32 bytes; 3072 features in [0, 1]. CIFAR-10 has one byte of label, CIFAR-100 two: the superclass
/// and the class.
[[nodiscard]] inline taut::dataset read_cifar(const std::filesystem::path& path, std::size_t label_bytes = 1,
                                              std::size_t counts = 0) {
  const std::vector<std::byte> bytes = taut::read_decompressed(path);
  constexpr std::size_t pixels = 3 * 32 * 32;
  const std::size_t record = label_bytes + pixels, count = bytes.size() / record;
  if (count == 0 || bytes.size() % record != 0)
    throw std::runtime_error(path.string() + ": " + std::to_string(bytes.size()) + " bytes are not records of " +
                             std::to_string(record));
  taut::dataset data{taut::array<float, 2>::from_shape({count, pixels}), std::vector<std::size_t>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const image = bytes.data() + i * record + label_bytes;
    data.labels[i] = static_cast<std::size_t>(bytes[i * record + counts]);
    for (std::size_t k = 0; k < pixels; ++k)
      data.inputs(i, k) = static_cast<float>(std::to_integer<unsigned>(image[k])) / 255;
  }
  return data;
}

/// Training and test images.
struct train_and_test {
  taut::dataset train, test;
};

/// The 5,000 + 1,000 images of a subset of CIFAR-10 (500 and 100 a class, encoded anew from JPEG), or those of the
/// official data_batch_1.bin and test_batch.bin.
[[nodiscard]] inline std::optional<train_and_test> cifar(const std::filesystem::path& folder = data_folder) {
  for (const auto& [train, test] : {std::pair{"cifar10_subset_train.bin", "cifar10_subset_test.bin"},
                                    std::pair{"data_batch_1.bin", "test_batch.bin"}}) {
    const auto first = found(folder, "cifar10_subset", train), second = found(folder, "cifar10_subset", test);
    if (!first.empty() && !second.empty()) return train_and_test{read_cifar(first), read_cifar(second)};
  }
  return std::nullopt;
}

/// The images of CIFAR-100, the official train.bin and test.bin, with their 20 superclasses.
[[nodiscard]] inline std::optional<train_and_test> cifar100_superclasses(
    const std::filesystem::path& folder = data_folder) {
  const auto train = found(folder, "cifar-100-binary", "train.bin"),
             test = found(folder, "cifar-100-binary", "test.bin");
  if (train.empty() || test.empty()) return std::nullopt;
  return train_and_test{read_cifar(train, 2), read_cifar(test, 2)};
}

/// Images of channels x height x width as means over blocks of side x side. @pre side divides height and width
[[nodiscard]] inline taut::dataset block_averages(const taut::dataset& data, std::array<std::size_t, 3> image,
                                                  std::size_t side) {
  const auto [channels, height, width] = image;
  const std::size_t rows = height / side, columns = width / side;
  taut::dataset small{taut::array<float, 2>::from_shape({data.size(), channels * rows * columns}), data.labels};
  for (std::size_t i = 0; i < data.size(); ++i)
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t y = 0; y < rows; ++y)
        for (std::size_t x = 0; x < columns; ++x) {
          float sum = 0;
          for (std::size_t dy = 0; dy < side; ++dy)
            for (std::size_t dx = 0; dx < side; ++dx)
              sum += data.inputs(i, (c * height + y * side + dy) * width + x * side + dx);
          small.inputs(i, (c * rows + y) * columns + x) = sum / static_cast<float>(side * side);
        }
  return small;
}

}  // namespace laboratory
