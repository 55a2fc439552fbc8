#!/usr/bin/env python3
"""Makes tests/golden/rl_losses.json: losses and gradients of one small batch under every algorithm, from

  trl      TRL 1.16.0's own GRPOTrainer._compute_loss and RLOOTrainer._compute_loss, called with log-probs of ours in
           place of a model's (the trainer object is a stand-in that holds the settings they read), and
  numpy    the few lines below, written from the papers without looking at any framework; its gradients are central
           finite differences.

Usage, in a venv with trl==1.16.0 and torch: make_rl_golden.py > rl_losses.json"""
import json
import types
from collections import defaultdict
from unittest.mock import MagicMock

import numpy as np
import torch

B, T, L_MAX = 4, 5, 8
draw = np.random.default_rng(7)
lengths = np.array([5, 2, 4, 1])
mask = (np.arange(T)[None] < lengths[:, None]).astype(float)
policy = draw.normal(-1.5, 0.6, (B, T))
old = policy + draw.normal(0, 0.35, (B, T))
reference = policy + draw.normal(0, 0.5, (B, T))
behavior = old + draw.normal(0, 0.4, (B, T))
advantage = np.array([1.2, -0.7, -1.4, 0.9])


# ---------------------------------------------------------------- numpy
def numpy_loss(logp, c):
    log_ratio = logp - old
    n = lengths[:, None]
    if c["ratio"] == "sequence":
        log_ratio = np.repeat((log_ratio * mask).sum(1, keepdims=True) / n, T, 1)
    if c["ratio"] == "trajectory":
        log_ratio = np.repeat((log_ratio * mask).sum(1, keepdims=True), T, 1)
    r, A = np.exp(log_ratio), advantage[:, None]
    low, high = 1 - c["epsilon"], 1 + c["epsilon_high"]
    if c["objective"] == "clipped":
        first = np.minimum(r, c["delta"]) if c["delta"] else r
        loss = -np.minimum(first * A, np.clip(r, low, high) * A)
    elif c["objective"] == "cispo":
        stopped = np.minimum(np.exp(policy - old), high)  # no gradient: always at the point itself
        loss = -stopped * A * logp
    else:
        loss = -A * logp
    if c["beta"]:
        x = logp - reference
        kl = {1: x, 2: x**2 / 2, 3: np.exp(-x) + x - 1}[c["kl"]]
        loss = loss + c["beta"] * kl * (r if c["kl_ratio"] else 1)
    loss = loss * mask
    return {"seq-mean-token-mean": (loss.sum(1) / lengths).mean(), "token-mean": loss.sum() / mask.sum(),
            "seq-mean-token-sum": loss.sum(1).mean(), "seq-mean-token-sum-norm": loss.sum() / (B * L_MAX)}[c["aggregation"]]


def numpy_gradient(c, h=1e-6):
    g = np.zeros((B, T))
    for i in range(B):
        for t in range(T):
            up, down = policy.copy(), policy.copy()
            up[i, t] += h
            down[i, t] -= h
            g[i, t] = (numpy_loss(up, c) - numpy_loss(down, c)) / (2 * h)
    return g


BASE = dict(ratio="token", objective="clipped", aggregation="seq-mean-token-mean", epsilon=0.2, epsilon_high=0.2, delta=0, beta=0.0, kl=3, kl_ratio=False)
CASES = {
    "grpo": dict(keys={}, c={}),
    "grpo_kl3": dict(keys={"beta": 0.3}, c={"beta": 0.3}),
    "grpo_kl2": dict(keys={"beta": 0.3, "kl_estimator": "k2"}, c={"beta": 0.3, "kl": 2}),
    "grpo_kl1": dict(keys={"beta": 0.3, "kl_estimator": "k1"}, c={"beta": 0.3, "kl": 1}),
    "grpo_kl3_corrected": dict(keys={"beta": 0.3, "use_bias_correction_kl": True}, c={"beta": 0.3, "kl_ratio": True}),
    "grpo_clip_higher": dict(keys={"epsilon_high": 0.28}, c={"epsilon_high": 0.28}),
    "grpo_r1": dict(keys={"epsilon": 10, "beta": 0.001}, c={"epsilon": 10, "epsilon_high": 10, "beta": 0.001}),
    "grpo_dual_clip": dict(keys={"delta": 1.25}, c={"delta": 1.25}),
    "dr_grpo": dict(keys={"loss_type": "dr_grpo"}, c={"aggregation": "seq-mean-token-sum-norm"}),
    "dapo": dict(keys={"loss_type": "dapo", "epsilon_high": 0.28}, c={"aggregation": "token-mean", "epsilon_high": 0.28}),
    "gspo": dict(keys={"loss_type": "gspo", "epsilon": 0.05}, c={"ratio": "sequence", "epsilon": 0.05, "epsilon_high": 0.05}),
    "cispo": dict(keys={"loss_type": "cispo", "epsilon_high": 0.1}, c={"objective": "cispo", "aggregation": "token-mean", "epsilon_high": 0.1}),
    "rloo": dict(keys={"loss_type": "rloo"}, c={"ratio": "trajectory"}),
    "reinforce": dict(keys={"loss_type": "reinforce"}, c={"objective": "score", "aggregation": "seq-mean-token-sum"}),
    "reinforce_pp": dict(keys={"loss_type": "reinforce_pp"}, c={"aggregation": "token-mean"}),
    "ppo": dict(keys={"loss_type": "ppo"}, c={"aggregation": "token-mean"}),
    "luspo": dict(keys={"loss_type": "gspo", "loss_aggregation": "seq-mean-token-sum"}, c={"ratio": "sequence", "aggregation": "seq-mean-token-sum"}),
}


