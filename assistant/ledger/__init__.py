"""The ledger: cases, turns, hop records, artefacts, sealed contacts and spend, on SQLite or PostgreSQL."""

from assistant.ledger.ledger import OVERDUE, Ledger
from assistant.ledger.reader import Reader
from assistant.ledger.values import (
    Accepted,
    CaseState,
    DayLimits,
    HopFilter,
    Known,
    NewTurn,
    Reservation,
    Spent,
    StoredTurn,
)
from assistant.ledger.vault import Vault

__all__ = [
    "OVERDUE",
    "Accepted",
    "CaseState",
    "DayLimits",
    "HopFilter",
    "Known",
    "Ledger",
    "NewTurn",
    "Reader",
    "Reservation",
    "Spent",
    "StoredTurn",
    "Vault",
]
