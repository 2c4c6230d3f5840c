"""The reflexes: what several worker processes share for a short while, in Redis or Valkey.

If it is lost, nothing durable is lost: every use has a local or slower way that is on the safe side.
"""

from assistant.reflexes.breakers import Breakers
from assistant.reflexes.day_budgets import DayBudgets
from assistant.reflexes.reply_cache import RepliesInStore
from assistant.reflexes.shared import Reflexes
from assistant.reflexes.store import Store, StoreLost
from assistant.reflexes.valkey_server import EmbeddedValkey

__all__ = ["Breakers", "DayBudgets", "EmbeddedValkey", "Reflexes", "RepliesInStore", "Store", "StoreLost"]
