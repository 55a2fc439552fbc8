// One autograd node for the embedding, each layer, the last norm, the head.
#include "model/row_path.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/parallel.h"
#include "kernels/row_ops.h"

namespace reprise::model {
namespace {

using namespace kernels;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// What a backward pass needs besides tensors, kept alive by its node.
template <class T>
struct Kept : torch::CustomClassHolder {
  explicit Kept(T v) : value(std::move(v)) {}
  T value;
};
template <class T>
void keep(AutogradContext* context, T value) {
  context->saved_data["kept"] = c10::IValue::make_capsule(c10::make_intrusive<Kept<T>>(std::move(value)));
}
template <class T>
T& kept(AutogradContext* context) {
  return static_cast<Kept<T>*>(context->saved_data["kept"].toCapsule().get())->value;
}

at::Tensor floats(int64_t rows, int64_t columns) { return at::empty({rows, columns}, at::kFloat); }
float* data(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }

// Positions, who belongs together, and where each sequence's keys lie.
struct Geometry {
  TokenLayout layout;
  std::vector<int64_t> position_M;
  std::vector<int64_t> panel_first;  // of each sequence: positions before its first key panel
  int64_t panel_positions = 0;
  struct Family {  // a sequence and those that continue it: [begin, end) of sequences
    int64_t begin, end;
  };
  std::vector<Family> families;

  explicit Geometry(TokenLayout l) : layout(std::move(l)) {
    for (size_t s = 0; s < layout.sequences.size(); ++s) {
      const TokenSequence& sequence = layout.sequences[s];
      for (int64_t t = 0; t < sequence.length; ++t) position_M.push_back(layout.prefix_length(sequence) + t);
      panel_first.push_back(panel_positions);
      panel_positions += (sequence.length + kPanel - 1) / kPanel * kPanel;
      const int64_t index = static_cast<int64_t>(s);
      if (!families.empty() && sequence.prefix >= families.back().begin) families.back().end = index + 1;
      else families.push_back({index, index + 1});
    }
  }
};

// Rotated queries, keys and values of one layer, and its keys (and values) in panels.
struct Heads {
  std::vector<float> turned;  // [M, qkv_width], 32 floats more
  std::vector<float> key_panels, value_panels;  // [kv head][panel_positions * E]
};

// Some consecutive tokens of one sequence under one kv head.
struct AttentionBlock {
  int64_t sequence, kv_head, first, count;
};

class LayerPass {
 public:
  LayerPass(const RowModel& model, const RowModel::Layer& layer, const Geometry& geometry)
      : model_(model), layer_(layer), geometry_(geometry), M_(geometry.layout.num_tokens()), E_(model.config().head_dim),
        K_(model.config().num_key_value_heads), group_(model.config().num_attention_heads / K_), Q_(model.qkv_width()), O_(model.query_width()) {}

  struct Saved {
    at::Tensor qkv, mixed, y, gate_up;  // qkv before the heads are turned
  };

  at::Tensor forward(const float* x, Saved* saved) const {
    const int64_t D = model_.config().hidden_size, F = model_.config().intermediate_size;
    const at::Tensor normed = floats(M_, D), qkv = floats(M_, Q_), mixed = floats(M_, O_), y = floats(M_, D);
    model_.norm(layer_.input_norm, x, M_, data(normed));
    layer_.qkv.forward(data(normed), M_, data(qkv));
    attend_all(turned_heads(data(qkv), false), data(mixed));
    const at::Tensor gate_up = floats(M_, 2 * F), activated = floats(M_, F), out = floats(M_, D);
    model_.finish_layer(layer_, data(mixed), x, M_, data(y), data(normed), data(gate_up), data(activated), data(out));
    if (saved) *saved = {qkv, mixed, y, gate_up};
    return out;
  }

