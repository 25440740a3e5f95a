"""Keep what days are worked, remind of what is owed, and send the letters."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123"
down_revision = "20261122"
branch_labels = None
depends_on = None

# What clusters owed before this table knew of bureaus: the last moment is the end of the day in Asia/Shanghai.
_OWED = """UPDATE obligation SET
    regime = (SELECT cluster.regime FROM cluster WHERE cluster.id = obligation.cluster_id),
    bureau_code = (SELECT cluster.bureau_code FROM cluster WHERE cluster.id = obligation.cluster_id),
    due_at = {}, earliest_on = effective_on, latest_on = effective_on, calendar_revision = ''"""
_CARRIED_OVER = {
    "sqlite": _OWED.format("effective_on || ' 15:59:59.000000'"),
    "postgresql": _OWED.format("(effective_on + time '15:59:59') AT TIME ZONE 'UTC'"),
}
_FILLED: dict[str, Any] = {
    "regime": sa.Text(),
    "bureau_code": sa.Text(),
    "due_at": sa.DateTime(timezone=True),
    "earliest_on": sa.Date(),
    "latest_on": sa.Date(),
    "calendar_revision": sa.Text(),
}
_UNPLANNED = sa.text("state = 'open' AND planned_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "holiday_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("papers", sa.Text(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday_notice")),
    )
    with op.batch_alter_table("holiday_notice", schema=None) as batch_op:
        batch_op.create_index(
            "uq_holiday_notice_year",
            ["year"],
            unique=True,
            sqlite_where=sa.text("state = 'confirmed'"),
            postgresql_where=sa.text("state = 'confirmed'"),
        )

    op.create_table(
        "mail_account",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_in_window", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mail_account")),
    )
    op.create_table(
        "day_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bureau_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["bureau_code"], ["organisation.code"], name=op.f("fk_day_override_bureau_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_override")),
    )
    with op.batch_alter_table("day_override", schema=None) as batch_op:
        batch_op.create_index(
            "uq_day_override_standing",
            ["bureau_code", "day"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_digest_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
        sa.UniqueConstraint("person_id", "day", name=op.f("uq_digest_person_id_day")),
    )
    op.create_table(
        "feed",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_feed_person_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_feed")),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_person_id"), ["person_id"], unique=False)

    op.create_table(
        "letter_choice",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.Column("working_days_only", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_choice_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_letter_choice")),
    )
    op.create_table(
        "substitute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("named_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_substitute_person_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["person.id"], name=op.f("fk_substitute_substitute_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitute")),
    )
    with op.batch_alter_table("substitute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_substitute_person_id"), ["person_id"], unique=False)

    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("obligation_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("escalates", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expanded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(obligation_id IS NULL) <> (task_id IS NULL)", name="ck_reminder_of_one_thing"),
        sa.ForeignKeyConstraint(["obligation_id"], ["obligation.id"], name=op.f("fk_reminder_obligation_id")),
        sa.ForeignKeyConstraint(["superseded_by"], ["reminder.id"], name=op.f("fk_reminder_superseded_by")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_reminder_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("obligation_id", "rung", "revision", name=op.f("uq_reminder_obligation_id_rung_revision")),
        sa.UniqueConstraint("task_id", "rung", "revision", name=op.f("uq_reminder_task_id_rung_revision")),
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reminder_due",
            ["fire_at", "id"],
            unique=False,
            sqlite_where=sa.text("expanded_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=sa.text("expanded_at IS NULL AND withdrawn_at IS NULL"),
        )

    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("reminder_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=True),
        sa.Column("lock_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("in_doubt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_code", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("digest_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["digest_id"], ["digest.id"], name=op.f("fk_delivery_digest_id")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_delivery_letter_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_delivery_person_id")),
        sa.ForeignKeyConstraint(["reminder_id"], ["reminder.id"], name=op.f("fk_delivery_reminder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_delivery_dedupe_key")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        for column in ("letter_id", "reminder_id", "digest_id", "message_id"):
            there = sa.text(f"{column} IS NOT NULL")
            batch_op.create_index(f"ix_delivery_{column}", [column], sqlite_where=there, postgresql_where=there)
        batch_op.create_index("ix_delivery_of_person", ["person_id", "id"], unique=False)
        batch_op.create_index(
            "ix_delivery_to_send",
            ["not_before", "id"],
            unique=False,
            sqlite_where=sa.text("status IN ('due', 'claimed', 'sending')"),
            postgresql_where=sa.text("status IN ('due', 'claimed', 'sending')"),
        )
        batch_op.create_index(
            "ix_delivery_failed",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status IN ('failed', 'refused')"),
            postgresql_where=sa.text("status IN ('failed', 'refused')"),
        )
        batch_op.create_index(
            "ix_delivery_held",
            ["not_before"],
            unique=False,
            sqlite_where=sa.text("status = 'held' AND digest_id IS NULL"),
            postgresql_where=sa.text("status = 'held' AND digest_id IS NULL"),
        )
        batch_op.create_index(
            "ix_delivery_unread",
            ["person_id"],
            unique=False,
            sqlite_where=sa.text("read_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL"),
        )

    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_delivery_id"), ["delivery_id"], unique=False)

    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("spread_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("task_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("obligation_id", sa.Integer(), nullable=True))
        batch_op.alter_column("deployment_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index(
            "ix_letter_unspread",
            ["id"],
            unique=False,
            sqlite_where=sa.text("spread_at IS NULL"),
            postgresql_where=sa.text("spread_at IS NULL"),
        )
        for name, column in (("ix_letter_of_task", "task_id"), ("ix_letter_of_obligation", "obligation_id")):
            told = sa.text(f"{column} IS NOT NULL")
            batch_op.create_index(name, [column], unique=False, sqlite_where=told, postgresql_where=told)
        batch_op.create_foreign_key(batch_op.f("fk_letter_task_id"), "task", ["task_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_letter_obligation_id"), "obligation", ["obligation_id"], ["id"])
        batch_op.drop_column("status")

    with op.batch_alter_table("obligation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("regime", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("bureau_code", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("notice_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("round_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("earliest_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("latest_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("calendar_revision", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.alter_column("cluster_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index("ix_obligation_year", ["bureau_code", "due_at", "id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_obligation_notice_id"), ["notice_id"])
        batch_op.create_unique_constraint(batch_op.f("uq_obligation_round_id"), ["round_id"])
        batch_op.create_foreign_key(batch_op.f("fk_obligation_round_id"), "round", ["round_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_obligation_notice_id"), "notice", ["notice_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_obligation_bureau_code"), "organisation", ["bureau_code"], ["code"])

    op.execute(_CARRIED_OVER[op.get_context().dialect.name])
    with op.batch_alter_table("obligation", schema=None) as batch_op:
        for column, kind in _FILLED.items():
            batch_op.alter_column(column, existing_type=kind, nullable=False)
    op.create_index(
        "ix_obligation_unplanned", "obligation", ["id"], sqlite_where=_UNPLANNED, postgresql_where=_UNPLANNED
    )
    op.execute("UPDATE letter SET spread_at = created_at")  # nobody is told today of what was said months ago

    op.create_index("ix_membership_office", "membership", ["organisation_code", "role"])
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("email_suspect", sa.Text(), nullable=True))

    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.add_column(sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_task_unplanned",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'open' AND planned_at IS NULL"),
            postgresql_where=sa.text("state = 'open' AND planned_at IS NULL"),
        )
