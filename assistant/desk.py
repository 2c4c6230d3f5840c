"""The desk: takes one request, accepts it in the ledger, has the chain run it, and stores how it ended."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
import structlog
from ulid import ULID

from assistant.ledger import Accepted, CaseState, Known, Ledger, NewTurn
from assistant.reflexes import DayBudgets, Store, StoreLost
from assistant.requests import AskRequest
from assistant.settings import Settings
from assistant.wiring import Site
from chains import replies
from chains.allowance import Allowance
from chains.errors import LedgerError, RequestRefused
from chains.outcomes import Answer, Choice, Clarify, Decline, Handoff, Outcome
from chains.record import digest
from chains.tools import identity_of
from chains.turn import Turn, run_turn
from moderation import Inbound, inbound, restore

log = structlog.get_logger(__name__)
_FOLLOW_UP_WORDS = 8  # a reply this short to a question back completes the request before, longer ones stand alone
_LATE_S = 1.0  # how long after its deadline a turn that another process runs is still waited for


@dataclass(frozen=True)
class Handled:
    """A request's outcome as the customer reads it; `notices` are for the shop's developer."""

    turn_id: str
    case_id: str
    outcome: Outcome
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Case:
    """What a request continues: nothing, for a case's first."""

    case_id: str
    state: CaseState | None = None

    @property
    def before(self) -> Outcome | None:
        """How the case's last turn ended."""
        return self.state.last_outcome if self.state else None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The closed choices that the last turn offered."""
        return self.before.choices if isinstance(self.before, Answer | Clarify | Decline) else ()

    @property
    def products(self) -> tuple[str, ...]:
        """The products that the last turn showed."""
        shown = self.before.products if isinstance(self.before, Answer | Clarify | Handoff) else ()
        return tuple(card.sku for card in shown)


@dataclass(frozen=True)
class _Asked:
    """A request resolved to a text, and what is settled without reading it."""

    text: str
    intent: str | None = None
    products: tuple[str, ...] = ()
    on_product: bool = False
    previous_intent: str | None = None
    clarified: int = 0


class Desk:
    """Serves the requests of one or more sites on one ledger."""

    def __init__(
        self, sites: Mapping[str, Site], ledger: Ledger, settings: Settings, store: Store | None = None
    ) -> None:
        """Serve sites; `store` is what the workers share, for the budgets of a day."""
        self.sites = sites
        self.ledger = ledger
        self._settings = settings
        self._store = store
        self._budgets = DayBudgets(store, ledger)
        for site in sites.values():
            ledger.put_artefact("scope", site.loaded.text)
            for prompt in site.prompts:  # records name them by their hash alone
                ledger.put_artefact("prompt", prompt.text)

    async def warm_up(self) -> None:
        """Reach what the workers share once, so that no request waits for its first connection."""
        if self._store is not None:
            with contextlib.suppress(StoreLost):  # every use of it has something to fall back on
                await self._store.get("warm")

    async def handle(self, request: AskRequest, idempotency_key: str | None = None) -> Handled:
        """Answer one request; raises `RequestRefused` or `LedgerError` before acceptance, and nothing after it."""
        site = self._site(request.site)
        customer = self._customer(request.customer_token)
        notices, page = _page(request, site)
        if idempotency_key is not None:  # before the case is looked at, which may have gone on since
            known = await self.ledger.known(request.site, idempotency_key, _body_sha256(request))
            if known is not None:
                return await self._repeated(known, site, notices)
        case = await self._case(request, site)
        asked = await self._resolve(request, case, page)
        came_in = inbound(asked.text, site.chain.scope.moderation)
        if came_in.error:
            raise RequestRefused(str(came_in.error), code=f"text_{came_in.refused}", field="text")
        turn = _turn(request, case, asked, came_in, customer)
        accepted = await self.ledger.accept(_new_turn(request, turn, came_in, site, idempotency_key))
        if not isinstance(accepted, Accepted):
            return await self._repeated(accepted, site, notices)
        with structlog.contextvars.bound_contextvars(site=request.site, turn_id=turn.turn_id):
            outcome = await self._run(turn, site)
        return Handled(turn.turn_id, turn.case_id, replies.present(outcome, turn.originals), notices)

    async def _run(self, turn: Turn, site: Site) -> Outcome:
        """Run an accepted turn and store its outcome; whoever ended it first decides what it was.

        Its clock runs from here. What it spends on language models is reserved first, and settled however it ends.
        """
        allowance = Allowance(site.chain.scope.budget, funded=False)
        try:
            return await self._ended(turn, site, allowance)
        finally:  # only now, because what the workers share may take its time
            await self._budgets.settle(turn.turn_id, site.chain.scope.site.id, allowance)

    async def _ended(self, turn: Turn, site: Site, allowance: Allowance) -> Outcome:
        if site.models.bare and await self._budgets.reserve(
            turn.turn_id, site.chain.scope.site.id, site.chain.scope.budget
        ):
            allowance.fund()
        outcome = await run_turn(turn, site.chain, allowance)
        try:
            if not await self.ledger.close_turn(turn.turn_id, outcome, time.time_ns()):
                outcome = await self.ledger.outcome_of(turn.turn_id) or outcome
        except LedgerError as error:
            # The turn was accepted and stays open in the ledger: the sweep ends it as a hand-off, so say so.
            log.error("outcome_not_stored", error=str(error))  # noqa: TRY400 - the sentence says it all
            return Handoff(reason="failure", text=site.chain.scope.texts.handoff)
        log.info("turn_ended", outcome=outcome.kind)
        return outcome

    async def _repeated(self, known: Known, site: Site, notices: tuple[str, ...]) -> Handled:
        """How the same request ended, as it was said then: with its own turn's personal data."""
        outcome = known.outcome or await self._join(known.turn_id, site)
        originals = await self.ledger.reveal(known.turn_id, "desk", "repeat")
        return Handled(known.turn_id, known.case_id, replies.present(outcome, originals), notices)

    async def _join(self, turn_id: str, site: Site) -> Outcome:
        """The outcome of the same request that is running elsewhere."""
        timeout_s = site.chain.scope.budget.deadline_ms / 1000 + _LATE_S
        outcome = await self.ledger.wait_for_outcome(turn_id, timeout_s)
        return outcome or Handoff(reason="overdue", text=site.chain.scope.texts.handoff)

    def _site(self, name: str) -> Site:
        site = self.sites.get(name)
        if site is None:
            known = ", ".join(sorted(self.sites))
            raise RequestRefused(
                f"There is no site {name[:63]!r} here; this server serves: {known}.",
                code="unknown_site",
                status=404,
                field="site",
            )
        return site

    def _customer(self, token: str | None) -> str | None:
        """The e-mail address that the shop's server vouches for, in the token's `sub`."""
        if token is None:
            return None
        secret = self._settings.customer_secret.get_secret_value()
        if not secret:
            raise RequestRefused(
                "This server takes no customer tokens; set HOPDESK_CUSTOMER_SECRET, or leave customer_token out.",
                code="customer_token_not_taken",
                field="customer_token",
            )
        try:
            claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["sub", "exp"]})
        except jwt.InvalidTokenError:
            raise RequestRefused(
                "The customer token is not valid or has expired; sign a new one (HS256, with sub and exp).",
                code="customer_token_invalid",
                status=401,
                field="customer_token",
            ) from None
        return str(claims["sub"])

    async def _case(self, request: AskRequest, site: Site) -> _Case:
        if request.case_id is None:
            return _Case(str(ULID()))
        state = await self.ledger.case(request.case_id, site.chain.scope.site.id)
        if state is None:
            raise RequestRefused(
                f"There is no case {request.case_id!r} on this site; leave case_id out to start one.",
                code="unknown_case",
                status=404,
                field="case_id",
            )
        return _Case(request.case_id, state)

    async def _resolve(self, request: AskRequest, case: _Case, page: tuple[str, ...]) -> _Asked:
        """The text that a request stands for: its own, that of the choice, or the one it completes."""
        clarify = case.before if isinstance(case.before, Clarify) else None
        clarified = case.state.clarify_rounds if case.state else 0
        products = tuple(dict.fromkeys((*page, *case.products)))
        if request.choice is not None:
            effect = _choice(request.choice, case).effect
            text = restore(effect.text, await self._originals(case))
            chosen = tuple(dict.fromkeys((*((effect.product,) if effect.product else ()), *products)))
            return _Asked(text, effect.intent, chosen, bool(effect.product or page), clarified=clarified)
        text = f"{request.form.order_number} {request.form.email}" if request.form else request.text or ""
        completes = request.form is not None or len(text.split()) <= _FOLLOW_UP_WORDS
        previous = case.before.parts[0].intent if isinstance(case.before, Answer) else None
        if clarify and case.state and case.state.last_request and completes:
            pending = restore(str(case.state.last_request["text"]), await self._originals(case))
            return _Asked(_completed(pending, text), None, products, bool(page), clarified=clarified)
        return _Asked(text, None, products, bool(page), previous, clarified)

    async def _originals(self, case: _Case) -> dict[str, str]:
        """The personal data of the case's last turn, for the turn that completes it."""
        if case.state is None or case.state.last_request is None:
            return {}
        return await self.ledger.reveal(str(case.state.last_request["turn_id"]), "desk", "follow-up")