  // d_out [M, D] becomes the gradient of x.
  void backward(const float* x, const Saved& saved, float* d_out) const {
    const int64_t D = model_.config().hidden_size, F = model_.config().intermediate_size;
    const double eps = model_.config().rms_norm_eps;
    const at::Tensor rows_F = floats(M_, F), rows_D = floats(M_, D), terms = floats(M_, D), d_mixed = floats(M_, O_);
    // The MLP: out = y + down(silu(gate) * up).
    float* gate_up = data(saved.gate_up);
    for_rows(M_, 16 * F, [&](int64_t m) { silu_product_row(gate_up + m * 2 * F, gate_up + m * 2 * F + F, data(rows_F) + m * F, F); });
    layer_.down.add_gradients(d_out, D, data(rows_F), M_);
    layer_.down.backward(d_out, D, M_, data(rows_F));
    for_rows(M_, 24 * F, [&](int64_t m) { silu_product_backward_row(gate_up + m * 2 * F, gate_up + m * 2 * F + F, data(rows_F) + m * F, F); });
    model_.norm(layer_.post_norm, data(saved.y), M_, data(rows_D));
    layer_.gate_up.add_gradients(gate_up, 2 * F, data(rows_D), M_);
    layer_.gate_up.backward(gate_up, 2 * F, M_, data(rows_D));
    norm_backward(layer_.post_norm, data(saved.y), data(rows_D), d_out, data(terms), eps);
    // Attention: y = x + o(mixed).
    layer_.o.add_gradients(d_out, D, data(saved.mixed), M_);
    layer_.o.backward(d_out, D, M_, data(d_mixed));
    const at::Tensor d_qkv = floats(M_, Q_);
    attend_all_backward(turned_heads(data(saved.qkv), true), data(saved.mixed), data(d_mixed), data(d_qkv));
    turn_back(data(saved.qkv), data(d_qkv));
    model_.norm(layer_.input_norm, x, M_, data(rows_D));
    layer_.qkv.add_gradients(data(d_qkv), Q_, data(rows_D), M_);
    layer_.qkv.backward(data(d_qkv), Q_, M_, data(rows_D));
    norm_backward(layer_.input_norm, x, data(rows_D), d_out, data(terms), eps);
  }

 private:
  Heads turned_heads(const float* qkv, bool with_value_panels) const {
    Heads heads;
    heads.turned.resize(static_cast<size_t>(M_ * Q_ + kPanel));
    heads.key_panels.resize(static_cast<size_t>(K_ * geometry_.panel_positions * E_));
    if (with_value_panels) heads.value_panels.resize(heads.key_panels.size());
    const auto& sequences = geometry_.layout.sequences;
    std::vector<int64_t> sequence_of(static_cast<size_t>(M_));
    for (size_t s = 0; s < sequences.size(); ++s) std::fill_n(sequence_of.begin() + sequences[s].first, sequences[s].length, static_cast<int64_t>(s));
    for_rows(M_, 8 * Q_, [&](int64_t m) {
      float* row = heads.turned.data() + m * Q_;
      std::memcpy(row, qkv + m * Q_, sizeof(float) * static_cast<size_t>(Q_));
      model_.turn_heads(layer_, geometry_.position_M[static_cast<size_t>(m)], row);
      const size_t s = static_cast<size_t>(sequence_of[static_cast<size_t>(m)]);
      const int64_t place = m - sequences[s].first;
      for (int64_t k = 0; k < K_; ++k) {
        const int64_t base = (k * geometry_.panel_positions + geometry_.panel_first[s]) * E_;
        put_in_panels(row + O_ + k * E_, place, E_, heads.key_panels.data() + base);
        if (with_value_panels) put_in_panels(row + O_ + (K_ + k) * E_, place, E_, heads.value_panels.data() + base);
      }
    });
    return heads;
  }

  KeyValues key_values(const Heads& heads, int64_t s, int64_t k) const {
    const TokenSequence& sequence = geometry_.layout.sequences[static_cast<size_t>(s)];
    const int64_t base = (k * geometry_.panel_positions + geometry_.panel_first[static_cast<size_t>(s)]) * E_;
    return {sequence.length, heads.key_panels.data() + base, heads.turned.data() + sequence.first * Q_ + O_ + (K_ + k) * E_, Q_};
  }

  // The parts that sequence s attends to: its prefix, when it has one, and itself.
  std::vector<int64_t> parts_of(int64_t s) const {
    const int64_t prefix = geometry_.layout.sequences[static_cast<size_t>(s)].prefix;
    return prefix < 0 ? std::vector<int64_t>{s} : std::vector<int64_t>{prefix, s};
  }

