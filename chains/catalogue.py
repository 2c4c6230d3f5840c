"""Every check of the live chain, in the order of the hops: the guards, evals and the docs are made of this."""

from chains.hops import grounding, intent, lookup, moderation, outbound, response
from moderation import CheckInfo

CATALOGUE: tuple[CheckInfo, ...] = (
    *moderation.CONTRACT.infos(),
    *intent.CONTRACT.infos(),
    *lookup.CONTRACT.infos(),
    *response.CONTRACT.infos(),
    *grounding.CONTRACT.infos(),
    *outbound.CONTRACT.infos(),
)
