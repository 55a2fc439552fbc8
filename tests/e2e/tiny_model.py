"""A model of 30,000 weights that has learnt last-digit chains a little, with a chat template: what tests of serving and evaluation sample from."""
import pathlib
import subprocess

RECIPE = """name: tiny
seed: 3
hardware: {device: cpu, torch_dtype: float32, num_threads: 1}
datasets:
  textbook: {generator: last_digit_chains_textbook, size: 2000, min_level: 1, max_level: 2}
stages:
  - {stage: base, type: pretrain, tokenizer: "words:last_digit_chains", hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2,
     num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 256, dataset_name: textbook, max_steps: 150,
     per_step_batch_size: 8, tile_tokens: 200, learning_rate: 3e-3}
"""


def make(program, folder):
    """Trains it below `folder` and returns the model's folder."""
    folder = pathlib.Path(folder)
    recipe = folder / "tiny.yaml"
    recipe.write_text(RECIPE)
    subprocess.run([program, "run", str(recipe), "--out", str(folder / "tiny")], check=True, capture_output=True)
    model = folder / "tiny/stages/01-base/model"
    (model / "chat_template.jinja").write_text("{{ bos_token }}{% for m in messages %}{{ ' ' + m['content'] }}{% endfor %}{% if add_generation_prompt %} so{% endif %}")
    return model
