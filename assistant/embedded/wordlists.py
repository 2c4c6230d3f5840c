"""English words which the reader knows without any catalog: grammar, bounds, adjectives, and common names of fields."""

from assistant.embedded.reading import End
from assistant.embedded.tokens import word_set

# --- grammar -------------------------------------------------------------------------------------------------------

NEGATORS = word_set(
    "no not non without except excluding exclude excludes avoid avoiding hate dislike minus nothing neither nor "
    "never none isn't aren't doesn't don't won't can't wasn't lacks lacking sans shouldn't mustn't wouldn't "
    "besides ain't skip"
)
INVERTED = word_set("isn't aren't doesn't don't won't can't hasn't haven't wasn't")
NEGATION_FILLERS = word_set(
    "a an any the in of with made from have having be being is are it that which ones one colour coloured color "
    "want like too to by for please some has come comes look looks than else stuff use using contain containing "
    "your them brand this at all need really"
)
INDIFFERENT = word_set("need needs care cares matter matters mind necessarily needed required require requires")
TWO_WORD_NEGATORS = frozenset(
    [("other", "than"), ("rather", "than"), ("instead", "of"), ("apart", "from"), ("aside", "from"),
     ("anything", "but"), ("everything", "but"), ("any", "but"), ("colour", "but"), ("brand", "but"),
     ("all", "but"), ("free", "of"), ("free", "from"),
     ("sick", "of"), ("allergic", "to"), ("get", "rid")]
)  # fmt: skip

