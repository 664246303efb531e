"""Money in motion: the hands of the budget.

accounts   charges the ledger, reckons what is left, and publishes the reckoning
means      what may be spent, in all, by a study, by a run, and how far that reaches
purse      how far each run is paid ahead, and whether there is money for one to start
steps      the ladder: tells, lets nothing new start, stops the runs worth least
hopes      what is expected of a run before the money ends
farewell   summaries and `on_cap`, when the money is used up and nothing runs any more
"""
