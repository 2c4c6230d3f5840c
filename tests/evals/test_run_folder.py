"""A run's folder: what is on disk after any interruption is enough to end with the very same bytes."""

import asyncio
import random
import signal
import time
import warnings
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.errors import HopdeskError
from chains.messages import HOPS, ModerationInput
from chains.ports import HopModel
from evals import run_folder
from evals.results import CaseResult, Timing
from evals.run_folder import Done, RunFolder, read_results, run_of, sort_file, without_chance
from evals.running import run_case
from moderation import Verdict
from tests.chains.fakes import shop_chain
from tests.chains.scripts import ALLOWED, Script
from tests.evals.runs import lines, planned, run_into, some_cases, whole_run

FILES = ("results.jsonl", "records.jsonl")


def content(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory.mktemp("finished") / "run", some_cases())


def test_results_records_and_timings_are_sorted_by_key(finished: Path) -> None:
    keys = [result.key for result in read_results(finished)]
    assert len(keys) == 8
    assert keys == sorted(keys)
    assert [one["key"] for one in lines(finished / "timings.jsonl")] == keys
    order = [(str(one["trace_id"]), one["hop_index"]) for one in lines(finished / "records.jsonl")]
    assert order == sorted(order)
    assert {trace for trace, _ in order} == {key[:32] for key in keys}


def test_a_run_done_again_in_another_order_has_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    assert content(whole_run(tmp_path / "again", some_cases()[::-1])) == content(finished)


def test_records_name_what_came_before_them_by_the_ids_that_they_have_now(finished: Path) -> None:
    records = lines(finished / "records.jsonl")
    by_id = {record["event_id"]: record for record in records}
    assert len(by_id) == len(records)
    for record in records:
        upstream = record["upstream"]
        assert isinstance(upstream, list)
        for up in upstream:
            assert by_id[up["event_id"]]["trace_id"] == record["trace_id"]
            assert by_id[up["event_id"]]["hop"] == up["hop"]


def test_the_same_case_twice_is_kept_once(finished: Path, tmp_path: Path) -> None:
    twice = whole_run(tmp_path / "twice", [*some_cases(), *some_cases()[:3]], planned(cases=8))
    assert content(twice) == content(finished)
    assert run_of(twice).cases == 8


def cut_and_resumed(finished: Path, folder: Path, sizes: dict[str, int]) -> dict[str, bytes]:
    folder.mkdir()
    (folder / "run.json").write_bytes((finished / "run.json").read_bytes())
    for name, size in sizes.items():
        (folder / name).write_bytes((finished / name).read_bytes()[:size])
    with RunFolder.open(folder) as opened:
        run_into(opened, planned(), some_cases())
        opened.finish()
    return content(folder)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_wherever_the_files_were_torn_the_run_ends_with_the_same_bytes(finished: Path, shares: list[float]) -> None:
    names = ("results.jsonl", "records.jsonl", "timings.jsonl")
    ends = {name: int((finished / name).stat().st_size * share) for name, share in zip(names, shares, strict=True)}
    ends["records.jsonl"] = max(ends["records.jsonl"], _written_before(finished, ends["results.jsonl"]))
    with TemporaryDirectory() as folder:
        assert cut_and_resumed(finished, Path(folder) / "run", ends) == content(finished)


def _written_before(finished: Path, size: int) -> int:
    """How much of the records was there when so much of the results was: a result is written after its records."""
    whole = (finished / "results.jsonl").read_bytes()[:size].split(b"\n")[:-1]
    done = {CaseResult.model_validate_json(line).key[:32].encode() for line in whole}
    end = at = 0
    for line in (finished / "records.jsonl").read_bytes().splitlines(keepends=True):
        at += len(line)
        if any(trace in line for trace in done):
            end = at
    return end


def child(path: str, resumed: bool) -> None:
    """A run in a process of its own, to be killed."""
    plan, cases = planned(cases=60), some_cases(60)
    with RunFolder.open(Path(path)) if resumed else RunFolder.create(Path(path), plan.run) as folder:
        run_into(folder, plan, cases)
        folder.finish()


def killed_and_resumed(finished: Path, path: Path, moment: float) -> int:
    """Kill a run when so much of it is on disk, then let it run to its end; how many results it had when killed."""
    whole = sum((finished / name).stat().st_size for name in FILES)
    process = get_context("fork").Process(target=child, args=(str(path), False))  # all is loaded already
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other tests' threads, none of which this one needs
        process.start()
    while process.is_alive() and _size(path) < moment * whole:
        time.sleep(0.0005)
    process.kill()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}
    done = sum(1 for _ in read_results(path)) if (path / "results.jsonl").exists() else 0
    if not (path / "run.json").exists():
        child(str(path), resumed=False)
    else:
        child(str(path), resumed=True)
    assert content(path) == content(finished)
    return done


def _size(path: Path) -> int:
    return sum((path / name).stat().st_size for name in FILES if (path / name).exists())


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory.mktemp("sixty") / "run", some_cases(60), planned(cases=60))


@pytest.mark.parametrize("place", range(5))
def test_a_run_killed_at_a_random_moment_and_resumed_has_the_same_bytes(
    sixty: Path, tmp_path: Path, place: int
) -> None:
    killed_and_resumed(sixty, tmp_path / "run", random.random())


