"""The ledger: cases, turns, hop records, artefacts and sealed contacts, on SQLite or PostgreSQL."""

from assistant.ledger.ledger import OVERDUE, Ledger
from assistant.ledger.reader import Reader
from assistant.ledger.values import Accepted, CaseState, HopFilter, Known, NewTurn, StoredTurn
from assistant.ledger.vault import Vault

__all__ = [
    "OVERDUE",
    "Accepted",
    "CaseState",
    "HopFilter",
    "Known",
    "Ledger",
    "NewTurn",
    "Reader",
    "StoredTurn",
    "Vault",
]
