"""Adapters that Reprise trains, loaded by PEFT: the base model with the adapter gives the logits of the merged model/ that
Reprise wrote, and `reprise convert --adapter` merges it to the same. Needs transformers and peft.
Usage: compare_peft.py PATH/TO/reprise BASE_MODEL_FOLDER STAGE_FOLDER (a finished stage with lora_r)"""
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM


def main():
    program, base, stage = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    ids = torch.arange(3, 23).unsqueeze(0)
    with torch.no_grad():
        start = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        before = start(ids).logits
        adapted = PeftModel.from_pretrained(start, stage / "adapter")(ids).logits
        merged = AutoModelForCausalLM.from_pretrained(stage / "model", dtype=torch.float32)(ids).logits
        out = pathlib.Path(tempfile.mkdtemp()) / "merged"
        subprocess.run([program, "convert", base, "--adapter", str(stage / "adapter"), "--output", str(out)], check=True)
        converted = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)(ids).logits
    moved = (adapted - before).abs().max().item()
    worst = max((adapted - merged).abs().max().item(), (converted - merged).abs().max().item())
    print(f"the adapter moves logits by up to {moved:.3g}; PEFT, model/ and convert differ by {worst:.3g}")
    if worst > 2e-5 or moved < 1e-3:
        sys.exit(1)


main()
