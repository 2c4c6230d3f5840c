"""A small shop, made by hand for the reader's tests: 6 categories and 26 products."""

from decimal import Decimal

from assistant.catalog.vocabulary import CategoryWords, FieldKind, FieldWords, ProductWords, Vocabulary
from chains.facts import Wording

ALL = frozenset({"laptops", "headphones", "monitors", "lamps", "vacuums", "keyboards-mice"})


def _field(
    key: str,
    label: str,
    kind: FieldKind,
    categories: str | frozenset[str],
    *synonyms: str,
    unit: str = "",
    limits: tuple[str, str] | None = None,
    values: tuple[str, ...] = (),
    wording: Wording | None = None,
) -> FieldWords:
    low, high = (Decimal(limits[0]), Decimal(limits[1])) if limits else (None, None)
    places = frozenset(categories.split()) if isinstance(categories, str) else categories
    return FieldWords(key, label, kind, synonyms, unit, values, low, high, places, wording or Wording())


COLOURS = ("black", "white", "silver", "blue", "midnight blue", "red", "green", "sand", "space grey")
PORTS = ("USB-C", "USB-A", "HDMI", "DisplayPort", "3.5 mm audio", "Ethernet", "SD card")

FIELDS = (
    _field("price", "price", "money", ALL, "cost", limits=("1290", "219900")),
    _field(
        "memory",
        "memory",
        "quantity",
        "laptops",
        "RAM",
        unit="GB",
        limits=("8", "64"),
        wording=Wording(most="roomiest"),
    ),
    _field("storage", "storage", "quantity", "laptops", "SSD", "disk space", unit="GB", limits=("128", "2000")),
    _field(
        "screen_size", "screen size", "quantity", "laptops monitors", "display size", unit="in", limits=("11.6", "49")
    ),
    _field("refresh_rate", "refresh rate", "quantity", "laptops monitors", unit="Hz", limits=("60", "240")),
    _field(
        "resolution", "resolution", "text", "laptops monitors", values=("1920 x 1080", "2560 x 1440", "3840 x 2160")
    ),
    _field("processor_cores", "processor cores", "quantity", "laptops", "CPU cores", limits=("4", "14")),
    _field("operating_system", "operating system", "text", "laptops", "OS", values=("Windows 11", "ChromeOS", "Linux")),
    _field(
        "weight",
        "weight",
        "quantity",
        ALL,
        unit="kg",
        limits=("0.05", "8.5"),
        wording=Wording(more="heavier", less="lighter", most="heaviest", least="lightest"),
    ),
    _field(
        "battery_life",
        "battery life",
        "quantity",
        "laptops headphones vacuums keyboards-mice",
        "battery runtime",
        unit="h",
        limits=("0.5", "80"),
    ),
    _field("charging_time", "charging time", "quantity", "headphones vacuums", unit="h", limits=("1", "5")),
    _field("bluetooth", "Bluetooth", "flag", "laptops headphones keyboards-mice"),
    _field("touchscreen", "touchscreen", "flag", "laptops monitors", "touch screen"),
    _field("backlit", "backlit keyboard", "flag", "laptops keyboards-mice", "backlight", "illuminated keys"),
    _field("webcam", "webcam", "flag", "laptops monitors", "built-in camera"),
    _field("ports", "ports", "terms", "laptops monitors", "connections", "sockets", values=PORTS),
    _field("charging_port", "charging port", "text", "laptops headphones", values=("USB-C", "DC barrel")),
    _field("colour", "colour", "text", ALL, "finish", values=COLOURS),
    _field("warranty", "warranty", "quantity", ALL, "guarantee", unit="months", limits=("24", "60")),
    _field("release_year", "release year", "quantity", "laptops", limits=("2023", "2026")),
    _field("wearing_style", "wearing style", "text", "headphones", values=("over-ear", "in-ear", "on-ear")),
    _field("wireless", "wireless", "flag", "headphones keyboards-mice vacuums", "cordless"),
    _field("noise_cancelling", "noise cancelling", "flag", "headphones", "active noise cancellation", "ANC"),
    _field("waterproof", "waterproof", "flag", "headphones lamps"),
    _field("microphone", "microphone", "flag", "headphones", "mic"),
    _field("foldable", "foldable", "flag", "headphones"),
    _field(
        "cable_length",
        "cable length",
        "quantity",
        "headphones lamps vacuums",
        "cord length",
        unit="m",
        limits=("1", "9"),
    ),
    _field("panel_type", "panel type", "text", "monitors", values=("IPS", "VA", "OLED")),
    _field("curved", "curved", "flag", "monitors"),
    _field("height_adjustable", "height adjustable", "flag", "monitors", "adjustable height"),
    _field(
        "power", "power consumption", "quantity", "monitors lamps vacuums", "wattage", unit="W", limits=("4", "900")
    ),
    _field(
        "brightness",
        "brightness",
        "quantity",
        "lamps",
        unit="lm",
        limits=("250", "2400"),
        wording=Wording(more="brighter", less="dimmer", most="brightest", least="dimmest"),
    ),
    _field("dimmable", "dimmable", "flag", "lamps"),
    _field("colour_temperature", "colour temperature", "quantity", "lamps", unit="K", limits=("2200", "6500")),
    _field(
        "material", "material", "text", "lamps headphones", values=("leather", "plastic", "aluminium", "oak", "linen")
    ),
    _field("height", "height", "quantity", "lamps vacuums monitors", unit="cm", limits=("8", "185")),
    _field("width", "width", "quantity", "lamps vacuums monitors", unit="cm", limits=("10", "120")),
    _field("noise_level", "noise level", "quantity", "vacuums", "loudness", unit="dB", limits=("55", "82")),
    _field("suction", "suction power", "quantity", "vacuums", unit="Pa", limits=("2500", "25000")),
    _field("bagless", "bagless", "flag", "vacuums"),
    _field("dust_capacity", "dust capacity", "quantity", "vacuums", "bin size", unit="l", limits=("0.3", "20")),
    _field("vacuum_type", "vacuum type", "text", "vacuums", values=("stick vacuum", "robot vacuum", "canister vacuum")),
    _field("device_type", "type", "text", "keyboards-mice", values=("keyboard", "mouse")),
    _field("switch_type", "switch type", "text", "keyboards-mice", values=("mechanical", "membrane", "scissor")),
    _field("silent", "silent keys", "flag", "keyboards-mice", "silent", "quiet keys"),
    _field("number_pad", "number pad", "flag", "keyboards-mice", "numpad", "numeric keypad"),
    _field("buttons", "buttons", "quantity", "keyboards-mice", limits=("3", "9")),
    _field(
        "works_with",
        "works with",
        "terms",
        "headphones keyboards-mice",
        "compatible with",
        values=("Windows", "macOS", "Android", "iOS", "Linux"),
    ),
)

