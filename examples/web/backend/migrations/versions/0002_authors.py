"""Who wrote an item; nobody knows of those before"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("items", sa.Column("author", sa.Text))


def downgrade() -> None:
    op.drop_column("items", "author")
