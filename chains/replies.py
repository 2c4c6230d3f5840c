"""The outcomes that code alone decides: refusals, questions back, hand-offs, and how two requests end as one."""

from collections.abc import Iterable, Mapping

from chains.hops.intent import Decision
from chains.hops.lookup import Found
from chains.outcomes import (
    Answer,
    AnswerPart,
    Choice,
    ChoiceEffect,
    Clarify,
    Decline,
    Handoff,
    Outcome,
    ProductCard,
    Sentence,
)
from chains.scope import IntentScope, Scope
from chains.tools import Identity
from moderation import Verdict, restore

_MAX_CHOICES = 4
# What a hand-off says to a customer who does not write the shop's language, in that language.
_IN_OTHER_WORDS = {
    "da": "Jeg sender dette videre til en kollega, som vender tilbage til dig.",
    "de": "Ich gebe das an eine Kollegin oder einen Kollegen weiter, die sich bei Ihnen melden.",
    "es": "Paso su consulta a una persona de nuestro equipo, que se pondrá en contacto con usted.",
    "fr": "Je transmets votre demande à une personne de notre équipe, qui vous répondra.",
    "it": "Inoltro la sua richiesta a una persona del nostro team, che le risponderà.",
    "nl": "Ik geef dit door aan een collega, die contact met u opneemt.",
    "pl": "Przekazuję tę sprawę osobie z naszego zespołu, która się z Państwem skontaktuje.",
    "pt": "Vou encaminhar o seu pedido a uma pessoa da nossa equipa, que lhe responderá.",
    "sv": "Jag skickar detta vidare till en kollega, som återkommer till dig.",
}


def moderated(verdict: Verdict, scope: Scope) -> Outcome:
    """The end of a turn that moderation stopped; nobody in distress gets a bare refusal."""
    if "self_harm" in verdict.categories:
        text = f"{scope.texts.self_harm} {scope.texts.crisis_lines}"
        return Handoff(reason="moderation", text=text, categories=tuple(verdict.categories), urgent=True)
    if verdict.action == "block":
        # Who sent nonsense did nothing wrong, and is told what the assistant is for.
        said = scope.out_of_scope.text if set(verdict.categories) == {"spam"} else scope.texts.moderation
        return Decline(reason="moderation", text=said)
    return Handoff(reason="moderation", text=scope.texts.handoff, categories=tuple(verdict.categories))


def undecided(decision: Decision, scope: Scope, text: str, clarified: int) -> Outcome:
    """The end of a turn whose intent is not settled."""
    match decision.kind:
        case "foreign_language":
            said = _IN_OTHER_WORDS.get(decision.language or "", scope.texts.handoff)
            return Handoff(reason="language", text=said)
        case "out_of_scope":
            return Decline(reason="out_of_scope", text=scope.out_of_scope.text)
        case "rephrase" if clarified < scope.limits.clarify_rounds:
            return Clarify(reason="details", question="I did not understand that. Could you say it in other words?")
        case "choose" if clarified < scope.limits.clarify_rounds:
            effects = [(scope.by_id[name].label, ChoiceEffect(intent=name, text=text)) for name in decision.intents]
            return Clarify(reason="intent", question="What is your question about?", choices=_choices(effects))
        case _:
            return Handoff(reason="unsure", text=scope.texts.handoff)


def without_lookup(intents: tuple[IntentScope, ...], scope: Scope, clarified: int) -> Outcome:
    """The end of a turn none of whose intents may call a tool: a person, a proof of identity, or a fixed reply.

    Proof is asked for only where it opens a tool; for what a verified customer alone may do there is a person.
    """
    for intent in intents:
        if "answer" not in intent.outcomes:
            return _permit(Handoff(reason="intent", text=intent.reply or scope.texts.handoff), intent)
    for intent in intents:
        if scope.permitted(intent.id, Identity.ORDER_PROOF):
            return _permit(_order_proof(scope, clarified, found_none=False), intent)
        if intent.tools:
            return _permit(Handoff(reason="intent", text=scope.texts.handoff), intent)
    sentence = Sentence(text=intents[0].reply or scope.texts.not_permitted, claim="fixed")
    return Answer(parts=(AnswerPart(intent=intents[0].id, sentences=(sentence,)),))


