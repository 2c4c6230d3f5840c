"""The parts of a scope file that say when a text is stopped, and by which models."""

import pytest

from chains.errors import ScopeError
from chains.scope import LanguageModelSettings
from chains.scope_file import parse_scope
from moderation import Threshold
from tests.chains.test_scope_file_outbound import STARTER

BARE = STARTER.replace("[moderation.outbound]\n", "")
ENDPOINT = '[[language_models]]\nname = "openai/omni-moderation-latest"\nkind = "moderation"\n'


def test_a_site_sets_thresholds_by_layer_and_category() -> None:
    text = "[moderation.thresholds.classifier.violence]\nreview_at = 0.5\n"
    text += '[moderation.thresholds.model.spam]\nreview_at = "never"\nblock_at = 1\n'
    thresholds = parse_scope(BARE + text, "scope.toml").moderation.thresholds
    assert thresholds.classifier == {"violence": Threshold(review_at=0.5)}
    assert thresholds.model == {"spam": Threshold(review_at="never", block_at=1.0)}


def test_an_endpoint_is_a_language_model_of_a_kind_of_its_own() -> None:
    text = '[models]\nmoderation = ["rules", "openai/omni-moderation-latest"]\n' + ENDPOINT
    scope = parse_scope(BARE + text, "scope.toml")
    assert scope.language_models == (LanguageModelSettings(name="openai/omni-moderation-latest", kind="moderation"),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[moderation.thresholds.classifier.self_harm]\nblock_at = 0.9\n",
            (
                'scope.toml: moderation.thresholds.classifier: found {"self_harm": {"block_at": 0.9}}; self_harm has '
                "a block_at, but whoever writes of harming themselves reaches a person and is never refused; leave it "
                "out."
            ),
        ),
        (
            "[moderation.thresholds.model.hate]\nreview_at = 2\n",
            'scope.toml: moderation.thresholds.model.hate.review_at: found 2; write a score from 0 to 1, or "never".',
        ),
        (
            "[moderation.thresholds.violence]\nreview_at = 0.5\n",
            "scope.toml: moderation.thresholds.violence: this key is unknown; allowed: classifier, model",
        ),
        (
            '[[moderation.blocked_terms]]\nterm = "goodbye forever"\ncategory = "self_harm"\n',
            "a term of self_harm is never refused; write action = 'review', so that a person reads it.",
        ),
        (
            '[models]\nintent = ["openai/omni-moderation-latest"]\n' + ENDPOINT,
            (
                "scope.toml: models.intent: found 'openai/omni-moderation-latest', which is a moderation endpoint; it "
                "serves moderation alone."
            ),
        ),
        (
            ENDPOINT.replace("openai", "mistral"),
            "the address of this moderation endpoint is not known; add its base_url.",
        ),
        (f'[texts]\ncrisis_lines = "{"0" * 181}"\n', "texts.crisis_lines: found"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(ScopeError) as refused:
        parse_scope(BARE + text, "scope.toml")
    assert complaint in str(refused.value)
