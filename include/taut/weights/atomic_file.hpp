// SPDX-License-Identifier: Apache-2.0
// Whole files, in and out: read at once; written completely or not at all.
//
//   write_file("net.hpp", text);                  // the old net.hpp survives every failure
//   atomic_file file("big.bin");                  // the same in pieces
//   file.write(first), file.write(second), file.commit();
//
// The data goes to a new file in the same folder, is forced to the disk, and takes the final name in one rename.
#pragma once
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <taut/weights/error.hpp>
#include <utility>
#include <vector>

#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <unistd.h>
#elif __has_include(<io.h>)
#include <io.h>
#endif

namespace taut {

namespace detail {

struct close_file {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

[[nodiscard]] inline std::string reason_of(int error) { return std::generic_category().message(error); }

[[nodiscard]] inline std::FILE* open_file(const std::filesystem::path& path, const char* mode) {
#if defined(_WIN32)
  const std::string narrow(mode);
  return ::_wfopen(path.c_str(), std::wstring(narrow.begin(), narrow.end()).c_str());
#else
  return std::fopen(path.c_str(), mode);
#endif
}

/// Forces what was written to the disk; false and errno on failure.
[[nodiscard]] inline bool force_to_disk(std::FILE* file) {
  if (std::fflush(file) != 0) return false;
#if __has_include(<unistd.h>)
  return ::fsync(::fileno(file)) == 0;
#elif __has_include(<io.h>)
  return ::_commit(::_fileno(file)) == 0;
#else
  return true;
#endif
}

/// Makes a rename durable where folders can be forced to the disk. Not an error elsewhere: the file under the final
/// name is complete in either case, and a power cut leaves the old file or the new one.
inline void force_folder_to_disk(const std::filesystem::path& folder) noexcept {
#if __has_include(<unistd.h>)
  const int descriptor = ::open(folder.c_str(), O_RDONLY);
  if (descriptor < 0) return;
  static_cast<void>(::fsync(descriptor));
  static_cast<void>(::close(descriptor));
#else
  static_cast<void>(folder);
#endif
}

/// A name that no other call in any process is likely to choose: 64 random bits and a counter.
[[nodiscard]] inline std::string temporary_name() {
  static std::atomic<unsigned> calls{0};
  std::random_device random;
  return ".taut-" + std::to_string(random()) + "-" + std::to_string(random()) + "-" +
         std::to_string(calls.fetch_add(1)) + ".partial";
}

}  // namespace detail

/// All bytes of a regular file. @throws load_error when it does not exist, is a folder or a device, cannot be read,
/// changes while being read or does not fit into memory.
[[nodiscard]] inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
  const auto failure = [&](std::string found) {
    return load_error(path.string(), "", "a readable file", std::move(found));
  };
  std::error_code code;
  const std::filesystem::file_status status = std::filesystem::status(path, code);
  if (status.type() == std::filesystem::file_type::not_found) throw failure("no file of that name");
  if (code) throw failure(code.message());
  if (std::filesystem::is_directory(status)) throw failure("a folder");
  if (!std::filesystem::is_regular_file(status)) throw failure("something that is not a regular file");
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  if (code) throw failure(code.message());
  const detail::file_handle file(detail::open_file(path, "rb"));
  if (!file) throw failure(detail::reason_of(errno));
  if (size > std::numeric_limits<std::size_t>::max() / 2) throw failure("more bytes than memory can address");
  try {
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    const std::size_t count = bytes.empty() ? 0 : std::fread(bytes.data(), 1, bytes.size(), file.get());
    const bool at_end = count == bytes.size() && std::fgetc(file.get()) == EOF;
    if (std::ferror(file.get()) != 0) throw failure(detail::reason_of(errno));
    if (!at_end) throw failure("a file that changes while it is read");
    return bytes;
  } catch (const std::bad_alloc&) {
    throw failure(std::to_string(size) + " bytes, more than fit into memory");
  } catch (const std::length_error&) { throw failure(std::to_string(size) + " bytes, more than fit into memory"); }
}

/// A file under construction beside its final name. Without `commit` nothing is left of it.
class atomic_file {
 public:
  /// Opens a temporary in the folder of `path`. A symbolic link is followed: the file it names is replaced, not the
  /// link.
  /// @throws save_error when the folder cannot be written or `path` names a folder or a device.
  explicit atomic_file(const std::filesystem::path& path) : given(path), target(path) {
    std::error_code code;
    if (std::filesystem::is_symlink(path, code)) {
      target = std::filesystem::weakly_canonical(path, code);
      if (code) throw save_error(given.string(), code.message());
    }
    const std::filesystem::file_status status = std::filesystem::status(target, code);
    if (std::filesystem::is_directory(status)) throw save_error(given.string(), "it is a folder");
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      throw save_error(given.string(), "it exists and is not a regular file");
    }
    if (!target.has_filename()) throw save_error(given.string(), "the path has no file name");
    open();
    if (std::filesystem::exists(status)) {  // keep the old file's permissions
      std::filesystem::permissions(temporary, status.permissions(), code);
      if (code) fail(code.message());
    }
  }

  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() { discard(); }

  /// Appends bytes. @throws save_error, after which nothing is left of the temporary. @pre not committed
  void write(std::span<const std::byte> bytes) { append(bytes.data(), bytes.size()); }
  /// Appends text as it is. @throws save_error as above. @pre not committed
  void write(std::string_view text) { append(text.data(), text.size()); }

  /// Forces the data to the disk and gives it its final name. @throws save_error; the old file is then unharmed.
  /// @pre not committed
  void commit() {
    require_open();
    if (!detail::force_to_disk(file.get())) fail(detail::reason_of(errno));
    if (std::fclose(file.release()) != 0) fail(detail::reason_of(errno));
    std::error_code code;
    std::filesystem::rename(temporary, target, code);
    if (code) fail(code.message());
    temporary.clear();
    detail::force_folder_to_disk(folder());
  }

 private:
  [[nodiscard]] std::filesystem::path folder() const {
    return target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  }

  void open() {
    int error = EEXIST;
    for (int attempt = 0; attempt < 16 && error == EEXIST; ++attempt) {
      const std::filesystem::path candidate = folder() / detail::temporary_name();
      file.reset(detail::open_file(candidate, "wbx"));  // x: never an existing file
      if (file) {
        temporary = candidate;
        return;
      }
      error = errno;
    }
    throw save_error(given.string(), detail::reason_of(error));
  }

  void append(const void* data, std::size_t size) {
    require_open();
    if (size != 0 && std::fwrite(data, 1, size, file.get()) != size) fail(detail::reason_of(errno));
  }

  void require_open() const {
    if (!file) throw save_error(given.string(), "it is already committed or has failed");
  }

  [[noreturn]] void fail(const std::string& reason) {
    discard();
    throw save_error(given.string(), reason);
  }

  void discard() noexcept {
    file.reset();
    if (temporary.empty()) return;
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    temporary.clear();
  }

  std::filesystem::path given, target, temporary;
  detail::file_handle file;
};

/// Writes a whole file of bytes: afterwards it is complete, or save_error is thrown and the old one is as it was.
inline void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  atomic_file file(path);
  file.write(bytes);
  file.commit();
}

/// Writes a whole text file in the same way.
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  atomic_file file(path);
  file.write(text);
  file.commit();
}

}  // namespace taut