CATEGORIES = (
    CategoryWords("laptops", "laptops", "laptop", ("notebooks",)),
    CategoryWords("headphones", "headphones", "pair of headphones", ("earphones", "earbuds", "headset", "cans")),
    CategoryWords("monitors", "monitors", "monitor", ("displays", "computer screens")),
    CategoryWords("lamps", "lamps", "lamp", ("lights", "desk lamps", "floor lamps")),
    CategoryWords("vacuums", "vacuum cleaners", "vacuum cleaner", ("hoovers", "vacuums")),
    CategoryWords("keyboards-mice", "keyboards and mice", "keyboard or mouse", ("keyboards", "mice")),
)

PRODUCTS = (
    ProductWords("LAP-NOVA14", "Aurel Nova 14", "Aurel", "laptops"),
    ProductWords("LAP-NOVA14-BLUE", "Midnight blue", "Aurel", "laptops", parent="LAP-NOVA14"),
    ProductWords("LAP-NOVA14-32", "32 GB / 1 TB", "Aurel", "laptops", parent="LAP-NOVA14"),
    ProductWords("LAP-NOVA14AIR", "Aurel Nova 14 Air", "Aurel", "laptops"),
    ProductWords("LAP-NOVA16", "Aurel Nova 16", "Aurel", "laptops"),
    ProductWords("LAP-TERRA15", "Aurel Terra 15", "Aurel", "laptops"),
    ProductWords("LAP-FJORD13", "Northvik Fjord 13", "Northvik", "laptops"),
    ProductWords("LAP-STORMG16", "Northvik Storm G16", "Northvik", "laptops"),
    ProductWords("LAP-SLATEX2", "Quillon Slate X2", "Quillon", "laptops"),
    ProductWords("HEA-QC700", "Tonika QC-700", "Tonika", "headphones"),
    ProductWords("HEA-QC750", "Tonika QC-750", "Tonika", "headphones"),
    ProductWords("HEA-BUDS2", "Tonika Buds 2", "Tonika", "headphones"),
    ProductWords("HEA-BUDS2SPORT", "Tonika Buds 2 Sport", "Tonika", "headphones"),
    ProductWords("HEA-STUDIO55", "Klarvox Studio 55", "Klarvox", "headphones"),
    ProductWords("HEA-KIDS", "Murmura Kids", "Murmura", "headphones"),
    ProductWords("MON-VIEW24", "Aurel View 24", "Aurel", "monitors"),
    ProductWords("MON-VIEW27", "Aurel View 27", "Aurel", "monitors"),
    ProductWords("MON-VIEW27C", "Aurel View 27C", "Aurel", "monitors"),
    ProductWords("MON-ARC34", "Pixelune Arc 34", "Pixelune", "monitors"),
    ProductWords("LMP-HALO", "Lumera Halo", "Lumera", "lamps"),
    ProductWords("LMP-HALOMINI", "Lumera Halo Mini", "Lumera", "lamps"),
    ProductWords("LMP-REED", "Oakline Reed Tripod", "Oakline", "lamps"),
    ProductWords("VAC-V8", "Dusthawk V8", "Dusthawk", "vacuums"),
    ProductWords("VAC-V8PLUS", "Dusthawk V8 Plus", "Dusthawk", "vacuums"),
    ProductWords("VAC-R3", "Swivo R3 Mop", "Swivo", "vacuums"),
    ProductWords("KEY-K80", "Keystead K80", "Keystead", "keyboards-mice"),
    ProductWords("KEY-MECH87W", "Keystead Mech 87 Wireless", "Keystead", "keyboards-mice"),
    ProductWords("KEY-M9", "Keystead M9 Vertical", "Keystead", "keyboards-mice"),
)

SHOP = Vocabulary(
    currency="EUR",
    fields={field.key: field for field in FIELDS},
    categories={category.key: category for category in CATEGORIES},
    brands=tuple(dict.fromkeys(product.brand for product in PRODUCTS)),
    products=PRODUCTS,
    topics=("returns", "delivery"),
)
