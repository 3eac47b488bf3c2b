"""The durable state: cursors, queue, seen ids and dead letters, in one SQLite file a profile."""
