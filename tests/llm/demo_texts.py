"""Requests to the demo shop, to drive the chain with: the labelled cases, then the examples of its scope."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path

from assistant.cli.opening import demo_scope
from chains.scope import Scope
from chains.scope_file import load_scope
from evals.cases import load_cases

CASES = Path(__file__).parents[2] / "evals" / "cases"

Request = tuple[str, str | None, str | None]
"""What a customer writes, the product on whose page, and who they are."""


def demo_requests(count: int) -> list[Request]:
    """The first `count` requests, always the same: the dev and the test split, then examples, none twice.

    The test split serves as text alone: its labels are not read.
    """
    requests = list(dict.fromkeys(chain(_cases("dev"), _cases("test"), _examples(load_scope(demo_scope()).scope))))
    if len(requests) < count:
        raise ValueError(f"there are {len(requests)} requests, not {count}")
    return requests[:count]


def _cases(split: str) -> Iterator[Request]:
    for case in load_cases(CASES / f"demo-{split}.jsonl"):
        yield case.text, case.page, case.customer


def _examples(scope: Scope) -> Iterator[Request]:
    """Of each intent in turn, and of what is out of scope; those that ask about "this product" have no page."""
    examples = (*(intent.examples for intent in scope.intents), scope.out_of_scope.examples)
    for row in zip_longest(*examples):
        yield from ((text, None, None) for text in row if text is not None)
