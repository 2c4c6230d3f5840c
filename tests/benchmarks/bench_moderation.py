"""How well the embedded moderation classifier does on public data and on texts of a shop's customers.

    HOPDESK_BENCH_DATA=<folder with the four sets> python -m tests.benchmarks.bench_moderation

The sets are openai-moderation, toxicity, clinc150 and jailbreaks. The classifier is fitted on the even half of OpenAI's
samples; all that is printed is measured on the odd half and on sets that it never saw. "Any harm" joins the categories
that those samples are labelled for. "Acted on" means that a text would have gone to a person or been refused, at the
default thresholds; what the rules alone and both layers together act on stands beside it. Times are for one text on
one thread, warm, the embedding of the whole text being known, as it is to the intent hop that shares it.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation import classifier_file
from assistant.embedded.moderation.examples import Example
from assistant.embedded.moderation.moderator import EmbeddedModerator
from assistant.embedded.moderation.openai_samples import read_samples
from moderation import Category, ModerationPolicy, Verdict, judge_by_rules
from tests.benchmarks.bench_clinc import DATA_VARIABLE

ROOT = Path(__file__).parents[2]
PROFANE = ROOT / "tests" / "moderation" / "profane_honest.txt"
DEMO_CASES = ROOT / "evals" / "cases" / "demo-dev.jsonl"
TIMED_TEXTS = 500
LABELLED: tuple[Category, ...] = ("harassment", "hate", "sexual", "self_harm", "violence", "illegal")

Judge = Callable[[str], Verdict]


def main() -> None:
    """Measure and print; without the data say so and stop."""
    console = Console()
    folder = Path(os.environ.get(DATA_VARIABLE, ""))
    samples = folder / "openai-moderation" / "samples.jsonl.gz"
    if DATA_VARIABLE not in os.environ or not samples.exists():
        console.print(f"Set {DATA_VARIABLE} to a folder with openai-moderation/samples.jsonl.gz to run this benchmark.")
        return
    encoder, policy = Encoder(threads=1), ModerationPolicy()
    loaded = classifier_file.load(encoder.fingerprint)
    classifier = loaded.classifier
    moderator = EmbeddedModerator(loaded, encoder, policy)

    def scores(text: str) -> dict[Category, float]:
        return classifier.scores(text, encoder)

    odd = read_samples(samples, odd=True)
    toxic, tame = _toxicity(folder)
    console.print(_ranking([scores(sample.text) for sample in odd], odd))
    harm = [any_harm(scores(text)) for text in (*toxic, *tame)]
    console.print(f"toxicity, any harm: AUROC {_auroc([True] * len(toxic) + [False] * len(tame), harm)}")
    console.print(f"toxicity, any harm: AUPRC {_auprc([True] * len(toxic) + [False] * len(tame), harm)}")
    sets = {
        "openai odd half, harmful": [sample.text for sample in odd if sample.categories],
        "openai odd half, harmless": [sample.text for sample in odd if not sample.categories],
        "toxicity, toxic": toxic,
        "toxicity, not toxic": tame,
        "jailbreaks in the wild, up to 2,000 characters": _jailbreaks(folder),
        "harmful requests, worded cleanly": _lines(folder / "jailbreaks" / "harmbench_prompts.txt"),
        "clinc150 test, in scope": _clinc(folder),
        "demo cases, answered or asked back": _demo_cases(),
        "profane but honest": _lines(PROFANE),
    }
    console.print(_acted_on(sets, moderator.judge, lambda text: judge_by_rules(text, policy)))
    short, long = _clinc(folder)[:TIMED_TEXTS], [text for text in _jailbreaks(folder) if len(text) > 1500]
    console.print(f"ms beyond the shared embedding, p50 / p95: {_times(moderator, encoder, short)} for a short text, ")
    console.print(f"{_times(moderator, encoder, long)} for one of 1,500 to 2,000 characters")


def _ranking(scores: Sequence[dict[Category, float]], samples: Sequence[Example]) -> Table:
    """AUROC and AUPRC by category among the samples that were judged for it, and of any harm."""
    table = Table(title=f"openai-moderation, odd half: {len(samples)} samples")
    for heading in ("category", "harmful", "of", "AUROC", "AUPRC"):
        table.add_column(heading, justify="left" if heading == "category" else "right")
    for category in LABELLED:
        judged = [(category in one.categories, found[category]) for one, found in zip(samples, scores, strict=True)
                  if category not in one.unknown]  # fmt: skip
        shown = [is_so for is_so, _ in judged]
        if any(shown):
            values = [score for _, score in judged]
            row = (category, str(sum(shown)), str(len(shown)), _auroc(shown, values), _auprc(shown, values))
            table.add_row(*row)
    harmful = [bool(sample.categories) for sample in samples]
    whole = [any_harm(found) for found in scores]
    table.add_row("any harm", str(sum(harmful)), str(len(harmful)), _auroc(harmful, whole), _auprc(harmful, whole))
    return table


def any_harm(scores: dict[Category, float]) -> float:
    """The score (0..1) that any labelled category applies, as if they were independent."""
    return float(1 - np.prod([1 - scores[category] for category in LABELLED]))


def _acted_on(sets: dict[str, list[str]], embedded: Judge, rules: Judge) -> Table:
    """The share of each set that is sent to a person or refused."""
    table = Table(title="acted on at the default thresholds")
    for heading in ("set", "texts", "embedded", "of these refused", "rules", "both"):
        table.add_column(heading, justify="left" if heading == "set" else "right")
    for name, texts in sets.items():
        by_model, by_rules = [embedded(text) for text in texts], [rules(text) for text in texts]
        both = [one.passes and other.passes for one, other in zip(by_model, by_rules, strict=True)]
        table.add_row(
            name,
            str(len(texts)),
            f"{np.mean([not one.passes for one in by_model]):.2%}",
            f"{np.mean([one.action == 'block' for one in by_model]):.1%}",
            f"{np.mean([not one.passes for one in by_rules]):.1%}",
            f"{np.mean([not passes for passes in both]):.1%}",
        )
    return table


def _times(moderator: EmbeddedModerator, encoder: Encoder, texts: Sequence[str]) -> str:
    taken = []
    for text in texts:
        encoder.encode(text)
        started = time.perf_counter()
        moderator.judge(text)
        taken.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.quantile(taken, (0.5, 0.95))
    return f"{p50:.2f} / {p95:.2f}"


def _auroc(shown: Sequence[bool], scores: Sequence[float]) -> str:
    from sklearn.metrics import roc_auc_score

    return f"{roc_auc_score(shown, scores):.3f}"


def _auprc(shown: Sequence[bool], scores: Sequence[float]) -> str:
    from sklearn.metrics import average_precision_score

    return f"{average_precision_score(shown, scores):.3f}"


def _toxicity(folder: Path) -> tuple[list[str], list[str]]:
    with (folder / "toxicity" / "toxicity_en.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["is_toxic"] == "Toxic") for row in csv.DictReader(file)]
    return [text for text, toxic in rows if toxic], [text for text, toxic in rows if not toxic]


def _jailbreaks(folder: Path) -> list[str]:
    prompts = json.loads((folder / "jailbreaks" / "inthewild_jailbreak_llms.json").read_text(encoding="utf-8"))
    return [str(prompt) for prompt in prompts if len(prompt) <= ModerationPolicy().text_limit_chars]


def _clinc(folder: Path) -> list[str]:
    data = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    return [str(text) for text, _ in data["test"]]


def _demo_cases() -> list[str]:
    """The texts of those cases that the desk is to deal with by itself, and may not decline."""
    cases = [json.loads(line) for line in DEMO_CASES.read_text(encoding="utf-8").splitlines()]
    return [
        case["text"]
        for case in cases
        if all(allowed.get("outcome") in {"answer", "clarify"} for allowed in case["expect"])
    ]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
