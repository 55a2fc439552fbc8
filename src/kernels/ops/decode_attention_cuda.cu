// A block a (row, key/value head, split). A team of head_dim / 8 lanes holds one position: each lane eight dimensions of the
// key and the value, and of up to kQueries query heads that share them, so that the cache is read once for the group. Teams
// take every n-th position of the split with a running softmax each; teams are merged in ascending order, then a second kernel
// merges the splits. Larger groups of heads are done in runs of kQueries.
#include "kernels/ops/decode_attention.h"
#include "kernels/ops/kernel_code.cuh"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 128;
constexpr int kDims = 8;  // of a lane
constexpr float kLowest = -3.4028234663852886e38f;

struct Place {
  int64_t runs, splits;
};

template <class T, int E, int kQueries>
__global__ void __launch_bounds__(kThreads, kQueries == 8 ? 2 : 4) decode_split_kernel(DecodeAttention a, Place place) {
  constexpr int kLanes = E / kDims, kTeams = static_cast<int>(kThreads) / kLanes;
  __shared__ float maxima[kQueries][kTeams], sums[kQueries][kTeams];
  __shared__ __align__(16) float mixtures[kTeams][E];
  const int64_t row = blockIdx.x, kv_head = blockIdx.y / place.runs, run = blockIdx.y % place.runs, split = blockIdx.z;
  const int64_t group = a.query_heads / a.key_value_heads;
  const int64_t first_query = kv_head * group + run * kQueries;
  const int queries = static_cast<int>(group - run * kQueries < kQueries ? group - run * kQueries : kQueries);
  const int64_t begin = split * kSplit, length = a.lengths[row];
  const int64_t end = length < begin + kSplit ? length : begin + kSplit;
  if (begin >= end) return;  // the whole block
  const int team = static_cast<int>(threadIdx.x) / kLanes, dim = static_cast<int>(threadIdx.x) % kLanes * kDims;

  float q[kQueries][kDims], mixed[kQueries][kDims] = {}, maximum[kQueries], sum[kQueries] = {};
#pragma unroll
  for (int g = 0; g < kQueries; ++g) {
    maximum[g] = kLowest;
    // Heads beyond the run repeat the last one: computed and thrown away.
    const int64_t head = first_query + (g < queries ? g : queries - 1);
    load(static_cast<const T*>(a.queries) + row * a.query_stride + head * E + dim, q[g]);
#pragma unroll
    for (int e = 0; e < kDims; ++e) q[g][e] *= a.scale;
  }
  const int32_t* pages = a.pages + row * a.max_pages;
  const unsigned page_positions = static_cast<unsigned>(a.page_positions);
  // All teams take the same number of steps, so that whole warps meet in the shuffles; a step beyond the end weighs nothing.
  for (int64_t step = begin; step < end; step += kTeams) {
    const int64_t t = step + team;
    const bool there = t < end;
    // In 32 bits: a division of 64 costs as much as the rest of the step.
    const unsigned position = static_cast<unsigned>(there ? t : end - 1), which = position / page_positions;
    const int64_t at = ((static_cast<int64_t>(pages[which]) * a.key_value_heads + kv_head) * page_positions + (position - which * page_positions)) * E + dim;
    float k[kDims], v[kDims];
    load(static_cast<const T*>(a.key_cache) + at, k);
    load(static_cast<const T*>(a.value_cache) + at, v);
#pragma unroll
    for (int g = 0; g < kQueries; ++g) {
      float score = 0;
#pragma unroll
      for (int e = 0; e < kDims; ++e) score = fmaf(q[g][e], k[e], score);
#pragma unroll
      for (int distance = kLanes / 2; distance > 0; distance /= 2) score += __shfl_xor_sync(kAllLanes, score, distance);
      if (!there) continue;
      const float larger = fmaxf(maximum[g], score);
      const float factor = expf(maximum[g] - larger), weight = expf(score - larger);
      maximum[g] = larger;
      sum[g] = fmaf(sum[g], factor, weight);
#pragma unroll
      for (int e = 0; e < kDims; ++e) mixed[g][e] = fmaf(mixed[g][e], factor, weight * v[e]);
    }
  }
#pragma unroll
  for (int g = 0; g < kQueries; ++g) {
    if (dim == 0) {
      maxima[g][team] = maximum[g];
      sums[g][team] = sum[g];
    }
#pragma unroll
    for (int e = 0; e < kDims; ++e) mixtures[team][dim + e] = mixed[g][e];
    __syncthreads();
    if (g < queries) {
      float most = kLowest;
      for (int i = 0; i < kTeams; ++i) most = fmaxf(most, maxima[g][i]);
      float* to = a.workspace + ((row * a.query_heads + first_query + g) * place.splits + split) * (E + 2);
      for (int e = static_cast<int>(threadIdx.x); e < E; e += kThreads) {
        float total = 0;
        for (int i = 0; i < kTeams; ++i) total = fmaf(mixtures[i][e], expf(maxima[g][i] - most), total);
        to[2 + e] = total;
      }
      if (threadIdx.x == 0) {
        float total = 0;
        for (int i = 0; i < kTeams; ++i) total = fmaf(sums[g][i], expf(maxima[g][i] - most), total);
        to[0] = most;
        to[1] = total;
      }
    }
    __syncthreads();
  }
}

