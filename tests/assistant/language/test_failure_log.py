import pytest
from structlog.testing import capture_logs

from assistant.language.failure_log import FailureLog
from assistant.language.failures import ModelCutOff, ModelUnreached
from chains.errors import (
    AllowanceSpent,
    CircuitOpen,
    ModelBusy,
    ModelDown,
    ModelFailed,
    ModelLate,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def told(*failures: ModelFailed | float) -> list[tuple[str, int]]:
    """The kinds and counts that are told of failures; a number is so many seconds in between."""
    clock = Clock()
    one = FailureLog("openai/m", clock)
    with capture_logs() as logs:
        for failed in failures:
            if isinstance(failed, float):
                clock.now += failed
            else:
                one.tell(failed)
    return [(entry["kind"], entry["again"]) for entry in logs]


@pytest.mark.parametrize(
    ("failed", "level"),
    [
        (ModelLate("Late."), "warning"),
        (ModelBusy("Busy."), "warning"),
        (ModelDown("Down."), "warning"),
        (ModelUnreached("Unreached."), "warning"),
        (ModelSilent("Silent."), "warning"),
        (ModelCutOff("Cut."), "warning"),
        (ModelMisconfigured("Wrong."), "error"),
    ],
)
def test_a_failure_is_told_with_its_kind_and_sentence(failed: ModelFailed, level: str) -> None:
    with capture_logs() as logs:
        FailureLog("openai/m").tell(failed)
    assert logs == [
        {
            "event": "model_failed",
            "log_level": level,
            "model": "openai/m",
            "kind": type(failed).__name__,
            "problem": str(failed),
            "again": 0,
        }
    ]


def test_each_kind_is_told_once_a_minute_with_how_often_it_came_again() -> None:
    down, late = ModelDown("."), ModelLate(".")
    assert told(down, down, late, down, 59.9, down, 0.1, down, 60.0, down, late) == [
        ("ModelDown", 0),
        ("ModelLate", 0),
        ("ModelDown", 3),
        ("ModelDown", 0),
        ("ModelLate", 0),
    ]


@pytest.mark.parametrize("failed", [ModelRefused("."), AllowanceSpent("."), CircuitOpen(".")])
def test_what_is_no_fault_of_the_model_is_not_told(failed: ModelFailed) -> None:
    assert told(failed) == []
