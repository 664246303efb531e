"""While you were away: what ended, what went wrong, what it cost, what goes on, and what waits for a person.

model      what is told
gathering  from a store to that
words      five lines, and the detail
"""
