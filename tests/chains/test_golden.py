"""How each kind of claim reads, word for word: every wording that some seed picks."""

import pytest

from chains.claims import Claim, Compare, Count, Extreme, Meets, NoneFound, NotFound, NotListed, Quote, Stock, Value
from tests.chains.saying import wordings
from tests.chains.shop import day, eur, flag, gb, kg, text

GOLDEN: tuple[tuple[Claim, set[str]], ...] = (
    (Value(fact="A:memory"), {"The Aurel Nova 14 has 16 GB of memory."}),
    (Value(fact="A:price"), {"The Aurel Nova 14 costs 849 EUR."}),
    (Value(fact="A:ports"), {"The Aurel Nova 14 has these ports: USB-C and HDMI."}),
    (Value(fact="A:released"), {"The Aurel Nova 14 was released on 3 May 2026."}),
    (Value(fact="B:bluetooth"), {"The Bergen 15 does not have Bluetooth."}),
    (
        Value(fact="A:recycled"),
        {"The Aurel Nova 14’s recycled content is 20%.", "The Aurel Nova 14’s listed recycled content is 20%."},
    ),
    (Value(fact="O:status"), {"Your order [ORDER_1] has been shipped."}),
    (Value(fact="S:brands"), {"Lumen & Oak has laptops by Aurel and Bergen."}),
    (
        Meets(fact="A:price", op="lt", wanted=eur(90000)),
        {"Yes, the Aurel Nova 14 costs 849 EUR, which is under 900 EUR."},
    ),
    (
        Meets(fact="A:price", op="lt", wanted=eur(80000)),
        {"No, the Aurel Nova 14 costs 849 EUR, which is not under 800 EUR."},
    ),
    (
        Meets(fact="A:price", op="le", wanted=eur(80000)),
        {"No, the Aurel Nova 14 costs 849 EUR, which is over 800 EUR."},
    ),
    (
        Meets(fact="B:weight", op="gt", wanted=kg(2)),
        {"No, the Bergen 15 weighs 1320 g, which is not over 2 kg."},
    ),
    (
        Meets(fact="A:memory", op="ge", wanted=gb(32)),
        {"No, the Aurel Nova 14 has 16 GB of memory, which is under 32 GB."},
    ),
    (
        Meets(fact="A:memory", op="ge", wanted=gb(8)),
        {"Yes, the Aurel Nova 14 has 16 GB of memory, which is at least 8 GB."},
    ),
    (Meets(fact="A:memory", op="eq", wanted=gb(16)), {"Yes, the Aurel Nova 14 has 16 GB of memory."}),
    (Meets(fact="A:memory", op="eq", wanted=gb(32)), {"No, the Aurel Nova 14 has 16 GB of memory, not 32 GB."}),
    (
        Meets(fact="A:released", op="lt", wanted=day(2026, 1, 1)),
        {"No, the Aurel Nova 14 was released on 3 May 2026, which is not before 1 January 2026."},
    ),
    (
        Meets(fact="A:released", op="ge", wanted=day(2026, 1, 1)),
        {"Yes, the Aurel Nova 14 was released on 3 May 2026, which is no earlier than 1 January 2026."},
    ),
    (Meets(fact="A:bluetooth", op="eq", wanted=flag(value=True)), {"Yes, the Aurel Nova 14 has Bluetooth."}),
    (Meets(fact="B:bluetooth", op="eq", wanted=flag(value=True)), {"No, the Bergen 15 does not have Bluetooth."}),
    (Meets(fact="B:bluetooth", op="eq", wanted=flag(value=False)), {"The Bergen 15 does not have Bluetooth."}),
    (Meets(fact="A:colour", op="eq", wanted=text("silver")), {"No, the Aurel Nova 14 comes in midnight blue."}),
    (Meets(fact="A:colour", op="eq", wanted=text("blue")), {"The Aurel Nova 14 comes in midnight blue."}),
    (Meets(fact="S:brands", op="has", wanted=text("Aurel")), {"Yes, Lumen & Oak has laptops by Aurel and Bergen."}),
    (
        Meets(fact="S:brands", op="has", wanted=text("Cedar")),
        {"For Lumen & Oak, Cedar is not listed. It has laptops by Aurel and Bergen."},
    ),
    (
        Meets(fact="B:ports", op="has", wanted=text("hdmi")),
        {
            "The page of the Bergen 15 does not list HDMI. It has these ports: USB-C.",
            "For the Bergen 15, HDMI is not listed. It has these ports: USB-C.",
        },
    ),
    (
        Compare(left="A:weight", right="B:weight"),
        {"The Aurel Nova 14 is 320 g lighter than the Bergen 15 (1 kg against 1320 g)."},
    ),
    (
        Compare(left="B:price", right="A:price"),
        {"The Bergen 15 is 100 EUR more expensive than the Aurel Nova 14 (949 EUR against 849 EUR)."},
    ),
    (
        Compare(left="A:memory", right="C:memory"),
        {"The memory of the Aurel Nova 14 is 8 GB higher than that of the Citadel (16 GB against 8 GB)."},
    ),
    (
        Compare(left="A:recycled", right="B:recycled"),
        {
            (
                "The recycled content of the Aurel Nova 14 is 10 percentage points lower than that of the Bergen 15 "
                "(20% against 30%)."
            )
        },
    ),
    (
        Compare(left="A:released", right="B:released"),
        {
            (
                "The release date of the Aurel Nova 14 is earlier than that of the Bergen 15 "
                "(3 May 2026 against 1 June 2026)."
            )
        },
    ),
    (
        Compare(left="B:released", right="A:released"),
        {"The release date of the Bergen 15 is later than that of the Aurel Nova 14 (1 June 2026 against 3 May 2026)."},
    ),
    (
        Compare(left="A:memory", right="B:memory"),
        {"The Aurel Nova 14 and the Bergen 15 have the same memory: 16 GB."},
    ),
    (
        Compare(left="A:bluetooth", right="B:bluetooth"),
        {"Bluetooth: yes for the Aurel Nova 14, no for the Bergen 15."},
    ),
    (
        Compare(left="A:colour", right="B:colour"),
        {"Colour: midnight blue for the Aurel Nova 14, black for the Bergen 15."},
    ),
    (
        Extreme(query="all", field="price", end="least"),
        {"Of the laptops, the cheapest is the Aurel Nova 14 (849 EUR)."},
    ),
    (
        Extreme(query="all", field="weight", end="most"),
        {"Of the laptops that list their weight, the heaviest is the Bergen 15 (1320 g)."},
    ),
    (
        Extreme(query="all", field="memory", end="least"),
        {"Of the laptops, the one with the lowest memory is the Citadel (8 GB)."},
    ),
    (
        Extreme(query="all", field="memory", end="most"),
        {"Of the laptops, the Aurel Nova 14 and the Bergen 15 are the ones with the highest memory (16 GB each)."},
    ),
    (
        Extreme(query="first", field="price", end="least"),
        {"Of the notebooks (memory at least 8 GB), the cheapest is the Aurel Nova 14 (849 EUR)."},
    ),
    (
        Extreme(query="one", field="price", end="least"),
        {"Of the machines in stock, the Aurel Nova 14 is among the cheapest (849 EUR)."},
    ),
    (
        Stock(fact="A:stock"),
        {"The Aurel Nova 14 is in stock: 12 left.", "The Aurel Nova 14 is in stock, with 12 available."},
    ),
    (
        Stock(fact="B:stock"),
        {"The Bergen 15 is out of stock at the moment.", "The Bergen 15 is not in stock right now."},
    ),
    (
        NotListed(record="C", field="weight"),
        {"The page of the Citadel does not list its weight.", "For the Citadel, the weight is not listed."},
    ),
    (NotListed(record="O", field="carrier"), {"For your order [ORDER_1], the carrier is not listed."}),
    (NotFound(record="A"), {"I did not find an answer to that among the listed details of the Aurel Nova 14."}),
    (Quote(passage="returns#1"), {"Returns: “You can return it within 30 days.”"}),
    (Count(query="all"), {"I found 3 laptops.", "There are 3 laptops."}),
    (
        Count(query="first"),
        {"I found 9 notebooks (memory at least 8 GB).", "There are 9 notebooks (memory at least 8 GB)."},
    ),
    (
        NoneFound(query="none"),
        {"I found no tablets (colour: not black).", "Nothing matches: no tablets (colour: not black)."},
    ),
)


@pytest.mark.parametrize(("claim", "said"), GOLDEN)
def test_a_claim_reads_like_this(claim: Claim, said: set[str]) -> None:
    assert wordings(claim) == said
