"""Puts requests to a desk as the widget does, and reads what came back."""

import asyncio
from dataclasses import dataclass, field, replace

from assistant.desk import Desk, Handled
from assistant.requests import AskRequest
from assistant.wiring import Site
from chains.allowance import Allowance
from chains.messages import IntentInput
from chains.outcomes import Answer, Clarify, Outcome, Withdrawn
from chains.ports import Cascade, HopModel, ModelCard, Repair, Reply

SITE = "lumen-oak"


def request(text: str | None, **fields: object) -> AskRequest:
    return AskRequest.model_validate({"site": SITE, "text": text, **fields})


def ask(desk: Desk, text: str | None, **fields: object) -> Handled:
    return asyncio.run(desk.handle(request(text, **fields)))


def ask_with_key(desk: Desk, text: str | None, **fields: object) -> Handled:
    """Ask with the idempotency key `k`, as a client does which may have to send the request again."""
    return asyncio.run(desk.handle(request(text, **fields), "k"))


def said(outcome: Outcome) -> str:
    """All that an outcome says in sentences."""
    if isinstance(outcome, Withdrawn):
        return ""
    parts = outcome.parts if isinstance(outcome, Answer) else getattr(outcome, "answered", ())
    sentences = [sentence.text for part in parts for sentence in part.sentences]
    if isinstance(outcome, Clarify):
        sentences.append(outcome.question)
    elif not isinstance(outcome, Answer):
        sentences.append(outcome.text)
    return " ".join(sentences)


@dataclass(frozen=True)
class Waiting:
    """An intent model that waits to be let go before it answers what has `word` in it."""

    inner: HopModel[IntentInput]
    word: str
    started: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def card(self) -> ModelCard:
        return self.inner.card

    async def propose(
        self, given: IntentInput, repair: Repair | None = None, allowance: Allowance | None = None
    ) -> Reply:
        if self.word in given.text:
            self.started.set()
            await self.release.wait()
        return await self.inner.propose(given, repair, allowance)


def waiting_desk(desk: Desk, word: str) -> tuple[Desk, Waiting]:
    """The same desk with an intent model that waits, and that model."""
    model = Waiting(desk.sites[SITE].chain.intent_model.tiers[0].model, word)
    return replace_intents(desk, model), model


def replace_intents(desk: Desk, model: HopModel[IntentInput]) -> Desk:
    site: Site = desk.sites[SITE]
    chain = replace(site.chain, intent_model=Cascade.of(model))
    return Desk({SITE: replace(site, chain=chain)}, desk.ledger, desk._settings)
