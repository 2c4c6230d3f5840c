"""How sure planner and responder can be of what they made of a reading: what it explains, and what had to be guessed.

The parts below were put together on the demo shop's dev cases, where they rank what was right before what was not. They
are no probabilities: `hopdesk evals cascade` measures from which value on they can be relied upon.
"""

from assistant.embedded.reading import Reading
from assistant.embedded.tokens import Token, tokenise
from assistant.embedded.wordlists import NEGATORS, STOPWORDS

BY_MEANING = 0.6  # a field that no word of the request names, found by what the request means
WHOLE_PAGE = 0.4  # a question about a product of which no field was found, by word or by meaning
UNNAMED = 0.9  # the product of the page, where the request does not say that it means that one
FOREIGN_NAME = 0.8  # a name that the catalog lacks: perhaps a product, perhaps something else
_ASTRAY = 0.5
_STORY = 0.5  # how much of a question about a named product may be the story around it
_QUOTED = 0.6  # a paragraph that was found by meaning: whether it is the right one, nobody looked
_SAYS_NOTHING = STOPWORDS | NEGATORS


def understood(reading: Reading) -> float:
    """The share of the content words that a reading explains, 0..1; 1 for a text that has none.

    It is halved where a value stands before a word that is not explained: in "I drink green tea, which kettle suits me"
    green is no wish.
    """
    left = reading.leftover.casefold().split()
    words = len(_content(reading.text))
    share = max(0.0, 1 - len(left) / words) if words else 1.0
    after = (reading.text[condition.span[1] :].casefold().split() for condition in reading.conditions)
    astray = any(words and words[0].strip(".,;:!?'\"") in left for words in after)
    return share * (_ASTRAY if astray else 1.0)


def answered(reading: Reading) -> float:
    """The same where only the question has to be understood, and not the story around it: 0.5..1."""
    return 1 - _STORY * (1 - understood(reading))


def quoted(question: str, paragraphs: tuple[str, ...]) -> float:
    """How sure it is that paragraphs answer a question, 0.3..0.6: the more of its words they share, the more."""
    asked = {token.stem for token in _content(question)}
    said = {token.stem for text in paragraphs for token in tokenise(text)}
    shared = len(asked & said) / len(asked) if asked else 0.0
    return _QUOTED * (1 + shared) / 2


def _content(text: str) -> list[Token]:
    """The words that say something, as `Reading.leftover` counts them."""
    return [
        token
        for token in tokenise(text)
        if len(token.word) > 1 and token.word[0].isalpha() and token.word not in _SAYS_NOTHING
    ]
