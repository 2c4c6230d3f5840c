from dataclasses import FrozenInstanceError, fields

import pytest

from chains.messages import IntentInput
from chains.ports import HopLog, HopModel, ModelCard, Repair, Reply
from chains.record import HopRecord
from tests.chains.fakes import names
from tests.chains.scripts import MemoryLog, Script


def test_a_scripted_model_and_a_list_satisfy_the_ports() -> None:
    model: HopModel[IntentInput] = Script(names("a.b"))
    log: HopLog = MemoryLog()
    assert (model.card.provider, log) == ("fake", log)


def test_a_model_is_not_asked_again_unless_its_card_says_so() -> None:
    assert not ModelCard("hopdesk", "embedded", "classify").repairs


def test_a_reply_needs_only_its_raw_text() -> None:
    reply = Reply(raw="{}")
    assert (reply.cost_usd, reply.retries, reply.usage.input_total, reply.params) == ("0", 0, 0, {})
    assert Reply(raw="{}").params is not reply.params


def test_all_that_a_reply_says_has_a_place_in_the_record() -> None:
    assert {field.name for field in fields(Reply)} - {"raw"} <= set(HopRecord.model_fields)


@pytest.mark.parametrize("value", [ModelCard("a", "b", "chat"), Reply(raw=""), Repair(raw="", failures=())])
def test_what_passes_the_ports_cannot_be_changed(value: ModelCard | Reply | Repair) -> None:
    with pytest.raises(FrozenInstanceError):
        value.__setattr__(fields(value)[0].name, "other")
