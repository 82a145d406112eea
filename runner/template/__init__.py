"""A template: a worker that takes no order but makes workers."""
