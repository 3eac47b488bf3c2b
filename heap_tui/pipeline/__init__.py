"""One run: from sources through selection, transformation and state to the destination."""
