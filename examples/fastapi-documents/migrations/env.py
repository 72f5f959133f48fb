"""Runs the migrations on the database that DATABASE_URL names, without its asynchronous driver."""

import os

from alembic import context
from sqlalchemy import create_engine

url = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///documents.db")
with create_engine(url.replace("+aiosqlite", "")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
