"""Common English words: enough to tell a sentence from letters in disorder.

Our own list: the words that hold English sentences together, what customers of a shop write of, and the words of
requests that the rules look for. It is no dictionary and judges nothing by itself.
"""

_WORDS = """
a able about above access account act activate add address admin after again against all almost also always am among
an and another answer any anything are around as ask assistant at away back be because become been before being
below best better between bomb bombs both bring build but buy by bypass call can cannot card cards change charge
check child children claim code come complaint content could credit customer customers damage data database day days
dead deliver delivery delete describe details developer did die different directives discount disregard do does done
down drop drugs each email enable end enter even ever every everyone everything exact execute explain explosive
explosives fake family few find first follow following for forget free from full fuck fucking full get give given go
going good great guidelines guns hack had hang harm has hate have he hello help her here hidden him himself his home
hospital house how hurt idea if ignore in initial inside instruction instructions internal into is it items its just
kids kill killing know language last later leave less let life like limits list little live long look lose made make
making many may me mean message messages might mode model money month more most much murder must my myself name need
never new next night no none not nothing now number obey of off old on once one only open or order orders other our
out output over override own page paid parcel part password passwords pay payment people person phone picture place
please police poison previous price print prior private product products programming prompt prompts put question
quick rather read real really reason record records refund remember repeat replace reply request respond response
restrictions return returns reveal right role rules run safety said same say school secret secrets see sell send
server sex shall she ship shipping shoot shop should show since small so some someone something soon stab start stay
steal still stolen stop store street such suicide suicidal sure system take talk tell text than thank thanks that
the their them then there these they thing things think this those though through time to today told tomorrow too
top translate try turn two under unrestricted until up us use used user users using very violence want wanted was
water way we weapon weapons week well were what when where which while who why wife will window wish with within
without woman women word words work world would write wrong year years yes yesterday yet you your yours yourself
"""

COMMON_WORDS = frozenset(_WORDS.split())
