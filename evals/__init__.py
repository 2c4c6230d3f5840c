"""Offline judgement: labelled cases, and how right each hop was on them."""
