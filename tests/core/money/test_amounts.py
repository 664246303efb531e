"""Sums as people read them."""

import pytest

from trainui.core.money.amounts import shown


@pytest.mark.parametrize(
    ("micro", "currency", "text"),
    [
        (0, "USD", "0.00 $"),
        (20_000_000, "USD", "20.00 $"),
        (100_000, "USD", "0.10 $"),
        (99_999, "USD", "0.100 $"),
        (50_000, "USD", "0.050 $"),
        (1234, "USD", "0.0012 $"),
        (1, "USD", "0.000001 $"),
        (-1234, "EUR", "-0.0012 €"),
        (-7_740_000, "EUR", "-7.74 €"),
    ],
)
def test_a_small_sum_has_as_many_decimals_as_it_needs(micro, currency, text):
    assert shown(micro, currency) == text
