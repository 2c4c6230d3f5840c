"""Texts about the counter's shop, put together at random."""

from hypothesis import strategies as st

from chains.tools import BUILT_IN
from tests.assistant.embedded.counter import OPERATOR_SCOPE, Asked

_NAMES = "the nova 14,Aurel Nova 14,fjord 13,Quill One,velm,velm 700,Tonika Velm 900,cordel two,dune,LAP-1-32,nova 99"
_THINGS = "laptop,laptops,headphones,mouse,cables,products,it,this one,these,both,the second one,brand,Zephyrion Kallax"
_FIELDS = "weight,price,battery life,ports,colour,touchscreen,wireless,in stock,available,memory,dpi,works with,length"
_VALUES = (
    "USB-C,HDMI,macOS,black,not black,midnight blue,silver,sand,16 GB,32 gb,2 kg,90 g,10 h,2 m,899 euros,"
    "under 900 euros,over 300000000 euros,about 200 euros,between 100 and 500 euros,not 899 euros,$50,1600,by Aurel"
)
_GLUE = (
    "how much is,does it have,is,are,what is the,which is,compare,difference between,cheapest,lightest,heavier than,"
    "most expensive,two,show me,and,or,with,without,under,over,?,.,return,refund,where is [ORDER_1],my,thing,delivery"
)
_WORDS = st.sampled_from([word for words in (_NAMES, _THINGS, _FIELDS, _VALUES, _GLUE) for word in words.split(",")])
TEXTS = st.one_of(
    st.lists(_WORDS, min_size=1, max_size=8).map(" ".join),
    st.lists(_WORDS, min_size=60, max_size=60).map(" ".join),
    st.text(min_size=1, max_size=30),
)
PAGES = st.lists(st.sampled_from(["LAP-1", "LAP-2", "MOU-1", "HEA-1", "HEA-2", "CAB-1"]), max_size=3).map(tuple)


def requests(tools: tuple[str, ...]) -> st.SearchStrategy[Asked]:
    """Requests with two intents, each of which may call some of these tools, or none."""
    some = st.lists(st.sampled_from(tools), unique=True, max_size=5).map(tuple)
    return st.builds(
        Asked,
        text=TEXTS,
        tools=st.fixed_dictionaries({"a.b": some, "c.d": some}),
        page=PAGES,
        asks=st.sampled_from([(), ("price",), ("weight", "colour")]),
    )


BUILT_IN_REQUESTS = requests(tuple(spec.name for spec in BUILT_IN))
REQUESTS = requests(tuple(OPERATOR_SCOPE.specs))
