"""What is loaded before the first request, and what is said of models that cannot be asked."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient

from assistant.cli.opening import Unlogged
from assistant.desk import Desk
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger
from assistant.settings import Settings
from assistant.web.app import build_app
from assistant.web.warm_up import warm_up
from assistant.wiring import Site, open_site
from chains.allowance import Allowance
from chains.messages import IntentInput, ModerationInput
from chains.ports import Cascade, HopModel, ModelCard, Repair, Reply, Tier
from tests.assistant.conftest import logged_to
from tests.assistant.prompted_shop import QUESTION, write_prompted_shop
from tests.model_server import Reply as Answered
from tests.model_server import serving


@dataclass
class Counted:
    """An intent model that counts how often it is asked."""

    inner: HopModel[IntentInput]
    served_from: str = "embedded"
    asked: list[str] = field(default_factory=list)

    @property
    def card(self) -> ModelCard:
        return replace(self.inner.card, served_from=self.served_from)  # type: ignore[arg-type]

    async def propose(
        self, given: IntentInput, repair: Repair | None = None, allowance: Allowance | None = None
    ) -> Reply:
        self.asked.append(given.text)
        return await self.inner.propose(given, repair, allowance)


@pytest.mark.parametrize("place", ["a tier", "the last"])
def test_the_embedded_intent_model_is_asked_once_wherever_it_stands(demo_site: Site, place: str) -> None:
    inner = demo_site.chain.intent_model.tiers[0].model
    local, remote = Counted(inner), Counted(inner, "provider")
    found = Cascade((Tier(local), Tier(remote))) if place == "a tier" else Cascade((Tier(remote),), local)
    asyncio.run(warm_up([replace(demo_site, chain=replace(demo_site.chain, intent_model=found))]))
    assert (len(local.asked), len(remote.asked)) == (1, 0)


@dataclass
class Listening:
    """A moderation layer that keeps what it is given."""

    served_from: str
    heard: list[str] = field(default_factory=list)

    @property
    def card(self) -> ModelCard:
        return ModelCard("tests", "listening/1", "classify", served_from=self.served_from)  # type: ignore[arg-type]

    async def propose(
        self, given: ModerationInput, repair: Repair | None = None, allowance: Allowance | None = None
    ) -> Reply:
        self.heard.append(given.text)
        return Reply(raw="{}")


def test_moderation_of_this_machine_is_asked_once_and_no_other(demo_site: Site) -> None:
    local, remote = Listening("embedded"), Listening("provider")
    asyncio.run(warm_up([replace(demo_site, chain=replace(demo_site.chain, moderators=(local, remote)))]))
    assert (len(local.heard), len(remote.heard)) == (1, 0)


def test_a_language_model_is_loaded_and_sent_nothing(home: Path, encoder: Encoder, tmp_path: Path) -> None:
    with serving(Answered("{}")) as served:
        site = open_site(write_prompted_shop(tmp_path, served.base_url), Settings(home=home), encoder, Unlogged())
        with structlog.testing.capture_logs() as logs:
            asyncio.run(warm_up([site]))
    site.catalog.close()
    assert served.count == 0
    assert logs == []


def test_a_model_without_its_key_is_said_at_the_start_and_requests_are_served_by_the_fallback(
    home: Path, encoder: Encoder, tmp_path: Path, ledger: Ledger, settings: Settings
) -> None:
    path = write_prompted_shop(tmp_path, settings='api_key_env = "NO_SUCH_KEY_IS_SET"')
    site = logged_to(ledger, open_site(path, Settings(home=home), encoder, Unlogged()))
    app = build_app(Desk({"prompted": site}, ledger, settings), settings)
    with structlog.testing.capture_logs() as logs, TestClient(app) as client:
        (said,) = [line for line in logs if line["event"] == "model_misconfigured"]
        assert said["problem"].startswith("The environment variable NO_SUCH_KEY_IS_SET, which holds the key of the")
        reply = client.post("/v1/requests", json={"site": "prompted", "text": QUESTION}).json()
    site.catalog.close()
    assert reply["outcome"]["kind"] == "answer"
    assert "16 GB" in str(reply["outcome"])
