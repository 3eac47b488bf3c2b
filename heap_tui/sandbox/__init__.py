"""A local endpoint that behaves as the Heap webhook, for trying and for tests."""
