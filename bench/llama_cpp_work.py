#!/usr/bin/env python3
"""llama.cpp's half of compare_llama_cpp.py: `write-f32 IN OUT` decodes a GGUF file's weights to float32; `sample` times llama.cpp."""
import json
import sys
import time

import numpy as np


def write_f32(source, target):
    import gguf

    reader = gguf.GGUFReader(source)
    field = reader.get_field("general.architecture")
    writer = gguf.GGUFWriter(target, field.contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        writer.add_key_value(name, field.contents(), kind, sub_type=field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    writer.add_file_type(0)
    for tensor in reader.tensors:
        weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        writer.add_tensor(tensor.name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def sample(weights, sequences, prompt_length, new_tokens, threads):
    import llama_cpp as L

    L.llama_backend_init()
    quiet = L.llama_log_callback(lambda level, text, data: None)
    L.llama_log_set(quiet, None)
    parameters = L.llama_model_default_params()
    model = L.llama_model_load_from_file(weights.encode(), parameters)
    vocabulary = L.llama_vocab_n_tokens(L.llama_model_get_vocab(model))
    context_parameters = L.llama_context_default_params()
    context_parameters.n_ctx = sequences * (prompt_length + new_tokens + 8)
    context_parameters.n_batch = context_parameters.n_ubatch = 512
    context_parameters.n_seq_max = sequences
    context_parameters.n_threads = context_parameters.n_threads_batch = threads
    context = L.llama_init_from_model(model, context_parameters)
    greedy = L.llama_sampler_init_greedy()
    rng = np.random.default_rng(1)
    batch = L.llama_batch_init(512, 0, 1)

    def put(place, token, position, sequence, wanted):
        batch.token[place] = int(token)
        batch.pos[place] = position
        batch.n_seq_id[place] = 1
        batch.seq_id[place][0] = sequence
        batch.logits[place] = wanted

    def once():
        L.llama_memory_clear(L.llama_get_memory(context), True)
        prompts = rng.integers(3, vocabulary, (sequences, prompt_length))
        start = time.perf_counter()
        last = [0] * sequences
        at_a_time = 512 // prompt_length
        for first in range(0, sequences, at_a_time):
            chosen = range(first, min(first + at_a_time, sequences))
            batch.n_tokens = len(chosen) * prompt_length
            for row, sequence in enumerate(chosen):
                for position in range(prompt_length):
                    put(row * prompt_length + position, prompts[sequence, position], position, sequence, position == prompt_length - 1)
            assert L.llama_decode(context, batch) == 0
            for row, sequence in enumerate(chosen):
                last[sequence] = L.llama_sampler_sample(greedy, context, (row + 1) * prompt_length - 1)
        for step in range(new_tokens - 1):
            batch.n_tokens = sequences
            for sequence in range(sequences):
                put(sequence, last[sequence], prompt_length + step, sequence, True)
            assert L.llama_decode(context, batch) == 0
            for sequence in range(sequences):
                last[sequence] = L.llama_sampler_sample(greedy, context, sequence)
        return time.perf_counter() - start

    once()
    seconds = sorted(once() for _ in range(3))
    print(json.dumps({"seconds": seconds[1], "version": L.__version__}))


if sys.argv[1] == "write-f32":
    write_f32(sys.argv[2], sys.argv[3])
else:
    sample(sys.argv[2], *map(int, sys.argv[3:7]))
