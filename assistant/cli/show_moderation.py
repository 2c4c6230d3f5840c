"""Shows what moderation made of one text, and sums up what it made of many."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from assistant.cli.moderation_trial import LayerTried, Tried
from assistant.cli.screen import data, table
from moderation import Verdict

_COLOURS = {"allow": "green", "redact": "green", "review": "yellow", "block": "red"}


def show_tried(tried: Tried, console: Console) -> None:
    """Print the combined verdict, the text as it was cleaned, decoded and redacted, and each layer's own verdict."""
    verdict = tried.verdict
    console.print(Text.assemble(_action(verdict), (f"  by {verdict.layer}", "dim")), soft_wrap=True)
    for reason in verdict.reasons:
        console.print(data(f"  {reason}"), soft_wrap=True)
    if not tried.layers:
        return
    console.print()
    for name, text in _seen(tried):
        console.print(Text.assemble((f"{name:<9}", "dim"), data(text)), soft_wrap=True)
    columns = ("layer", "ms", "status", "action", "scores", "reasons")
    rows = map(_row, tried.layers)
    console.print()
    console.print(table("", columns, rows, numbers=("ms",), whole=("layer", "ms", "status", "action")))


def _seen(tried: Tried) -> Iterator[tuple[str, str]]:
    yield "cleaned", tried.text
    if tried.changes:
        yield "changed", ", ".join(change.replace("_", " ") for change in tried.changes)
    if tried.redacted.kinds:
        yield "redacted", tried.redacted.text
        yield "found", ", ".join(tried.redacted.kinds)
    for view in tried.views:
        yield "decoded", f"{view.text} ({view.encoding})"


def _row(layer: LayerTried) -> tuple[Text, ...]:
    verdict = layer.verdict
    colour = "green" if verdict else "red"
    start = (data(layer.model, "bold"), data(f"{layer.ms:.1f}"), data(layer.status, colour))
    if verdict is None:
        return (*start, Text(), Text(), data(layer.problem or ""))
    scores = "\n".join(f"{name} {score:.2f}" for name, score in verdict.categories.items())
    return (*start, _action(verdict), data(scores), data("\n".join(verdict.reasons)))


def _action(verdict: Verdict) -> Text:
    return Text(verdict.action, style=f"bold {_COLOURS[verdict.action]}")


@dataclass
class Summary:
    """How many texts came to what: by action, category and the layer that decided."""

    texts: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    layers: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count one verdict; its categories and layer count where it stops the text."""
        self.texts += 1
        self.actions[verdict.action] += 1
        if not verdict.passes:
            self.categories.update(verdict.categories.keys())
            self.layers[verdict.layer] += 1

    def show(self, console: Console) -> None:
        """Print the counts."""
        console.print(f"{self.texts:,} texts: {_counts(self.actions)}", soft_wrap=True, markup=False)
        if self.layers:
            console.print(f"stopped by layer: {_counts(self.layers)}", soft_wrap=True, markup=False)
        if self.categories:
            console.print(f"stopped by category: {_counts(self.categories)}", soft_wrap=True, markup=False)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counter.most_common()) or "none"
