#!/bin/bash
# Builds public/models/ and public/texts/: texts, tokenizer, training, export, 4 bits, losses, card.
#   bash recipe/make.sh            (RANK_ATLAS_MINUTES=5 for a quick model of low quality)
# Needs Debian 12 (apt-get download, dpkg), Python 3.11, a C++ compiler, 4 GB of memory, 8 GB of
# disk and 2 cores. Takes about 75 minutes.
set -euo pipefail
cd "$(dirname "$0")"
export RANK_ATLAS_BUILD="${RANK_ATLAS_BUILD:-$PWD/build}"
mkdir -p "$RANK_ATLAS_BUILD"
VENV="${RANK_ATLAS_VENV:-$RANK_ATLAS_BUILD/venv}"
if [ ! -x "$VENV/bin/python" ]; then
  python3 -m venv "$VENV"
fi
"$VENV/bin/python" -m pip install -q -r requirements.txt
for step in fetch_texts prepare train export measure card; do
  echo "== $step"
  "$VENV/bin/python" $step.py
done
"$VENV/bin/python" -m pytest -q -p no:cacheprovider test_recipe.py
