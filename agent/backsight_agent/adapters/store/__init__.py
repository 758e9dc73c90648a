"""The hub's store: an SQLite index in one thread and segment files beside it. Begin at `opening`."""
