"""The report of a training: its rows, what limits what it says, and that nobody's text is Markdown in it."""

from collections import Counter

from chains.scope import LabelledExample
from evals.finished import FinishedRun
from evals.gate_file import GateRules
from evals.head_figures import HeadFigures
from evals.promotion import decide_on
from evals.training import Gathered, LeftOut
from evals.training_report import TrainingReport, example_rows, figure_rows, left_out_rows, markdown
from tests.evals.paired_runs import by_letters, run_of

BEFORE = HeadFigures(count=1200, inside=1000, accuracy=0.8, ece=0.05, auroc=0.9)
AFTER = HeadFigures(count=1200, inside=1000, accuracy=0.8512, ece=0.0412, auroc=None)
LEFT_OUT: Counter[LeftOut] = Counter({"not corrected": 1, "of the dev split": 3})


def example(intent: str | None) -> LabelledExample:
    return LabelledExample(intent=intent, text="secret <b>words</b>", source="s", split="train")


GATHERED = Gathered((example("product.price"), example(None), example("product.price")), LEFT_OUT)


def report(*, known: tuple[str, ...] = (), model: str | None = None) -> TrainingReport:
    new, old = by_letters(*"p" * 40), by_letters(*"p" * 20, *"f" * 20)
    llm = None if model is None else FinishedRun(run_of().model_copy(update={"models": {"intent": (model,)}}), (), {})
    decision = decide_on(new, old, llm, GateRules(margin=0.02))
    return TrainingReport("shop", GATHERED, BEFORE, AFTER, known, decision)


def test_the_most_frequent_come_first() -> None:
    assert example_rows(GATHERED) == [("product.price", "2"), ("out of scope", "1")]
    assert left_out_rows(GATHERED) == [("of the dev split", "3"), ("not corrected", "1")]


def test_figures_that_are_not_there_are_blank() -> None:
    assert figure_rows(BEFORE, AFTER) == [
        ("intent right, in scope", "80.0%", "85.1%"),
        ("expected calibration error", "0.050", "0.041"),
        ("AUROC, out of scope", "0.900", ""),
        ("texts, of which in scope", "1,200, 1,000", "1,200, 1,000"),
    ]
    nothing = HeadFigures(count=0, inside=0, accuracy=None, ece=None, auroc=None)
    assert figure_rows(nothing, nothing)[0] == ("intent right, in scope", "", "")


def test_what_limits_the_figures_is_said() -> None:
    assert [*report(model="openai/x").notes] == []
    [without] = report().notes
    assert without.startswith("No run of a language model was there to compare with")
    known, _ = report(known=("a", "b")).notes
    assert known.startswith("2 of the cases are examples of the scope already")


def test_it_is_markdown_without_the_texts_of_customers() -> None:
    text = markdown(report())
    assert text.startswith("# Training of the intent head of <code>shop</code>: pass\n")
    assert "| <code>product&#46;price</code> | 2 |" in text
    assert "| of the dev split | 3 |" in text
    assert "| intent right, in scope | 80.0% | 85.1% |" in text
    assert "# Against <code>the head in use</code>\n\n## ✅ Pass" in text
    assert "secret" not in text


def test_what_was_not_left_out_has_no_table() -> None:
    whole = TrainingReport("shop", Gathered(GATHERED.examples, Counter()), BEFORE, AFTER, (), report().decision)
    assert "Left out" not in markdown(whole)


def test_a_baseline_has_its_own_part_and_its_name_is_no_markup() -> None:
    text = markdown(report(model="openai/<b>*x*"))
    assert "# Against <code>openai&#47;&lt;b&gt;&#42;x&#42;</code>" in text or "&#60;b&#62;" in text
    assert "<b>" not in text
    assert ": cannot tell\n" in text.splitlines(keepends=True)[0]