  // Rows (token, head) of a block, [count * group, E], from rows of `width` floats.
  void gather(const AttentionBlock& block, const float* from, int64_t width, float* out) const {
    const int64_t first = geometry_.layout.sequences[static_cast<size_t>(block.sequence)].first + block.first, run = group_ * E_;
    for (int64_t t = 0; t < block.count; ++t) std::memcpy(out + t * run, from + (first + t) * width + block.kv_head * run, sizeof(float) * static_cast<size_t>(run));
  }
  void scatter(const AttentionBlock& block, const float* from, int64_t width, float* out) const {
    const int64_t first = geometry_.layout.sequences[static_cast<size_t>(block.sequence)].first + block.first, run = group_ * E_;
    for (int64_t t = 0; t < block.count; ++t) std::memcpy(out + (first + t) * width + block.kv_head * run, from + t * run, sizeof(float) * static_cast<size_t>(run));
  }

  std::vector<AttentionBlock> blocks_of(int64_t s, int64_t k) const {
    const int64_t length = geometry_.layout.sequences[static_cast<size_t>(s)].length, step = std::max<int64_t>(1, 48 / group_);
    std::vector<AttentionBlock> blocks;
    for (int64_t first = 0; first < length; first += step) blocks.push_back({s, k, first, std::min(step, length - first)});
    return blocks;
  }

  struct Scratch {
    std::vector<float> queries, mixed, d_mixed, d_queries, scores, d_scores;
    std::vector<int64_t> visible;
  };

  Queries queries_of(const AttentionBlock& block, const Heads& heads, Scratch& scratch) const {
    const int64_t rows = block.count * group_;
    scratch.queries.resize(static_cast<size_t>(rows * E_ + kPanel));
    scratch.visible.clear();
    const int64_t before = geometry_.layout.prefix_length(geometry_.layout.sequences[static_cast<size_t>(block.sequence)]) + block.first;
    for (int64_t t = 0; t < block.count; ++t) scratch.visible.insert(scratch.visible.end(), static_cast<size_t>(group_), before + t + 1);
    gather(block, heads.turned.data(), Q_, scratch.queries.data());
    return {rows, E_, scratch.queries.data(), scratch.visible.data()};
  }

  void attend_all(const Heads& heads, float* mixed) const {
    std::vector<AttentionBlock> blocks;
    for (int64_t s = 0; s < static_cast<int64_t>(geometry_.layout.sequences.size()); ++s) {
      for (int64_t k = 0; k < K_; ++k) {
        for (const AttentionBlock& block : blocks_of(s, k)) blocks.push_back(block);
      }
    }
    for_chunks(static_cast<int64_t>(blocks.size()), 4, [&](int64_t begin, int64_t end) {
      Scratch scratch;
      std::vector<KeyValues> parts;
      for (int64_t i = begin; i < end; ++i) {
        const AttentionBlock& block = blocks[static_cast<size_t>(i)];
        const Queries queries = queries_of(block, heads, scratch);
        parts.clear();
        for (int64_t part : parts_of(block.sequence)) parts.push_back(key_values(heads, part, block.kv_head));
        scratch.mixed.resize(static_cast<size_t>(queries.rows * E_));
        attend(queries, parts, scratch.scores, scratch.mixed.data());
        scatter(block, scratch.mixed.data(), O_, mixed);
      }
    });
  }

  // One thread a family and kv head: a prefix's gradients are summed over its continuations in order.
  void attend_all_backward(const Heads& heads, const float* mixed, const float* d_mixed, float* d_qkv) const {
    const int64_t items = static_cast<int64_t>(geometry_.families.size()) * K_;
    for_chunks(items, 1, [&](int64_t item, int64_t) {
      const Geometry::Family& family = geometry_.families[static_cast<size_t>(item / K_)];
      const int64_t k = item % K_;
      Scratch scratch;
      std::vector<KeyValues> parts;
      std::vector<KeyValueGradients> gradients;
      for (int64_t s = family.begin; s < family.end; ++s) {
        const TokenSequence& sequence = geometry_.layout.sequences[static_cast<size_t>(s)];
        for (int64_t m = sequence.first; m < sequence.first + sequence.length; ++m) {
          std::fill_n(d_qkv + m * Q_ + O_ + k * E_, E_, 0.0f);
          std::fill_n(d_qkv + m * Q_ + O_ + (K_ + k) * E_, E_, 0.0f);
        }
      }
      for (int64_t s = family.begin; s < family.end; ++s) {
        parts.clear();
        gradients.clear();
        for (int64_t part : parts_of(s)) {
          parts.push_back(key_values(heads, part, k));
          const int64_t first = geometry_.layout.sequences[static_cast<size_t>(part)].first;
          const int64_t base = (k * geometry_.panel_positions + geometry_.panel_first[static_cast<size_t>(part)]) * E_;
          gradients.push_back({heads.turned.data() + first * Q_ + O_ + k * E_, Q_, heads.value_panels.data() + base, d_qkv + first * Q_ + O_ + k * E_,
                               d_qkv + first * Q_ + O_ + (K_ + k) * E_, Q_});
        }
        for (const AttentionBlock& block : blocks_of(s, k)) {
          const Queries queries = queries_of(block, heads, scratch);
          const size_t size = static_cast<size_t>(queries.rows * E_);
          scratch.mixed.resize(size);
          scratch.d_mixed.resize(size + kPanel);
          scratch.d_queries.resize(size);
          gather(block, mixed, O_, scratch.mixed.data());
          gather(block, d_mixed, O_, scratch.d_mixed.data());
          attend_backward(queries, parts, gradients, scratch.mixed.data(), scratch.d_mixed.data(), scratch.scores, scratch.d_scores, scratch.d_queries.data());
          scatter(block, scratch.d_queries.data(), Q_, d_qkv);
        }
      }
    });
  }

