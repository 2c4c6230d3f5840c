"""The whole way from a worse prompt or setting to the hop that it broke: run, gate, and where the turns went wrong.

Each change is made by `--set`, as a person would try it. The prompts are a language model's, which `tests.evals.oracle`
stands in for: this shows that a hop which got worse is caught and found, and nothing of what a prompt does to a model.
Grounding has no setting that could be made worse: it is code, and other tests hold it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.embedded.encoder import Encoder
from assistant.wiring import Site
from chains.messages import HopName
from evals.compare import compare
from evals.finished import finished_run
from evals.transitions import FirstBad, Transition, transitions
from tests.assistant.cli.conftest import Run, command_line
from tests.benchmarks.bench_language import scope_text
from tests.evals.oracle import TOLD, Oracle
from tests.model_server import serving

ROOT = Path(__file__).parents[2]
CASES, RULES = (ROOT / "evals" / place for place in ("cases/demo-dev.jsonl", "gates/demo.toml"))
WORSE_PROMPTS = Path(__file__).parent / "worse_prompts"
SETTINGS: dict[HopName, str] = {
    "moderation": 'moderation.blocked_terms=[{"term": "price", "category": "fraud"}, {"term": "order", '
    '"category": "fraud"}, {"term": "cheapest", "category": "spam"}, {"term": "return", "category": "fraud"}]',
    "intent": "thresholds.confidence=0.97",
    "outbound": r"moderation.pii.order_pattern=(?i:\bLO[- ]?\d{5}\b)|\b\d+ EUR\b",
}
"""Settings of the embedded models' chain that make a hop worse: it stops, or doubts, what is fine.

Moderation stops whoever speaks of money, the intent asks back unless it is all but certain, and on the way out every
price looks like the number of somebody's order.
"""
SLIGHT = "thresholds.confidence=0.75"


@dataclass(frozen=True)
class Demo:
    """The demo cases, run on the embedded models (`base`) and by prompts on a language model (`prompted`)."""

    hopdesk: Run
    folder: Path

    def run(self, name: str, *options: object) -> Path:
        """Run into a folder of this name."""
        done = self.hopdesk("evals", "run", *options, "--yes", "-o", self.folder / name)
        assert done.exit_code == 0, done.output
        return self.folder / name

    def embedded(self, name: str, *settings: str) -> Path:
        """The cases on the embedded models."""
        return self.run(name, "--cases", CASES, *(part for one in settings for part in ("--set", one)))

    def prompted(self, name: str, *options: object) -> Path:
        """The cases, or one hop again, on the language model; what it was asked before is on the cassette."""
        what = options if "--records" in options else ("--cases", CASES, *options)
        model = ("--scope", self.folder / "scope.toml", "--cassette", self.folder / "cassette.jsonl")
        return self.run(name, *what, *model)

    def gate(self, base: Path, candidate: Path) -> tuple[int, str]:
        """The exit code of the shipped gate, and what it says."""
        found = self.hopdesk("evals", "gate", base, candidate, "--rules", RULES)
        return found.exit_code, " ".join(found.stdout.split())


@pytest.fixture(scope="module")
def demo(home: Path, demo_site: Site, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Both runs that changes are held against, made once; the second asked the model all that the prompts ask."""
    folder = tmp_path_factory.mktemp("demonstration")
    with command_line(home, demo_site, encoder, folder / "ledger.sqlite") as hopdesk:
        made = Demo(hopdesk, folder)
        records = made.embedded("base") / "records.jsonl"
        with serving(Oracle(records)) as served:
            prompts = f'\n[prompts]\nfolder = "{WORSE_PROMPTS}"\n'
            (folder / "scope.toml").write_text(scope_text(served.base_url) + prompts, encoding="utf-8")
            made.prompted("prompted")
            yield made


def more(base: Path, candidate: Path) -> Counter[Transition]:
    """The wrong turns that the candidate has more of than the base, by last good and first bad hop."""
    return transitions(finished_run(candidate).results) - transitions(finished_run(base).results)


def worst_hop(base: Path, candidate: Path) -> FirstBad:
    """The first bad hop of most of them."""
    hops: Counter[FirstBad] = Counter()
    for (_, bad), count in more(base, candidate).items():
        hops[bad] += count
    return hops.most_common(1)[0][0]


@pytest.mark.parametrize("hop", SETTINGS)
def test_a_worse_setting_is_caught_and_the_hop_is_found(demo: Demo, hop: HopName) -> None:
    base, candidate = demo.folder / "base", demo.embedded(f"setting-{hop}", SETTINGS[hop])
    code, said = demo.gate(base, candidate)
    assert (code, said.startswith("REGRESS")) == (1, True), said
    assert worst_hop(base, candidate) == hop


@pytest.mark.parametrize("hop", TOLD)
def test_a_worse_prompt_is_caught_and_the_hop_is_found(demo: Demo, hop: HopName) -> None:
    base, candidate = demo.folder / "prompted", demo.prompted(f"prompt-{hop}", "--set", f"prompts.{hop}=2-curt")
    code, said = demo.gate(base, candidate)
    assert (code, said.startswith("REGRESS")) == (1, True), said
    assert worst_hop(base, candidate) == hop
    shown = demo.hopdesk("evals", "show", candidate).stdout
    assert f"changed: prompts.{hop} = 2-curt" in shown
    assert "Wrong turns by last good hop (rows) and first bad hop (columns)" in shown


def test_the_hop_alone_is_worse_too_with_everything_before_it_frozen(demo: Demo) -> None:
    records = ("--records", demo.folder / "prompted" / "records.jsonl", "--hop", "lookup")
    same = demo.prompted("again", *records)
    worse = demo.prompted("alone", *records, "--set", "prompts.lookup=2-curt")
    found = compare(finished_run(same), finished_run(worse), "same")
    assert found.base.value == 1
    assert found.difference.interval.high < 0


def test_a_language_model_that_is_told_all_is_no_different(demo: Demo) -> None:
    base, candidate = demo.folder / "base", demo.folder / "prompted"
    code, said = demo.gate(base, candidate)
    assert (code, said.startswith("PASS")) == (0, True), said
    assert more(base, candidate) == Counter()


def test_of_a_slight_loss_so_few_cases_cannot_tell_and_running_them_again_does_not_help(demo: Demo) -> None:
    base, candidate = demo.folder / "base", demo.embedded("slight", SLIGHT)
    code, said = demo.gate(base, candidate)
    assert (code, "a drop by 10 points cannot be ruled out" in said) == (2, True), said
    assert "80% takes" in said
    thrice = demo.run("thrice", "--cases", CASES, "--repeat", 3, "--set", SLIGHT)
    assert compare(finished_run(base), finished_run(thrice)).judged_cases == 75


@pytest.mark.parametrize("hop", TOLD)
def test_a_worse_prompt_is_the_released_one_without_what_the_oracle_needs(hop: HopName) -> None:
    released = (ROOT / "chains" / "prompts" / hop / "1.txt").read_text(encoding="utf-8").split()
    worse = (WORSE_PROMPTS / hop / "2-curt.txt").read_text(encoding="utf-8").split()
    assert 0 < len(released) - len(worse) < 100
    rest = iter(released)
    assert all(any(word.strip(".:") == one.strip(".:") for one in rest) for word in worse)
