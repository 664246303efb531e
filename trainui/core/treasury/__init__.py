"""Money in motion: the hands of the budget.

accounts    what was charged and what is left, and the reckoning that is published
leasing     keeps one lease open, on the terms in force: new rates, restarts, another machine
settling    lines of the ledger for what a lease cost, borne by whoever held the machine
correcting  a person's own lines
noting      the terms of a run's leases, in its directory
fitting     whether a trainui.toml can follow the one in force
host        who this machine is
means       what may be spent, in all, by a study, by a run, and how far that reaches
purse       how far each run is paid ahead, and whether there is money for one to start
steps       the ladder: tells, lets nothing new start, stops the runs worth least
hopes       what is expected of a run before the money ends
farewell    summaries and `on_cap`, when the money is used up and nothing runs any more
"""
