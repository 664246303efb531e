"""Money in motion: the hands of the budget.

accounts    what was charged and what is left, and the reckoning that is published
leasing     keeps one lease open, on the terms in force: new rates, restarts, another machine
settling    lines of the ledger for what a lease cost, borne by whoever held the machine
correcting  a person's own lines
fitting     whether a trainui.toml can follow the one in force
host        who this machine is
purse       how far each run is paid ahead, and whether one may start
"""
