"""Whether a candidate takes the place of the head in use, and how its examples are written."""

from pathlib import Path

import pytest

from chains.errors import ScopeError
from chains.scope import LabelledExample
from chains.scope_file import LoadedScope, load_scope, with_examples
from evals.finished import FinishedRun
from evals.gate_file import GateRules
from evals.promotion import (
    TrainingError,
    decide_on,
    promote,
    refuse_other_baseline,
    refuse_other_incumbent,
)
from evals.results import Run
from tests.assistant.shops import write_shop
from tests.evals.paired_runs import by_letters, run_of

RULES = GateRules(margin=0.1)
OLD = LabelledExample(intent="support.human", text="let me talk to kim", source="t0", split="train")
NEW = LabelledExample(intent="support.human", text="wibble the frobnicator", source="t1", split="train", labeller="kim")


def run(passed: int, failed: int = 0, run_id: str = "r") -> FinishedRun:
    return by_letters(*("p" * passed), *("f" * failed), run_id=run_id)


def asked(models: tuple[str, ...], **changes: object) -> Run:
    return run_of().model_copy(update={"models": {"intent": models}, **changes})


def baseline(passed: int, failed: int) -> FinishedRun:
    made = run(passed, failed)
    return FinishedRun(asked(("openai/x", "embedded")), made.results, {})


class TestDeciding:
    def test_a_candidate_that_is_better_passes(self) -> None:
        decision = decide_on(run(60), run(40, 20), None, RULES)
        assert (decision.finding, decision.exit_code, decision.baseline) == ("pass", 0, None)

    def test_one_that_is_no_different_cannot_be_told_whatever_the_margin(self) -> None:
        decision = decide_on(run(60), run(60), None, GateRules(margin=0.9))
        assert (decision.finding, decision.exit_code) == ("cannot tell", 2)

    def test_one_that_is_a_little_better_is_not_proven_to_be(self) -> None:
        assert decide_on(run(60), run(58, 2), None, RULES).finding == "cannot tell"

    def test_one_that_is_worse_regresses(self) -> None:
        decision = decide_on(run(40, 20), run(60), None, RULES)
        assert (decision.finding, decision.exit_code) == ("regress", 1)

    def test_the_other_rules_of_the_gate_hold_too(self) -> None:
        floor = GateRules(margin=0.1, floor=0.9)
        assert decide_on(run(40, 20), run(20, 40), None, floor).finding == "regress"
        assert decide_on(run(20), run(0, 20), None, RULES).finding == "cannot tell"  # fewer than 30 cases

    def test_a_baseline_that_is_as_good_is_no_hindrance(self) -> None:
        decision = decide_on(run(60), run(40, 20), baseline(60, 0), RULES)
        assert decision.finding == "pass"
        assert decision.baseline is not None
        assert decision.baseline.against == "openai/x"

    def test_a_baseline_that_is_better_is_one(self) -> None:
        decision = decide_on(run(40, 20), run(20, 40), baseline(60, 0), RULES)
        assert decision.incumbent.verdict.finding == "pass"
        assert decision.finding == "regress"


class TestRecordedRuns:
    def test_the_incumbents_run_is_the_one_that_would_be_made_now(self) -> None:
        refuse_other_incumbent(run_of("a"), run_of("b"), Path("old"))

    def test_another_run_is_no_incumbent(self) -> None:
        with pytest.raises(
            TrainingError, match=r"^old: this is no run of the scope as it is .* by cases_sha256; leave"
        ):
            refuse_other_incumbent(run_of(cases="b"), run_of(), Path("old"))

    def test_a_run_of_a_language_model_on_the_same_cases_is_a_baseline(self) -> None:
        refuse_other_baseline(asked(("embedded@0.9", "openai/x")), asked(("embedded",)), Path("llm"))

    @pytest.mark.parametrize("models", [("embedded",), ()])
    def test_a_run_without_a_language_model_is_none(self, models: tuple[str, ...]) -> None:
        with pytest.raises(TrainingError, match=r"^llm: no language model named the intents in this run; run"):
            refuse_other_baseline(asked(models), asked(("embedded",)), Path("llm"))

    @pytest.mark.parametrize("changes", [{"site": "other"}, {"cases_sha256": "0" * 64}, {"hop": "intent"}])
    def test_a_run_on_something_else_is_none(self, changes: dict[str, object]) -> None:
        with pytest.raises(TrainingError, match=f"^llm: .* it differs by {next(iter(changes))}; run the language"):
            refuse_other_baseline(asked(("openai/x",), **changes), asked(("embedded",)), Path("llm"))


