"""What turns spend on models, and the sums by site and day."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the tables of spend."""
    op.create_table(
        "spend",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False, comment="YYYY-MM-DD in UTC, of the reservation"),
        sa.Column("reserved_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reserved_micro_usd", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True, comment="null until settled"),
        sa.Column("micro_usd", sa.BigInteger(), nullable=True, comment="null until settled"),
        sa.Column("calls", sa.Integer(), nullable=True, comment="null until settled"),
        sa.Column("reserved_ns", sa.BigInteger(), nullable=False),
        sa.Column("settled_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_spend")),
    )
    op.create_index(op.f("ix_spend_site_day"), "spend", ["site", "day"], unique=False)
    op.create_table(
        "spend_days",
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False, comment="settled, or reserved where unsettled"),
        sa.Column("micro_usd", sa.BigInteger(), nullable=False, comment="settled, or reserved where unsettled"),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("unsettled", sa.Integer(), nullable=False, comment="turns that have not settled"),
        sa.PrimaryKeyConstraint("site", "day", name=op.f("pk_spend_days")),
    )
