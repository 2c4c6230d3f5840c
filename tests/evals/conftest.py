"""Guards are built before the first test, as for the chain's own tests."""

from tests.chains.conftest import _warm_guards

__all__ = ["_warm_guards"]