STOPWORDS = frozenset(
    """a able about absolutely actually after again all almost already also always am an and another any anybody anyone
    anything around are as ask at available away back? be because been before being best better between both bit brand
    but buy buying by can can't case check choose come comes coming could couldn't currently customer deal definitely
    did didn't do does doesn't doing don't down each easy either else enough especially etc ever every everything
    exactly fairly far few find fine first for from get gets getting give go goes going gonna good got gotta
    great
    guys had hand
    has hasn't have haven't having he heard hello help her here hers hey hi him his honestly hope how how's however i
    i'd i'll i'm i've id idea if im in included interested into is isn't it it's item items its ive just keep kind know
    last least less let let's like likely list listed little long look looking looks lot lots love made make makes many
    may maybe me mean might mine minimum maximum model models more morning most much must my myself near need needed
    needs new next nice no nope not now of off offer often oh ok okay on once one ones only or order other others our
    out over own page particular per perhaps piece please possible possibly prefer preferably pretty probably product
    products put question quick quickly quite rather really recommend recommendation recommendations right said same
    say sell selling sense several she should show since so some somebody someone something sort spec specs specific
    specs still stock stuff such suggest suggestion suggestions suit suitable sure take takes tell than thank thanks
    that that's the their them then there there's these they they're thing things think this those though through til
    time to today together too tops total try two type under until up us use used using usually very via want wanted
    wanting was wasn't way we we're well were what what's whats when where where's wheres whether which while who whole
    why will wish with within without won't wonder wondering work works worth would wouldn't ya yeah yep yes yet you
    you'd you'll you're you've your yours u r ur n im plz please thx cheers dear sir madam day days week weeks month
    months year years ish price priced cost costs costing money spend spending budget euro euros pay afford option
    options choice choices alternative alternatives version versions wanna lemme gimme dunno ah um uh hmm anyway
    basically certain come could doesnt dont arent isnt whichever whatever somewhere roughly approximately exact
    information info detail details tell explain describe know shop store website site online hear wait explain
    ideal ideally decent proper simple simply full fully normal normally even going run runs running
    nothing none never neither nor hate avoid except excluding non limit max min maximum minimum three four five
    six seven eight nine ten eg ie e.g i.e vs versus compare compared comparison difference differences differ
    different left sold out see seen saw having
    """.replace("?", "").split()
) - {"back", "order"}  # fmt: skip
# Common words of requests that must not be taken for a misspelt word of the catalog.
COLOURS = word_set("black white grey silver gold blue red green yellow orange pink purple brown beige cream navy teal")
COMMON = (
    STOPWORDS
    | COLOURS
    | word_set(
        "order orders back address return returns refund refunds delivery deliver shipping ship parcel package "
        "warranty broken repair cancel change invoice receipt password account email phone number card door house "
        "home office school work travel travelling kids child children mother father mum mom dad wife husband friend "
        "gift present birthday music movie movies video photo photos game gaming games study student students "
        "university kitchen bedroom living room desk table floor wall garden car bike train plane hand hands head "
        "ears eyes pet pets hair dog dogs cat cats carpet water rain sun summer winter spring autumn monday tuesday "
        "wednesday thursday friday saturday sunday today tomorrow yesterday place space world word words letter "
        "letters reason reasons problem problems issue issues thing three there where here these those their about "
        "above below under over after before again light lighter lightest right night might weight height eight "
        "freight bright sight black back blank white while whole red read reed road blue green brown pink purple "
        "orange yellow grey gold silver small smaller large larger big bigger bright brighter cheap cheaper cheapest "
        "short shorter tall taller quiet quieter quiet quite loud louder fast faster slow slower strong stronger "
        "powerful power comfortable cosy warm cool cold hot soft hard heavy heavier older newer young price prices "
        "prize pride sound sounds round around ground found pound pounds could would should noise voice choice size "
        "sizes side sides site sight cable table stable able label level lever never ever fever paper cover covers "
        "store storage stories story state stage stand stands start starts stuff staff steam stream screen green seen "
        "scene keys case cases cash cover plug plugs port sport sports support shop shops show shows plan plans plane "
        "play plays player players place places plain please lead leads least leather weather whether better battery "
        "butter bottle mini mine mind mint main man men make maker makes mark market master matter maybe meet metal "
        "model mode modes monitor month mouse move movie mouth house horse hours hour laptop lamp lamps camp clamp "
        "last late later large learn leave left legs less life line lines link list live load local long look loose "
        "lose love low lower luck type types typing tiny tight tiles title touch tough town toys track trade trip "
        "true trust turn turned turns writing write wrote wrong wire wired wireless with width wide wider wild wind "
        "window wine wish wood wooden coffee cabinet corner country couple course crash cream credit cross crowd cups "
        "curve cut damaged dark date delivered deep design details device devices dirty dust dusty earth ease edge "
        "edit empty energy engine enter entry error event exact exchange extra eye face fact fair fall family fast "
        "fault feature features feel feet field file fill film final fire fit fits fix flat floors focus food foot "
        "form forward frame free fresh front fruit full fun glass gone good grab grand great group grow guest guide "
        "half happy heat heated held hide high higher hold hole hot idea inch inside instead iron join joke jump key "
        "kind label lady land language lazy level library lift colleague colleagues party pair parts pass past path "
        "pay people perfect period person pick picture pieces point pool poor popular portable post pretty print "
        "privacy pro quality queue quick range rate rather reach ready real recent record regular remote rent reply "
        "request rest rich ring rule safe sale sales sample save scan seat second secure send sent series serious "
        "serve service set shape share sharp sheet shelf shine shoes side sign silent simple single sit sleep slim "
        "smart smell smoke smooth social solid song sorry source speak speaker speed spin split spot square stay step "
        "stick stop storm straight street style sugar suit suite supply surface sweet swim swimming switch system "
        "tall tank task taste team tech test text thick thin tip tools top total travel tray tree truck update "
        "upgrade urgent user value view visit wait walk want wash waste watch wave wear wearing weekend wedding weigh "
        "weighs welcome winner woman women workout yard zone zoom tower waiter basic premium suction graphic graphics "
        "carry carried charged charger charging charges "
        "switch switches stick sticks mute click clicks dock adapter adaptor socket vac thinner thicker"
    )
)

# --- bounds --------------------------------------------------------------------------------------------------------

