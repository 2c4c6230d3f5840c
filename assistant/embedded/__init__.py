"""Embedded models: the small specialised models that work with no API key, no server and no network."""
