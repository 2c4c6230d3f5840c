"""The outbound check of language, by function words and script alone: no model, and no guess about a short text.

It speaks only on evidence: a text with few function words, such as a list of names, is in any language.
"""

import unicodedata
from collections import Counter
from types import MappingProxyType

from moderation.contract import Failure
from moderation.outbound import OutboundContext, Outgoing, failed, optional, prose_of
from moderation.outbound_policy import LanguageCode

_LEAST_WORDS = 3  # function words that a sentence of six or seven words has
_CLEARLY = 1.5  # times as many as in any language that is allowed: neighbours such as Danish and Swedish share many
_FOREIGN_LETTERS = 0.3  # share of letters of another script: names of products are fewer
_LEAST_LETTERS = 8

_WORDS: dict[LanguageCode, str] = {
    "da": "af at blev de den der det din dig du ikke en er et for fra har hvis hvor i jeg kan med men mit når og om på"
    " som så tak til vi vores være vil",
    "de": "aber als an auch auf aus bei bitte danke das dass dem den der des die diese ein eine einem einen einer er es"
    " für haben ich ihnen ihr ihre ihrer im in ist kann können mit nach nicht noch oder sehr sich sie sind über und uns"
    " unser vielen von wenn werden wie wir wird zu zum zur",
    "en": "a about all an and any are as at be been but by can could did do for from get has have he her here how i if"
    " in is it its just me more my no not of on one or our out please she should so some thank thanks that the their"
    " them then there these they this to us was we were what when which who will with would you your",
    "es": "a al como con cuando de del desde donde el ella en es esta está este gracias hay la las le lo los más me mi"
    " muy no nos nuestra nuestro o para pero por puede que se ser si sin su sus también un una usted y ya",
    "fr": "à au aux avec avez bien ce ces cette dans de des du elle en est et être ici il je la le les leur mais merci"
    " ne nos notre nous on ou où par pas plus pour pouvez que qui sa sans se si son sont sur un une vos votre vous",
    "it": "a al alla anche che ci come con da dal dei del della di è e gli grazie ha i il in io la le lei lo ma mi nel"
    " nella non nostro o per più può quando questa questo sono su suo un una vi",
    "nl": "aan als bij dan dat de deze die dit door een en er ga geen heb hebben heeft het hij hoe ik in is kan kunnen"
    " maar met mijn naar niet nog of om ons onze ook op over te uit uw van voor was wat we wij worden wordt zijn zo u",
    "pl": "ale ani być czy dla do dziękujemy go i ich jak jest jej już lub ma mi można my na nas nasz nie o od po przez"
    " przy proszę się są ta tak te to tym w we z za ze że",
    "pt": "à ao aos as até com como da das de do dos e é ela ele em esta está eu foi já lhe mais mas me muito na não"
    " nas no nos nossa nosso o obrigado os ou para pela pelo por pode que se sem ser seu sua também tem um uma você",
    "sv": "att av de den det din dig du eller en er ett för från har hos i inte jag kan kommer man med men när och om"
    " på så som till vad vi vill vår var är",
}
FUNCTION_WORDS = MappingProxyType({code: frozenset(words.split()) for code, words in _WORDS.items()})


@optional
def in_language(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Prose is in a language of the site's: its function words and its script are not those of another one."""
    prose, allowed = prose_of(value, context), context.policy.languages
    if prose.strip() and (_in_another_script(prose) or _in_another_language(prose, allowed)):
        return failed("foreign_language", f"The text is in another language; write it in {' or '.join(allowed)}.")
    return ()


def _in_another_script(prose: str) -> bool:
    letters = [char for char in prose if char.isalpha()]
    foreign = sum(not unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return foreign >= _LEAST_LETTERS and foreign > _FOREIGN_LETTERS * len(letters)


def _in_another_language(prose: str, allowed: tuple[LanguageCode, ...]) -> bool:
    words = Counter(word.strip(".,;:!?\"“”„'’()") for word in prose.casefold().split())
    counts = {code: sum(words[one] for one in known) for code, known in FUNCTION_WORDS.items()}
    most = max(counts.values())
    return most >= _LEAST_WORDS and most > _CLEARLY * max(counts[code] for code in allowed)
