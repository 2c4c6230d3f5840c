"""The product around the chain: settings, wiring, models, catalog, orders, ledger, web and command line."""
