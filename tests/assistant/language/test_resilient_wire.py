import pytest

from assistant.language.litellm_model import LitellmModel
from chains.errors import (
    ModelFailed,
    ModelLate,
)
from chains.scope import Cache
from tests.assistant.language.asking import LOOK, SILENCED, asked, reached
from tests.assistant.language.scripted import Run
from tests.model_server import FAULTS, Hang, Late, Reply, serving

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]


def test_on_the_wire_a_busy_model_is_asked_twice() -> None:
    with serving([FAULTS["busy_seconds"], Reply('{"colour": "red"}')]) as served:
        run = Run(LitellmModel(reached(served.base_url), {}))
        said = run.ask(retries=2)
        assert served.count == 2
    assert (said.text, said.retries, run.waits) == ('{"colour": "red"}', 1, [2.0])
    assert run.allowance.tokens == 120


@pytest.mark.parametrize("fault", ["bad_request", "html", "refusal", "context_too_long"])
def test_on_the_wire_what_stays_is_asked_once(fault: str) -> None:
    with serving(FAULTS[fault]) as served:
        with pytest.raises(ModelFailed):
            Run(LitellmModel(reached(served.base_url), {})).ask(retries=4)
        assert served.count == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["drip", "hang"])
def test_on_the_wire_a_reply_without_end_ends_in_time(fault: str, stream: bool) -> None:
    with serving(FAULTS[fault]) as served:
        with pytest.raises(ModelLate):
            Run(LitellmModel(reached(served.base_url, stream=stream), {})).ask(hop_ms=100, retries=4)
        assert served.count <= 1


def test_on_the_wire_a_hanging_request_is_overtaken() -> None:
    with serving([Hang(), Reply('{"colour": "red"}')]) as served:
        run = Run(LitellmModel(reached(served.base_url, hedge_after_ms=100), {}))
        said = run.ask()
        assert served.count == 2
    assert (said.text, said.retries) == ('{"colour": "red"}', 1)


def test_on_the_wire_functions_are_kept_too() -> None:
    with serving(Late(1, Reply(calls=(("look", "{}"),)))) as served:
        run = Run(LitellmModel(reached(served.base_url), {}), caching=Cache(hops=("lookup",)))
        call = asked(hop="lookup", functions=(LOOK,))
        assert run.ask(call).calls == run.ask(call).calls != ()
        assert served.count == 1
