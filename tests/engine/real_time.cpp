// SPDX-License-Identifier: Apache-2.0
// An inference asks nothing of the operating system: no memory, no lock, no system call. A child process gives up all
// system calls but exit and infers; functions of this file stand before those of the C library for memory and locks.
#include <array>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <taut/engine/int8.hpp>
#include <taut/inference.hpp>
#include <vector>

#include "support/catch.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define TAUT_INSTRUMENTED  // the functions for memory are the sanitizer's
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TAUT_INSTRUMENTED
#endif
#endif

#if defined(__GLIBC__) && !defined(TAUT_INSTRUMENTED)
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace taut;

namespace {
bool forbidden = false;  // whether memory and locks end the process
}

// They stand before those of the C library.
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* malloc(std::size_t bytes) {
  if (forbidden) syscall(SYS_exit, 3);
  return __libc_malloc(bytes);
}
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (forbidden) syscall(SYS_exit, 4);
  static const auto next = reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  return next(mutex);
}

namespace {

struct Net : decltype(Input<2, 12> >> Conv1d<4, 3> >> GN<2> >> ReLU >> Flatten >> Linear<24> >> LN >> ReLU >>
                      Residual(Linear<24> >> GELU) >> Linear<5> >> Softmax) {};
struct Bytes : decltype(Input<8> >> Linear<12> >> LN >> ReLU >> Linear<3>) {};

// Runs f in a child that may only exit; returns its status, or -1 if it was killed for a system call.
template <class F> int status_without_system_calls(F&& f) {
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(99);
    syscall(SYS_exit, f());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <class Engine> int infer(const Engine& run) {
  constexpr std::size_t in = Engine::network_type::input_size;
  std::array<float, in> x;
  x.fill(0.25f);
  float seen = 0;
  const auto y = run(x, [&seen](float std) { seen += std; });
  if constexpr (requires { run.batch(x, x); }) {
    std::array<float, 40 * in> inputs;
    std::array<float, 40 * Engine::network_type::output_size> outputs;
    inputs.fill(0.5f);
    run.batch(inputs, outputs);
    if (!(outputs[0] == outputs[0])) return 2;
  }
  return y[0] == y[0] && seen > 0 ? 7 : 1;
}

parameters<Net> values() {
  parameters<Net> p;
  initialise(p, 1);
  return p;
}

}  // namespace

TEST_CASE("engine.real_time: an inference makes no system call") {
  static const auto native = compile(values());
  static const auto scalar = compile<float32<simd::scalar>>(values());
  static const auto bytes = [] {
    quantized<Bytes> q;
    q.input_unit = 0.01f;
    for (auto& w : std::get<0>(q.stage).weight) w = static_cast<std::int8_t>(&w - &std::get<0>(q.stage).weight[0]);
    for (float& f : std::get<0>(q.stage).factor) f = 0.01f;
    return compile(q);
  }();
  CHECK(status_without_system_calls([] { return infer(native); }) == 7);
  CHECK(status_without_system_calls([] { return infer(scalar); }) == 7);
  CHECK(status_without_system_calls([] { return infer(bytes); }) == 7);
  // and what asks for memory or looks at the time would be found
  CHECK(status_without_system_calls([] { return static_cast<int>(syscall(SYS_getpid)); }) == -1);
}

TEST_CASE("engine.real_time: an inference takes no memory and no lock") {
  // which may do without a system call
  static const auto native = compile(values());
  static const auto scalar = compile<float32<simd::scalar>>(values());
  const auto strictly = [](auto&& f) {
    return status_without_system_calls([&] {
      forbidden = true;
      return f();
    });
  };
  CHECK(strictly([] { return infer(native); }) == 7);
  CHECK(strictly([] { return infer(scalar); }) == 7);
  static std::vector<int>* volatile kept;  // what nobody keeps, clang does not allocate
  CHECK(strictly([] {
          kept = new std::vector<int>(9);
          return kept != nullptr ? 7 : 8;
        }) == 3);
  static std::mutex lock;
  CHECK(strictly([] {
          lock.lock();
          return 7;
        }) == 4);
}
#endif
