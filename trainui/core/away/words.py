"""RULE: five lines on what happened while nobody looked, and the detail below them. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import tzinfo

from trainui.core.away.model import Away, Ended, Going, Verdict
from trainui.core.money.amounts import sign
from trainui.core.walltime import day_words

BAD = ("tripped", "failed")


def five_lines(away: Away, zone: tzinfo | None = None) -> tuple[str, ...]:
    """What ended; what went wrong; what it cost; what goes on; what waits for a person."""
    return (
        _ended_line(away, zone),
        _verdict_line(away),
        _money_line(away, zone),
        _going_line(away, zone),
        _needs_line(away),
    )


def title(away: Away, zone: tzinfo | None = None) -> str:
    """`since yesterday 22:00, 9.2 h`."""
    return f"since {day_words(away.since, away.until, zone)}, {_span(away.until - away.since)}"


def _ended_line(away: Away, zone: tzinfo | None) -> str:
    if not away.ended:
        return "no run ended"
    counts = Counter(one.result for one in away.ended)
    told = ", ".join(f"{count} {result}" for result, count in counts.most_common())
    last = away.ended[-1]
    head = f"{_runs(len(away.ended))} ended: {told}"
    return f"{head}; the last was {last.run}, {day_words(last.at, away.until, zone)}"


def _verdict_line(away: Away) -> str:
    bad = [one for one in away.verdicts if one.verdict in BAD]
    passed = sum(one.verdict == "passed" for one in away.verdicts)
    parts = []
    if bad:
        rest = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        parts.append(f"{_name(bad[0])}: {bad[0].gate} {bad[0].verdict}{rest}")
    if passed:
        parts.append(f"{passed} passed")
    return f"gates: {'; '.join(parts)}" if parts else "gates: none tripped, failed or passed"


def _money_line(away: Away, zone: tzinfo | None) -> str:
    spent = away.spending
    text = f"cost {_money(spent.usd, away.currency)}"
    if spent.idle_usd >= 0.005:
        long = f" for {_span(spent.idle_seconds)}" if spent.idle_seconds else ""
        text += f", of that {_money(spent.idle_usd, away.currency)} idle{long}"
    if spent.over_usd >= 0.005:
        text += f"; {_money(spent.over_usd, away.currency)} over the cap"
    if away.left_usd is not None:
        text += f"; {_money(away.left_usd, away.currency)} left"
        if away.lasts_until is not None:
            text += f", until {day_words(away.lasts_until, away.until, zone)}"
    return text


def _going_line(away: Away, zone: tzinfo | None) -> str:
    waits = f"; {away.queued} queued" if away.queued else ""
    if not away.going:
        idle = ""
        if away.idle_since is not None:
            idle = f"; the machine stands idle since {day_words(away.idle_since, away.until, zone)}"
        return f"nothing runs{waits}{idle}"
    ends = [one.ends_at for one in away.going]
    known = [at for at in ends if at is not None]
    first = away.going[0].run if len(away.going) == 1 else _runs(len(away.going))
    verb = "runs" if len(away.going) == 1 else "run"
    if not known:
        when = ", until nobody knows when"
    elif len(known) < len(ends):
        when = f", the last of {len(known)} until {day_words(max(known), away.until, zone)}"
    else:
        when = f" until {day_words(max(known), away.until, zone)}"
    return f"{first} {verb}{when}{waits}"


def _needs_line(away: Away) -> str:
    if not away.needs:
        return "nothing waits for you"
    first = away.needs[0]
    rest = f" (and {len(away.needs) - 1} more)" if len(away.needs) > 1 else ""
    return f"waits for you: {first.text}{rest}"


def detail(away: Away, zone: tzinfo | None = None) -> list[tuple[str, list[str]]]:
    """(head, lines) of every part that has something in it."""
    needs = [f"{one.text}{f' ({one.command})' if one.command else ''}" for one in away.needs]
    parts = [
        ("waits for you", needs),
        ("ended", [ended_line(one, away, zone) for one in away.ended]),
        ("gates", [_gate_line(one, away, zone) for one in away.verdicts]),
        ("runs", [going_line(one, away, zone) for one in away.going]),
        ("machine and money", [f"{day_words(at, away.until, zone)}  {text}" for at, text in away.told]),
    ]
    return [(head, lines) for head, lines in parts if lines]


def ended_line(one: Ended, away: Away, zone: tzinfo | None = None) -> str:
    """`03:12  mlp-3 failed (exit 1) after 2.1 h: best val/mae 92.1, 2.88 $; mlp-4 follows`."""
    why = f" ({one.cause})" if one.cause and one.cause != one.result else ""
    took = f" after {_span(one.seconds)}" if one.seconds >= 1 else ""
    facts = [] if one.best is None else [f"best {one.metric} {one.best:.4g}"]
    facts += [_money(one.usd, away.currency)] if one.usd >= 0.005 else []
    more = f"; {one.followed_by} follows" if one.followed_by else ""
    said = f": {', '.join(facts)}" if facts else ""
    return f"{day_words(one.at, away.until, zone)}  {one.run} {one.result}{why}{took}{said}{more}"


def _gate_line(one: Verdict, away: Away, zone: tzinfo | None) -> str:
    done = f" → {one.action}" if one.action else ""
    when = day_words(one.at, away.until, zone)
    return f"{when}  {_name(one)}: {one.gate} {one.verdict}: {one.reason}{done}"


def going_line(one: Going, away: Away, zone: tzinfo | None = None) -> str:
    """`mlp-5 running, 62 %, ends 14:05: best val/mae 92.1, 1.20 $`."""
    parts = [one.status]
    parts += [] if one.progress is None else [f"{one.progress:.0%}".replace("%", " %")]
    parts += [] if one.ends_at is None else [f"ends {day_words(one.ends_at, away.until, zone)}"]
    facts = [] if one.best is None else [f"best {one.metric} {one.best:.4g}"]
    facts += [_money(one.usd, away.currency)] if one.usd >= 0.005 else []
    said = f": {', '.join(facts)}" if facts else ""
    return f"{one.run} {', '.join(parts)}{said}"


def _name(one: Verdict) -> str:
    return one.subject.removeprefix("study:")


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _money(amount: float, currency: str) -> str:
    return f"{amount:.2f} {sign(currency)}"


def _span(seconds: float | None) -> str:
    """`40 s`, `14 min`, `9.2 h`, `3.1 days`."""
    if seconds is None:
        return "some time"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
