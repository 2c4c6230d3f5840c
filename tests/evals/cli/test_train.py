"""`hopdesk evals train intent`, on a small shop whose people are asked for in words that its examples do not have."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.cli.opening import Unlogged
from assistant.embedded.encoder import Encoder
from assistant.settings import Settings
from assistant.wiring import open_site
from chains.scope_file import load_scope
from evals.cases import Case, Expectation, Split, as_line
from evals.evaluating import LocalCases
from evals.labels import Evaluator, Judgement, Target
from evals.results import CaseResult, Run
from evals.run_folder import RESULTS, RUN
from tests.assistant.cli.conftest import Run as Invoke
from tests.assistant.shops import write_shop

TRAIN = ("evals", "train", "intent")
WISHES = ("wibble", "squonk", "blort", "fleem", "zonk")
THINGS = ("gribbit", "flanjo", "plumbob", "dweezle", "snorgle", "quibbix", "tromble", "yabbit")
PEOPLE, QUESTION = "support.human", "product.question"
ASKING = ("does it have", "how much is", "what is", "is there")
NOUNS = ("bluetooth", "the memory", "a touchscreen", "the weight", "the battery", "the price", "the colour", "a port")


def as_case(text: str, intent: str, split: Split, name: str) -> Case:
    return Case(id=name, text=text, split=split, expect=(Expectation(intents=(intent,)),))


def labelled(texts: Iterable[str], intent: str, split: Split, name: str) -> list[Case]:
    return [as_case(text, intent, split, f"{name}-{place}") for place, text in enumerate(texts)]


def slang(words: Iterable[str], tail: str) -> list[str]:
    return [f"{wish} the {thing} {tail}" for wish in WISHES for thing in words]


def write(path: Path, cases: Iterable[Case]) -> Path:
    path.write_text("".join(f"{as_line(case)}\n" for case in cases), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Shop:
    """A small shop with all that a training needs, in one folder."""

    folder: Path

    @property
    def scope(self) -> Path:
        """The scope file, which names an examples file."""
        return self.folder / "scope.toml"

    @property
    def dev(self) -> Path:
        """Requests for a person in slang, and ordinary questions."""
        return self.folder / "dev.jsonl"

    @property
    def good(self) -> Path:
        """Cases of the train split: slang as it is meant."""
        return self.folder / "good.jsonl"

    def asked(self, *more: object, cases: Path | None = None) -> tuple[object, ...]:
        """The command line of a training."""
        rules = self.folder / "gate.toml"
        return (*TRAIN, "--cases", cases or self.dev, "--rules", rules, "--scope", self.scope, *more)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The shop, whose examples file is empty."""
    made = Shop(tmp_path)
    text = write_shop(tmp_path, site="trained").read_text(encoding="utf-8")
    named = text.replace("[sources] ", '[sources]\nexamples = "examples.jsonl" ', 1)
    assert named != text
    made.scope.write_text(named, encoding="utf-8")
    (tmp_path / "examples.jsonl").touch()
    (tmp_path / "gate.toml").write_text('margin = 0.02\nscorer = "intents"\nmin_cases = 10\n', encoding="utf-8")
    plain = (f"{ask} {noun}" for ask in ASKING[:2] for noun in NOUNS[:4])
    slang_now = slang(THINGS[:4], "now")
    write(made.dev, [*labelled(slang_now, PEOPLE, "dev", "slang"), *labelled(plain, QUESTION, "dev", "plain")])
    write(made.good, labelled(slang(THINGS, "please"), PEOPLE, "train", "good"))
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "report.md"}


