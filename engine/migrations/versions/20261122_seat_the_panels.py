"""Seat panels, keep what they and inspectors find, and take objections; rounds, notices and clusters tell more."""

import sqlalchemy as sa
from alembic import op

revision = "20261122"
down_revision = "20261121e"
branch_labels = None
depends_on = None

# What was published stays as it was published.
_FROZEN = "notice: it stays as published"
_SQLITE = [
    f"CREATE TRIGGER notice_is_never_changed BEFORE UPDATE ON notice BEGIN SELECT RAISE(ABORT, '{_FROZEN}'); END"
]
_RAISE = f"$$ BEGIN RAISE EXCEPTION '{_FROZEN}'; END $$"
_POSTGRESQL = [
    f"CREATE FUNCTION refuse_notice() RETURNS trigger LANGUAGE plpgsql AS {_RAISE}",
    "CREATE TRIGGER notice_is_never_changed BEFORE UPDATE ON notice FOR EACH ROW EXECUTE FUNCTION refuse_notice()",
]

_UNDECIDED = sa.text("state IN ('received', 'investigating')")
_REGISTERED = sa.text("recognised_on IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "pool_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bureau_code", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("employer", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("suspended", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bureau_code"], ["organisation.code"], name="fk_pool_member_bureau_code"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_pool_member_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pool_member"),
        sa.UniqueConstraint("bureau_code", "person_id", "kind", name="uq_pool_member_bureau_code_person_id_kind"),
    )
    op.create_index("ix_pool_member_bureau_code", "pool_member", ["bureau_code"])

    op.create_table(
        "interest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("organisation_code", sa.Text(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], name="fk_interest_cluster_id"),
        sa.ForeignKeyConstraint(["member_id"], ["pool_member.id"], name="fk_interest_member_id"),
        sa.ForeignKeyConstraint(["organisation_code"], ["organisation.code"], name="fk_interest_organisation_code"),
        sa.PrimaryKeyConstraint("id", name="pk_interest"),
    )
    op.create_index("ix_interest_member_id", "interest", ["member_id"])

    op.create_table(
        "late_filing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("organisation_code", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_code"], ["organisation.code"], name="fk_late_filing_organisation_code"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_late_filing_round_id"),
        sa.PrimaryKeyConstraint("id", name="pk_late_filing"),
        sa.UniqueConstraint("round_id", "organisation_code", name="uq_late_filing_round_id_organisation_code"),
    )
    op.create_table(
        "objection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(length=16), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("target_case_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("sent_with", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name="fk_objection_case_id"),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name="fk_objection_notice_id"),
        sa.ForeignKeyConstraint(["target_case_id"], ["case_run.id"], name="fk_objection_target_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_objection"),
        sa.UniqueConstraint("case_id", name="uq_objection_case_id"),
        sa.UniqueConstraint("receipt", name="uq_objection_receipt"),
        sa.UniqueConstraint("sent_with", name="uq_objection_sent_with"),
    )
    op.create_index("ix_objection_notice_id", "objection", ["notice_id"])
    op.create_index(
        "ix_objection_undecided", "objection", ["target_case_id"], sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED
    )

    op.create_table(
        "panel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name="fk_panel_case_id"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_panel_round_id"),
        sa.PrimaryKeyConstraint("id", name="pk_panel"),
        sa.UniqueConstraint("case_id", "kind", "number", name="uq_panel_case_id_kind_number"),
    )
    op.create_index("ix_panel_round_id", "panel", ["round_id"])

    op.create_table(
        "inspection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("panel_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("arranged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name="fk_inspection_case_id"),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name="fk_inspection_panel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inspection"),
        sa.UniqueConstraint("panel_id", name="uq_inspection_panel_id"),
        sa.UniqueConstraint("uid", name="uq_inspection_uid"),
    )
    op.create_index("ix_inspection_case_id", "inspection", ["case_id"])

    op.create_table(
        "seat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("panel_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["pool_member.id"], name="fk_seat_member_id"),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name="fk_seat_panel_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_seat_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_seat"),
        sa.UniqueConstraint("panel_id", "number", name="uq_seat_panel_id_number"),
    )
    op.create_index("ix_seat_member_id", "seat", ["member_id"])
    op.create_index("ix_seat_person_id", "seat", ["person_id"])

    op.create_table(
        "opinion",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("seat_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.String(length=36), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name="fk_opinion_case_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_opinion_person_id"),
        sa.ForeignKeyConstraint(["revision"], ["task.id"], name="fk_opinion_revision"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_opinion_round_id"),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name="fk_opinion_seat_id"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_opinion_task_id"),
        sa.PrimaryKeyConstraint("task_id", name="pk_opinion"),
    )
    op.create_index("ix_opinion_case_id", "opinion", ["case_id"])
    op.create_index("ix_opinion_round_id", "opinion", ["round_id"])
    op.create_index("ix_opinion_seat_id", "opinion", ["seat_id"])

    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.Column("added", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_sample_round_id"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_sample_task_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
        sa.UniqueConstraint("task_id", name="uq_sample_task_id"),
    )
    op.create_index("ix_sample_round_id", "sample", ["round_id"])

    op.create_table(
        "stance",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("opinion_id", sa.String(length=36), nullable=False),
        sa.Column("seat_id", sa.Integer(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["opinion_id"], ["opinion.task_id"], name="fk_stance_opinion_id"),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name="fk_stance_seat_id"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_stance_task_id"),
        sa.PrimaryKeyConstraint("task_id", "opinion_id", name="pk_stance"),
    )
    op.create_table(
        "tally",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_tally"),
    )
    op.add_column("cluster", sa.Column("number", sa.Text(), nullable=True))
    op.add_column("cluster", sa.Column("industry", sa.Text(), nullable=True))
    op.create_index("ix_cluster_number", "cluster", ["number"], unique=True)
    op.create_index(
        "ix_cluster_register",
        "cluster",
        ["regime", "organisation_code", "id", "state", "last_day", "name", "number", "industry"],
        sqlite_where=_REGISTERED,
        postgresql_where=_REGISTERED,
    )
    op.create_index(
        "ix_cluster_industry", "cluster", ["industry"], sqlite_where=_REGISTERED, postgresql_where=_REGISTERED
    )

    op.add_column("notice", sa.Column("number", sa.Text(), nullable=True))
    op.add_column("notice", sa.Column("files", sa.Text(), server_default="[]", nullable=False))

    op.add_column("file", sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("round", sa.Column("again", sa.Text(), nullable=True))
    op.add_column("round", sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("task") as batch_op:
        batch_op.add_column(sa.Column("seat_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("sealed", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_foreign_key("fk_task_seat_id", "seat", ["seat_id"], ["id"])

    with op.batch_alter_table("letter") as batch_op:
        batch_op.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_letter_person_id", "person", ["person_id"], ["id"])

    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(sa.text(statement))
