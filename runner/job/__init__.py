"""The nouns and the law: states, records, outcomes, verdicts, exit codes, errors.

Purpose: what every other room talks about; imports nothing of the house.
"""
