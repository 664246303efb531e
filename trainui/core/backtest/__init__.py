"""Back-tests: gates held against runs that are over, as if they had been there: pure but for what tapes read.

tapes of runs or files → replay(tape, judge) → findings: what would have fired, when, and what that would have saved
"""
