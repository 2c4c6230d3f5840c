"""The commands that evals add to `hopdesk`, by the entry points `hopdesk.commands` and `hopdesk.hops`."""
