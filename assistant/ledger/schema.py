"""The tables of the ledger, the same on SQLite and PostgreSQL; `migrations/` builds exactly these.

Times are nanoseconds since the Unix epoch. Columns that hold JSON are text, because what is written
there is read back by strict contracts and never searched by the database.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

REVISION = "0002"
"""The newest migration; a ledger of this revision is opened without loading the migration tool."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# only a column declared INTEGER PRIMARY KEY numbers itself in SQLite
Serial = BigInteger().with_variant(Integer(), "sqlite")

cases = Table(
    "cases",
    metadata,
    Column("case_id", String(64), primary_key=True),
    Column("site", String(80), nullable=False),
    Column("opened_ns", BigInteger, nullable=False),
    Column("closed_ns", BigInteger, comment="when it took the last turn that it may take"),
    Column("turns", Integer, nullable=False),
    Column("clarify_rounds", Integer, nullable=False),
    Index(None, "site", "opened_ns"),
)

turns = Table(
    "turns",
    metadata,
    Column("turn_id", String(64), primary_key=True),
    Column("case_id", String(64), ForeignKey("cases.case_id"), nullable=False),
    Column("site", String(80), nullable=False),
    Column("idempotency_key", String(200)),
    Column("body_sha256", String(64), nullable=False),
    Column("accepted_ns", BigInteger, nullable=False),
    Column("deadline_ns", BigInteger, nullable=False),
    Column("request", Text, nullable=False, comment="JSON, redacted"),
    Column("outcome", Text, comment="JSON, redacted; null while the turn is open"),
    Column("outcome_kind", String(16)),
    Column("ended_ns", BigInteger),
    Column("closed_by", String(40)),
    UniqueConstraint("site", "idempotency_key"),
    Index(None, "case_id", "accepted_ns"),
    Index(None, "accepted_ns", "turn_id"),
    Index(
        "ix_turns_open",
        "deadline_ns",
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
)

# No foreign key: replays and evals may log hops of turns that another ledger accepted.
hops = Table(
    "hops",
    metadata,
    Column("event_id", String(64), primary_key=True),
    Column("turn_id", String(64), nullable=False),
    Column("site", String(80), nullable=False),
    Column("hop", String(16), nullable=False),
    Column("hop_index", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("record", Text, nullable=False, comment="the whole hop/1 record as JSON"),
    Index(None, "turn_id", "hop_index", "attempt"),
    Index(None, "started_ns", "event_id"),
)

artefacts = Table(
    "artefacts",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("turn_id", String(64), ForeignKey("turns.turn_id"), nullable=False),
    Column("case_id", String(64), nullable=False),
    Column("placeholder", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("ciphertext", Text, comment="null once erased"),
    Column("lookup_hmac", String(64), comment="null once erased"),
    Column("created_ns", BigInteger, nullable=False),
    Column("erased_ns", BigInteger),
    UniqueConstraint("turn_id", "placeholder"),
    Index(None, "lookup_hmac"),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("turn_id", String(64), ForeignKey("turns.turn_id"), primary_key=True),
    Column("case_id", String(64), ForeignKey("cases.case_id"), nullable=False),
    Column("site", String(80), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("opened_ns", BigInteger, nullable=False),
    Column("owner", String(200)),
    Column("fence", Integer, nullable=False, comment="rises whenever the owner changes"),
    Column("closed_ns", BigInteger),
    Index(None, "case_id"),
    Index(None, "site", "closed_ns", "opened_ns"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("turn_id", String(64), nullable=False),
    Column("event_id", String(64), comment="null where the whole turn is judged"),
    Column("site", String(80), nullable=False),
    Column("evaluator", String(120), nullable=False),
    Column("evaluator_version", String(40), nullable=False),
    Column("kind", String(16), nullable=False, comment="code, llm or human"),
    Column("label", String(16), nullable=False, comment="pass, fail or unsure"),
    Column("corrected", Text, comment="JSON"),
    Column("critique", Text),
    Column("labeller", String(200)),
    Column("at_ns", BigInteger, nullable=False),
    Index(None, "turn_id"),
    Index(None, "site", "at_ns"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    Index(None, "at_ns"),
    Index(None, "subject"),
)

# No foreign key: a budget must not depend on who stores the turn.
spend = Table(
    "spend",
    metadata,
    Column("turn_id", String(64), primary_key=True),
    Column("site", String(80), nullable=False),
    Column("day", String(10), nullable=False, comment="YYYY-MM-DD in UTC, of the reservation"),
    Column("reserved_tokens", BigInteger, nullable=False),
    Column("reserved_micro_usd", BigInteger, nullable=False),
    Column("tokens", BigInteger, comment="null until settled"),
    Column("micro_usd", BigInteger, comment="null until settled"),
    Column("calls", Integer, comment="null until settled"),
    Column("reserved_ns", BigInteger, nullable=False),
    Column("settled_ns", BigInteger),
    Index(None, "site", "day"),
)

# The sums of `spend` by site and day, changed in the same transaction: what a limit is checked against, however
# many turns the day had, and the row for whose lock two processes wait.
spend_days = Table(
    "spend_days",
    metadata,
    Column("site", String(80), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("tokens", BigInteger, nullable=False, comment="settled, or reserved where unsettled"),
    Column("micro_usd", BigInteger, nullable=False, comment="settled, or reserved where unsettled"),
    Column("calls", Integer, nullable=False),
    Column("unsettled", Integer, nullable=False, comment="turns that have not settled"),
)
