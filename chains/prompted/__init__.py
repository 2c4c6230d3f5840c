"""Hop models that ask a language model: a prompt file and typed input become messages, a reply becomes JSON."""
