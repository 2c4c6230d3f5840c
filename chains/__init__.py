"""The chain: typed hops from a customer's request to one typed outcome, and the record of every attempt."""
