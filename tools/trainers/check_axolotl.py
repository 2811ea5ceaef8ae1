"""`python check_axolotl.py FOLDER`: axolotl's schema reads the file, and its LoraConfig is built."""

import importlib.metadata
import pathlib
import sys

import yaml
from axolotl.loaders.adapter import _build_lora_config_kwargs
from axolotl.utils.dict import DictDefault
from axolotl.utils.schemas.config import AxolotlInputConfig
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from common import check_ranks, model_folder

folder = pathlib.Path(sys.argv[1]).resolve()
model = model_folder(folder)
text = (folder / "rank-atlas-axolotl.yaml").read_text()
raw = yaml.safe_load(text.replace("MODEL", str(model)))
known = set(AxolotlInputConfig.model_fields)
assert set(raw) <= known, set(raw) - known
config = DictDefault(AxolotlInputConfig(**raw).model_dump(exclude_none=True))
lora = LoraConfig(
    r=config.lora_r,
    lora_alpha=config.lora_alpha,
    lora_dropout=config.lora_dropout,
    target_modules=config.lora_target_modules,
    task_type="CAUSAL_LM",
    **_build_lora_config_kwargs(config),
)
adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(model), lora)
version = importlib.metadata.version("axolotl")
print(f"axolotl {version}: {check_ranks(adapted, folder)} modules")
