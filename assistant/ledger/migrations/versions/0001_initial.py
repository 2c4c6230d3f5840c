"""The first tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build every table."""
    op.create_table(
        "artefacts",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_artefacts")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at_ns"), "audit", ["at_ns"], unique=False)
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("closed_ns", sa.BigInteger(), nullable=True, comment="when it took the last turn that it may take"),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("clarify_rounds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_site_opened_ns"), "cases", ["site", "opened_ns"], unique=False)
    op.create_table(
        "hops",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("hop", sa.String(length=16), nullable=False),
        sa.Column("hop_index", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False, comment="the whole hop/1 record as JSON"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_hops")),
    )
    op.create_index(op.f("ix_hops_started_ns_event_id"), "hops", ["started_ns", "event_id"], unique=False)
    op.create_index(
        op.f("ix_hops_turn_id_hop_index_attempt"), "hops", ["turn_id", "hop_index", "attempt"], unique=False
    )
    op.create_table(
        "labels",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=True, comment="null where the whole turn is judged"),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("evaluator", sa.String(length=120), nullable=False),
        sa.Column("evaluator_version", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="code, llm or human"),
        sa.Column("label", sa.String(length=16), nullable=False, comment="pass, fail or unsure"),
        sa.Column("corrected", sa.Text(), nullable=True, comment="JSON"),
        sa.Column("critique", sa.Text(), nullable=True),
        sa.Column("labeller", sa.String(length=200), nullable=True),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_site_at_ns"), "labels", ["site", "at_ns"], unique=False)
    op.create_index(op.f("ix_labels_turn_id"), "labels", ["turn_id"], unique=False)
    op.create_table(
        "turns",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("accepted_ns", sa.BigInteger(), nullable=False),
        sa.Column("deadline_ns", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False, comment="JSON, redacted"),
        sa.Column("outcome", sa.Text(), nullable=True, comment="JSON, redacted; null while the turn is open"),
        sa.Column("outcome_kind", sa.String(length=16), nullable=True),
        sa.Column("ended_ns", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_turns_case_id_cases")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_turns")),
        sa.UniqueConstraint("site", "idempotency_key", name=op.f("uq_turns_site_idempotency_key")),
    )
    op.create_index(op.f("ix_turns_accepted_ns_turn_id"), "turns", ["accepted_ns", "turn_id"], unique=False)
    op.create_index(op.f("ix_turns_case_id_accepted_ns"), "turns", ["case_id", "accepted_ns"], unique=False)
    op.create_index(
        "ix_turns_open",
        "turns",
        ["deadline_ns"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("placeholder", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=True, comment="null once erased"),
        sa.Column("lookup_hmac", sa.String(length=64), nullable=True, comment="null once erased"),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("erased_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.turn_id"], name=op.f("fk_contacts_turn_id_turns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("turn_id", "placeholder", name=op.f("uq_contacts_turn_id_placeholder")),
    )
    op.create_index(op.f("ix_contacts_lookup_hmac"), "contacts", ["lookup_hmac"], unique=False)
    op.create_table(
        "handoffs",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False, comment="rises whenever the owner changes"),
        sa.Column("closed_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_handoffs_case_id_cases")),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.turn_id"], name=op.f("fk_handoffs_turn_id_turns")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_handoffs")),
    )
    op.create_index(op.f("ix_handoffs_case_id"), "handoffs", ["case_id"], unique=False)
    op.create_index(
        op.f("ix_handoffs_site_closed_ns_opened_ns"), "handoffs", ["site", "closed_ns", "opened_ns"], unique=False
    )
