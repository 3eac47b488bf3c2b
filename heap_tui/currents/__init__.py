"""What Braze says: event types, the shape of an event, selection, transformation, samples."""