  void turn_back(const float* qkv, float* d_qkv) const {
    const bool norms = static_cast<bool>(layer_.q_norm);
    const at::Tensor q_terms = floats(norms ? M_ : 0, O_), k_terms = floats(norms ? M_ : 0, K_ * E_);
    for_rows(M_, 8 * Q_, [&](int64_t m) {
      model_.turn_heads_back(layer_, geometry_.position_M[static_cast<size_t>(m)], qkv + m * Q_, d_qkv + m * Q_, norms ? data(q_terms) + m * O_ : nullptr,
                             norms ? data(k_terms) + m * K_ * E_ : nullptr);
    });
    if (!norms) return;
    layer_.q_norm.add_gradient(data(q_terms), M_ * O_ / E_);
    layer_.k_norm.add_gradient(data(k_terms), M_ * K_);
  }

  void norm_backward(const RowNorm& norm, const float* x, const float* dy, float* dx, float* terms, double eps) const {
    const int64_t D = model_.config().hidden_size;
    for_rows(M_, 12 * D, [&](int64_t m) { rms_norm_backward_row(x + m * D, norm.values.data(), dy + m * D, dx + m * D, terms + m * D, D, eps); });
    norm.add_gradient(terms, M_);
  }

  const RowModel& model_;
  const RowModel::Layer& layer_;
  const Geometry& geometry_;
  const int64_t M_, E_, K_, group_, Q_, O_;
};

struct LayerKept {
  std::shared_ptr<const RowModel> model;
  std::shared_ptr<const Geometry> geometry;
  size_t layer = 0;
  LayerPass::Saved saved;  // empty: to be computed again
};

struct LayerNode : public torch::autograd::Function<LayerNode> {
  static Variable forward(AutogradContext* context, const Variable& x, int64_t address, bool recompute) {
    LayerKept& kept = *reinterpret_cast<LayerKept*>(address);
    at::NoGradGuard guard;
    const at::Tensor out = LayerPass(*kept.model, kept.model->layers()[kept.layer], *kept.geometry).forward(x.const_data_ptr<float>(), recompute ? nullptr : &kept.saved);
    context->save_for_backward({x});
    keep(context, std::move(kept));
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    at::NoGradGuard guard;
    LayerKept& state = kept<LayerKept>(context);
    const at::Tensor x = context->get_saved_variables()[0];
    const LayerPass pass(*state.model, state.model->layers()[state.layer], *state.geometry);
    if (!state.saved.qkv.defined()) pass.forward(x.const_data_ptr<float>(), &state.saved);
    const at::Tensor d = gradients[0].clone(at::MemoryFormat::Contiguous);
    pass.backward(x.const_data_ptr<float>(), state.saved, data(d));
    state.saved = LayerPass::Saved();
    return {d, Variable(), Variable()};
  }
};

struct EmbeddingKept {
  std::shared_ptr<const RowModel> model;
  std::shared_ptr<const Geometry> geometry;
  std::shared_ptr<EmbeddingGradient> gradient;
};

struct EmbeddingNode : public torch::autograd::Function<EmbeddingNode> {
  static at::Tensor rows(const EmbeddingKept& kept) {
    const auto& ids = kept.geometry->layout.ids;
    const int64_t D = kept.model->config().hidden_size;
    const at::Tensor out = floats(kept.geometry->layout.num_tokens(), D);
    for_rows(out.size(0), D, [&](int64_t m) { kept.model->embed(ids[static_cast<size_t>(m)], data(out) + m * D); });
    return out;
  }
  // `anchor` is a leaf that asks for a gradient, so that the node exists.
  static Variable forward(AutogradContext* context, const Variable&, int64_t address) {
    EmbeddingKept& kept = *reinterpret_cast<EmbeddingKept*>(address);
    at::NoGradGuard guard;
    const at::Tensor out = rows(kept);
    keep(context, std::move(kept));
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    at::NoGradGuard guard;
    EmbeddingKept& state = kept<EmbeddingKept>(context);
    const at::Tensor& weight = state.model->embedding();
    if (weight.requires_grad()) {
      const at::Tensor d = gradients[0].contiguous();
      at::Tensor& total = state.gradient->values;
      if (!total.defined()) total = at::zeros(weight.sizes(), weight.options().requires_grad(false));
      const auto& ids = state.geometry->layout.ids;
      const int64_t D = d.size(1), M = d.size(0);
      constexpr int64_t kColumns = 64;
      for_rows((D + kColumns - 1) / kColumns, M * kColumns, [&](int64_t c) {
        const int64_t first = c * kColumns, width = std::min(kColumns, D - first);
        for (int64_t m = 0; m < M; ++m) add_row(data(total) + int64_t{ids[static_cast<size_t>(m)]} * D + first, d.const_data_ptr<float>() + m * D + first, width);
      });
    }
    return {Variable(), Variable()};
  }
};

// The last norm, of the tokens asked for.
struct OutputKept {
  std::shared_ptr<const RowModel> model;
  std::shared_ptr<const Geometry> geometry;
};

struct OutputNode : public torch::autograd::Function<OutputNode> {
  static at::Tensor rows(const OutputKept& kept, const at::Tensor& x) {
    const auto& outputs = kept.geometry->layout.outputs;
    const int64_t D = x.size(1);
    const at::Tensor out = floats(static_cast<int64_t>(outputs.size()), D);
    for_rows(out.size(0), 4 * D, [&](int64_t n) {
      rms_norm_row(x.const_data_ptr<float>() + outputs[static_cast<size_t>(n)] * D, kept.model->final_norm().values.data(), data(out) + n * D, D, kept.model->config().rms_norm_eps);
    });
    return out;
  }
  static Variable forward(AutogradContext* context, const Variable& x, int64_t address) {
    OutputKept& kept = *reinterpret_cast<OutputKept*>(address);
    at::NoGradGuard guard;
    const at::Tensor out = rows(kept, x);
    context->save_for_backward({x});
    keep(context, std::move(kept));
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    at::NoGradGuard guard;
    OutputKept& state = kept<OutputKept>(context);
    const at::Tensor x = context->get_saved_variables()[0], d = gradients[0].contiguous();
    const auto& outputs = state.geometry->layout.outputs;
    const int64_t D = x.size(1), N = d.size(0);
    const at::Tensor dx = at::zeros_like(x), terms = floats(N, D), each = at::zeros({N, D}, at::kFloat);
    const RowNorm& norm = state.model->final_norm();
    for_rows(N, 12 * D, [&](int64_t n) {
      rms_norm_backward_row(x.const_data_ptr<float>() + outputs[static_cast<size_t>(n)] * D, norm.values.data(), d.const_data_ptr<float>() + n * D, data(each) + n * D, data(terms) + n * D, D,
                            state.model->config().rms_norm_eps);
    });
    for (int64_t n = 0; n < N; ++n) add_row(data(dx) + outputs[static_cast<size_t>(n)] * D, data(each) + n * D, D);
    norm.add_gradient(data(terms), N);
    return {dx, Variable()};
  }
};

struct LogitsNode : public torch::autograd::Function<LogitsNode> {
  static at::Tensor rows(const RowModel& model, const at::Tensor& hidden) {
    const at::Tensor out = floats(hidden.size(0), model.head().outputs());
    model.head().forward(hidden.const_data_ptr<float>(), hidden.size(0), data(out));
    return out;
  }
  static Variable forward(AutogradContext* context, const Variable& hidden, int64_t address) {
    auto& model = *reinterpret_cast<std::shared_ptr<const RowModel>*>(address);
    at::NoGradGuard guard;
    context->save_for_backward({hidden});
    keep(context, model);
    return rows(*model, hidden);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    at::NoGradGuard guard;
    const auto& model = kept<std::shared_ptr<const RowModel>>(context);
    const at::Tensor hidden = context->get_saved_variables()[0], d = gradients[0].contiguous(), dh = at::empty_like(hidden);
    model->head().add_gradients(d.const_data_ptr<float>(), d.size(1), hidden.const_data_ptr<float>(), hidden.size(0));
    model->head().backward(d.const_data_ptr<float>(), d.size(1), hidden.size(0), data(dh));
    return {dh, Variable()};
  }
};

// Log-probs by chunks of rows, whose logits are kept for the backward pass only while they are few.
class ScorePass {
 public:
  ScorePass(const RowModel& model, const std::vector<int64_t>& targets, float scale) : model_(model), targets_(targets), scale_(scale), V_(model.head().outputs()) {}

