"""Links that lead elsewhere, however they are written, and what only looks like one."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.checks_links import is_own_link, no_foreign_link
from moderation.outbound import OutboundContext, Outgoing
from tests.moderation.outbound import CONTEXT, codes_of

ELSEWHERE = (
    "https://evil.example",
    "HTTPS://EVIL.EXAMPLE/x",
    "//evil.example/x",
    "https://shop.example.evil.com/",
    "https://shop.example@evil.com/",
    "https://shop.example:443@evil.com/",
    "https://evil.com\\@shop.example/",
    "https:\\\\evil.example",
    "https:/evil.example",
    "https:evil.example",
    "https:/\\evil.example",
    "\\\\evil.example\\share",
    "https://[::1/",
    "https://[::1]/",
    "http://203.0.113.5/",
    "203.0.113.5/login",
    "203.0.113.5:8080",
    "http://3405803781/",
    "http://0xcb.0.113.5/",
    "ftp://shop.example/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "mailto:x",
    "tel:+4930901820",
    "sms:12345",
    "evil.com",
    "EVIL.COM",
    "evil.top",
    "pay.evil-shop.de/now",
    "www.evil.example",
    "evil.it/pay",
    "evil.me?x=1",
    "xn--shp-jna.example.com",
    "https://xn--hop-8cd.example/",
    "https://\u0455hop.example/",
    "münchen.de",
    "evil.xn--p1ai",
    "[click](https://evil.example)",
    "[click](evil.example)",
    "[click]( <evil.example/x> )",
    "[click](/\\evil.example)",
    "<a href=evil.example>",
    "<img src='x.example/p.png'>",
    "hxxp://evil.example",
    "hXXps://evil.example/x",
    "hxxps[:]//evil.example",
    "evil[.]com",
    "evil(dot)com",
    "evil [dot] com",
    "evil dot com",
    "evil .com",
    "evil．com",
    "evil。com",
    "evil․com",
    "ｅｖｉｌ.com",
    "ｈｔｔｐｓ://evil.example",
    "https://shop.example%2eevil.com/",
    "https://shop.example。evil.com/",
)
OWN_OR_NONE = (
    "https://shop.example/p/1?x=2#y",
    "http://www.shop.example",
    "https://SHOP.example:8443/a",
    "[our page](https://shop.example/returns)",
    "Node.js, e.g. v1.2.3, and/or 10:30",
    "Data: 16 GB, tel: on the back",
    "in stock.It is",
    "version 1.2.3.4 of it",
    "Wi-Fi 802.11ac/ax",
    "a dotted comma, a full stop",
    "sizes [S] (38) and [M] (40)",
    "report.pdf and photo.jpeg",
    "1/2 or 3/4, A/B",
    "It is 5 to 10: that is all",
    "Mr. Com and Ms. Net",
)


@pytest.mark.parametrize("link", ELSEWHERE)
def test_links_lead_to_the_sites_own_hosts_only(link: str) -> None:
    assert codes_of(no_foreign_link, f"See {link} now.") == ["foreign_link"]


@pytest.mark.parametrize("text", OWN_OR_NONE)
def test_own_links_and_look_alikes_pass(text: str) -> None:
    assert codes_of(no_foreign_link, f"See {text} now.") == []


def test_a_bare_domain_of_the_site_is_a_link_to_it() -> None:
    assert no_foreign_link(Outgoing(text="hopdesk.com/a"), OutboundContext(10, frozenset({"hopdesk.com"}))) == ()


@given(st.text(max_size=80), st.sampled_from(ELSEWHERE[:4]), st.text(max_size=80))
def test_nothing_around_it_hides_a_plain_link(before: str, link: str, after: str) -> None:
    assert codes_of(no_foreign_link, f"{before} {link} {after}") == ["foreign_link"]


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_failure_of_the_check(text: str) -> None:
    assert codes_of(no_foreign_link, text) in ([], ["foreign_link"])


@pytest.mark.parametrize(
    "url", ["/", "/p/lamp?x=1#y", "https://shop.example/p", "http://www.shop.example", "HTTPS://SHOP.example:8443/a"]
)
def test_an_address_of_the_site_may_be_linked_to(url: str) -> None:
    assert is_own_link(url, CONTEXT.hosts)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "p/lamp",
        "shop.example/p",
        "shop.example//p",
        "//evil.example/p",
        "//shop.example/p",
        "/\\evil.example",
        "/\t/evil.example",
        "/p/a b",
        "/p\u202elamp",
        "https:shop.example/p",
        "https:///shop.example",
        "https://evil.example/p",
        "https://evil.example/shop.example",
        "https://shop.example.evil.example/p",
        "https://shop.example@evil.example/p",
        "https://shop.example\\@evil.example/p",
        "https://shop.example\u3002evil.example/p",
        "https://[shop.example/p",
        "ftp://shop.example/p",
        "javascript:alert(1)",
        "javascript://shop.example/%0aalert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "mailto:help@shop.example",
    ],
)
def test_an_address_of_another_host_or_kind_may_not(url: str) -> None:
    assert not is_own_link(url, CONTEXT.hosts)


@given(
    st.sampled_from(["", "/", "//", "https://", "http:", "https://shop.example", "https://shop.example/"]),
    st.text(max_size=40) | st.from_regex(r"[/\\\\@:.?#a-z]{0,12}evil\.example", fullmatch=True),
)
def test_what_may_be_linked_to_leads_to_the_site_from_any_of_its_pages(start: str, rest: str) -> None:
    url = start + rest
    if is_own_link(url, CONTEXT.hosts):
        assert urlsplit(urljoin("https://shop.example/p/lamp", url)).hostname in CONTEXT.hosts
