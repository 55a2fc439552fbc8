#!/usr/bin/env python3
"""Holds Reprise's models against Hugging Face transformers, in float32 on the CPU.

  python tests/oracle/compare_transformers.py build/cpu/bin/reprise [--gguf FILE.gguf]
Needs torch and tests/oracle/requirements.txt. For random-weight Llama, Qwen2 and Qwen3 folders, each with every RoPE
scaling, tied and untied, sharded, bfloat16, configurations as transformers 4 and 5 write them:
  1. `reprise logprobs` against transformers' log-softmax: largest difference below 1e-4;
  2. the folder that `reprise convert` writes loads in transformers with the same logits, bit for bit.
With --gguf the same for a GGUF file (transformers dequantises it). Exit 1 when anything differs.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

TOLERANCE = 1e-4
VOCABULARY = 160


def scalings(original):
    return {
        "plain": None,
        "linear": {"rope_type": "linear", "factor": 2.0},
        "llama3": {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                   "original_max_position_embeddings": original},
        "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": original},
        "yarn-tuned": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 24.0, "beta_slow": 2.0, "attention_factor": 1.1,
                       "original_max_position_embeddings": original},
    }


def cases():
    common = dict(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=112, num_hidden_layers=3, num_attention_heads=4,
                  num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, initializer_range=0.15,
                  bos_token_id=1, eos_token_id=2, pad_token_id=0)
    kinds = {
        "llama": (transformers.LlamaConfig, {}),
        "llama-tied": (transformers.LlamaConfig, {"tie_word_embeddings": True}),
        "llama-bias": (transformers.LlamaConfig, {"attention_bias": True, "mlp_bias": True}),
        "qwen2": (transformers.Qwen2Config, {}),
        "qwen3": (transformers.Qwen3Config, {"head_dim": 32}),
        "qwen3-tied": (transformers.Qwen3Config, {"head_dim": 16, "tie_word_embeddings": True}),
    }
    for name, (kind, extra) in kinds.items():
        for scaling, parameters in scalings(64).items():
            rope = {"rope_type": "default", "rope_theta": 10000.0}
            if parameters:
                rope = {"rope_theta": 10000.0, **parameters}
            yield f"{name} {scaling}", kind(**{**common, **extra, "rope_parameters": rope}), {}
    yield "llama sharded", transformers.LlamaConfig(**common), {"max_shard_size": "100KB"}
    yield "qwen2 bfloat16 weights", transformers.Qwen2Config(**common), {"dtype": torch.bfloat16}
    yield "llama config of transformers 4", transformers.LlamaConfig(
        **{**common, "rope_parameters": {"rope_theta": 5000.0, **scalings(64)["llama3"]}}), {"old_config": True}


def write_old_config(folder):
    """config.json as transformers 4 wrote it: rope_theta and rope_scaling apart, torch_dtype."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope
    config["torch_dtype"] = config.pop("dtype", "float32")
    config["transformers_version"] = "4.46.0"
    path.write_text(json.dumps(config))


def expected_logprobs(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float()
    chosen = torch.log_softmax(logits, -1)[:-1].gather(1, torch.tensor(ids[1:])[:, None])
    return chosen[:, 0], logits


def compare(reprise, model, folder, texts, work):
    source, result = work / "in.jsonl", work / "out.jsonl"
    source.write_text("".join(json.dumps(text) + "\n" for text in texts))
    subprocess.run([reprise, "logprobs", str(folder), "--input", str(source), "--output", str(result)], check=True)
    worst, logits = 0.0, []
    for line in result.read_text().splitlines():
        row = json.loads(line)
        expected, whole = expected_logprobs(model, row["ids"])
        worst = max(worst, (expected - torch.tensor(row["logprobs"])).abs().max().item())
        logits.append((row["ids"], whole))
    converted = work / "converted"
    subprocess.run([reprise, "convert", str(folder), "--output", str(converted)], check=True)
    again = transformers.AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32).eval()
    same = all(torch.equal(expected_logprobs(again, ids)[1], whole) for ids, whole in logits)
    return worst, same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reprise")
    parser.add_argument("--gguf")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    faults = count = 0
    for name, config, how in cases():
        with tempfile.TemporaryDirectory() as temporary:
            work = pathlib.Path(temporary)
            folder = work / "model"
            model = transformers.AutoModelForCausalLM.from_config(config).eval()
            for parameter_name, parameter in model.named_parameters():
                if parameter.dim() == 1:  # norms and biases: fresh ones are constants, which would hide faults
                    parameter.data += 0.2 * torch.randn_like(parameter)
            model.to(how.get("dtype", torch.float32)).save_pretrained(folder, **({"max_shard_size": how["max_shard_size"]} if "max_shard_size" in how else {}))
            # Read back, because `.to(bfloat16)` also rounded the rotary buffers, which are not weights.
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
            if how.get("old_config"):
                write_old_config(folder)
            texts = [{"ids": torch.randint(3, VOCABULARY, (length,)).tolist()} for length in (2, 17, 90, 200)]
            worst, same = compare(options.reprise, model, folder, texts, work)
        good = worst < TOLERANCE and same
        faults += not good
        count += 1
        print(f"{name:34s} log-probs within {worst:.1e}, converted logits {'equal' if same else 'DIFFER'}{'' if good else '   <-- FAULT'}", flush=True)
    if options.gguf:
        path = pathlib.Path(options.gguf)
        model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        pairs = [("The capital of France is", " Paris, and the river is the Seine."), ("def f(x):\n", "    return x * x  # 平方\n"),
                 ("<|im_start|>user\nWhat is 17 + 25?<|im_end|>\n<|im_start|>assistant\n", "17 + 25 = 42.")]
        with tempfile.TemporaryDirectory() as temporary:
            work = pathlib.Path(temporary)
            texts = [{"prompt": p, "completion": c} for p, c in pairs]
            worst, same = compare(options.reprise, model, path, texts, work)
            ids = [json.loads(line)["ids"] for line in (work / "out.jsonl").read_text().splitlines()]
            tokens = all(mine == tokenizer.encode(p) + tokenizer.encode(c, add_special_tokens=False) for mine, (p, c) in zip(ids, pairs))
        good = worst < TOLERANCE and same and tokens
        faults += not good
        count += 1
        print(f"{path.name:34s} log-probs within {worst:.1e}, converted logits {'equal' if same else 'DIFFER'}, ids {'equal' if tokens else 'DIFFER'}")
    print(f"{count} models against transformers {transformers.__version__}, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
