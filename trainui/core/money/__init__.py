"""RULES of money: what a lease costs, who bears it, and how far ahead anything may be paid. Pure; time comes in.

    amounts   micro-dollars
    lease     a machine rented at a rate: what it costs until when, by the second and as it is billed
    shares    who bears what a lease cost: runs, by GPU time, equally or by use, and idle time
    cap       how far the money reaches
    idle      since when the machine costs while no run makes progress, and when that is told

Sums are integer micro-units of the project's currency (micro-dollars, for short), time is seconds of the boot clock.
"""