BEFORE_NUMBER: dict[str, str] = {
    phrase: op
    for op, phrases in {
        "lt": "under|below|beneath|less than|lower than|fewer than|smaller than|<|sub|in under|less then|underneath|"
        "cheaper than|south of|short of|less",
        "le": "at most|max|maximum|maximum of|max of|a maximum of|up to|upto|upto|no more than|within|<=|as high as|"
        "limit|limit of|limit is|cap of|capped at|cap is|not exceed|not exceeding|exceed no more than|stay at|"
        "budget|budget of|budget is|budget's|budget around? of|only have|just have|only got|top end|ceiling of|"
        "as much as|spend|pay|spending|paying|afford|to spend|up till|until|not past|tops|upper limit of",
        "gt": "over|more than|above|greater than|exceeding|>|north of|beyond|higher than|in excess of|more then|"
        "exceed|exceeds|past|larger than|bigger than|longer than",
        "ge": "at least|min|minimum|minimum of|a minimum of|starting at|starting from|starts at|no less than|>=|"
        "upwards of|from|no fewer than|at minimum|at the least|atleast|not less than|starting|at the very least|least|"
        "hold|holds|support|supports|carries|someone of|withstand",
        "approx": "around|about|roughly|approximately|approx|circa|ca|~|somewhere around|in the region of|near|"
        "close to|in the neighbourhood of|more or less|give or take|nearly|almost|round about|in the area of|region of",
    }.items()
    for phrase in phrases.split("|")
}
AFTER_NUMBER: dict[str, str] = {
    phrase: op
    for op, phrases in {
        "le": "or less|or under|or below|or lower|or cheaper|max|maximum|tops|at most|limit|or lighter|and under|"
        "and below|or smaller|at the most|or fewer|or quieter|budget|and less|ceiling|or shorter|to spend|or thinner|"
        "is my limit|is the limit|is my max|is my maximum|is the max|is my budget|is max|is all i have",
        "ge": "or more|or higher|or above|or over|or bigger|or longer|or better|+|plus|minimum|min|at least|and up|"
        "and above|upwards|or greater|or larger|or faster|or louder|or brighter|and more|or up|and over|upward|"
        "or taller|or wider|or heavier|and higher|at minimum|or newer|or so more|and bigger|and larger|or stronger|"
        "and longer|and newer|or later",
        "approx": "or so|ish|or thereabouts|approx|approximately|give or take|more or less|or around",
    }.items()
    for phrase in phrases.split("|")
}
BOUND_FILLERS = word_set("a an of the is at be just only that's its it's say like maybe something to my")
SPENDING = word_set("budget spend spending pay paying afford priced cost costs costing price")

