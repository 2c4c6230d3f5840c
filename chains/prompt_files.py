"""Prompts: versioned text files with sections, which become the messages of a chat.

A line `--- system ---`, `--- user ---` or `--- assistant ---` starts a section. Sections `--- example user ---` and
`--- example assistant ---` are written once for each item of the variable `examples`, which they call `example`.
A section is a Jinja template. Sections are split before anything is filled in, and every value that is printed is
escaped, so that no text can start a section, become another role's message or close the tag that stands around it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeGuard, cast, get_args

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import TypeAdapter
from pydantic_core import to_json

from chains.errors import PromptError
from chains.language import Json
from chains.messages import HopName

PromptedHop = Literal["moderation", "intent", "lookup", "response"]
State = Literal["released", "draft", "own"]
PROMPTED_HOPS: tuple[PromptedHop, ...] = get_args(PromptedHop)
SHIPPED = Path(__file__).parent / "prompts"
_MANIFEST = TypeAdapter(dict[str, str])
_VERSION = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_HEADING = re.compile(r"^--- (.*) ---[ \t]*$", re.MULTILINE)
_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>\x7f\x85\u2028\u2029"}
_ESCAPE = re.compile(r"&(?=(?:amp|lt|gt);)")  # what a reader would take for one of the escapes of `escaped`
_KINDS = ("system", "user", "assistant", "example user", "example assistant")


class Verbatim(str):
    """Text that is printed as it is, because code made it without `<` and `>`."""

    __slots__ = ()


def as_json(value: object) -> Verbatim:
    """A value as one line of compact JSON; models and dataclasses too, decimals as strings.

    `<`, `>` and whatever else may be read as the end of a line are escapes in it, and so is an `&` that would be read
    as one of the escapes outside JSON. Raises a `ValueError` for what JSON cannot hold.
    """
    return Verbatim(_ESCAPE.sub(r"\\u0026", to_json(value, inf_nan_mode="null").decode().translate(_ESCAPES)))


def escaped(value: object) -> str:
    """A value as text that cannot open or close a tag; None is the empty text.

    `<` and `>` become `&lt;` and `&gt;`; an `&` stays, but where such an escape would be read it becomes `&amp;`.
    """
    if isinstance(value, Verbatim):
        return value
    text = "" if value is None else str(value)
    return _ESCAPE.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=escaped, trim_blocks=True, lstrip_blocks=True
    )
    made.globals.clear()  # a prompt has its variables and nothing else
    made.filters["json"] = as_json
    return made


_ENVIRONMENT = _environment()


@dataclass(frozen=True)
class Section:
    """One section of a prompt, compiled; `names` are the variables that it prints, `example` among them."""

    role: str
    is_example: bool
    template: Template
    names: frozenset[str]


@dataclass(frozen=True)
class Prompt:
    """One version of a hop's prompt; `sha256` is the file's, `variables` are all that it must be given."""

    hop: HopName
    version: str
    text: str
    sha256: str
    variables: frozenset[str]

    @property
    def name(self) -> str:
        """Hop and version, as in `intent/1`."""
        return f"{self.hop}/{self.version}"

    def render(self, values: Mapping[str, object]) -> tuple[Json, ...]:
        """The messages of a chat; raises `PromptError` where a variable is missing or is not one of the prompt's."""
        return self.prepare({}).render(values)

    def prepare(self, fixed: Mapping[str, object]) -> "Prepared":
        """The prompt with some variables given for good, so that what depends on them alone is written once."""
        return Prepared(self, fixed)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections in their order."""
        return _sections(self.text)


class Prepared:
    """A prompt some of whose variables are given for good; the items of fixed `examples` are written once, too."""

    def __init__(self, prompt: Prompt, fixed: Mapping[str, object]) -> None:
        self.prompt = prompt
        self._fixed = dict(fixed)
        self._written: dict[tuple[int, int], tuple[Json, ...]] = {}
        for place, section in enumerate(prompt.sections):
            if section.names <= fixed.keys() | {"example"}:
                for values in self._each(section, fixed):
                    self._written[place, id(values.get("example"))] = self._write(section, values)

    def render(self, values: Mapping[str, object]) -> tuple[Json, ...]:
        """The messages of a chat; `values` go before what was fixed.

        Raises `PromptError` where a variable is missing, is not one of the prompt's, or cannot be printed as asked.
        """
        given = {**self._fixed, **values}
        if missing := self.prompt.variables - given.keys():
            raise PromptError(f"The prompt {self.prompt.name} names {_listed(missing)}, which it is not given.")
        if unknown := given.keys() - self.prompt.variables:
            raise PromptError(f"The prompt {self.prompt.name} is given {_listed(unknown)}, which it does not name.")
        return tuple(message for part in self._parts(given, frozenset(values)) for message in part)

    def _parts(self, given: Mapping[str, object], fresh: frozenset[str]) -> Iterator[tuple[Json, ...]]:
        """The sections in their order, neighbouring example sections together for each example."""
        for is_example, group in groupby(enumerate(self.prompt.sections), lambda pair: pair[1].is_example):
            together = tuple(group)
            for values in self._each(together[0][1], given) if is_example else (given,):
                for place, section in together:
                    written = self._written.get((place, id(values.get("example"))))
                    if written is None or not section.names.isdisjoint(fresh):
                        written = self._write(section, values)
                    yield written

    @staticmethod
    def _each(section: Section, values: Mapping[str, object]) -> Iterable[Mapping[str, object]]:
        """The values with which a section is written: once, or once for each example."""
        if not section.is_example:
            return (values,)
        return ({**values, "example": one} for one in cast("Iterable[object]", values.get("examples", ())))

    def _write(self, section: Section, values: Mapping[str, object]) -> tuple[Json, ...]:
        """The section as a message; none where there is nothing in it."""
        try:
            text = section.template.render(values).strip()
        except TemplateError as error:
            raise PromptError(f"The prompt {self.prompt.name} cannot be written: {error}.") from None
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            kind = type(error).__name__  # the message may hold a customer's text
            raise PromptError(
                f"The prompt {self.prompt.name} cannot be written: {kind}; check its templates."
            ) from None
        return ({"role": section.role, "content": text},) if text else ()


def load_prompt(hop: str, version: str, folder: Path | None = None) -> Prompt:
    """A hop's prompt of a version, from those that come with Hopdesk or from a site's own folder.

    Raises `PromptError` where there is none, where it cannot be used, and where a released one was changed.
    """
    if not _is_prompted(hop):
        raise PromptError(f"There are no prompts for {hop!r}; there are for {', '.join(PROMPTED_HOPS)}.")
    if not _VERSION.fullmatch(version):
        raise PromptError(
            f"{version!r} cannot be a version of a prompt; use up to 40 of a-z, 0-9, dot and dash, as in 2-short."
        )
    shipped = SHIPPED / hop / f"{version}.txt"
    own = folder / hop / f"{version}.txt" if folder else None
    if own and own.exists():
        if shipped.exists():
            raise PromptError(f"{own}: Hopdesk has a prompt {hop}/{version} of its own; give yours another name.")
        return _read(hop, version, own)
    if not shipped.exists():
        known = ", ".join(f"{hop}/{name}" for name in _versions(hop, folder))
        raise PromptError(f"There is no prompt {hop}/{version}; there are: {known or 'none'}.")
    prompt = _read(hop, version, shipped)
    if released().get(prompt.name, prompt.sha256) != prompt.sha256:
        raise PromptError(
            f"{shipped}: the prompt {prompt.name} is not as it was released; "
            "put it back, and write the change as a version of its own."
        )
    return prompt


def list_prompts(folder: Path | None = None) -> tuple[Prompt, ...]:
    """All prompts that come with Hopdesk and those of a site's own folder, by hop and version."""
    return tuple(load_prompt(hop, version, folder) for hop in PROMPTED_HOPS for version in _versions(hop, folder))


