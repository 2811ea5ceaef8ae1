"""`python check_trl.py FOLDER`: runs the PEFT script, and the TRL script for two steps."""

import os
import pathlib
import sys

import peft
import trl

from common import check_ranks, data_file, model_folder

folder = pathlib.Path(sys.argv[1]).resolve()
model = model_folder(folder)
data = data_file(folder)
os.chdir(folder)

names: dict = {}
exec((folder / "rank-atlas-peft.py").read_text().replace('"MODEL"', repr(str(model))), names)
print(f"peft {peft.__version__}: {check_ranks(names['model'], folder)} modules")

script = (folder / "rank-atlas-trl.py").read_text()
script = script.replace('"MODEL"', repr(str(model))).replace('"DATA.txt"', repr(str(data)))
script = script.replace(
    'output_dir="adapter"',
    'output_dir="adapter", max_steps=2, use_cpu=True, bf16=False, report_to=[]',
)
names = {}
exec(script, names)
trainer = names["trainer"]
assert trainer.state.global_step == 2
print(f"trl {trl.__version__}: {check_ranks(trainer.model, folder)} modules, 2 steps")
