"""Shared by the checks: a small model with the bundled model's modules, and the expected ranks."""

import json
import pathlib
import shutil

import torch
from transformers import AutoConfig, AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "public/models/atlas-3m"


def model_folder(folder: pathlib.Path) -> pathlib.Path:
    """A PyTorch model of the bundled model's shape with random weights, and its tokenizer."""
    out = folder / "model"
    if not out.exists():
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(BUNDLED)).save_pretrained(out)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            if (BUNDLED / name).exists():
                shutil.copy(BUNDLED / name, out / name)
    return out


def data_file(folder: pathlib.Path) -> pathlib.Path:
    out = folder / "data.txt"
    out.write_text("The light of the sun is white.\n" * 8)
    return out


def check_ranks(model, folder: pathlib.Path) -> int:
    """Every module has its rank and the scale 2, and modules of rank 0 have no adapter."""
    expected = json.loads((folder / "ranks.json").read_text())
    found = {}
    for name, module in model.named_modules():
        if hasattr(module, "lora_A") and "default" in module.lora_A:
            path = name.removeprefix("base_model.model.")
            found[path] = module.lora_A["default"].out_features
            assert module.scaling["default"] == 2, (path, module.scaling)
    assert found == {path: rank for path, rank in expected.items() if rank > 0}, found
    return len(found)