# ---------------------------------------------------------------- TRL
def trl_loss(name, c):
    from trl.trainer.grpo_trainer import GRPOTrainer
    from trl.trainer.rloo_trainer import RLOOTrainer
    logp = torch.tensor(policy, requires_grad=True)
    m = torch.tensor(mask)
    t = lambda x: torch.tensor(x)
    accelerator = MagicMock(num_processes=1)
    accelerator.gather = lambda x: x
    accelerator.gather_for_metrics = lambda x: x
    accelerator.reduce = lambda x, reduction=None: x
    trl_type = {"grpo": "grpo", "dr_grpo": "dr_grpo", "dapo": "dapo", "gspo": "grpo", "cispo": "cispo", "luspo": "luspo"}.get(name.split("_kl")[0].split("_clip")[0], "grpo")
    if name.startswith("dr_grpo"):
        trl_type = "dr_grpo"
    self = types.SimpleNamespace(
        args=types.SimpleNamespace(delta=c["delta"] or None, use_bias_correction_kl=c["kl_ratio"], steps_per_generation=1),
        loss_type=trl_type, importance_sampling_level="sequence" if c["ratio"] == "sequence" else "token",
        epsilon_low=c["epsilon"], epsilon_high=1 + c["epsilon_high"] if trl_type == "cispo" else c["epsilon_high"],
        beta=c["beta"], top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=False, vllm_importance_sampling_correction=False,
        aux_loss_enabled=False, _entropy_bonus_enabled=False, max_completion_length=L_MAX, current_gradient_accumulation_steps=1,
        model=types.SimpleNamespace(training=True), accelerator=accelerator, _metrics={"train": defaultdict(list), "eval": defaultdict(list)},
        _get_per_token_logps_and_entropies=lambda *a, **k: (logp, torch.zeros(B, T), None))
    inputs = dict(prompt_ids=torch.zeros(B, 1, dtype=torch.long), prompt_mask=torch.ones(B, 1), completion_ids=torch.zeros(B, T, dtype=torch.long), completion_mask=m,
                  advantages=t(advantage), old_per_token_logps=t(old), ref_per_token_logps=t(reference), num_items_in_batch=m.sum())
    if name == "rloo":
        inputs["old_logps"] = (t(old) * m).sum(1)
        loss = RLOOTrainer._compute_loss(self, None, inputs)
    else:
        loss = GRPOTrainer._compute_loss(self, None, inputs)
    loss.backward()
    return loss.item(), (logp.grad.numpy())


def ragged(a):
    return [a[i, :lengths[i]].tolist() for i in range(B)]


def main():
    out = {"made_by": "tests/golden/make_rl_golden.py", "max_completion_length": L_MAX, "policy": ragged(policy), "old": ragged(old), "reference": ragged(reference),
           "behavior": ragged(behavior), "advantages": advantage.tolist(), "cases": []}
    for name, case in CASES.items():
        c = {**BASE, **case["c"]}
        one = {"name": name, "keys": {"beta": 0, "epsilon": 0.2, **case["keys"]}, "numpy_loss": float(numpy_loss(policy, c)), "numpy_gradient": ragged(numpy_gradient(c))}
        in_trl = name not in ("grpo_kl1", "grpo_kl2", "reinforce", "reinforce_pp", "ppo")
        if in_trl:
            loss, gradient = trl_loss(name, c)
            one |= {"trl_loss": loss, "trl_gradient": ragged(gradient)}
            assert abs(loss - one["numpy_loss"]) < 1e-6, (name, loss, one["numpy_loss"])
        out["cases"].append(one)

    # Rewards to advantages: TRL's lines for group, batch and none; RLOO's leave-one-out; numpy for the rest.
    rewards = np.array([[1.0, 0.0, 0.0, 1.2], [0.1, 0.1, 0.1, 0.1], [2.0, -1.0, 0.5, 0.25]])
    flat = rewards.reshape(-1)
    mean, std = rewards.mean(1, keepdims=True), rewards.std(1, ddof=1, keepdims=True)
    out["rewards"] = rewards.tolist()
    out["advantage_cases"] = {
        "group": ((rewards - mean) / (std + 1e-4)).tolist(),
        "batch": ((rewards - mean) / (flat.std(ddof=1) + 1e-4)).tolist(),
        "none": (rewards - mean).tolist(),
        "leave_one_out": [[r - (sum(g) - r) / (len(g) - 1) for r in g] for g in rewards.tolist()],
    }
    # GAE by its definition, a double sum.
    gamma, lam = 0.9, 0.8
    values, r = draw.normal(0, 1, 6), np.array([0.0, 0.1, -0.2, 0.0, 0.0, 1.0])
    following = np.append(values[1:], 0.0)
    delta = r + gamma * following - values
    gae = [sum((gamma * lam) ** k * delta[t + k] for k in range(6 - t)) for t in range(6)]
    out["gae"] = {"gamma": gamma, "lambda": lam, "values": values.tolist(), "token_rewards": r.tolist(), "advantages": gae}
    print(json.dumps(out))


main()
