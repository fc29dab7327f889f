// SPDX-License-Identifier: Apache-2.0
#include "mlp.hpp"

#include <taut/layers/batch_norm.hpp>
#include <taut/layers/centered_weight_norm.hpp>
#include <taut/layers/spectral_norm.hpp>
#include <taut/layers/weight_norm.hpp>
#include <taut/net/advice.hpp>

#include "training.hpp"

namespace unified {

namespace {

using mlp_bn = normed<BN>;
template <auto Hidden> struct reparametrized : decltype(Input<64> >> Hidden >> ReLU >> Hidden >> ReLU >> Linear<10>) {};
using mlp_wn = reparametrized<WeightNorm(Linear<32>)>;
using mlp_cwn = reparametrized<CenteredWeightNorm(Linear<32>)>;
using mlp_sn = reparametrized<SpectralNorm<2.0>(Linear<32>)>;

// A batch of one sample has no variance: fit(p, data, batch<1>{}, options) does not compile. Tiny ones are reported.
static_assert(!base::is_fitting_batch<mlp_bn, batch<1>> && base::is_fitting_batch<mlp_bn, batch<2>>);
static_assert(advice<mlp_bn, batch<4>>.size() == advice<mlp_bn, batch<64>>.size() + 2);  // one for each batch norm
static_assert(base::is_fitting_batch<mlp_ln, batch<1>> && base::is_fitting_batch<mlp, batch<1>>);

template <std::size_t... Sizes> std::vector<contender> in_batches() {
  return {made<mlp, mlp, Sizes>("none")..., made<mlp_ln, mlp_ln, Sizes>("LN", form::layer_norm)...,
          made<mlp_gn, mlp_gn, Sizes>("GN", form::group_norm)...};
}

}  // namespace

std::vector<contender> perceptrons() {
  return {made<mlp, mlp, 64>("none"),
          made<mlp_bn, mlp, 64>("BN"),
          made<mlp_ln, mlp_ln, 64>("LN", form::layer_norm),
          made<mlp_gn, mlp_gn, 64>("GN", form::group_norm),
          made<mlp_rms, mlp_rms, 64>("RMS", form::rms_norm),
          made<mlp_wn, mlp, 64>("WN"),
          made<mlp_cwn, mlp, 64>("CWN"),
          made<mlp_sn, mlp, 64>("SN")};
}

std::vector<contender> perceptrons_in_batches() {
  std::vector<contender> all = in_batches<1, 2, 4, 16, 64, 256>();
  const std::vector<contender> batch_norm{made<mlp_bn, mlp, 2>("BN"), made<mlp_bn, mlp, 4>("BN"),
                                          made<mlp_bn, mlp, 16>("BN"), made<mlp_bn, mlp, 64>("BN"),
                                          made<mlp_bn, mlp, 256>("BN")};
  all.insert(all.end(), batch_norm.begin(), batch_norm.end());
  return all;
}

}  // namespace unified
