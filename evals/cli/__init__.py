"""The commands that evals add to `hopdesk`, by the entry point `hopdesk.commands`."""
