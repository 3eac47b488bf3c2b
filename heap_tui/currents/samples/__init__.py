"""Made-up events: coherent journeys without end, and a complete example of each type.

Everything follows from a seed. No real person, address, number or host appears in them.
"""

from heap_tui.currents.samples.example import example
from heap_tui.currents.samples.spec import SampleSpec
from heap_tui.currents.samples.stream import journeys

__all__ = ["SampleSpec", "example", "journeys"]
