"""What tests of the embedded moderation share: the released classifier, and a moderator with the default thresholds."""

import pytest

from assistant.embedded.encoder import Encoder
from assistant.embedded.moderation.classifier_file import Loaded, load
from assistant.embedded.moderation.moderator import EmbeddedModerator
from moderation import ModerationPolicy


@pytest.fixture(scope="session")
def released(encoder: Encoder) -> Loaded:
    return load(encoder.fingerprint)


@pytest.fixture(scope="session")
def moderator(released: Loaded, encoder: Encoder) -> EmbeddedModerator:
    return EmbeddedModerator(released, encoder, ModerationPolicy())
