"""Lookup: which function calls answer the request, and what they find."""

import json
from dataclasses import dataclass, field

from pydantic import ValidationError

from chains.attempt import Asked, Carried, ask
from chains.errors import ToolFailed
from chains.facts import Evidence, merge
from chains.messages import LookupInput, Plan
from chains.ports import HopModel
from chains.record import CalledTool
from chains.scope import Scope
from chains.tools import Caller, Toolbox, ToolCall
from chains.trail import Trail
from moderation import Failure, Guard


@dataclass(frozen=True)
class PlanContext:
    """What a plan is held against: the scope's tools, and those permitted in this turn by intent."""

    scope: Scope
    permitted: dict[str, tuple[str, ...]]


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
    if len(value.calls) > context.scope.budget.calls:
        return (Failure(path="calls", code="too_many_calls", msg=f"make at most {context.scope.budget.calls} calls"),)
    if len({call.call_id for call in value.calls}) != len(value.calls):
        return (Failure(path="calls", code="same_call_id", msg="give each call an id of its own"),)
    return ()


GUARD: Guard[Plan, PlanContext] = Guard("lookup", Plan, (permitted_calls, valid_arguments, within_budget))


async def look_up(
    given: LookupInput,
    model: HopModel[LookupInput],
    *,
    scope: Scope,
    toolbox: Toolbox,
    caller: Caller,
    trail: Trail,
    timeout_s: float,
) -> Found | None:
    """Plan the calls, carry them out and gather what they found; None where there is no valid plan."""
    context = PlanContext(scope, given.tools)
    called: list[CalledTool] = []

    async def carry_out(plan: Plan) -> Carried:
        called.extend([await _run(call, scope, toolbox, caller) for call in plan.calls])
        facts = tuple(fact.id for one in called if one.result for fact in one.result.facts)
        return Carried(tuple(called), facts)

    plan = await ask(Asked("lookup", given, Plan, model, GUARD, context), trail, timeout_s, carry_out)
    if plan is None:
        return None
    by_intent: dict[str, tuple[str, ...]] = {}
    for one in called:
        if one.result:
            by_intent[one.intent] = (*by_intent.get(one.intent, ()), *one.result.ids())
    evidence = merge(tuple(one.result for one in called if one.result))
    return Found(evidence, plan, by_intent, failed=sum(one.error is not None for one in called))


async def _run(call: ToolCall, scope: Scope, toolbox: Toolbox, caller: Caller) -> CalledTool:
    """Carry out one call. Permission is asked again here, of the scope itself and not of the plan's context."""
    evidence, error = None, None
    if call.name not in scope.permitted(call.intent, caller.identity):
        error = "This call is not permitted."
    else:
        arguments = scope.specs[call.name].arguments.model_validate_json(json.dumps(call.arguments))
        try:
            evidence = await toolbox.run(call.name, arguments, caller)
        except ToolFailed as failure:
            error = str(failure)
    return CalledTool(
        name=call.name, call_id=call.call_id, intent=call.intent, arguments=call.arguments, result=evidence, error=error
    )
