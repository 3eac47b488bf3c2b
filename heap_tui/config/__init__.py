"""What can be configured, where it is kept, and where the token is."""