@pytest.mark.soak
def test_a_run_killed_at_20_random_moments_and_resumed_has_the_same_bytes(sixty: Path, tmp_path: Path) -> None:
    done = [killed_and_resumed(sixty, tmp_path / f"run-{place}", random.random()) for place in range(20)]
    assert any(0 < count < 60 for count in done)


def test_what_is_done_is_not_done_again(finished: Path, tmp_path: Path) -> None:
    path = whole_run(tmp_path / "run", some_cases(4), planned(cases=8))
    with RunFolder.open(path) as folder:
        assert len(folder) == 4
        assert all(result.key in folder for result in read_results(path))
        assert "0" * 64 not in folder


def test_results_that_are_errors_run_again_when_it_is_resumed(tmp_path: Path) -> None:
    path = whole_run(tmp_path / "run", some_cases(2), planned(cases=2))
    text = (path / "results.jsonl").read_text(encoding="utf-8")
    first, rest = text.split("\n", 1)
    failed = first.replace('"error":null}', '"error":"It failed."}')
    (path / "results.jsonl").write_text(f"{failed}\n{rest}", encoding="utf-8")
    with RunFolder.open(path, again=False) as folder:
        assert len(folder) == 2
    with RunFolder.open(path) as folder:
        assert len(folder) == 1
        assert CaseResult.model_validate_json(failed).key not in folder
        run_into(folder, planned(cases=2), some_cases(2))
        folder.finish()
    assert (path / "results.jsonl").read_text(encoding="utf-8") == text


def test_a_folder_with_a_run_in_it_is_not_written_over(finished: Path) -> None:
    with pytest.raises(HopdeskError, match="there is a run in this folder; go on with it by --resume"):
        RunFolder.create(finished, planned().run)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HopdeskError, match="the run cannot be written there"):
        RunFolder.create(tmp_path / "file" / "run", planned().run)


@pytest.mark.parametrize(("text", "said"), [(None, "there is no run in this folder"), ("{}", "is no run of this")])
def test_a_folder_without_a_run_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(HopdeskError, match=said):
        RunFolder.open(tmp_path)


def test_files_longer_than_memory_should_hold_are_sorted_in_pieces(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "_CHUNK_BYTES", 3000)
    path = tmp_path / "records.jsonl"
    backwards = (finished / "records.jsonl").read_bytes().splitlines(keepends=True)[::-1]
    path.write_bytes(b"".join(backwards))
    sort_file(path)
    assert path.read_bytes() == (finished / "records.jsonl").read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["records.jsonl"]


def test_lines_that_say_nothing_of_a_key_come_first_and_stay_whole(tmp_path: Path) -> None:
    key = "a" * 64
    path = tmp_path / "timings.jsonl"
    line = Timing(key=key, latency_ms=1.0).model_dump_json() + "\n"
    path.write_text(line + '{"other":1}\n' + "torn")
    sort_file(path)
    assert path.read_text() == '{"other":1}\n' + line


class TestChance:
    KEY = "5" * 64

    def test_nothing_of_the_clock_or_the_provider_is_left(self) -> None:
        runs = [asyncio.run(run_case(some_cases(1)[0], shop_chain())) for _ in range(2)]
        first, second = (without_chance(run.records, self.KEY) for run in runs)
        assert first == second
        assert runs[0].records != runs[1].records
        assert {record.latency_ms for record in first} == {0.0}
        assert len({record.span_id for record in first}) == len(first)

    def test_what_ran_beside_a_moderation_that_refused_is_left_out(self) -> None:
        refusing = Verdict(action="block", layer="model", categories={"hate": 1.0}, reasons=("No.",))
        slow: HopModel[ModerationInput] = Script(refusing, remote=True, name="slow", before=lambda: asyncio.sleep(0.01))
        chain = shop_chain()
        run = asyncio.run(run_case(some_cases(1)[0], replace(chain, moderators=(*chain.moderators, slow))))
        assert "intent" in {record.hop for record in run.records}
        assert {record.hop for record in without_chance(run.records, self.KEY, refused=True)} == {"moderation"}

    def test_hops_that_ran_side_by_side_are_in_their_order_whichever_ended_first(self) -> None:
        chain = shop_chain()
        made = []
        for wait_s in (0.0, 0.01):
            slow: HopModel[ModerationInput] = Script(
                ALLOWED, remote=True, name="slow", before=partial(asyncio.sleep, wait_s)
            )
            run = asyncio.run(run_case(some_cases(1)[0], replace(chain, moderators=(*chain.moderators, slow))))
            made.append(without_chance(run.records, self.KEY))
        assert made[0] == made[1]
        assert [HOPS.index(record.hop) for record in made[0]] == [0, 0, 1, 2, 3, 4, 5]

    def test_a_result_tells_by_which_errors_its_attempts_failed(self) -> None:
        run = asyncio.run(run_case(some_cases(1)[0], shop_chain()))
        records = without_chance(run.records, self.KEY)
        broken = (records[0].model_copy(update={"error_type": "ModelBusy"}), *records[1:])
        result = CaseResult(key=self.KEY, run_id="r", case_id="c", split="dev", text="")
        timing = Timing(key=self.KEY, latency_ms=1)
        assert Done(result, broken, timing).failed_by("ModelBusy")
        assert not Done(result, records, timing).failed_by("ModelBusy")
