"""Several models at one hop: who is asked, whose output decides, and what is recorded of the others."""

import asyncio
from dataclasses import dataclass, field

import pytest
from pydantic import JsonValue

from chains.allowance import Allowance
from chains.attempt import Asked, Carried, ask
from chains.errors import AllowanceSpent, ModelDown, ModelFailed, ModelRefused
from chains.messages import Intent, IntentInput
from chains.ports import Cascade, HopModel, ModelCard, Repair, Reply, Tier
from chains.record import CalledTool, HopRecord
from chains.scope import Budget, Scope
from chains.trail import Trail
from moderation import Guard
from tests.chains.fakes import names, shop_scope
from tests.chains.scripts import DOWN, Hanging, Late, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

GIVEN = IntentInput(text="What does it cost?", locale="en")
GUARD: Guard[Intent, Scope] = Guard("cascade", Intent, ())
CALLED = CalledTool(name="get_product", call_id="1", intent="product.price", arguments={})


def sure(confidence: float | None, intent: str = "product.price") -> Intent:
    """An output of this certainty: the text is surely in scope."""
    return names(intent).model_copy(update={"confidence": confidence, "out_of_scope": 0.0})


def model(reply: Scripted, name: str = "one", second: Scripted | None = None) -> Script[IntentInput]:
    return Script(reply, second, name=name)


@dataclass
class Served:
    """What a cascade came to: its output, the records, and which outputs were carried out."""

    value: Intent | None
    records: list[HopRecord]
    carried: list[Intent] = field(default_factory=list)

    @property
    def asked(self) -> list[tuple[int, str, str, bool]]:
        """Of each attempt the tier, the model, the status and whether it decided."""
        return [(r.tier, r.model, r.status, r.decides) for r in self.records]


def served(*tiers: Tier[IntentInput], last: HopModel[IntentInput] | None = None) -> Served:
    trail, carried = Trail(FRAME, MemoryLog()), []

    async def carry_out(value: Intent) -> Carried:
        carried.append(value)
        return Carried((CALLED,), ("L-1:price",))

    asked = Asked("intent", GIVEN, Intent, Cascade(tiers, last), GUARD, shop_scope())
    value = within(lambda allowance: ask(asked, trail, allowance, carry_out))
    return Served(value, trail.records, carried)


# Who decides


@pytest.mark.parametrize("confidence", [0.8, 0.81, 1.0])
def test_the_first_that_is_certain_enough_decides(confidence: float) -> None:
    second = model(sure(1.0), "two")
    done = served(Tier(model(sure(confidence)), 0.8), Tier(second))
    assert done.value == sure(confidence)
    assert done.asked == [(0, "one", "ok", True)]
    assert second.given == []


@pytest.mark.parametrize("confidence", [0.79, 0.0, None])
def test_the_next_is_asked_where_the_first_is_less_certain_or_cannot_tell(confidence: float | None) -> None:
    done = served(Tier(model(sure(confidence)), 0.8), Tier(model(sure(0.1, "returns.policy"), "two")))
    assert done.value == sure(0.1, "returns.policy")  # without a threshold nothing is too uncertain
    assert done.asked == [(0, "one", "ok", False), (1, "two", "ok", True)]
    assert [(r.threshold, r.certainty) for r in done.records] == [(0.8, confidence), (None, 0.1)]


@pytest.mark.parametrize("reply", [DOWN, "{", Late(5)])
def test_the_next_is_asked_where_the_first_gave_nothing_valid(reply: Scripted) -> None:
    done = served(Tier(model(reply)), Tier(model(sure(None), "two")))
    assert done.value == sure(None)
    assert done.records[-1].tier == 1
    assert {r.decides for r in done.records[:-1]} == {False}


def test_each_model_may_repair_its_own_reply() -> None:
    one, two = model("{", "one", "[]"), model("{", "two", sure(None))
    done = served(Tier(one), Tier(two))
    assert done.value == sure(None)
    assert [(r.tier, r.attempt, r.status) for r in done.records] == [
        (0, 1, "invalid"),
        (0, 2, "invalid"),
        (1, 1, "invalid"),
        (1, 2, "ok"),
    ]
    assert [repair.raw for repair in two.repairs if repair] == ["{"]  # and not what another model said


def test_an_uncertain_output_is_not_sent_back_for_repair() -> None:
    one = model(sure(0.5))
    served(Tier(one, 0.9))
    assert one.repairs == [None]


