#!/usr/bin/env python3
"""Writes tests/golden/models.json: log-probs of tiny models by transformers, and a few AdamW steps by torch.

  python tests/golden/make_model_golden.py        (torch 2.11.0, transformers 5.23.0, float32, CPU)
No weights are stored: both sides fill them by one rule. Tensors in alphabetical order of their Hugging Face names, elements
in row-major order, numbered k = 0, 1, 2, ... through the whole model: matrices 0.4 * sin(0.37 * k), norms
1 + 0.3 * sin(0.37 * k), biases 0.2 * sin(0.37 * k).
"""
import json
import math
import pathlib

import torch
import transformers

COMMON = dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=64, rms_norm_eps=1e-5)
ROPES = {
    "default": {"rope_type": "default", "rope_theta": 1000.0},
    "linear": {"rope_type": "linear", "rope_theta": 1000.0, "factor": 2.0},
    "llama3": {"rope_type": "llama3", "rope_theta": 1000.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 16},
    "yarn": {"rope_type": "yarn", "rope_theta": 1000.0, "factor": 4.0, "original_max_position_embeddings": 16},
}
KINDS = {
    "llama": (transformers.LlamaConfig, {}),
    "llama_tied": (transformers.LlamaConfig, {"tie_word_embeddings": True}),
    "qwen2": (transformers.Qwen2Config, {}),
    "qwen3": (transformers.Qwen3Config, {"head_dim": 8}),
}


def fill(model):
    k = 0
    for name, tensor in sorted(model.state_dict().items()):
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        wave = torch.tensor([math.sin(0.37 * (k + i)) for i in range(tensor.numel())], dtype=torch.float64).view(tensor.shape)
        k += tensor.numel()
        if name.endswith("bias"):
            tensor.copy_(0.2 * wave)
        elif "norm" in name:
            tensor.copy_(1 + 0.3 * wave)
        else:
            tensor.copy_(0.4 * wave)


def model_cases():
    ids = [(7 * i * i + 3 * i + 1) % 40 for i in range(48)]
    for kind, (config_class, extra) in KINDS.items():
        for rope, parameters in ROPES.items():
            config = config_class(**{**COMMON, **extra, "rope_parameters": parameters})
            model = transformers.AutoModelForCausalLM.from_config(config).eval()
            with torch.no_grad():
                fill(model)
                logits = model(torch.tensor([ids])).logits[0].double()
            scores = torch.log_softmax(logits, -1)[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
            wanted = json.loads(config.to_json_string(use_diff=False))
            keep = ["model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                    "num_key_value_heads", "head_dim", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "rope_parameters"]
            yield {"name": f"{kind}_{rope}", "config": {key: wanted[key] for key in keep if wanted.get(key) is not None}, "ids": ids,
                   "logprobs": [round(v, 6) for v in scores.tolist()]}


def adamw():
    """Three steps on two tensors: a matrix that decays and a vector that does not."""
    matrix = torch.tensor([[math.sin(0.5 * (3 * r + c)) for c in range(3)] for r in range(2)], dtype=torch.float32, requires_grad=True)
    vector = torch.tensor([math.cos(0.7 * i) for i in range(3)], dtype=torch.float32, requires_grad=True)
    optimizer = torch.optim.AdamW([{"params": [matrix], "weight_decay": 0.1}, {"params": [vector], "weight_decay": 0.0}],
                                  lr=0.05, betas=(0.9, 0.95), eps=1e-8)
    steps = []
    for step in range(3):
        matrix.grad = torch.tensor([[math.sin(1.3 * (3 * r + c) + step) for c in range(3)] for r in range(2)], dtype=torch.float32)
        vector.grad = torch.tensor([math.cos(0.9 * i + step) for i in range(3)], dtype=torch.float32)
        optimizer.step()
        steps.append({"matrix": matrix.detach().flatten().tolist(), "vector": vector.detach().tolist()})
    return steps


def main():
    out = pathlib.Path(__file__).with_name("models.json")
    golden = {"made_by": "tests/golden/make_model_golden.py", "torch": torch.__version__.split("+")[0],
              "transformers": transformers.__version__, "models": list(model_cases()), "adamw": adamw()}
    out.write_text(json.dumps(golden, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
