#!/usr/bin/env python3
"""One kind of work of compare_trl.py on the Hugging Face side: trl_work.py rollout|sft|grpo THREADS. Prints {"seconds": median}."""
import json
import os
import statistics
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
work, threads = sys.argv[1], int(sys.argv[2])

import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

torch.set_num_threads(threads)
torch.manual_seed(1)
CONFIG = Qwen2Config(vocab_size=4096, hidden_size=256, intermediate_size=704, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
                     max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=None, eos_token_id=None, pad_token_id=0)


def timed(once, repeats=3):
    once()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def rollout(model):
    ids = torch.randint(3, 4096, (64, 64))
    with torch.no_grad():
        model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, min_new_tokens=128, max_new_tokens=128, top_k=0, pad_token_id=0)


def sft(model, optimizer):
    ids = torch.randint(3, 4096, (8, 256))
    model(ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def words_tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    vocabulary = {"<pad>": 0, "<bos>": 1, "<eos>": 2} | {f"w{i}": i for i in range(3, 4096)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>")


def grpo(model):
    """Seconds of each of TRL's steps but the first."""
    import random
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer
    draw = random.Random(1)
    prompts = [" ".join(f"w{draw.randrange(3, 4096)}" for _ in range(64)) for _ in range(64)]
    marks = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *a, **k):
            self.start = time.perf_counter()

        def on_step_end(self, *a, **k):
            marks.append(time.perf_counter() - self.start)

    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(output_dir=folder, use_cpu=True, bf16=False, fp16=False, per_device_train_batch_size=64, num_generations=8, max_completion_length=128, beta=0.0,
                            learning_rate=1e-5, max_steps=4, logging_steps=100, report_to=[], save_strategy="no", loss_type="grpo", temperature=1.0,
                            generation_kwargs={"min_new_tokens": 128}, gradient_checkpointing=False, disable_tqdm=True)
        trainer = GRPOTrainer(model=model, processing_class=words_tokenizer(), args=config, train_dataset=Dataset.from_dict({"prompt": prompts}),
                              reward_funcs=lambda completions, **k: [float(len(c) % 2) for c in completions], callbacks=[Clock()])
        trainer.train()
    return statistics.median(marks[1:])


model = Qwen2ForCausalLM(CONFIG)
if work == "rollout":
    seconds = timed(lambda: rollout(model))
elif work == "sft":
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    seconds = timed(lambda: sft(model, optimizer), 5)
else:
    model.generation_config.eos_token_id = None
    seconds = grpo(model)
print(json.dumps({"work": work, "seconds": seconds}))