def missing(found: Found | None, intents: tuple[IntentScope, ...], scope: Scope, text: str, clarified: int) -> Outcome:
    """The end of a turn whose lookup has nothing to state, or must know something first."""
    intent = intents[0]
    if found is None and scope.fallback.lookup == "clarify" and clarified < scope.limits.clarify_rounds:
        asked = "I could not look that up. Could you say in other words what you would like to know?"
        return _permit(Clarify(reason="details", question=asked), intent)
    if found is None or found.failed:
        return Handoff(reason="failure" if found else "unsure", text=scope.texts.handoff)
    if clarified >= scope.limits.clarify_rounds:
        return _permit(Handoff(reason="limit", text=scope.texts.handoff), intent)
    match found.plan.needs:
        case "product":
            names = [record for sku in found.plan.candidates if (record := found.evidence.record(sku))]
            effects = [(record.name, ChoiceEffect(intent=intent.id, product=record.id, text=text)) for record in names]
            asked = "Which of these do you mean?" if effects else "Which product do you mean?"
            return _permit(Clarify(reason="product", question=asked, choices=_choices(effects)), intent)
        case "currency":
            currency = scope.site.currency
            asked = f"Our prices are in {currency}. What is your limit in {currency}?"
            return _permit(Clarify(reason="currency", question=asked), intent)
        case "order_proof":
            return _permit(_order_proof(scope, clarified, found_none=False), intent)
        case "details":
            asked = "Could you tell me a little more about what you are looking for?"
            return _permit(Clarify(reason="details", question=asked), intent)
        case None if any(call.name == "get_order" for call in found.plan.calls):
            return _permit(_order_proof(scope, clarified, found_none=True), intent)
        case _:
            return _permit(Handoff(reason="unsure", text=scope.texts.handoff), intent)


def beside(
    outcome: Outcome, intents: tuple[IntentScope, ...], ready: tuple[IntentScope, ...], scope: Scope, clarified: int
) -> Outcome:
    """One outcome for a request of which `outcome` is the part that could be looked up; a person before a question."""
    rest = tuple(intent for intent in intents if intent not in ready)
    outcome = _permit(outcome, ready[0])
    if not rest:
        return outcome
    other = without_lookup(rest, scope, clarified)
    parts = outcome.parts if isinstance(outcome, Answer) else ()
    products = outcome.products if isinstance(outcome, Answer) else ()
    if isinstance(other, Handoff) or (isinstance(other, Clarify) and not isinstance(outcome, Handoff)):
        return other.model_copy(update={"answered": parts, "products": products})
    return outcome


def present(outcome: Outcome, originals: Mapping[str, str]) -> Outcome:
    """The outcome as the customer reads it: their own order number back in sentences about that order.

    Only this form holds personal data; what is stored is the outcome before.
    """
    match outcome:
        case Answer(parts=parts):
            return outcome.model_copy(update={"parts": _restored(parts, originals)})
        case Clarify(answered=parts) | Handoff(answered=parts):
            return outcome.model_copy(update={"answered": _restored(parts, originals)})
        case _:
            return outcome


def next_choices(products: tuple[ProductCard, ...], intents: Iterable[IntentScope], scope: Scope) -> tuple[Choice, ...]:
    """The closed next steps that the scope offers after these intents, about the one product shown, if one is."""
    product = products[0].sku if len(products) == 1 else None
    served = [intent.id for intent in intents]
    follow = dict.fromkeys(name for served_id in served for name in scope.by_id[served_id].next if name not in served)
    effects = [
        (scope.by_id[name].label, ChoiceEffect(intent=name, product=product, text=scope.by_id[name].label))
        for name in follow
    ]
    return _choices(effects)


def _restored(parts: tuple[AnswerPart, ...], originals: Mapping[str, str]) -> tuple[AnswerPart, ...]:
    orders = {placeholder: original for placeholder, original in originals.items() if placeholder.startswith("[ORDER_")}
    return tuple(
        part.model_copy(
            update={
                "sentences": tuple(
                    sentence.model_copy(update={"text": restore(sentence.text, orders)})
                    if any(fact.startswith("order") for fact in sentence.facts)
                    else sentence
                    for sentence in part.sentences
                )
            }
        )
        for part in parts
    )


def _choices(effects: Iterable[tuple[str, ChoiceEffect]]) -> tuple[Choice, ...]:
    numbered = enumerate(list(effects)[:_MAX_CHOICES], start=1)
    return tuple(Choice(id=f"c{number}", label=label, effect=effect) for number, (label, effect) in numbered)


def _order_proof(scope: Scope, clarified: int, *, found_none: bool) -> Outcome:
    """Ask for order number and e-mail address. Not found and not theirs read the same, on purpose."""
    if clarified >= scope.limits.clarify_rounds:
        return Handoff(reason="limit", text=scope.texts.handoff)
    asked = "Please give me your order number and the e-mail address of the order."
    if found_none:
        asked = f"I found no order with that number and e-mail address. {asked}"
    return Clarify(reason="order_proof", question=asked, form="order")


def _permit(outcome: Outcome, intent: IntentScope) -> Outcome:
    """The outcome if the intent may end that way, else a hand-off, else a refusal."""
    if outcome.kind in intent.outcomes or outcome.kind == "withdrawn":
        return outcome
    text = outcome.text if isinstance(outcome, Handoff | Decline) else "I cannot do that here."
    if "handoff" in intent.outcomes:
        return Handoff(reason="unsure", text=text)
    return Decline(reason="not_permitted", text=text)