# Where none decides


def test_an_unsure_output_serves_when_all_later_ones_fail() -> None:
    last = model(sure(None, "returns.policy"), "last")
    done = served(Tier(model(sure(0.5)), 0.9), Tier(model(DOWN, "two")), last=last)
    assert done.value == sure(0.5)
    assert done.asked == [(0, "one", "ok", False), (1, "two", "error", False), (2, "settled/1", "ok", True)]
    assert (done.records[-1].op, done.records[-1].provider, done.records[-1].certainty) == ("rules", "hopdesk", 0.5)
    assert last.given == []


def test_of_two_unsure_outputs_the_first_serves() -> None:
    two = model(sure(0.6, "returns.policy"), "two")
    done = served(Tier(model(sure(0.5)), 0.9), Tier(two, 0.9), last=two)
    assert done.value == sure(0.5)


def test_an_unsure_output_does_not_serve_where_the_scope_wants_another_end() -> None:
    done = served(Tier(model(sure(0.5)), 0.9), last=None)
    assert done.value is None
    assert done.asked == [(0, "one", "ok", False)]


def test_the_last_one_is_asked_where_none_of_the_others_replied() -> None:
    done = served(Tier(model(DOWN)), Tier(model("{", "two"), 0.5), last=model(sure(None), "last"))
    assert done.value == sure(None)
    assert done.asked[-1] == (2, "last", "ok", True)


def test_the_last_one_is_not_asked_twice() -> None:
    last = model(DOWN, "last")
    done = served(Tier(last, 0.5), Tier(model(DOWN, "two")), last=last)
    assert done.value is None
    assert len(last.given) == 1


def test_where_nobody_says_anything_valid_there_is_nothing() -> None:
    done = served(Tier(model(DOWN)), Tier(model("{", "two")), last=model(DOWN, "last"))
    assert done.value is None
    assert [r.tier for r in done.records] == [0, 1, 1, 2]
    assert served().value is None


# What is carried out


def test_only_the_output_that_decides_is_carried_out_and_only_once() -> None:
    done = served(Tier(model(sure(0.5)), 0.9), Tier(model("{", "two", sure(None)), None))
    assert done.carried == [sure(None)]
    assert [r.tool_calls for r in done.records] == [(), (), (CALLED,)]
    assert done.records[-1].facts == ("L-1:price",)


def test_an_unsure_output_is_carried_out_when_it_is_settled_on() -> None:
    done = served(Tier(model(sure(0.5)), 0.9), Tier(model(DOWN, "two")), last=model(DOWN))
    assert done.carried == [sure(0.5)]
    assert [r.tool_calls for r in done.records] == [(), (), (CALLED,)]


# Models that fail


class Asking(Script[IntentInput]):
    """A model that asks somebody else, and can say what, unless that fails too."""

    unspeakable: Exception | None = None

    def question(self, given: IntentInput, repair: Repair | None = None) -> Reply:
        if self.unspeakable:
            raise self.unspeakable
        messages = (QUESTION, AGAIN) if repair else (QUESTION,)
        return Reply(raw="", params={"temperature": 0}, input_messages=messages)


QUESTION: dict[str, JsonValue] = {"role": "user", "content": GIVEN.text}
AGAIN: dict[str, JsonValue] = {"role": "user", "content": "Once more."}


@pytest.mark.parametrize("requests", [0, 1, 3])
def test_what_a_failed_model_was_asked_and_how_often_is_in_its_record(requests: int) -> None:
    failure = ModelDown("The model is down.")
    failure.requests = requests
    (record,) = served(Tier(Asking(failure))).records
    assert (record.input_messages, record.params) == ((QUESTION,), {"temperature": 0})
    assert (record.status, record.error_type, record.retries) == ("error", "ModelDown", max(requests - 1, 0))


def test_a_model_that_fails_on_its_second_try_leaves_that_question() -> None:
    _, second = served(Tier(Asking("{", DOWN))).records
    assert second.input_messages == (QUESTION, AGAIN)


def test_any_failure_leaves_the_question_and_none_is_needed_for_a_record() -> None:
    (record,) = served(Tier(Asking(RecursionError()))).records
    assert (record.input_messages, record.error_type) == ((QUESTION,), "RecursionError")
    silent = Asking(DOWN)
    silent.unspeakable = ValueError("This cannot be put into words.")
    (record,) = served(Tier(silent)).records
    assert (record.input_messages, record.error_type) == (None, "ModelFailed")


