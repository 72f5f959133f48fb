"""A database of its own on the PostgreSQL that SENTINEL_TEST_POSTGRES names, for tests that have no driver: prints its URL, and drops
it when its standard input ends."""

import os
import secrets
import sys
from urllib.parse import urlsplit

import pg8000.dbapi


def main():
    address = os.environ.get("SENTINEL_TEST_POSTGRES")
    if not address:
        sys.exit("SENTINEL_TEST_POSTGRES names no server: run `cargo xtask with-postgres …`")
    server, name = urlsplit(address), f"sso_{secrets.token_hex(8)}"
    connection = pg8000.dbapi.connect(
        user=server.username, password=server.password, host=server.hostname, port=server.port, database="postgres")
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    try:
        print(server._replace(path=f"/{name}").geturl(), flush=True)
        sys.stdin.read()
    finally:
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


main()
