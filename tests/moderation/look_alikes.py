"""Sentences of customers with numbers and names that are nobody's personal data."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.moderation.numbers_by_rule import digits, filled, luhn, weighted


def _gtin(rng: random.Random) -> str:
    number = rng.choice(("40", "50", "00", "76", "30")) + digits(rng, 10)
    return number + str(-weighted(number, (1, 3) * 6) % 10)


def _made(*patterns: str) -> Callable[[random.Random], str]:
    return lambda rng: filled(rng, rng.choice(patterns))


LOOK_ALIKES: tuple[Callable[[random.Random], str], ...] = (
    _made(
        "Is the WH-####XM# in stock?",
        "Do you sell the @@-###@?",
        "the RTX #0#0 or the RX #### XT",
        "Model @@@####/## please",
    ),
    _made(
        "SKU &&&-&&&&&& is missing", "Art.-Nr. #######", "item no. ########", "part number ###-##-####x, is it right?"
    ),
    _made("It costs #,###.## EUR", "1.###,## € is too much", "$##.## or $##.##?", "Under #### euros please"),
    _made("I bought it on 1#.0#.2024", "2024-0#-1#", "delivery on 0#/1#/2025 at 1#:##", "between 0#:## and 1#:## Uhr"),
    lambda rng: f"EAN {_gtin(rng)}",
    lambda rng: f"The barcode says {_gtin(rng)}, what is it?",
    lambda rng: f"GTIN {_gtin(rng)} and ISBN 978-3-{digits(rng, 5)}-{digits(rng, 3)}-{rng.randint(0, 9)}",
    lambda rng: f"My IMEI is {luhn('35' + digits(rng, 12))}",
    _made(
        "tracking 00340434##########", "UPS 1Z&&&&&&##########", "parcel JJD0003############", "Sendung RR#########DE"
    ),
    _made("tracking number 9400 1000 0000 0000 #### ##", "Hermes ##############", "DPD 0150#########"),
    _made(
        "my old order 302-#######-####### elsewhere",
        "invoice RE-2024-#####",
        "order 100#######",
        "ticket #######",
        "ref. 7######",
    ),
    _made("customer number 1#######", "voucher @@@@-####-@@@@", "code &&&&&&&&", "RMA-######", "coupon SAVE##"),
    _made(
        "## x ## x ### cm", "2560 x 1440, ### Hz", "##### mAh and #.# kg", "a 1#.# inch screen", "##0 V, ## W, 5#0 lm"
    ),
    _made("firmware 1#.#.####", "version 2.#.#-rc#", "Windows 11 build 2####.####", "iOS 17.#.#", "driver 5##.##"),
    _made("192.168.1##.##", "error 0x8007####", "MAC 00:1A:2B:#3:#4:#5", "port ####", "serial @#@#####&&&&"),
    _made(
        "Is the Ring # better than the Ring #?",
        "a # TB External Drive",
        "the Abbey Road LP, # pieces",
        "a 12 Inch Way Finder",
    ),
    _made("Contact me at # pm", "look at page ## dot 3", "follow @shop_##", "user##@ home", "ratio 1:# at ##%"),
    _made("I need ## pieces of ####-###", "lot number ##-####-#####", "batch &&&&####&", "delivery note ##########"),
)