def test_a_model_that_would_not_answer_is_told_apart_from_one_that_could_not() -> None:
    assert served(Tier(model(ModelRefused("It would not.")))).records[0].status == "refused"
    assert served(Tier(model(ModelFailed("It could not.")))).records[0].status == "error"


def test_a_turn_without_time_asks_local_models_alone() -> None:
    far, near = Script[IntentInput](sure(None), name="far", remote=True), model(sure(None), "near")
    asked = Asked("intent", GIVEN, Intent, Cascade.of(far, near), GUARD, shop_scope())
    trail = Trail(FRAME, MemoryLog())
    within(lambda allowance: ask(asked, trail, allowance), Budget(deadline_ms=300))
    assert [(r.model, r.error_type) for r in trail.records] == [("far", "AllowanceSpent"), ("near", None)]
    assert far.given == []


def test_a_turn_without_calls_left_asks_the_next_model() -> None:
    far, near = Script[IntentInput](sure(None), name="far", remote=True), model(sure(None), "near")
    asked = Asked("intent", GIVEN, Intent, Cascade.of(far, near), GUARD, shop_scope())
    trail = Trail(FRAME, MemoryLog())
    within(lambda allowance: ask(asked, trail, allowance), Budget(model_calls=0))
    assert [(r.model, r.error_type) for r in trail.records] == [("far", AllowanceSpent.__name__), ("near", None)]


def test_a_model_that_hangs_is_given_up_when_its_time_is_over() -> None:
    done = served(Tier(model(Hanging())), Tier(model(sure(None), "two")))
    assert [r.error_type for r in done.records] == ["TimeoutError", None]


def test_a_model_whose_own_work_was_cancelled_has_failed_and_the_turn_goes_on() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    shared = Script[IntentInput](sure(None), name="shared", before=cancelled)
    done = served(Tier(shared), Tier(model(sure(None), "two")))
    assert done.value == sure(None)
    assert [(r.model, r.status, r.error_type) for r in done.records] == [
        ("shared", "error", "CancelledError"),
        ("two", "ok", None),
    ]


def test_a_question_that_was_called_off_is_in_its_record() -> None:
    trail = Trail(FRAME, MemoryLog())
    asked = Asked("intent", GIVEN, Intent, Cascade.of(Asking(Late())), GUARD, shop_scope())

    async def cancel() -> None:
        task = asyncio.create_task(ask(asked, trail, Allowance(Budget())))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert [(r.error_type, r.input_messages) for r in trail.records] == [("Cancelled", (QUESTION,))]


def test_what_is_cancelled_while_it_is_carried_out_keeps_what_the_model_said() -> None:
    trail = Trail(FRAME, MemoryLog())
    asked = Asked("intent", GIVEN, Intent, Cascade.of(model(sure(None))), GUARD, shop_scope())

    async def cancel() -> None:
        started = asyncio.Event()

        async def carry_out(value: Intent) -> Carried:
            started.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody sets this event")

        task = asyncio.create_task(ask(asked, trail, Allowance(Budget()), carry_out))
        await started.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert [(r.status, r.error_type, r.valid) for r in trail.records] == [("error", "Cancelled", False)]


# The cascade itself


def card(name: str, *, rounds: bool = False) -> Script[IntentInput]:
    made = model(DOWN, name)
    made.card = ModelCard("fake", name, "chat", rounds=rounds)
    return made


def test_one_model_of_a_cascade_can_be_asked_alone() -> None:
    one, two, last = card("one"), card("two"), card("last")
    cascade = Cascade((Tier(one, 0.9), Tier(two)), last)
    assert cascade.only("one") == Cascade.of(one)  # without its threshold: it has to decide
    assert cascade.only("last") == Cascade.of(last)
    assert cascade.only("three") == cascade
    assert Cascade.of(one).only("two") == Cascade.of(one)


def test_those_that_can_go_on_are_the_ones_with_rounds() -> None:
    one, two = card("one"), card("two", rounds=True)
    assert Cascade((Tier(one), Tier(two, 0.5)), one).with_rounds() == Cascade((Tier(two, 0.5),))
    assert Cascade.of(one).with_rounds().tiers == ()


def test_a_model_is_local_where_it_is_served_from_this_process() -> None:
    assert ModelCard("hopdesk", "small", "classify").is_local
    assert not ModelCard("openai", "large", "chat", served_from="provider").is_local
