"""Logs: what a line holds, which lines are written, and where to."""

import json

import pytest
import structlog

from assistant.logs import configure_logs


def test_a_line_for_machines_is_json_with_its_level_time_and_bound_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO", as_json=True)
    with structlog.contextvars.bound_contextvars(turn_id="T1", site="lumen-oak"):
        structlog.get_logger().info("turn_ended", outcome="answer")
    written = capsys.readouterr()
    line = json.loads(written.err)
    assert written.out == ""
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "turn_ended",
        "level": "info",
        "outcome": "answer",
        "site": "lumen-oak",
        "turn_id": "T1",
    }


def test_a_line_for_people_has_no_colours_where_nobody_sees_them(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("INFO", as_json=False)
    structlog.get_logger().warning("sweep_failed", error="The ledger is locked.")
    written = capsys.readouterr()
    assert written.out == ""
    assert "sweep_failed" in written.err
    assert "\x1b" not in written.err


@pytest.mark.parametrize(
    ("level", "events"),
    [("DEBUG", "dbg inf wrn err"), ("INFO", "inf wrn err"), ("WARNING", "wrn err"), ("ERROR", "err")],
)
def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str], level: str, events: str) -> None:
    configure_logs(level, as_json=True)
    log = structlog.get_logger()
    log.debug("dbg")
    log.info("inf")
    log.warning("wrn")
    log.error("err")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == events.split()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(KeyError):
        configure_logs("LOUD", as_json=True)
