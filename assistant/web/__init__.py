"""The web apps."""
