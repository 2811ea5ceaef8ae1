"""
`python check_llama_factory.py FOLDER`: LLaMA-Factory's parser reads the file, and its loader opens
the adapter that the PEFT script saved.
"""

import importlib.metadata
import os
import pathlib
import sys

import yaml
from llamafactory.hparams import get_train_args
from llamafactory.model import load_model, load_tokenizer

from common import check_ranks, model_folder

folder = pathlib.Path(sys.argv[1]).resolve()
model = model_folder(folder)
os.chdir(folder)
raw = yaml.safe_load((folder / "rank-atlas-llama-factory.yaml").read_text())
raw["model_name_or_path"] = str(model)
model_args, data_args, training_args, finetuning_args, _ = get_train_args(raw)
assert model_args.adapter_name_or_path == ["rank-atlas-adapter"]
tokenizer = load_tokenizer(model_args)["tokenizer"]
adapted = load_model(tokenizer, model_args, finetuning_args, is_trainable=True)
version = importlib.metadata.version("llamafactory")
print(f"llamafactory {version}: {check_ranks(adapted, folder)} modules")
