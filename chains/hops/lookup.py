"""Lookup: which function calls answer the request, and what they find."""

import asyncio
import json
from dataclasses import dataclass, field

import structlog
from pydantic import ValidationError

from chains.allowance import Allowance
from chains.attempt import Asked, Carried, ask, settled
from chains.errors import ToolFailed
from chains.facts import Evidence, merge
from chains.messages import LookupInput, Plan
from chains.ports import Cascade
from chains.record import CalledTool
from chains.scope import Scope
from chains.tools import Caller, Toolbox, ToolCall, ToolResult
from chains.trail import Trail
from moderation import Failure, HopContract

log = structlog.get_logger(__name__)
_ERROR_CHARS = 600  # those of `chains.tools.ToolResult`


@dataclass(frozen=True)
class PlanContext:
    """What a plan is held against: the scope's tools, those permitted in this turn by intent, and how many calls."""

    scope: Scope
    permitted: dict[str, tuple[str, ...]]
    calls: int


@dataclass(frozen=True)
class Found:
    """What the lookup came to: the evidence, by intent the ids of it, the plan, and how many calls failed."""

    evidence: Evidence
    plan: Plan
    by_intent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failed: int = 0


def permitted_calls(value: Plan, context: PlanContext) -> tuple[Failure, ...]:
    """Every call names a tool that its intent may call with the identity at hand."""
    return tuple(
        Failure(path=f"calls.{place}.name", code="tool_not_permitted", msg="this intent may not call that tool")
        for place, call in enumerate(value.calls)
        if call.name not in context.permitted.get(call.intent, ())
    )


def permitted_topics(value: Plan, context: PlanContext) -> tuple[Failure, ...]:
    """A policy is looked for among those of its intent alone, where the scope names them."""
    return tuple(
        Failure(path=f"calls.{place}.arguments.topics", code="topic_not_permitted", msg="name the intent's own topics")
        for place, call in enumerate(value.calls)
        if call.name == "find_policy" and not _within_topics(call, context.scope)
    )


def _within_topics(call: ToolCall, scope: Scope) -> bool:
    intent = scope.by_id.get(call.intent)
    topics, named = intent.topics if intent else (), call.arguments.get("topics")
    return not topics or (isinstance(named, list) and bool(named) and all(topic in topics for topic in named))


def valid_arguments(value: Plan, context: PlanContext) -> tuple[Failure, ...]:
    """The arguments of every permitted call fit the tool's own model."""
    failures = []
    for place, call in enumerate(value.calls):
        spec = context.scope.specs.get(call.name)
        try:
            if spec:
                spec.arguments.model_validate_json(json.dumps(call.arguments))
        except ValidationError as error:
            for detail in error.errors(include_input=False, include_url=False):
                where = ".".join(str(step) for step in detail["loc"])
                path = f"calls.{place}.arguments.{where}"
                failures.append(Failure(path=path, code=detail["type"], msg="this argument does not fit the tool"))
    return tuple(failures)


def within_budget(value: Plan, context: PlanContext) -> tuple[Failure, ...]:
    """There are no more calls than the scope's budget allows, each with an id of its own."""
    if len(value.calls) > context.calls:
        return (Failure(path="calls", code="too_many_calls", msg=f"make at most {context.calls} calls"),)
    if len({call.call_id for call in value.calls}) != len(value.calls):
        return (Failure(path="calls", code="same_call_id", msg="give each call an id of its own"),)
    return ()


CONTRACT: HopContract[Plan, PlanContext] = HopContract(
    hop="lookup",
    output=Plan,
    shape="The reply is JSON with at most eight function calls, or says what must be known first.",
    then="asked once more, then the next model, then `[fallback]` and a question back or a hand-off",
    checks=(permitted_calls, permitted_topics, valid_arguments, within_budget),
)
GUARD = CONTRACT.guard()


@dataclass(frozen=True)
class Looking:
    """What a lookup works with, beside what it is given: the scope, the tools, and on whose behalf they run."""

    scope: Scope
    toolbox: Toolbox
    caller: Caller
    trail: Trail
    allowance: Allowance


async def look_up(
    given: LookupInput, models: Cascade[LookupInput], by: Looking, guess: Plan | None = None
) -> Found | None:
    """Plan the calls, carry them out and gather what they found; None where there is no valid plan.

    A `guess` that fits the intent spares the asking. There is a second round only where the first demands it: a call
    failed, or the plan said that more depends on what its calls find. Whatever becomes of it, what was found stays, and
    where that is anything nothing is asked of the customer any more.
    """
    first = _Round(given, by, by.scope.budget.calls)
    plan = await first.run(_adopted(guess, given, by.scope) or models)
    if plan is None:
        return None
    called, failed = first.called, first.failed
    again, left = models.with_rounds(), by.scope.budget.calls - len(called)
    if again.tiers and called and left > 0 and (plan.more or failed) and not plan.needs:
        second = _Round(given.model_copy(update={"results": _results(called)}), by, left)
        more = await second.run(again)
        if more is not None:
            asks: dict[str, object] = {"needs": None, "candidates": ()} if _found_something(called) else {}
            plan = more.model_copy(update={"calls": (*plan.calls, *more.calls), **asks})
            called, failed = [*called, *second.called], second.failed if second.called else failed
    return _found(plan, called, failed)


