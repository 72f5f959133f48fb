"""Every document belongs to a workspace and an owner. Those from before go to one that is named:
`alembic -x workspace=UUID -x owner=UUID upgrade head`."""

import uuid

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    columns = ("workspace_id", "owner_id")
    with op.batch_alter_table("documents") as table:
        for name in columns:
            table.add_column(sa.Column(name, sa.Uuid(), nullable=True))
    documents = sa.table("documents", *(sa.column(name, sa.Uuid()) for name in columns))
    if op.get_bind().scalar(sa.select(sa.func.count()).select_from(documents)):
        given = context.get_x_argument(as_dictionary=True)
        owner = {"workspace_id": uuid.UUID(given["workspace"]), "owner_id": uuid.UUID(given["owner"])}
        op.execute(documents.update().values(owner))
    with op.batch_alter_table("documents") as table:
        for name in columns:
            table.alter_column(name, nullable=False)
            table.create_index(f"ix_documents_{name}", [name])
