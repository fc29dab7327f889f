// SPDX-License-Identifier: Apache-2.0
// The twin of weights/atomic_file.hpp: whole files, and the old file after every kind of failure.
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/atomic_file.hpp>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"

#if __has_include(<unistd.h>)
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#endif

namespace {

namespace fs = std::filesystem;

struct temporary_folder {
  fs::path path = fs::temp_directory_path() / ("taut-atomic-file-" + std::to_string(std::random_device{}()));
  temporary_folder() { fs::create_directory(path); }
  temporary_folder(temporary_folder&&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_all, ignored);
    fs::remove_all(path, ignored);
  }
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string text_of(const fs::path& path) {
  const std::vector<std::byte> bytes = taut::read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string load_fault(const fs::path& path) {
  try {
    static_cast<void>(taut::read_file(path));
  } catch (const taut::load_error& error) { return error.found(); }
  return "no error";
}

std::string save_fault(const fs::path& path, std::string_view text) {
  try {
    taut::write_file(path, text);
  } catch (const taut::save_error& error) { return error.reason(); }
  return "no error";
}

}  // namespace

static_assert(!std::is_copy_constructible_v<taut::atomic_file>);

TEST_CASE("weights.atomic_file: bytes and text come back as they were written") {
  const temporary_folder folder;
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}, std::byte{13}, std::byte{10}, std::byte{26}};
  taut::write_file(folder.path / "bytes", bytes);
  CHECK(taut::read_file(folder.path / "bytes") == bytes);
  taut::write_file(folder.path / "text", "two\r\nlines\n");
  CHECK(text_of(folder.path / "text") == "two\r\nlines\n");
  taut::write_file(folder.path / "text", "");
  CHECK(text_of(folder.path / "text").empty());
  CHECK(folder.size() == 2);
}

TEST_CASE("weights.atomic_file: pieces appear under the final name only after commit") {
  const temporary_folder folder;
  const fs::path path = folder.path / "file";
  taut::write_file(path, "old");
  {
    taut::atomic_file file(path);
    file.write("new");
    file.write(std::as_bytes(std::span<const char>(" file", 5)));
    CHECK(text_of(path) == "old");
    file.commit();
    CHECK(text_of(path) == "new file");
    CHECK_THROWS_AS(file.write("more"), taut::save_error);
    CHECK_THROWS_AS(file.commit(), taut::save_error);
  }
  CHECK(text_of(path) == "new file");
  CHECK(folder.size() == 1);
}

TEST_CASE("weights.atomic_file: without commit the old file stays and nothing else is left") {
  const temporary_folder folder;
  taut::write_file(folder.path / "file", "old");
  {
    taut::atomic_file file(folder.path / "file");
    file.write("half");
    CHECK(folder.size() == 2);
  }
  CHECK(text_of(folder.path / "file") == "old");
  CHECK(folder.size() == 1);
}

TEST_CASE("weights.atomic_file: what cannot be read says why") {
  const temporary_folder folder;
  CHECK(load_fault(folder.path / "absent") == "no file of that name");
  CHECK(load_fault("") == "no file of that name");
  CHECK(load_fault(folder.path) == "a folder");
}

TEST_CASE("weights.atomic_file: what cannot be written says why and leaves no trace") {
  const temporary_folder folder;
  fs::create_directory(folder.path / "folder");
  CHECK(save_fault(folder.path / "folder", "x") == "it is a folder");
  CHECK(save_fault(folder.path / "absent" / "file", "x") != "no error");
  CHECK(save_fault("", "x") != "no error");
  CHECK(folder.size() == 1);
}

#if __has_include(<unistd.h>)

TEST_CASE("weights.atomic_file: a disk that takes no more leaves the old file") {
  const temporary_folder folder;
  const fs::path path = folder.path / "file";
  taut::write_file(path, "old");
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit previous{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &previous) == 0);
  rlimit small = previous;
  small.rlim_cur = 1000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string at_commit = save_fault(path, std::string(1001, 'x'));      // held back by the buffer until commit
  const std::string at_write = save_fault(path, std::string(1'000'000, 'x'));  // larger than every buffer
  const std::string fits = save_fault(folder.path / "small", std::string(1000, 'x'));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &previous) == 0);
  static_cast<void>(std::signal(SIGXFSZ, previous_handler));
  CHECK(at_commit == taut::detail::reason_of(EFBIG));
  CHECK(at_write == taut::detail::reason_of(EFBIG));
  CHECK(fits == "no error");
  CHECK(text_of(path) == "old");
  CHECK(folder.size() == 2);
}

TEST_CASE("weights.atomic_file: a read-only folder leaves the old file, an unreadable file is refused") {
  const temporary_folder folder;
  const fs::path path = folder.path / "file", secret = folder.path / "secret";
  taut::write_file(path, "old");
  taut::write_file(secret, "x");
  fs::permissions(secret, fs::perms::none);
  fs::permissions(folder.path, static_cast<fs::perms>(0555));
  const bool is_root = geteuid() == 0;  // permissions do not bind root: be another user for a moment
  if (is_root && seteuid(65534) != 0) {
    WARN("skipped: this root cannot be another user");
    return;
  }
  const std::string saved = save_fault(path, "new"), loaded = load_fault(secret);
  if (is_root) REQUIRE(seteuid(0) == 0);
  CHECK(saved == taut::detail::reason_of(EACCES));
  CHECK(loaded == taut::detail::reason_of(EACCES));
  CHECK(text_of(path) == "old");
  CHECK(folder.size() == 2);
}

TEST_CASE("weights.atomic_file: pipes and devices are neither read nor replaced") {
  const temporary_folder folder;
  const fs::path pipe = folder.path / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(load_fault(pipe) == "something that is not a regular file");
  CHECK(save_fault(pipe, "x") == "it exists and is not a regular file");
  CHECK(fs::is_fifo(pipe));
}

TEST_CASE("weights.atomic_file: a symbolic link stays a link, permissions stay as they were") {
  const temporary_folder folder;
  const fs::path path = folder.path / "file", link = folder.path / "link";
  taut::write_file(path, "old");
  fs::permissions(path, static_cast<fs::perms>(0640));
  fs::create_symlink("file", link);
  taut::write_file(link, "new");
  CHECK(fs::is_symlink(link));
  CHECK(text_of(path) == "new");
  CHECK(fs::status(path).permissions() == static_cast<fs::perms>(0640));
  CHECK(folder.size() == 2);
}

#endif