# --- adjectives ----------------------------------------------------------------------------------------------------
# positive, comparative, superlative, concept (see CONCEPTS), end
_ADJECTIVES: tuple[tuple[str, str, str, str, End], ...] = (
    ("cheap", "cheaper", "cheapest", "price", "least"),
    ("pricey", "pricier", "priciest", "price", "most"),
    ("dear", "dearer", "dearest", "price", "most"),
    ("costly", "costlier", "costliest", "price", "most"),
    ("light", "lighter", "lightest", "weight", "least"),
    ("heavy", "heavier", "heaviest", "weight", "most"),
    ("big", "bigger", "biggest", "size", "most"),
    ("large", "larger", "largest", "size", "most"),
    ("small", "smaller", "smallest", "size", "least"),
    ("tiny", "tinier", "tiniest", "size", "least"),
    ("bright", "brighter", "brightest", "brightness", "most"),
    ("dim", "dimmer", "dimmest", "brightness", "least"),
    ("loud", "louder", "loudest", "loudness", "most"),
    ("noisy", "noisier", "noisiest", "noise", "most"),
    ("quiet", "quieter", "quietest", "noise", "least"),
    ("silent", "more silent", "most silent", "noise", "least"),
    ("fast", "faster", "fastest", "speed", "most"),
    ("quick", "quicker", "quickest", "speed", "most"),
    ("slow", "slower", "slowest", "speed", "least"),
    ("long", "longer", "longest", "duration", "most"),
    ("short", "shorter", "shortest", "shortness", "least"),
    ("tall", "taller", "tallest", "height", "most"),
    ("high", "higher", "highest", "height", "most"),
    ("low", "lower", "lowest", "height", "least"),
    ("wide", "wider", "widest", "width", "most"),
    ("narrow", "narrower", "narrowest", "width", "least"),
    ("thin", "thinner", "thinnest", "thickness", "least"),
    ("slim", "slimmer", "slimmest", "thickness", "least"),
    ("thick", "thicker", "thickest", "thickness", "most"),
    ("deep", "deeper", "deepest", "depth", "most"),
    ("new", "newer", "newest", "release", "most"),
    ("late", "later", "latest", "release", "most"),
    ("recent", "more recent", "most recent", "release", "most"),
    ("old", "older", "oldest", "release", "least"),
    ("strong", "stronger", "strongest", "strength", "most"),
    ("weak", "weaker", "weakest", "strength", "least"),
    ("powerful", "more powerful", "most powerful", "strength", "most"),
    ("expensive", "more expensive", "most expensive", "price", "most"),
    ("unexpensive", "less expensive", "least expensive", "price", "least"),
    ("affordable", "more affordable", "most affordable", "price", "least"),
    ("inexpensive", "less pricey", "least pricey", "price", "least"),
    ("compact", "more compact", "most compact", "size", "least"),
    ("lightweight", "more lightweight", "most lightweight", "weight", "least"),
    ("portable", "more portable", "most portable", "weight", "least"),
    ("spacious", "more spacious", "most spacious", "capacity", "most"),
    ("roomy", "roomier", "roomiest", "capacity", "most"),
    ("economical", "more economical", "most economical", "power", "least"),
    ("efficient", "more efficient", "most efficient", "power", "least"),
)  # fmt: skip
POSITIVES: dict[str, tuple[str, End]] = {row[0]: (row[3], row[4]) for row in _ADJECTIVES}
COMPARATIVES: dict[str, tuple[str, End]] = {row[1]: (row[3], row[4]) for row in _ADJECTIVES}
SUPERLATIVES: dict[str, tuple[str, End]] = {
    said: (row[3], row[4]) for row in _ADJECTIVES for said in (row[2], f"{row[0]} as possible")
}
# These need the field beside them: "most memory", "highest refresh rate", "best battery life".
DEGREES: dict[str, End] = {
    "most": "most", "highest": "most", "greatest": "most", "max": "most", "maximum": "most", "largest": "most",
    "biggest": "most", "longest": "most", "best": "most", "fastest": "most", "least": "least", "lowest": "least",
    "smallest": "least", "shortest": "least", "fewest": "least", "minimal": "least", "strongest": "most",
    "slowest": "least", "top": "most", "quickest": "most", "latest": "most",
}  # fmt: skip
COMPARING_DEGREES: dict[str, End] = {
    "more": "most", "higher": "most", "greater": "most", "larger": "most", "bigger": "most", "longer": "most",
    "better": "most", "faster": "most", "less": "least", "lower": "least", "smaller": "least", "shorter": "least",
    "fewer": "least", "quicker": "most",
}  # fmt: skip
# For these fields little is good, so that "best price" and "fastest charging time" are the least.
LESS_IS_BETTER = ("price", "weight", "noise", "time", "consumption", "latency")
GOOD = frozenset(["best", "better", "fastest", "faster", "quickest", "quicker"])

