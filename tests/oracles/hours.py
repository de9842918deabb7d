"""Judges working hours around every change of clocks of 2024 to 2030, for tests/oracles/hours.rs to compare.

Needs the standard library and the PyPI package tzdata; the system's zones are ignored. Knows nothing of the Rust code:
each schedule is painted on a strip of wall minutes, and each minute of UTC is looked up there by zoneinfo's wall time.

Writes JSON lines: a head, then every group of zones whose rules are the same bytes, then windows of six days with
the answers as runs. Windows with the same answers are written once, with all groups to which they apply."""

import json
import os
import re
import sys
import zoneinfo
from datetime import date, datetime, timedelta, timezone
from operator import itemgetter

import tzdata

zoneinfo.reset_tzpath(())

FOLDER = os.path.join(os.path.dirname(os.path.abspath(tzdata.__file__)), "zoneinfo")
FIRST = int(datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp())
LAST = int(datetime(2031, 1, 1, tzinfo=timezone.utc).timestamp())
STEP = 6 * 3600
AROUND = 3 * 24 * 60
MINUTES = 2 * AROUND
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
RUN = re.compile(rb"(.)\1*")


def groups():
    """Names whose rules are the same bytes."""
    by_rules = {}
    for name in sorted(zoneinfo.available_timezones()):
        with open(os.path.join(FOLDER, name), "rb") as file:
            by_rules.setdefault(file.read(), []).append(name)
    return sorted(by_rules.values())


def offset(zone, second):
    return datetime.fromtimestamp(second, zone).utcoffset()


def changes(zone):
    """The first second of each new offset."""
    found, old = [], offset(zone, FIRST)
    for different in range(FIRST + STEP, LAST + 1, STEP):
        new = offset(zone, different)
        if new != old:
            found.append(first_second(zone, old, different - STEP, different))
        old = new
    return found


def first_second(zone, old, same, different):
    while different - same > 1:
        middle = (same + different) // 2
        if offset(zone, middle) == old:
            same = middle
        else:
            different = middle
    return different


def wall_minutes(zone, start):
    """For each minute of the window its wall minute, counted from the start of the year 1."""
    minutes = []
    for second in range(start, start + MINUTES * 60, 60):
        wall = datetime.fromtimestamp(second, zone)
        assert wall.second == 0, f"{zone} is off by seconds"
        minutes.append(wall.toordinal() * 1440 + wall.hour * 60 + wall.minute)
    return minutes


def hhmm(minute):
    minute %= 1440
    return f"{minute // 60:02}:{minute % 60:02}"


def daily(spans):
    return {day: spans for day in WEEKDAYS}


def schedule(weekly, exceptions=(), closed_until=None):
    return {"mode": "schedule", "weekly": weekly, "exceptions": list(exceptions), "closed_until": closed_until}


def exception(day, *spans):
    return {"date": day.isoformat(), "spans": list(spans)}


