"""Where events come from: one file a kind of source."""
