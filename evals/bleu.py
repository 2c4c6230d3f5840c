"""BLEU: how many runs of words a reply has in common with the ideal answer. A figure to look at, and no verdict.

Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation" (ACL 2002), by sacrebleu (Post, "A
Call for Clarity in Reporting BLEU Scores", WMT 2018): one sentence at a time, with the effective order, so that a reply
of fewer than four words is not 0. Right answers in other words score low, so nothing passes, fails or gates by it.
"""

from functools import cache
from importlib import import_module
from typing import Any

from chains.errors import HopdeskError
from evals.observed import Observed, Setting, error_score
from evals.results import Score

_WHOLE = 100  # what sacrebleu gives for equal texts


def bleu(observed: Observed, _setting: Setting) -> Score | None:
    """The BLEU of what is said against the case's ideal answer (value, 0..1), unsure; None where there is no ideal.

    Raises `HopdeskError` where sacrebleu is not installed.
    """
    ideal = observed.case.ideal
    if not ideal or not observed.is_turn:
        return None
    if (failed := error_score("bleu", None, observed)) is not None:
        return failed
    said = observed.said
    if said is None:
        return None
    value = load_bleu().sentence_score(" ".join(said.split()), [" ".join(ideal.split())]).score / _WHOLE
    return Score(scorer="bleu", label="unsure", value=min(1.0, value))


@cache
def load_bleu() -> Any:
    """What works it out; raises `HopdeskError` where sacrebleu is not installed."""
    try:
        metrics = import_module("sacrebleu.metrics")
    except ImportError:
        raise HopdeskError("BLEU cannot be worked out without sacrebleu; install hopdesk[evals].") from None
    return metrics.BLEU(effective_order=True)