def _choice(choice_id: str, case: _Case) -> Choice:
    for choice in case.choices:
        if choice.id == choice_id:
            return choice
    raise RequestRefused(
        f"The choice {choice_id!r} was not offered in this case's last reply; send one that was.",
        code="unknown_choice",
        status=409,
        field="choice",
    )


def _completed(pending: str, reply: str) -> str:
    """A request with what was missing, in a sentence of its own, so that neither is read as part of the other."""
    return f"{pending} {reply}" if pending.endswith((".", "?", "!")) else f"{pending}. {reply}"


def _page(request: AskRequest, site: Site) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notices, and the page's product where the catalog has it."""
    if request.page_product is None:
        return (), ()
    if site.catalog.get(request.page_product) is None:
        notice = f"page_product: there is no product {request.page_product!r} in the catalog; it was left out."
        return (notice,), ()
    return (), (request.page_product,)


def _turn(request: AskRequest, case: _Case, asked: _Asked, came_in: Inbound, customer: str | None) -> Turn:
    return Turn(
        turn_id=str(ULID()),
        case_id=case.case_id,
        text=came_in.redacted.text,
        now=datetime.now(UTC),
        originals=came_in.originals,
        pii=came_in.redacted.kinds,
        identity=identity_of(came_in.originals, customer),
        customer=customer,
        locale=request.locale[:2],
        intent=asked.intent,
        products=asked.products,
        on_product=asked.on_product,
        previous_intent=asked.previous_intent,
        clarified=asked.clarified,
    )