  static constexpr int64_t kChunkFloats = 1 << 22, kKeptFloats = 1 << 24;
  int64_t chunk_rows() const { return std::clamp<int64_t>(kChunkFloats / V_, 16, 1024); }
  // A power of two between rows would put a column's rows into the same set of the cache.
  int64_t stride() const { return V_ + 16; }

  // Logits of rows [start, start + count) of hidden, then f(row, its logits, its normaliser) for each.
  template <class Function>
  void for_logits(const float* hidden, int64_t start, int64_t count, float* logits, Function&& f) const {
    const int64_t D = model_.config().hidden_size;
    logits_of(hidden + start * D, count, logits);
    for_rows(count, 24 * V_, [&](int64_t i) {
      const float* row = logits + i * stride();
      f(start + i, row, normaliser_of(row, V_, scale_));
    });
  }

  // Logits become gradients, row by row: d * scale * (1[target] - p).
  void to_gradient(float* row, int64_t n, const Normaliser& z, float d) const {
    exp_row(row, V_, z.maximum, scale_, static_cast<float>(-std::exp(-z.log_sum)) * d * scale_, row);
    row[targets_[static_cast<size_t>(n)]] += d * scale_;
  }

  void logits_of(const float* hidden, int64_t count, float* logits) const { model_.head().forward(hidden, count, logits, false, stride()); }

