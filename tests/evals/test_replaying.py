"""One hop run again over records: the very same output on the same models, and what differs on others."""

from dataclasses import replace
from pathlib import Path

import pytest

from chains.errors import HopdeskError
from chains.messages import HOPS, HopName, Plan
from chains.replay import MISS
from chains.turn import Chain
from evals.replaying import Recorded, look_through, read_all_recorded, read_recorded
from evals.results import CaseResult
from evals.run_folder import read_results
from tests.chains.fakes import PRICE_PLAN, RETURNS_CALL, names, shop_chain
from tests.evals.runs import lines, replayed, some_cases, whole_run


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory.mktemp("recorded") / "run", some_cases()) / "records.jsonl"


def results(path: Path, records: Path, hop: HopName, chain: Chain | None = None) -> list[CaseResult]:
    again = read_recorded(records, hop, chain or shop_chain())
    return [*read_results(replayed(path, again, hop, chain))]


@pytest.mark.parametrize("hop", HOPS)
def test_every_hop_comes_to_the_same_on_the_same_models(records: Path, tmp_path: Path, hop: HopName) -> None:
    found = results(tmp_path / "run", records, hop)
    assert len(found) == (8 if hop == "moderation" else 6)  # two are refused
    for result in found:
        assert {score.scorer: score.label for score in result.scores} == {
            "same": "pass",
            "valid": "pass",
            **({"misses": "pass"} if hop == "lookup" else {}),
        }
        assert {one.hop for one in result.hops} == {hop}
        assert result.split == "dev"
        assert result.outcome is None
    assert {result.case_id for result in found} <= {f"c{place}" for place in range(8)}


def test_the_new_records_name_the_old_ones_and_what_is_frozen(records: Path, tmp_path: Path) -> None:
    results(tmp_path / "run", records, "response")
    old = {record.event_id for record in read_all_recorded(records)}
    for record in read_all_recorded(tmp_path / "run" / "records.jsonl"):
        assert record.replay_of in old
        assert record.origin == "replay"
        assert {up.event_id for up in record.upstream} <= old
        assert all(up.frozen for up in record.upstream)


def test_a_run_done_again_has_the_same_bytes(records: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        results(tmp_path / name, records, "lookup")
    for file in ("results.jsonl", "records.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_another_output_is_not_the_same(records: Path, tmp_path: Path) -> None:
    found = results(tmp_path / "run", records, "intent", shop_chain(intent=names("order.status")))
    assert {result.label("same") for result in found} == {"fail"}
    assert {result.label("valid") for result in found} == {"pass"}


def test_calls_that_the_record_lacks_are_counted_misses(records: Path, tmp_path: Path) -> None:
    plan = Plan(calls=(*PRICE_PLAN.calls, RETURNS_CALL.model_copy(update={"intent": "product.price", "call_id": "9"})))
    chain = shop_chain(plan=plan)
    for result in results(tmp_path / "run", records, "lookup", chain):
        if result.label("valid") == "pass":
            [missed] = [score for score in result.scores if score.scorer == "misses"]
            assert missed.value == sum(
                call["error"] == MISS
                for record in lines(tmp_path / "run" / "records.jsonl")
                if record["eval_case_id"] == result.case_id
                for call in record["tool_calls"]  # type: ignore[attr-defined]
            )
            assert missed.label == ("unsure" if missed.value else "pass")


def test_a_record_of_another_version_is_an_error_and_no_failure(records: Path, tmp_path: Path) -> None:
    [first, *_] = read_recorded(records, "intent", shop_chain())
    old = Recorded(first.record.model_copy(update={"input": {"text": 1}, "split": None}), first.sha256)
    [result] = read_results(replayed(tmp_path / "run", [old], "intent"))
    assert result.error is not None
    assert "does not fit this version" in result.error
    assert {score.label for score in result.scores} == {"error"}
    assert result.split == "dev"


class TestWhichRecords:
    def written(self, path: Path, records: Path, **changes: object) -> Path:
        [record, *_] = [one.record for one in read_recorded(records, "intent", shop_chain())]
        target = path / "records.jsonl"
        target.write_text(record.model_copy(update=changes).model_dump_json(by_alias=True) + "\n", encoding="utf-8")
        return target

    @pytest.mark.parametrize(
        ("changes", "count"),
        [
            ({}, 1),
            ({"attempt": 2}, 0),
            ({"error_type": "Cancelled"}, 0),
            ({"model": "settled/1"}, 0),
            ({"tier": 1}, 1),
            ({"tier": 1, "model": "gone"}, 0),
            ({"tier": 0, "model": "gone"}, 1),
        ],
    )
    def test_first_attempts_of_models_that_there_are(
        self, records: Path, tmp_path: Path, changes: dict[str, object], count: int
    ) -> None:
        assert len([*read_recorded(self.written(tmp_path, records, **changes), "intent", shop_chain())]) == count

    @pytest.mark.parametrize("hop", HOPS)
    def test_the_layers_and_models_of_each_hop_are_known_by_name(
        self, records: Path, tmp_path: Path, hop: HopName
    ) -> None:
        assert look_through(records, hop)[1] >= len([*read_recorded(records, hop, shop_chain())]) > 0

    def test_a_turn_that_is_no_labelled_case_is_its_own_case(self, records: Path, tmp_path: Path) -> None:
        path = self.written(tmp_path, records, eval_case_id=None, turn_id="t1")
        [recorded] = read_recorded(path, "intent", shop_chain())
        assert recorded.case_id == "t1"

    def test_a_line_that_is_no_record_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "records.jsonl"
        path.write_text('{"hop": "intent"}\n')
        with pytest.raises(HopdeskError, match="line 1: "):
            [*read_recorded(path, "intent", shop_chain())]
        with pytest.raises(HopdeskError, match="line 1: "):
            [*read_all_recorded(path)]
        assert [*read_recorded(path, "lookup", shop_chain())] == []

    def test_a_file_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(HopdeskError, match="the records cannot be read"):
            look_through(tmp_path / "none.jsonl", "intent")


def test_a_chain_without_a_last_resort_has_its_tiers_alone(records: Path) -> None:
    chain = shop_chain()
    bare = replace(chain, intent_model=replace(chain.intent_model, last=chain.intent_model.tiers[0].model))
    assert [*read_recorded(records, "intent", bare)] == [*read_recorded(records, "intent", chain)]
