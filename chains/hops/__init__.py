"""The hops, one module each. They never import one another; only `chains.turn` sees them all."""
