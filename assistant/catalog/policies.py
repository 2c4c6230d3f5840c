"""Policies: a folder of Markdown files, read into paragraphs that can be quoted whole.

A file holds `# Title`, then `## Section` headings and paragraphs between blank lines. Its stem is the
topic: `returns.md` gives passages such as `returns#time-limit.1` with the title "Returns: Time limit".
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from assistant.catalog.lexicon import plain_letters
from assistant.catalog.products import visible_prose
from assistant.catalog.toml_file import read_text
from chains.errors import CatalogError
from chains.facts import Passage

_STEM = re.compile(r"[a-z][a-z0-9-]{0,59}")  # that of `chains.tools.Topic`
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
_LIST_ENTRY = re.compile(r"([-*+]|[0-9]{1,3}[.)])\s+")


@dataclass(frozen=True)
class Policy:
    """One file of the folder: its topic as `find_policy` names it, and its paragraphs in order."""

    topic: str
    passages: tuple[Passage, ...]


def read_policies(folder: Path) -> tuple[Policy, ...]:
    """Read every `*.md` of a folder in the order of names; raises CatalogError with a sentence."""
    if not folder.is_dir():
        raise CatalogError(f"{folder}: there is no such policy folder; check the path.")
    return tuple(parse_policy(path.stem, read_text(path), str(path)) for path in sorted(folder.glob("*.md")))


def parse_policy(stem: str, text: str, name: str) -> Policy:
    """Turn one policy file's text into passages; `name` stands in the messages of CatalogError."""
    if not _STEM.fullmatch(stem):
        raise CatalogError(f"{name}: the file name is the topic; use small letters, digits and hyphens, as returns.md.")
    title, section, numbers = "", "", Counter[str]()
    passages: list[Passage] = []
    for block in re.split(r"\n\s*\n", re.sub(r"^(#{1,6}\s.*)$", r"\n\1\n", text, flags=re.MULTILINE)):
        if not (lines := [line.strip() for line in block.splitlines() if line.strip()]):
            continue
        if heading := _HEADING.fullmatch(lines[0]):
            title, section = (heading[2], "") if len(heading[1]) == 1 else (title, heading[2])
            continue
        if not title:
            raise CatalogError(f"{name}: the text starts without a title; write `# Title` on the first line.")
        slug = _slug(section or title)
        numbers[slug] += 1
        where = f"{stem}#{slug}.{numbers[slug]}"
        passages.append(_passage(where, f"{title}: {section}" if section else title, _joined(lines), name))
    return Policy(topic=stem, passages=tuple(passages))


def _passage(where: str, title: str, text: str, name: str) -> Passage:
    try:
        return Passage(id=where, title=visible_prose(title), text="\n".join(map(visible_prose, text.split("\n"))))
    except (ValidationError, ValueError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise CatalogError(f"{name}: the passage {where} cannot be kept: {problem}; shorten or split it.") from None


def _joined(lines: list[str]) -> str:
    """Join the lines of a paragraph; the entries of a list stay on lines of their own."""
    text = lines[0]
    for line in lines[1:]:
        text += ("\n" if _LIST_ENTRY.match(line) else " ") + line
    return text.replace("**", "")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", plain_letters(text)).strip("-") or "section"
