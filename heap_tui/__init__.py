"""Deliver Braze Currents engagement events to Heap, durably, and see what arrives."""

__version__ = "0.1.0"
