"""Language models: one attempt on the wire through litellm, and what makes it fit for a turn around that."""
