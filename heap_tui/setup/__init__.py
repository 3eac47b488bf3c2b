"""The wizard without a screen: steps, draft and checks."""
