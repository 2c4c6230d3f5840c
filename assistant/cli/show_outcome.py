"""Shows a reply on the terminal: how the turn ended, what was said, the products and what can be done next."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assistant.cli.screen import data, table
from assistant.web.public import PublicCard, PublicOutcome, PublicReply

COLOURS = {"answer": "green", "clarify": "cyan", "decline": "yellow", "handoff": "magenta", "withdrawn": "dim"}
_SIGNS = {"yes": ("✓ ", "green"), "no": ("✗ ", "red"), "unknown": ("? ", "yellow"), "plain": ("", "")}
_FORMS = {"order": "order number and e-mail address of the order"}


def show_reply(reply: PublicReply, console: Console) -> None:
    """Print a reply, its notices, and how to go on with the case."""
    show_outcome(reply.outcome, console, reply.case_id)
    for notice in reply.notices:
        console.print(data(f"notice: {notice}", "yellow"))
    console.print(data(f"case {reply.case_id}  turn {reply.turn_id}", "dim"), soft_wrap=True)


def show_outcome(outcome: PublicOutcome, console: Console, case_id: str) -> None:
    """Print an outcome; `case_id` stands in the commands that continue it."""
    kind = Text(outcome.kind, style=f"bold {COLOURS[outcome.kind]}")
    console.print(kind.append(f"  {outcome.reason.replace('_', ' ')}", "dim") if outcome.reason else kind)
    console.print(Padding(Group(*_body(outcome, case_id)), (0, 0, 0, 2)))


def _body(outcome: PublicOutcome, case_id: str) -> Iterator[RenderableType]:
    for part in outcome.parts:
        for sentence in part.sentences:
            yield Text.assemble(_SIGNS[sentence.polarity], data(sentence.text))
    if outcome.text:
        yield data(outcome.text)
    if outcome.products:
        yield Text()
        columns = ("product", "price", "in stock", "details")
        yield table("", columns, map(_card, outcome.products), numbers=("price",), whole=("price", "in stock"))
    if outcome.choices:
        yield Text()
        for number, choice in enumerate(outcome.choices, start=1):
            yield Text.assemble((f"{number}. ", "bold cyan"), data(choice.label), ("   " + choice.id, "dim"))
        yield data(f"Pick one: hopdesk ask --case {case_id} --choice {outcome.choices[0].id}", "dim")
    if outcome.form:
        yield data(f"A form is asked for: {_FORMS[outcome.form]}.", "cyan")
        yield data(f'Fill it in: hopdesk ask --case {case_id} "ORDER-NUMBER you@example.com"', "dim")


def _card(card: PublicCard) -> tuple[Text, ...]:
    name = Text.assemble(data(card.name, "bold"), "\n", data(card.sku, "dim"))
    stock = {True: Text("yes", "green"), False: Text("no", "red"), None: Text("not known", "dim")}[card.in_stock]
    details = Text("\n").join(data(f"{detail.label}: {detail.value}") for detail in card.details)
    return name, data(card.price or ""), stock, details
