"""The cloud's database through SQLAlchemy Core: SQLite now, PostgreSQL with the same queries later."""
