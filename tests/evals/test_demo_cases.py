"""The regression gate: how right the demo shop is on the dev split, and that nothing it says is false."""

from pathlib import Path

import pytest
from pydantic import JsonValue, TypeAdapter

from assistant.facts_of import value_of
from assistant.wiring import Site
from chains.claims import Draft
from chains.facts import Evidence
from chains.grounding import Statement, check_draft, ground
from chains.messages import Grounded, OutboundInput
from chains.outcomes import Answer
from evals.assertions import assert_outcome_safe
from evals.cases import load_cases
from evals.running import CaseRun, run_cases
from evals.scoring import Score, intents_of, score_run

DEV = Path(__file__).parents[2] / "evals" / "cases" / "demo-dev.jsonl"
LEAST_RIGHT = 0.8  # 67 of 75 (89%) were right when this gate was set: room for noise, not for a broken hop
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


@pytest.fixture(scope="module")
def runs(demo_site: Site) -> tuple[CaseRun, ...]:
    return run_cases(load_cases(DEV), demo_site.chain)


@pytest.fixture(scope="module")
def scores(runs: tuple[CaseRun, ...], demo_site: Site) -> list[Score]:
    parents = {product.sku: product.parent for product in demo_site.catalog.vocabulary.products if product.parent}
    return [score_run(run, demo_site.chain.scope, parents) for run in runs]


def test_most_dev_cases_are_right(scores: list[Score]) -> None:
    wrong = [score for score in scores if not score.right]
    assert 1 - len(wrong) / len(scores) >= LEAST_RIGHT, wrong


def test_every_sentence_said_restates_a_claim_that_grounds_as_it_was_said(
    runs: tuple[CaseRun, ...], demo_site: Site
) -> None:
    grounded = [run for run in runs if run.last("grounding")]
    assert len(grounded) > len(runs) / 2
    for run in grounded:
        draft, evidence, said = _recorded(run)
        assert check_draft(draft, evidence, intents_of(run, demo_site.chain.scope)) == (), run.case.id
        for part, answer in zip(draft.parts, said.parts, strict=True):
            for claim, sentence in zip(part.claims, answer.sentences, strict=True):
                statement = ground(claim, evidence)
                assert isinstance(statement, Statement), run.case.id
                assert (sentence.claim, sentence.polarity) == (claim.kind, statement.polarity), run.case.id
                assert sentence.facts == tuple(fact.id for fact in statement.facts), run.case.id


def test_every_fact_that_a_claim_could_rest_on_is_what_the_catalog_states(
    runs: tuple[CaseRun, ...], demo_site: Site
) -> None:
    checked = 0
    for run in runs:
        _, evidence, _ = _recorded(run) if run.last("grounding") else (None, Evidence(), None)
        for fact in evidence.facts:
            if item := demo_site.catalog.get(fact.record):
                assert fact.value == value_of(item, fact.field), (run.case.id, fact.id)
                checked += 1
        for absence in evidence.absences:
            if item := demo_site.catalog.get(absence.record):
                assert value_of(item, absence.field) is None, (run.case.id, absence)
    assert checked > len(runs)


def test_what_is_answered_is_what_was_grounded(runs: tuple[CaseRun, ...]) -> None:
    for run in runs:
        if isinstance(run.outcome, Answer) and run.last("grounding"):
            _, _, said = _recorded(run)
            told = [sentence for part in run.outcome.parts for sentence in part.sentences if sentence.claim != "fixed"]
            assert told == [sentence for part in said.parts for sentence in part.sentences], run.case.id
            assert run.outcome.products == said.products, run.case.id


def test_no_outbound_check_refuses_an_honest_answer(runs: tuple[CaseRun, ...], demo_site: Site) -> None:
    answered = [run for run in runs if any(record.hop == "outbound" for record in run.records)]
    assert len(answered) > len(runs) / 2
    for run in answered:
        record = run.last("outbound")
        assert record is not None, run.case.id
        given = OutboundInput.model_validate_json(_JSON.dump_json(record.input))
        assert_outcome_safe(run.outcome, demo_site.chain.scope, run.originals, given.public)


def _recorded(run: CaseRun) -> tuple[Draft, Evidence, Grounded]:
    """The draft and the evidence that grounding was given, and what it said."""
    record = run.last("grounding")
    assert record is not None
    draft = Draft.model_validate_json(_JSON.dump_json(record.input["draft"]))
    evidence = Evidence.model_validate_json(_JSON.dump_json(record.input["evidence"]))
    return draft, evidence, Grounded.model_validate_json(_JSON.dump_json(record.parsed))
