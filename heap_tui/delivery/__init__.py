"""Requests to Heap: what an answer means, how fast to go, and the loop that sends."""