async def plan_once(given: LookupInput, models: Cascade[LookupInput], by: Looking) -> Plan | None:
    """One round alone, whatever it finds: how a recorded round is run again."""
    return await _Round(given, by, by.scope.budget.calls - len(given.results)).run(models)


async def guess_plan(given: LookupInput, models: Cascade[LookupInput], by: Looking) -> Plan | None:
    """A plan over all that might be permitted, made before the intent is known; nothing of it is carried out."""
    context = PlanContext(by.scope, given.tools, by.scope.budget.calls)
    return await ask(Asked("lookup", given, Plan, models, GUARD, context), by.trail, by.allowance)


def _adopted(plan: Plan | None, given: LookupInput, scope: Scope) -> Cascade[LookupInput] | None:
    """A guessed plan on behalf of the one intent that turned out to be asked; None where it does not fit that intent.

    Every call has to be permitted to the intent, and policies are looked for among the intent's own.
    """
    if plan is None or plan.needs or not plan.calls or len(given.intents) != 1:
        return None
    intent = given.intents[0]
    if any(call.name not in given.tools[intent] for call in plan.calls):
        return None
    topics = [*scope.by_id[intent].topics]
    calls = tuple(
        call.model_copy(
            update={
                "intent": intent,
                "arguments": {**call.arguments, "topics": topics} if call.name == "find_policy" else call.arguments,
            }
        )
        for call in plan.calls
    )
    return Cascade.of(settled(plan.model_copy(update={"calls": calls})))


class _Round:
    """One round of a lookup: a plan, and its calls carried out side by side inside the same record."""

    def __init__(self, given: LookupInput, by: Looking, calls: int) -> None:
        self._given = given
        self._by = by
        self._context = PlanContext(by.scope, given.tools, calls)
        self.called: list[CalledTool] = []

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return sum(one.error is not None for one in self.called)

    async def run(self, models: Cascade[LookupInput]) -> Plan | None:
        """Ask for the plan and carry it out."""
        asked = Asked("lookup", self._given, Plan, models, GUARD, self._context)
        return await ask(asked, self._by.trail, self._by.allowance, self._carry_out)

    async def _carry_out(self, plan: Plan) -> Carried:
        self.called = list(await asyncio.gather(*(_run(call, self._by) for call in plan.calls)))
        facts = tuple(fact.id for one in self.called if one.result for fact in one.result.facts)
        return Carried(tuple(self.called), facts)


def _found(plan: Plan, called: list[CalledTool], failed: int) -> Found:
    by_intent: dict[str, tuple[str, ...]] = {}
    for one in called:
        if one.result:
            by_intent[one.intent] = (*by_intent.get(one.intent, ()), *one.result.ids())
    evidence = merge(tuple(one.result for one in called if one.result))
    return Found(evidence, plan, by_intent, failed)


def _found_something(called: list[CalledTool]) -> bool:
    return any(one.result is not None and one.result.ids() for one in called)


def _results(called: list[CalledTool]) -> tuple[ToolResult, ...]:
    return tuple(
        ToolResult(
            call=ToolCall(name=one.name, call_id=one.call_id, intent=one.intent, arguments=one.arguments),
            evidence=one.result or Evidence(),
            error=one.error,
        )
        for one in called
    )


async def _run(call: ToolCall, by: Looking) -> CalledTool:
    """Carry out one call. Permission is asked again here, of the scope itself and not of the plan's context."""
    evidence, error = None, None
    if call.name not in by.scope.permitted(call.intent, by.caller.identity):
        error = "This call is not permitted."
    else:
        arguments = by.scope.specs[call.name].arguments.model_validate_json(json.dumps(call.arguments))
        try:
            evidence = await by.toolbox.run(call.name, arguments, by.caller)
        except ToolFailed as failure:
            error = str(failure)[:_ERROR_CHARS]
        except Exception as failure:  # noqa: BLE001 - a defect of a tool costs its facts, and is in the record
            log.error("tool_broken", tool=call.name, error=type(failure).__name__)  # noqa: TRY400 - it may hold texts
            error = "This call could not be carried out."
    return CalledTool(
        name=call.name, call_id=call.call_id, intent=call.intent, arguments=call.arguments, result=evidence, error=error
    )