class TestPromoting:
    @pytest.fixture
    def scope(self, tmp_path: Path) -> Path:
        """A small shop whose scope names an examples file with one line."""
        path = write_shop(tmp_path)
        named = 'products = "products.jsonl"    # .csv, .json or .jsonl\n'
        text = path.read_text(encoding="utf-8")
        assert named in text
        path.write_text(text.replace(named, f'{named}examples = "mine.jsonl"\n'), encoding="utf-8")
        (tmp_path / "mine.jsonl").write_text(f"{OLD.model_dump_json()}\n\n", encoding="utf-8")
        return path

    def both(self, scope: Path) -> tuple[LoadedScope, LoadedScope]:
        incumbent = load_scope(scope)
        return with_examples(incumbent, [NEW]), incumbent

    def test_the_file_is_read_again_as_the_candidate(self, scope: Path) -> None:
        before = scope.read_bytes()
        candidate, incumbent = self.both(scope)
        promoted = promote(candidate, incumbent)
        assert (promoted.path, promoted.missing_line) == (scope.parent / "mine.jsonl", None)
        assert load_scope(scope) == candidate
        assert load_scope(scope).examples == (OLD, NEW)
        assert scope.read_bytes() == before

    def test_the_old_file_is_kept_byte_by_byte(self, scope: Path) -> None:
        old = (scope.parent / "mine.jsonl").read_bytes()
        kept = promote(*self.both(scope)).kept
        assert kept is not None
        assert kept.read_bytes() == old
        again = promote(*self.both(scope)).kept
        assert again not in {None, kept}
        assert kept.read_bytes() == old
        assert {path.name for path in scope.parent.glob(".*")} == set()

    def test_a_scope_that_names_none_is_told_which_line_to_add(self, tmp_path: Path) -> None:
        scope = write_shop(tmp_path)
        promoted = promote(*self.both(scope))
        assert promoted.kept is None
        assert promoted.missing_line == 'examples = "examples.jsonl"'
        text = scope.read_text(encoding="utf-8")
        assert load_scope(scope).examples == ()
        scope.write_text(text.replace("[sources]", f"[sources]\n{promoted.missing_line}\n"), encoding="utf-8")
        assert load_scope(scope).examples == (NEW,)

    @pytest.mark.parametrize("name", ["scope.toml", "mine.jsonl"])
    def test_nothing_is_written_where_something_changed_meanwhile(self, scope: Path, name: str) -> None:
        both = self.both(scope)
        path = scope.parent / name
        more = "# seen\n" if name == "scope.toml" else f"{NEW.model_dump_json()}\n"
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
        before = {path.name: path.read_bytes() for path in scope.parent.iterdir()}
        with pytest.raises(TrainingError, match="changed while the head was fitted; nothing was written"):
            promote(*both)
        assert {path.name: path.read_bytes() for path in scope.parent.iterdir()} == before

    def test_a_scope_that_cannot_be_read_any_more_is_told(self, scope: Path) -> None:
        both = self.both(scope)
        scope.unlink()
        with pytest.raises(ScopeError):
            promote(*both)

    def test_a_folder_that_cannot_be_written_is_told(self, scope: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        both = self.both(scope)
        before = (scope.parent / "mine.jsonl").read_bytes()

        def full(_handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("evals.promotion.os.fsync", full)
        with pytest.raises(TrainingError, match=r"mine\.jsonl: .*\(No space left on device\); nothing was changed\."):
            promote(*both)
        assert (scope.parent / "mine.jsonl").read_bytes() == before
        assert not [*scope.parent.glob("*.new"), *scope.parent.glob(".*")]
