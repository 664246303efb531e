"""HAND: looks at the set-up and says what is wrong with it and how to mend it."""

from trainui.core.doctor.examination import examine
from trainui.core.doctor.finding import Finding

__all__ = ["Finding", "examine"]