def _body_sha256(request: AskRequest) -> str:
    """By which a repeat of a request is told from another one with its idempotency key."""
    return digest(request.model_dump_json())


def _new_turn(request: AskRequest, turn: Turn, came_in: Inbound, site: Site, key: str | None) -> NewTurn:
    accepted_ns = time.time_ns()
    scope = site.chain.scope
    return NewTurn(
        turn_id=turn.turn_id,
        case_id=turn.case_id,
        site=request.site,
        idempotency_key=key,
        body_sha256=_body_sha256(request),
        accepted_ns=accepted_ns,
        deadline_ns=accepted_ns + scope.budget.deadline_ms * 1_000_000,
        request={"turn_id": turn.turn_id, "text": turn.text, "intent": turn.intent, "products": [*turn.products]},
        turn_limit=scope.limits.turns,
        contacts={p: (p[1:].partition("_")[0].lower(), original) for p, original in came_in.originals.items()},
    )


async def sweep_for_ever(desk: Desk, every_s: float = 5.0) -> None:
    """End overdue turns, those of processes that died among them, until cancelled."""
    while True:
        try:
            for turn_id in await desk.ledger.sweep(time.time_ns()):
                log.warning("turn_swept", turn_id=turn_id)
        except LedgerError as error:
            log.error("sweep_failed", error=str(error))  # noqa: TRY400 - the sentence says it all
        await asyncio.sleep(every_s)
