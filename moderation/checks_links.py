"""The outbound check of links: whatever a page or a mail program may turn into a link leads to the site itself.

The text is read twice, as it stands and as a browser or a helpful reader would straighten it: full-width letters and
dots (NFKC, and the ideographic full stop, which IDNA reads as a dot), `hxxp`, `[.]` and "dot com".
"""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from moderation.contract import Failure
from moderation.outbound import OutboundContext, Outgoing, failed

# Common endings of host names that are no English word, unit or file name: they make a link of a bare name.
_ENDING = (
    "com|net|org|info|biz|xyz|top|icu|vip|online|website|shop|club|click|live|app|dev|tech|cloud|blog|wiki|mobi|tk|gq"
    "|ru|cn|de|eu|io|uk|fr|nl|pl|cz|dk|fi|se|gr|hu|ro|bg|hr|sk|jp|kr|tw|hk|br|mx|tr|ua|by|kz|ir|za|au|nz|рф|xn--[a-z0-9-]+"
)
# Those that are words too: they make a link with `www.`, a path or a port.
_WORD = "site|store|link|space|work|fun|pro|zip|mov|me|it|at|be|is|to|us|in|no|so|my|am|id|co|ch|es|pt|ie|ca|tv|cc|ws"
_LABELS = r"(?:[\w-]{1,63}\.){1,8}"
_REST = r"[^\s<>\"')\]]*"
_LINK = re.compile(
    rf"(?:[a-z][a-z0-9+.-]{{1,20}}:)?(?://|\\\\){_REST}"
    rf"|(?<![\w@.-])(?:https?|ftp|wss?):[/\\]{{0,2}}[^\s/\\]{_REST}"
    rf"|(?<![\w@.-])(?:javascript|vbscript|mailto|tel|sms|file|blob|intent|whatsapp):{_REST}\w{_REST}"
    rf"|(?<![\w@.-])data:[\w/+.-]*[;,]{_REST}"
    rf"|(?<![\w@.-])www\.[\w.-]+{_REST}"
    rf"|(?<![\w@.-]){_LABELS}(?:{_ENDING})\b(?![\w@-])(?:[:/?#\\]{_REST})?"
    rf"|(?<![\w@.-]){_LABELS}(?:{_WORD})(?:/\w|:\d|[?#]\w){_REST}"
    rf"|(?<![\w@.-])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?:/\w|:\d|[?#]\w){_REST}",
    re.IGNORECASE,
)
# Where Markdown and HTML put an address, whatever it looks like: `[text](address)`, `href=address`.
_TARGET = re.compile(r"\]\(\s*<?([^)\s>]+)|\b(?:href|src)\s*=\s*[\"']?([^\s\"'>]+)", re.IGNORECASE)
_DISGUISES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("[\u3002\uff61\u2024]"), "."),
    (re.compile(r"\bhxxp(s?)\b", re.IGNORECASE), r"http\1"),
    (re.compile(r"\s{0,3}[\[({<]\s{0,3}(?:dot|\.)\s{0,3}[\])}>]\s{0,3}", re.IGNORECASE), "."),
    (re.compile(r"[\[({<]\s{0,3}(?:://|:)\s{0,3}[\])}>]"), "://"),
    (re.compile(rf"(?<=\w)\s+(?:dot|point)\s+(?={_ENDING}\b)", re.IGNORECASE), "."),
    (re.compile(rf"(?<=\w)\s+\.\s*(?={_ENDING}\b)", re.IGNORECASE), "."),
)


def no_foreign_link(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Every link leads to one of the site's own hosts over HTTP(S), however it is written."""
    readings = {value.text, _straightened(value.text)}
    if all(_is_allowed(link, context.hosts) for text in readings for link in _links(text)):
        return ()
    return failed("foreign_link", "The text links to a host that is not the shop's; leave the link out.")


def is_own_link(url: str, hosts: frozenset[str]) -> bool:
    """Whether a page may link to an address as it stands: a path of the site, or HTTP(S) on one of its own hosts.

    Browsers drop blanks and control characters inside an address and read a backslash as a slash, so none may be there.
    """
    if "\\" in url or " " in url or not url.isprintable():
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    return "://" in url and _is_allowed(url, hosts)


def _straightened(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    for pattern, plain in _DISGUISES:
        text = pattern.sub(plain, text)
    return text


def _links(text: str) -> Iterator[str]:
    yield from (match[0].rstrip(".,;:!?") for match in _LINK.finditer(text))
    yield from (match[1] or match[2] for match in _TARGET.finditer(text))


def _is_allowed(link: str, hosts: frozenset[str]) -> bool:
    """Refuse whatever a browser may read otherwise than `urlsplit`: backslashes and user names before the host."""
    if "\\" in link:
        return False
    try:
        parts = urlsplit(link if "//" in link else f"https://{link}")
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc and parts.hostname in hosts
