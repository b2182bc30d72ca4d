"""Databases of PostgreSQL that are emptied and used again: to copy one takes longer than most
tests do."""

import psycopg
from psycopg import Connection, sql

from tests.servers import PostgresServer

_TABLES = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
# A copy has the object ids of what it was made from, and emptying a table keeps them.
_SHAPE = """
SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
    SELECT concat_ws(' ', 'c', oid, relname, relkind) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'a', attrelid, attnum, attname, atttypid, atttypmod, attnotnull,
        atthasdef) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'k', oid, conname, convalidated) FROM pg_constraint
    UNION ALL SELECT concat_ws(' ', 't', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', 'p', oid, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
) AS lines (line)"""
_EACH_FROM_ONE = """
SELECT setval(oid, 1, false) FROM pg_class
WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"""


class Spares:
    """Copies of a template, each as that is when it is taken."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        with psycopg.connect(server.url(template), autocommit=True) as connection:
            self._shape = _shape(connection)
            self._tables = [name for (name,) in connection.execute(_TABLES).fetchall()]
            self._kept = {name: _rows(connection, name) for name in self._filled(connection)}

    def take(self) -> str:
        """The URL of one that nobody uses."""
        return self._free.pop() if self._free else self._server.create_database(self._template)

    def give_back(self, url: str) -> None:
        """Empty one, from under its connections if it has any, so that it can be taken again. One
        whose tables are no longer those of the template is dropped."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_OTHERS)
            same = _shape(connection) == self._shape
            if same:
                self._empty(connection)
        if same:
            self._free.append(url)
        else:
            self._server.drop_database(url)

    def _filled(self, connection: Connection) -> list[str]:
        some = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        each = [some.format(sql.Literal(one), sql.Identifier(one)) for one in self._tables]
        return [
            name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(each)).fetchall()
        ]

    def _empty(self, connection: Connection) -> None:
        filled = [sql.Identifier(name) for name in self._filled(connection)]
        with connection.transaction():
            # Ledgers are only added to, but by a replica; and it asks for no order of tables.
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(_EACH_FROM_ONE)
            connection.execute("DELETE FROM pg_statistic WHERE starelid >= 16384")
            for table in filled:
                connection.execute(sql.SQL("DELETE FROM {}").format(table))
            for name, rows in self._kept.items():
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with connection.cursor().copy(into) as copy:
                    copy.write(rows)
        connection.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(filled)))


def _shape(connection: Connection) -> str:
    row = connection.execute(_SHAPE).fetchone()
    assert row is not None
    return str(row[0])


def _rows(connection: Connection, table: str) -> bytes:
    out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(out) as copy:
        return b"".join(bytes(part) for part in copy)
