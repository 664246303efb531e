"""Money in motion: the hands of the budget.

accounts   charges the ledger, reckons what is left, and publishes the reckoning
purse      how far each run is paid ahead, and whether one may start
"""
