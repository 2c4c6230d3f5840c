"""Products, policies and orders: import, the immutable index, search, and the tools that read them."""
