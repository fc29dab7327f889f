/* SPDX-License-Identifier: Apache-2.0 */
#include "ForeignMacros.h"

#include <taut/taut.hpp>

#include <cstdio>

#include "Network.h"

#if !defined(IN) || !defined(OUT) || !defined(near) || !defined(small) || !defined(interface) || !defined(major)
#error taut has taken a macro away
#endif

namespace {

struct Tiny : decltype(taut::Input<3> >> taut::Linear<8> >> taut::LN >> taut::Tanh >> taut::Linear<2>) {};

int Check(IN bool condition, IN const char *what) {
    if (!condition) std::fprintf(stderr, "wrong: %s\n", what);
    return condition ? 0 : 1;
}

}  // namespace

int main() {
    int failures = 0;
    taut::parameters<Tiny> parameters;
    taut::initialise(parameters, 1);
    taut::save_safetensors(parameters, "stranger.safetensors");
    const auto engine = taut::compile(taut::load_safetensors<Tiny>("stranger.safetensors"));
    const Sample sample{0.5f, -1, 2};
    const auto output = engine(sample);
    const auto reference = taut::evaluate(parameters, sample);
    double worst = 0;
    for (std::size_t i = 0; i < output.size(); ++i) worst = max(worst, std::fabs(output[i] - reference[i]));
    failures += Check(worst < 1e-6, "the engine against the reference");
    failures += Check(worst < eps && min(2, 1) == 1 && ERROR == 0 && DOMAIN == 1, "the macros");
    failures += Check(exportedAgree(), "the exported networks");
    failures += Check(deviceOutput({1, 0, 2}) > 1, "the device");
#if defined(__x86_64__)
    failures += Check(registerWidth() == (__builtin_cpu_supports("x86-64-v3") ? 8 : 4), "the dispatch");
#endif
    return failures;
}