 private:
  const RowModel& model_;
  const std::vector<int64_t>& targets_;
  const float scale_;
  const int64_t V_;
};

struct ScoreKept {
  std::shared_ptr<const RowModel> model;
  std::vector<int64_t> targets;
  float scale = 1;
  bool with_entropy = false;
  at::Tensor entropy_N;
  at::Tensor logits;                    // of all rows, when they are few
  std::vector<Normaliser> normalisers;  // of those
};

struct ScoreNode : public torch::autograd::Function<ScoreNode> {
  static at::Tensor score(ScoreKept& kept, const at::Tensor& hidden, bool keep_logits) {
    const int64_t N = hidden.size(0), V = kept.model->head().outputs();
    const ScorePass pass(*kept.model, kept.targets, kept.scale);
    const int64_t chunk = pass.chunk_rows();
    keep_logits &= N * pass.stride() <= ScorePass::kKeptFloats;
    const at::Tensor logits = floats(keep_logits ? N : std::min(N, chunk), pass.stride()), out = at::empty({N}, at::kFloat);
    if (kept.with_entropy) kept.entropy_N = at::empty({N}, at::kFloat);
    if (keep_logits) {
      kept.logits = logits;
      kept.normalisers.resize(static_cast<size_t>(N));
    }
    float *logprob = data(out), *entropy = kept.with_entropy ? data(kept.entropy_N) : nullptr;
    for (int64_t start = 0; start < N; start += chunk) {
      pass.for_logits(hidden.const_data_ptr<float>(), start, std::min(chunk, N - start), data(logits) + (keep_logits ? start * pass.stride() : 0),
                      [&](int64_t n, const float* row, const Normaliser& z) {
                        logprob[n] = z.logprob(row[kept.targets[static_cast<size_t>(n)]]);
                        if (entropy) entropy[n] = static_cast<float>(z.log_sum - exp_moment_row(row, V, z.maximum, z.scale) * std::exp(-z.log_sum));
                        if (keep_logits) kept.normalisers[static_cast<size_t>(n)] = z;
                      });
    }
    return out;
  }
  static Variable forward(AutogradContext* context, const Variable& hidden, int64_t address) {
    ScoreKept& kept = *reinterpret_cast<ScoreKept*>(address);
    at::NoGradGuard guard;
    const at::Tensor out = score(kept, hidden, true);
    context->save_for_backward({hidden});
    keep(context, kept);
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    at::NoGradGuard guard;
    ScoreKept& state = kept<ScoreKept>(context);
    const at::Tensor hidden = context->get_saved_variables()[0], d = gradients[0].contiguous(), dh = at::empty_like(hidden);
    const int64_t N = hidden.size(0), D = hidden.size(1);
    const ScorePass pass(*state.model, state.targets, state.scale);
    const int64_t chunk = pass.chunk_rows(), stride = pass.stride();
    const bool have = state.logits.defined();
    const at::Tensor scratch = floats(have ? 0 : std::min(N, chunk), stride);
    for (int64_t start = 0; start < N; start += chunk) {
      const int64_t count = std::min(chunk, N - start);
      float* logits = have ? data(state.logits) + start * stride : data(scratch);
      const float* h = hidden.const_data_ptr<float>() + start * D;
      if (!have) pass.logits_of(h, count, logits);
      for_rows(count, 12 * state.model->head().outputs(), [&](int64_t i) {
        float* row = logits + i * stride;
        const Normaliser z = have ? state.normalisers[static_cast<size_t>(start + i)] : normaliser_of(row, state.model->head().outputs(), state.scale);
        pass.to_gradient(row, start + i, z, d.const_data_ptr<float>()[start + i]);
      });
      state.model->head().add_gradients(logits, stride, h, count);
      state.model->head().backward(logits, stride, count, data(dh) + start * D);
    }
    state.logits = at::Tensor();
    return {dh, Variable()};
  }
};

template <class T>
int64_t address_of(T& value) {
  return reinterpret_cast<int64_t>(&value);
}

}  // namespace

at::Tensor row_hidden(const std::shared_ptr<const RowModel>& model, TokenLayout layout, bool recompute,
                      const std::shared_ptr<EmbeddingGradient>& embedding_gradient) {
  const auto geometry = std::make_shared<const Geometry>(std::move(layout));
  EmbeddingKept embedding{model, geometry, embedding_gradient};
  OutputKept output{model, geometry};
  if (!c10::GradMode::is_enabled()) {
    at::Tensor x = EmbeddingNode::rows(embedding);
    for (const RowModel::Layer& layer : model->layers()) x = LayerPass(*model, layer, *geometry).forward(x.const_data_ptr<float>(), nullptr);
    return OutputNode::rows(output, x);
  }
  at::Tensor x = EmbeddingNode::apply(at::zeros({1}, at::kFloat).set_requires_grad(true), address_of(embedding));
  for (size_t i = 0; i < model->layers().size(); ++i) {
    LayerKept kept{model, geometry, i, {}};
    x = LayerNode::apply(x, address_of(kept), recompute);
  }
  return OutputNode::apply(x, address_of(output));
}

at::Tensor row_logits(const std::shared_ptr<const RowModel>& model, const at::Tensor& hidden_ND) {
  const at::Tensor hidden = hidden_ND.contiguous();
  auto kept = model;
  return c10::GradMode::is_enabled() && hidden.requires_grad() ? LogitsNode::apply(hidden, address_of(kept)) : LogitsNode::rows(*model, hidden);
}

RowScores row_score(const std::shared_ptr<const RowModel>& model, const at::Tensor& hidden_ND, const at::Tensor& targets_N, double temperature, bool with_entropy) {
  const at::Tensor hidden = hidden_ND.contiguous(), targets = targets_N.contiguous();
  ScoreKept kept;
  kept.model = model;
  kept.targets.assign(targets.const_data_ptr<int64_t>(), targets.const_data_ptr<int64_t>() + targets.numel());
  kept.scale = static_cast<float>(1.0 / temperature);
  kept.with_entropy = with_entropy;
  RowScores scores;
  scores.logprobs_N = c10::GradMode::is_enabled() && hidden.requires_grad() ? ScoreNode::apply(hidden, address_of(kept)) : ScoreNode::score(kept, hidden, false);
  scores.entropy_N = kept.entropy_N;
  return scores;
}

}  // namespace reprise::model
