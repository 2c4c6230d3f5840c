"""Drives the demo shop with one language model on all four hops, and counts how often it was repaired or given up.

The embedded models stay what the scope falls back on. No vendor's library is involved: the model is any object that
can `complete`, metered as the wire would be.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from structlog.testing import capture_logs

from assistant.embedded.reader import Reader
from assistant.facets import facets_of, hints_of
from assistant.reflexes import Reflexes
from assistant.serving import Catalogued, Embedded, LanguageModels, serve_hops
from assistant.wiring import Site
from chains.allowance import Allowance
from chains.facts import Evidence
from chains.language import Completion, Json, LanguageModel, ModelCall, Structure
from chains.messages import HopName
from chains.ports import Cascade, HopModel
from chains.scope import Budget, Fallback, HopModels, Scope
from chains.tools import Caller, Toolbox, identity_of
from chains.turn import Turn, run_turn
from evals.running import NOW, MemoryLog
from moderation import inbound
from tests.brains.held import Ended, Ran, hold, parts_of
from tests.brains.shelf import Shelf
from tests.chains.fakes import GivenT, changed

PROMPTED: tuple[HopName, ...] = ("moderation", "intent", "lookup", "response")
Request = tuple[str, str | None, str | None]
_REPLY_TOKENS = 200


@dataclass(frozen=True)
class Setting:
    """How the brain is held to schemas, what the scope lets it do, and whether it moderates beside the rules."""

    structure: Structure = "json_schema"
    takes_functions: bool = True
    moderates: bool = True
    budget: Budget = Budget()
    fallback: Fallback = Fallback()


_SPECULATING = Budget(speculate=True)
SETTINGS = (
    Setting(fallback=Fallback(moderation="rules")),
    Setting("json_object", takes_functions=False),
    Setting(budget=_SPECULATING, fallback=Fallback(moderation="rules", response="facts")),
    Setting(
        "plain",
        takes_functions=False,
        budget=_SPECULATING,
        fallback=Fallback(intent="clarify", lookup="clarify", response="handoff"),
    ),
)


class Metered:
    """A model that costs a call on the wire each time, as a real one does."""

    price_table_sha256: str | None = None

    def __init__(self, inner: LanguageModel) -> None:
        self._inner = inner
        self.name, self.structure, self.takes_functions = inner.name, inner.structure, inner.takes_functions

    def params(self, call: ModelCall) -> Json:
        return self._inner.params(call)

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        allowance.take(call.input_tokens + _REPLY_TOKENS, Decimal("0.0001"))
        await asyncio.sleep(0)  # what runs beside it goes on meanwhile
        said = await self._inner.complete(call, allowance)
        return replace(said, output_messages=({"role": "assistant", "content": said.text},))


class OneModel(LanguageModels):
    """The same language model under every name."""

    def __init__(self, scope: Scope, model: LanguageModel) -> None:
        shared = Reflexes.of(None)
        super().__init__(scope, shared.breakers, shared.replies)
        self._model = model

    def __call__(self, name: str) -> LanguageModel:
        return self._model


class Watched:
    """A toolbox that remembers what reached it."""

    def __init__(self, inner: Toolbox) -> None:
        self._inner = inner
        self.ran: list[Ran] = []

    async def run(self, name: str, arguments: BaseModel, caller: Caller) -> Evidence:
        place = len(self.ran)
        self.ran.append(Ran(name, arguments, caller, None))
        found = await self._inner.run(name, arguments, caller)
        self.ran[place] = replace(self.ran[place], found=found)
        return found


def open_driven(model: LanguageModel, demo: Site, setting: Setting = SETTINGS[0]) -> Site:
    """The demo shop with this model on all four hops; rules moderate first, and the scope says what comes last."""
    own = demo.chain.scope
    scope = changed(
        own,
        models=HopModels(
            moderation=("rules", model.name) if setting.moderates else ("rules",),
            intent=(model.name,),
            lookup=(model.name,),
            response=(model.name,),
        ),
        budget=setting.budget,
        fallback=setting.fallback,
    )
    embedded = Embedded(
        _local(demo.chain.intent_model),
        _local(demo.chain.planner),
        _local(demo.chain.responder),
        lambda _policy: demo.chain.moderators[0],
    )
    vocabulary, base = demo.catalog.vocabulary, demo.loaded.path.parent
    shop = Catalogued(facets_of(vocabulary), hints_of(Reader(vocabulary), demo.catalog))
    models = OneModel(scope, model)
    hops = serve_hops(scope, base, embedded, lambda: shop, models)
    chain = replace(
        demo.chain,
        scope=scope,
        moderators=hops.moderators,
        intent_model=hops.intent,
        planner=hops.planner,
        responder=hops.responder,
    )
    return replace(demo, chain=chain, models=models)


def open_settings(make: Callable[[int, Setting], LanguageModel], demo: Site) -> list[Site]:
    """The demo shop once for each setting, with a brain of its own, which costs calls."""
    return [open_driven(Metered(make(place, one)), demo, one) for place, one in enumerate(SETTINGS)]


def _local(cascade: Cascade[GivenT]) -> HopModel[GivenT]:
    return cascade.tiers[0].model


def turn_of(request: Request, number: int, scope: Scope) -> Turn:
    """A request as its turn would come in live; now and then it is a third question, or about a choice."""
    text, page, customer = request
    came_in = inbound(text, scope.moderation)
    return Turn(
        turn_id=f"turn-{number}",
        case_id=f"case-{number}",
        text=came_in.redacted.text,
        now=NOW,
        originals=came_in.originals,
        pii=came_in.redacted.kinds,
        identity=identity_of(came_in.originals, customer),
        customer=customer,
        intent=scope.intents[number % len(scope.intents)].id if number % 11 == 10 else None,
        products=(page,) if page else (),
        on_product=page is not None,
        clarified=2 if number % 13 == 12 else 0,
    )


async def run_one(turn: Turn, site: Site) -> Ended:
    """One turn, with its records in memory and its tools watched."""
    log, watched = MemoryLog(), Watched(site.chain.toolbox)
    allowance = Allowance(site.chain.scope.budget)
    with capture_logs() as logged:
        outcome = await run_turn(turn, replace(site.chain, log=log, toolbox=watched), allowance)
    return Ended(turn, outcome, log.records, watched.ran, allowance.calls, [str(one["event"]) for one in logged])


def drive(requests: Sequence[Request], sites: Sequence[Site], shelf: Shelf) -> "Tally":
    """Run requests one after the other, the sites by turns; each turn is held to all that must hold."""
    tally = Tally()

    async def run_all() -> None:
        for number, request in enumerate(requests):
            site = sites[number % len(sites)]
            ended = await run_one(turn_of(request, number, site.chain.scope), site)
            try:
                hold(ended, site, shelf)
            except AssertionError as error:
                error.add_note(f"This was request {number}.")
                raise
            tally.add(ended)

    asyncio.run(run_all())
    return tally


@dataclass
class Tally:
    """How a brain did: its attempts by hop, and the outcomes by kind and reason."""

    turns: int = 0
    wires: int = 0
    hops: dict[HopName, Counter[str]] = field(default_factory=lambda: {hop: Counter() for hop in PROMPTED})
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, ended: Ended) -> None:
        """Count one turn."""
        self.turns += 1
        self.wires += ended.wires
        self.outcomes[f"{ended.outcome.kind} {getattr(ended.outcome, 'reason', '')}".strip()] += 1
        self.kinds.update(sentence.claim for part in parts_of(ended.outcome) for sentence in part.sentences)
        self.tools.update(ran.name for ran in ended.ran)
        self.errors.update(f"{record.hop} {record.error_type}" for record in ended.records if record.error_type)
        for hop in PROMPTED:
            self.hops[hop].update(_ends(ended, hop))

    def print(self, title: str) -> None:
        """Print the tables."""
        table = Table(title=f"{title}: {self.turns} turns, all held; {self.wires / self.turns:.2f} calls a turn")
        for column in ("hop", "asked", "valid at once", "repaired", "gave up", "failed", "cancelled", "fell back"):
            table.add_column(column, justify="left" if column == "hop" else "right")
        for hop, counts in self.hops.items():
            shown = ("at once", "repaired", "gave up", "failed", "cancelled")
            back = counts["gave up"] + counts["failed"]
            row = [sum(counts[one] for one in shown), *(counts[one] for one in shown), back]
            table.add_row(hop, *(str(one) for one in row))
        ends = Table(title="outcomes")
        ends.add_column("kind and reason")
        ends.add_column("turns", justify="right")
        for name, count in self.outcomes.most_common():
            ends.add_row(name, str(count))
        console = Console(width=110)
        console.print(table)
        console.print(ends)
        console.print("sentences by claim:", dict(self.kinds.most_common()))
        console.print("calls carried out:", dict(self.tools.most_common()))
        console.print("failures:", dict(self.errors.most_common()))


def _ends(ended: Ended, hop: HopName) -> Iterator[str]:
    """How each asking of the brain at a hop ended, be it one attempt or two."""
    asked = [record for record in ended.attempts(hop) if record.op == "chat"]
    for place, record in enumerate(asked):
        if place + 1 < len(asked) and asked[place + 1].attempt == 2:
            continue
        if record.valid:
            yield "repaired" if record.repaired else "at once"
        elif record.error_type:
            yield "cancelled" if record.error_type == "Cancelled" else "failed"
        else:
            yield "gave up"