def schedules(change, before, after):
    """What is tried around a change of clocks, at which the wall jumps from minute `before` to `after`."""
    day = date.fromordinal(before // 1440)
    eve, next_day = day - timedelta(days=1), day + timedelta(days=1)
    low, high = min(before, after), max(before, after)
    quarter = max(1, (high - low) // 4)
    inside = [hhmm(low + quarter), hhmm(high - quarter)]
    night = ["22:00", "03:00"]
    noon = ["12:00", "13:00"] if low % 1440 < 600 or low % 1440 > 900 else ["18:00", "19:00"]
    instant = datetime.fromtimestamp(change + 37 * 60, timezone.utc).isoformat()
    return [
        schedule({day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in WEEKDAYS[:5]}),
        schedule(daily([night])),
        schedule({WEEKDAYS[eve.weekday()]: [night]}),
        schedule(daily([[hhmm(low), hhmm(high)]])),
        schedule(daily([inside])),
        schedule(daily([[hhmm(low - 60), hhmm(low + quarter)], [hhmm(high - quarter), hhmm(high + 60)]])),
        schedule(
            {day: [["18:00", "24:00" if index % 2 else "00:00"]] for index, day in enumerate(WEEKDAYS)},
            [exception(next_day, ["00:00", "24:00"])],
        ),
        schedule(daily([["00:00", "24:00"]])),
        schedule(
            daily([["09:00", "17:00"], night]),
            [exception(day, noon, inside), exception(next_day), exception(day + timedelta(days=2), ["20:00", "02:00"])],
        ),
        schedule(
            daily([night]),
            [exception(next_day, ["00:00", "12:00"]), exception(day), exception(eve, ["23:30", "02:30"])],
        ),
        schedule(daily([["00:00", "24:00"]]), [exception(day, ["08:30", "12:15"])], instant),
        {"mode": "always", "closed_until": instant},
    ]


def minute_of(text):
    return int(text[:2]) * 60 + int(text[3:])


def strip(hours, first_day, last_day):
    """Wall minutes from the first day on: w or W for weekly, e or E for an exception; capitals are open."""
    exceptions = {entry["date"]: entry["spans"] for entry in hours["exceptions"]}
    days = last_day - first_day + 1
    painted = bytearray(days * 1440)
    for pass_ in ("closed", "overnight", "day"):
        for ordinal in range(first_day - 1, last_day + 1):
            day = date.fromordinal(ordinal)
            spans, ink = exceptions.get(day.isoformat()), b"E"
            if spans is None:
                spans, ink = hours["weekly"].get(WEEKDAYS[day.weekday()], []), b"W"
            midnight = (ordinal - first_day) * 1440
            if pass_ == "closed":
                brush(painted, midnight, midnight + 1440, ink.lower())
            for start, end in spans:
                start, end = minute_of(start), minute_of(end)
                past_midnight = end <= start
                if pass_ == "day":
                    brush(painted, midnight + start, midnight + (1440 if past_midnight else end), ink)
                if pass_ == "overnight" and past_midnight:
                    brush(painted, midnight + 1440, midnight + 1440 + end, ink)
    return painted


def brush(painted, start, end, ink):
    start, end = max(start, 0), min(end, len(painted))
    if start < end:
        painted[start:end] = ink * (end - start)


def judge(hours, start, wall):
    """One letter a minute, as in `strip`; A is always, u is closed until."""
    if hours["mode"] == "always":
        answers = bytearray(b"A" * MINUTES)
    else:
        first_day, last_day = min(wall) // 1440, max(wall) // 1440
        painted = strip(hours, first_day, last_day)
        answers = bytearray(itemgetter(*[minute - first_day * 1440 for minute in wall])(painted))
    if hours["closed_until"]:
        shut = int(datetime.fromisoformat(hours["closed_until"]).timestamp() - start) // 60
        answers[:shut] = b"u" * shut
    return answers


def runs(letters):
    """Where a letter first stands, and which: `[[0, "w"], [540, "W"]]`."""
    return [[run.start(), chr(run[0][0])] for run in RUN.finditer(letters)]


def offsets(start, wall):
    """Minutes ahead of UTC, as runs."""
    epoch = date(1970, 1, 1).toordinal() * 1440
    ahead = [minute - epoch - start // 60 - index for index, minute in enumerate(wall)]
    return [[i, value] for i, value in enumerate(ahead) if i == 0 or ahead[i - 1] != value]


def window(zone, change):
    start = change - AROUND * 60
    assert start % 60 == 0, f"{zone} changes between minutes"
    wall = wall_minutes(zone, start)
    tried = schedules(change, wall[AROUND - 1] + 1, wall[AROUND])
    answers = [{"hours": hours, "runs": runs(judge(hours, start, wall))} for hours in tried]
    return {"start": start, "minutes": MINUTES, "offsets": offsets(start, wall), "schedules": answers}


def write(value):
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")


def main():
    write({"kind": "head", "folder": FOLDER, "version": tzdata.IANA_VERSION, "first": FIRST, "last": LAST})
    windows = {}
    for number, names in enumerate(groups()):
        zone = zoneinfo.ZoneInfo(names[0])
        seconds = changes(zone)
        write({"kind": "group", "names": names, "changes": seconds})
        for change in seconds:
            answers = json.dumps(window(zone, change), separators=(",", ":"))
            windows.setdefault(answers, []).append(number)
    for answers, numbers in windows.items():
        write({"kind": "window", "groups": numbers} | json.loads(answers))


main()