# --- common names of fields ----------------------------------------------------------------------------------------
# concept -> words that a field of it has in its key or label, best first. A field's key or label holds all of the
# words of an entry ("screen size"), compared by stems.
CONCEPTS: dict[str, tuple[str, ...]] = {
    "price": ("price",),
    "weight": ("weight", "mass"),
    "size": (
        "screen size", "display size", "screen diagonal", "size", "capacity", "volume", "width", "height", "length",
        "dust capacity", "water tank", "battery capacity",
    ),
    "brightness": ("brightness", "luminous flux", "lumens", "light output"),
    "noise": ("noise level", "noise", "loudness", "sound level", "sound pressure"),
    "loudness": ("noise level", "loudness", "noise", "output power", "power"),
    "speed": ("refresh rate", "speed", "charging time", "charging power", "heat up time", "boiling time", "data rate"),
    "duration": ("battery life", "runtime", "battery runtime", "playtime", "cable length", "length", "warranty"),
    "shortness": ("height", "length", "cable length", "charging time"),
    "height": ("height",),
    "width": ("width",),
    "depth": ("depth",),
    "thickness": ("thickness", "depth", "height"),
    "length": ("length", "cable length"),
    "release": ("release year", "release date", "release", "launch year", "year"),
    "strength": (
        "suction", "suction power", "charging power", "output power", "motor power", "power", "processor cores",
        "wattage", "pump pressure",
    ),
    "capacity": ("capacity", "storage", "volume", "dust capacity", "tank"),
    "power": ("power consumption", "wattage", "power", "energy"),
    "memory": ("memory", "ram"),
    "storage": ("storage", "ssd", "disk"),
    "screen": ("screen size", "display size", "screen diagonal", "diagonal"),
    "refresh": ("refresh rate",),
    "resolution": ("resolution",),
    "battery": ("battery life", "runtime", "battery runtime", "playtime", "battery capacity"),
    "charging": ("charging time", "charge time"),
    "colour": ("colour",),
    "material": ("material",),
    "system": ("operating system", "os"),
    "cores": ("processor cores", "cores", "cpu"),
    "ports": ("ports", "connections", "connectors"),
    "cable": ("cable length", "cord length"),
    "warranty": ("warranty", "guarantee"),
    "compatible": ("works with", "compatible with", "compatibility"),
    "wireless": ("wireless", "cordless"),
    "noise_cancelling": ("noise cancelling",),
    "microphone": ("microphone",),
    "webcam": ("webcam", "camera"),
    "backlit": ("backlit", "backlight"),
    "waterproof": ("waterproof", "water resistance", "water resistant"),
    "number_pad": ("number pad", "numeric keypad"),
    "suction": ("suction", "suction power"),
    "kelvin": ("colour temperature",),
    "adjustable": ("height adjustable",),
    "buttons": ("buttons",),
    "bluetooth": ("bluetooth",),
    "wifi": ("wi-fi", "wifi"),
    "silent": ("silent keys", "silent"),
    "touchscreen": ("touchscreen", "touch screen"),
    "foldable": ("foldable",),
    "bin": ("dust capacity", "bin size"),
    "tank": ("water tank", "tank"),
    "dimensions": ("width", "height", "depth", "length"),
}  # fmt: skip
EXACT_CONCEPTS = frozenset(("dimensions", "thickness", "length", "colour"))
# concept -> what else customers call it; the operator's own synonyms go before these.
CALLED: dict[str, tuple[str, ...]] = {
    "price": ("price", "cost", "pricing", "how much is", "how much are", "how much for", "how much does it cost",
              "how expensive", "price tag", "what would i pay", "budget", "priced", "going for", "set me back"),
    "weight": ("weigh", "weighs", "weighing", "heavy", "how heavy", "how light", "mass"),
    "memory": ("ram", "memory", "working memory"),
    "storage": ("storage", "ssd", "hard drive", "hard disk", "disk", "hdd", "drive", "disk space", "storage space"),
    "screen": ("screen", "display", "screen size", "display size", "diagonal", "size of the screen",
               "size of the display",
               "size is the display", "size is the screen", "big is the screen", "big is the display",
               "large is the screen", "large is the display"),
    "refresh": ("refresh", "hertz", "frame rate"),
    "resolution": ("pixels", "how sharp", "screen resolution"),
    "battery": ("battery", "battery life", "runtime", "run time", "lasts", "last", "playtime", "play time", "run for",
                "autonomy", "on a charge", "on one charge", "per charge", "on a single charge", "battery time",
                "battery duration", "how long does it run", "lasting"),
    "charging": ("take to charge", "time to charge", "charge time", "charges in", "charged in", "charge in", "recharge",
                 "take to recharge", "fast does it charge", "quickly does it charge", "charge up", "fully charged",
                 "takes to charge", "charging speed", "need to charge", "charges within", "charges to full",
                 "charge to full", "full charge"),
    "colour": ("colour", "colours", "shade", "colourway"),
    "material": ("made of", "made from", "made out of", "material", "what's it made"),
    "system": ("os", "operating system"),
    "cores": ("cores", "processor", "cpu"),
    "ports": ("port", "connectors", "connections", "sockets"),
    "noise": ("loud", "noisy", "noise", "quiet", "decibels", "how loud", "how quiet"),
    "brightness": ("bright", "brightness", "lumens", "how bright"),
    "width": ("wide", "width", "how wide"),
    "height": ("tall", "height", "how tall", "how high"),
    "depth": ("deep", "depth", "how deep"),
    "thickness": ("thick", "thickness", "how thin", "how thick"),
    "dimensions": ("dimensions", "measurements", "how big", "what size", "how large", "footprint"),
    "power": ("watts", "wattage", "power draw", "electricity", "power usage", "energy use", "power consumption"),
    "release": ("released", "release", "how old", "release date", "launched", "came out", "come out", "model year",
                "year is it from", "how new"),
    "cable": ("cord", "cable", "lead", "cord length"),
    "warranty": ("warranty", "guarantee", "guaranteed"),
    "compatible": ("compatible", "compatible with", "works with", "work with", "compatibility"),
    "microphone": ("mic", "microphone"),
    "webcam": ("camera", "webcam", "web cam"),
    "wireless": ("wireless", "cordless", "without a cord", "without a cable", "without cord", "without cable",
                 "no cord",
                 "no cords", "no cable", "no cables", "without wires", "no wires", "wire free", "cable free",
                 "without a wire", "cord free", "wirelessly", "without cables", "without cords"),
    "backlit": ("backlit", "backlight", "backlit keys", "backlit keyboard", "lit keys", "illuminated keyboard"),
    "waterproof": ("water proof", "waterproof", "watertight"),
    "noise_cancelling": ("anc", "noise cancelling", "noise cancellation", "noise reduction", "cancel noise",
                         "cancels noise", "cancel the noise", "block noise", "blocks noise", "block out noise"),
    "number_pad": ("numpad", "number pad", "numeric keypad", "num pad", "numeric pad", "ten key", "numerical keypad"),
    "kelvin": ("colour temperature", "kelvin"),
    "suction": ("suction",),
    "buttons": ("buttons",),
    "adjustable": ("adjust the height", "height adjustment", "adjustable in height"),
    "wifi": ("wifi", "wi-fi", "wlan"),
    "bluetooth": ("bluetooth", "bt"),
    "silent": ("silent", "quiet keys"),
    "touchscreen": ("touchscreen", "touch screen", "touch display"),
    "foldable": ("foldable", "fold up", "folds", "fold flat", "collapsible"),
    "bin": ("bin", "dust bin", "dustbin", "dust container", "dust box"),
    "tank": ("tank", "water tank", "reservoir"),
}  # fmt: skip
# These say that a flag is false.
ANTONYMS: dict[str, tuple[str, ...]] = {
    "wireless": ("wired", "corded", "with a cord", "with a cable", "with cable", "with a wire"),
    "curved": ("flat screen",),
    "bagless": ("with a bag", "with bags", "bagged"),
}
# What a value is also called, where the catalog has that value.
VALUE_NAMES: dict[str, tuple[str, ...]] = {
    "3840 x 2160": ("4k", "uhd", "ultra hd", "2160p"), "1920 x 1080": ("full hd", "fhd", "1080p", "1080"),
    "2560 x 1440": ("qhd", "wqhd", "1440p"), "7680 x 4320": ("8k",), "macOS": ("mac", "macs", "mac os", "osx"),
    "DisplayPort": ("display port", "dp"), "USB-C": ("usb type c", "type c", "usb c"), "Ethernet": ("lan", "rj45"),
    "over-ear": ("over the ear", "around ear"), "in-ear": ("in the ear",), "on-ear": ("on the ear",),
    "SD card": ("sd slot", "sd card slot", "sd card reader"), "3.5 mm audio": ("headphone jack", "audio jack"),
    "grey": ("gray",), "aluminium": ("alu", "metal aluminium"), "stainless steel": ("steel", "inox"),
    "ChromeOS": ("chrome os", "chromebook"), "iOS": ("iphone", "iphones", "ipad"),
}  # fmt: skip
# Where several fields share a dimension, a number without a field beside it is of the first of these.
USUAL_FIELD: dict[str, tuple[str, ...]] = {
    "mass": ("weight",), "in": ("screen size", "display size", "diagonal"), "m": ("cable length", "length", "range"),
    "h": ("battery life", "runtime", "playtime"), "min": ("runtime", "battery life", "charging time"),
    "frequency": ("refresh rate",), "power": ("power", "wattage"), "sound": ("noise level", "noise"),
    "age": ("warranty",), "volume": ("capacity", "tank", "volume"), "light": ("brightness",), "years": ("warranty",),
}  # fmt: skip
_COMPARING = word_set("compare comparing comparison compared versus difference differences recommend available stock")
_COMPARING = word_set("compare comparing comparison compared versus difference differences recommend available stock")
# All that these tables know, so that no word of them is taken for a misspelling.
OWN_WORDS: frozenset[str] = (
    frozenset(
        word
        for phrases in (BEFORE_NUMBER, AFTER_NUMBER, POSITIVES, COMPARATIVES, SUPERLATIVES, DEGREES, COMPARING_DEGREES)
        for phrase in phrases
        for word in phrase.split()
    )
    | _COMPARING
)