// A block of one warp a (row, head): the splits in ascending order.
template <class T>
__global__ void __launch_bounds__(kWarp) merge_splits_kernel(DecodeAttention a, Place place) {
  const int64_t row = blockIdx.x, head = blockIdx.y, E = a.head_dim, length = a.lengths[row];
  const int64_t splits = (length + kSplit - 1) / kSplit;
  const float* from = a.workspace + (row * a.query_heads + head) * place.splits * (E + 2);
  float most = kLowest, sum = 0;
  for (int64_t s = 0; s < splits; ++s) most = fmaxf(most, from[s * (E + 2)]);
  for (int64_t s = 0; s < splits; ++s) sum = fmaf(from[s * (E + 2) + 1], expf(from[s * (E + 2)] - most), sum);
  for (int64_t e = threadIdx.x; e < E; e += kWarp) {
    float mixed = 0;
    for (int64_t s = 0; s < splits; ++s) mixed = fmaf(from[s * (E + 2) + 2 + e], expf(from[s * (E + 2)] - most), mixed);
    static_cast<T*>(a.out)[(row * a.query_heads + head) * E + e] = from_float<T>(splits > 0 ? mixed / sum : 0.0f);
  }
}

template <class T, int E>
void run(const DecodeAttention& a, Stream stream) {
  const int64_t group = a.query_heads / a.key_value_heads;
  const auto with = [&]<int kQueries>() {
    const Place place = {(group + kQueries - 1) / kQueries, (a.max_length + kSplit - 1) / kSplit};
    launch("decode_attention", decode_split_kernel<T, E, kQueries>, dim3(static_cast<unsigned>(a.rows), static_cast<unsigned>(a.key_value_heads * place.runs), static_cast<unsigned>(place.splits)), kThreads, 0,
           stream, a, place);
    launch("decode_attention", merge_splits_kernel<T>, dim3(static_cast<unsigned>(a.rows), static_cast<unsigned>(a.query_heads)), kWarp, 0, stream, a, place);
  };
  if (group == 1) {
    with.template operator()<1>();
  } else if (group <= 4) {
    with.template operator()<4>();
  } else {
    with.template operator()<8>();
  }
}

}  // namespace

void decode_attention(const DecodeAttention& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    if (a.head_dim == 32) run<T, 32>(a, stream);
    if (a.head_dim == 64) run<T, 64>(a, stream);
    if (a.head_dim == 128) run<T, 128>(a, stream);
    if (a.head_dim == 256) run<T, 256>(a, stream);
  });
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
