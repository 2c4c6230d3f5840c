"""The embedded moderation layer: a classifier that comes fitted, and all that it was fitted with."""