def said(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


def test_a_head_that_is_better_is_promoted_and_serves(run: Invoke, shop: Shop, home: Path, encoder: Encoder) -> None:
    report = shop.folder / "report.md"
    asked = shop.asked("--from", shop.good, "--few", "--report", report)
    before = files(shop.folder)
    done = run(*asked)
    assert done.exit_code == 0, done.stderr
    assert "40 new examples" in done.stdout
    assert "It passes; --promote puts the new examples in place. Nothing was changed." in said(done.stdout)
    assert "No run of a language model was there to compare with" in said(done.stdout)
    assert files(shop.folder) == before
    assert "# Training of the intent head of" in report.read_text(encoding="utf-8")

    old = open_site(shop.scope, Settings(home=home), encoder, Unlogged())
    old.catalog.close()
    done = run(*asked, "--promote")
    assert done.exit_code == 0, done.stderr
    assert "Promoted: the examples are in" in said(done.stdout)
    assert len(load_scope(shop.scope).examples) == 40
    new = open_site(shop.scope, Settings(home=home), encoder, Unlogged())
    new.catalog.close()
    assert new.head.sha256 != old.head.sha256
    assert new.head.predict("fleem the snorgle, thanks").label == PEOPLE
    assert new.chain.scope_sha256 != old.chain.scope_sha256

    again = run(*asked, "--promote")
    assert again.exit_code == 2
    assert "There is no new example to learn from" in said(again.stderr)
    assert "among the scope's examples already" in said(again.stdout)


def test_a_head_that_is_worse_is_not_promoted(run: Invoke, shop: Shop) -> None:
    texts = [f"{ask} {noun} {more}" for ask in ASKING for noun in NOUNS for more in ("here", "then", "really")]
    bad = write(shop.folder / "bad.jsonl", labelled(texts, PEOPLE, "train", "bad"))
    plain = [case for case in map(Case.model_validate_json, shop.dev.read_text().splitlines()) if case.id[0] == "p"]
    more = labelled((f"{ask} {noun}" for ask in ASKING[2:] for noun in NOUNS[4:]), QUESTION, "dev", "more")
    cases = write(shop.folder / "plain.jsonl", [*plain, *more])
    before = files(shop.folder)
    done = run(*shop.asked("--from", bad, "--few", "--promote", cases=cases))
    assert done.exit_code == 1, done.stdout
    assert "It is worse, so nothing was changed." in said(done.stdout)
    assert files(shop.folder) == before


def test_a_head_that_is_no_different_is_not_promoted(run: Invoke, shop: Shop) -> None:
    cases = labelled((f"{ask} {noun}" for ask in ASKING for noun in NOUNS[:4]), QUESTION, "dev", "plain")
    dev = write(shop.folder / "plain.jsonl", cases)
    new = write(shop.folder / "new.jsonl", [as_case("does it have the bluetooth thing", QUESTION, "train", "n")])
    before = files(shop.folder)
    done = run(*shop.asked("--from", new, "--few", "--promote", cases=dev))
    assert done.exit_code == 2, done.stdout
    assert "It is not proven to be better, so nothing was changed." in said(done.stdout)
    assert files(shop.folder) == before


def test_corrections_are_learnt_from_and_leaks_are_not(run: Invoke, shop: Shop) -> None:
    def corrected(text: str, place: int) -> str:
        made = Judgement(
            target=Target(turn_id=f"t{place}", hop="intent"), evaluator=Evaluator(name="desk"), kind="human",
            label="fail", corrected=Expectation(intents=(PEOPLE,)), text=text, labeller="kim",
        )  # fmt: skip
        return made.model_dump_json(by_alias=True)

    texts = [*slang(THINGS[4:], "please"), *slang(THINGS[:1], "NOW!"), "cash on delivery please"]
    path = shop.folder / "judgements.jsonl"
    path.write_text("".join(f"{corrected(text, place)}\n" for place, text in enumerate(texts)), encoding="utf-8")
    test = as_case("Cash on delivery, please", PEOPLE, "test", "held")
    held_out = write(shop.folder / "held.jsonl", [test])
    done = run(*shop.asked("--judgements", path, "--few", "--promote", "--held-out", held_out))
    assert done.exit_code == 0, (done.stdout, done.stderr)
    assert "the same as a case that is evaluated or held out 6" in said(done.stdout)
    learnt = load_scope(shop.scope).examples
    assert [one.text for one in learnt] == texts[:20]
    assert {one.labeller for one in learnt} == {"kim"}


class TestRecordedRuns:
    def recorded(self, folder: Path, run: Run, results: Iterable[CaseResult]) -> Path:
        folder.mkdir()
        (folder / RUN).write_text(run.model_dump_json(by_alias=True), encoding="utf-8")
        lines = (one.model_dump_json(by_alias=True) for one in results)
        (folder / RESULTS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return folder

    def test_a_language_model_that_is_better_keeps_the_head_from_being_promoted(self, run: Invoke, shop: Shop) -> None:
        done = run("evals", "run", "--cases", shop.dev, "--scope", shop.scope, "-o", shop.folder / "old")
        assert done.exit_code == 0, done.stderr
        results = [
            CaseResult.model_validate_json(line) for line in (shop.folder / "old" / RESULTS).read_text().splitlines()
        ]
        right = [
            one.model_copy(update={"scores": tuple(s.model_copy(update={"label": "pass"}) for s in one.scores)})
            for one in results
        ]
        of = Run.model_validate_json((shop.folder / "old" / RUN).read_text())
        models = {**of.models, "intent": ("openai/[red]x",)}
        baseline = self.recorded(shop.folder / "llm", of.model_copy(update={"models": models}), right)
        half = labelled(slang(THINGS, "please")[:16], PEOPLE, "train", "half")
        source = write(shop.folder / "half.jsonl", half)
        recorded = ("--incumbent", shop.folder / "old", "--report", shop.folder / "report.md")
        asked = shop.asked("--from", source, "--few", "--promote", *recorded)
        before = files(shop.folder)
        done = run(*asked, "--baseline", baseline)
        assert done.exit_code in {1, 2}, (done.stdout, done.stderr)
        assert "Against openai/[red]x:" in done.stdout
        assert "No run of a language model" not in done.stdout
        assert files(shop.folder) == before
        assert "# Against <code>openai&#47;&#91;red&#93;x</code>" in (shop.folder / "report.md").read_text()

        other = run(*asked, "--baseline", shop.folder / "old")
        assert other.exit_code == 2
        assert "no language model named the intents in this run" in said(other.stderr)

    def test_a_run_of_other_cases_is_no_incumbent(self, run: Invoke, shop: Shop, shorter: Path) -> None:
        done = run(*shop.asked("--from", shop.good, "--few", "--incumbent", shorter))
        assert done.exit_code == 2
        assert "this is no run of the scope as it is on these cases" in said(done.stderr)
        assert not (shop.folder / "report.md").exists()

    @pytest.fixture
    def shorter(self, shop: Shop, home: Path, encoder: Encoder) -> Path:
        """A run of the scope on fewer cases."""
        site = open_site(shop.scope, Settings(home=home), encoder, Unlogged())
        site.catalog.close()
        cases = [Case.model_validate_json(line) for line in shop.dev.read_text().splitlines()[:2]]
        return self.recorded(shop.folder / "other", LocalCases(site, cases).planned.run, ())


class TestRefused:
    def test_few_examples_with_what_to_do_instead(self, run: Invoke, shop: Shop) -> None:
        before = files(shop.folder)
        done = run(*shop.asked("--from", shop.good, "--promote"))
        assert done.exit_code == 2
        assert "There are 40 new examples, and fewer than 100 do not justify another head" in said(done.stderr)
        assert "improve the prompt or the scope's own examples first, then what the lookup finds" in said(done.stderr)
        assert files(shop.folder) == before

    @pytest.mark.parametrize(("learnt", "evaluated"), [("test", "dev"), ("train", "test"), ("train", "train")])
    def test_splits_that_are_not_for_it(self, run: Invoke, shop: Shop, learnt: Split, evaluated: Split) -> None:
        source = write(shop.folder / "a.jsonl", [as_case("x y", PEOPLE, learnt, "a")])
        cases = write(shop.folder / "b.jsonl", [as_case("y z", PEOPLE, evaluated, "b")])
        done = run(*shop.asked("--from", source, "--few", cases=cases))
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"is of the {evaluated if evaluated != 'dev' else learnt} split" in said(done.stderr)

    @pytest.mark.parametrize(
        ("name", "content", "problem"),
        [
            ("good.jsonl", "{", "good.jsonl line 1: the line: Invalid JSON"),
            ("dev.jsonl", "{}", "dev.jsonl line 1: id: Field required"),
            ("gate.toml", "margin = 2", "gate.toml: margin: found 2; it should be less than 1"),
            ("examples.jsonl", "{", "examples.jsonl line 1: found {; write one JSON object"),
        ],
    )
    def test_damaged_files(self, run: Invoke, shop: Shop, name: str, content: str, problem: str) -> None:
        (shop.folder / name).write_text(content, encoding="utf-8")
        done = run(*shop.asked("--from", shop.good))
        assert (done.exit_code, done.stdout) == (2, "")
        assert problem in said(done.stderr)

    def test_damaged_judgements(self, run: Invoke, shop: Shop) -> None:
        path = shop.folder / "judgements.jsonl"
        path.write_text(json.dumps({"schema": "judgement/1"}), encoding="utf-8")
        done = run(*shop.asked("--judgements", path))
        assert done.exit_code == 2
        assert "judgements.jsonl line 1 is no judgement/1" in said(done.stderr)

    def test_no_file_to_learn_from(self, run: Invoke, shop: Shop) -> None:
        done = run(*shop.asked())
        assert done.exit_code == 2
        assert "Give --from FILE, --judgements FILE, or both." in said(done.stderr)

    def test_a_report_that_cannot_be_written_keeps_from_promoting(self, run: Invoke, shop: Shop) -> None:
        before = files(shop.folder)
        done = run(*shop.asked("--from", shop.good, "--few", "--promote", "--report", "/dev/null/x"))
        assert done.exit_code == 2
        assert "the report cannot be written" in said(done.stderr)
        assert files(shop.folder) == before