def state(prompt: Prompt) -> State:
    """Whether a prompt is a released one, still a draft, or a site's own."""
    if prompt.name in released():
        return "released"
    return "draft" if (SHIPPED / prompt.hop / f"{prompt.version}.txt").exists() else "own"


def released() -> dict[str, str]:
    """The released prompts that come with Hopdesk, each with the hash of its file."""
    return _MANIFEST.validate_json((SHIPPED / "released.json").read_bytes())


def _is_prompted(hop: str) -> TypeGuard[PromptedHop]:
    return hop in PROMPTED_HOPS


def _versions(hop: str, folder: Path | None) -> tuple[str, ...]:
    """The versions of a hop's prompt; a file that both folders have is named once, and refused when it is read."""
    folders = (SHIPPED, folder) if folder else (SHIPPED,)
    return tuple(sorted({file.stem for one in folders for file in (one / hop).glob("*.txt")}))


def _read(hop: PromptedHop, version: str, file: Path) -> Prompt:
    try:
        raw = file.read_bytes()
        text = raw.decode()
    except OSError as error:
        raise PromptError(f"{file}: the prompt cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise PromptError(f"{file}: the prompt is not text in UTF-8; save it as such.") from None
    try:
        sections = _sections(text)
    except PromptError as error:
        raise PromptError(f"{file}: {error}") from None
    names = frozenset(name for section in sections for name in section.names)
    shown = frozenset({"examples"}) if any(section.is_example for section in sections) else frozenset()
    return Prompt(hop, version, text, sha256(raw).hexdigest(), names - {"example"} | shown)


@lru_cache(maxsize=256)
def _sections(text: str) -> tuple[Section, ...]:
    """A prompt's sections, compiled; line numbers in errors are the file's."""
    headings = tuple(_HEADING.finditer(text))
    if not headings or text[: headings[0].start()].strip():
        raise PromptError("a prompt starts with a line such as --- system ---; write it before the text.")
    ends = (*(heading.start() for heading in headings[1:]), len(text))
    return tuple(
        _section(heading[1], text[heading.end() : end], text.count("\n", 0, heading.end()))
        for heading, end in zip(headings, ends, strict=True)
    )


def _section(kind: str, source: str, line: int) -> Section:
    if kind not in _KINDS:
        raise PromptError(f"line {line + 1}: there is no section {kind!r}; there are: {', '.join(_KINDS)}.")
    placed = "\n" * line + source
    try:
        names = frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(placed)))
        template = _ENVIRONMENT.from_string(placed)
    except TemplateSyntaxError as error:
        raise PromptError(f"line {error.lineno}: this is not a template: {error.message}.") from None
    if "example" in names and not kind.startswith("example"):
        raise PromptError(f"line {line + 1}: `example` is known in example sections alone; use `examples` here.")
    return Section(kind.rpartition(" ")[2], kind.startswith("example"), template, names)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
