#!/usr/bin/python3
"""The Dutch calendar of terms, computed a second time: Easter from golden number and epact as the
calendar reform defines them, days by datetime, summer time by the time zone database. The C code is
held against what this prints.

    calendar.py           prints the vectors
    calendar.py --check   exits with 1 where calendar.txt beside it differs

Lines: easter YEAR DATE · free YEAR, and its free days from Monday to Friday · term FROM N END, by the
holidays and the closed days below.
"""
import datetime
import pathlib
import random
import sys
import zoneinfo

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
DAY = datetime.timedelta(days=1)
CLOSED = [datetime.date(2026, 5, 15), datetime.date(2027, 5, 7), datetime.date(2032, 12, 24)]


def easter(year):
    """The Sunday after the paschal full moon; the epact is the moon's age on 1 January."""
    golden = year % 19 + 1
    century = year // 100 + 1
    solar = 3 * century // 4 - 12
    lunar = (8 * century + 5) // 25 - 5
    epact = (11 * golden + 20 + lunar - solar) % 30
    if epact == 24 or (epact == 25 and golden > 11):
        epact += 1
    full_moon = 44 - epact
    if full_moon < 21:
        full_moon += 30
    day = datetime.date(year, 3, 1) + (full_moon - 1) * DAY
    return day + (7 - day.isoweekday() % 7) * DAY


def holidays(year):
    e = easter(year)
    king = datetime.date(year, 4, 27 if year >= 2014 else 30)
    if king.isoweekday() == 7:
        king -= DAY
    return {datetime.date(year, 1, 1), e - 2 * DAY, e + DAY, king, datetime.date(year, 5, 5),
            e + 39 * DAY, e + 50 * DAY, datetime.date(year, 12, 25), datetime.date(year, 12, 26)}


def works(day):
    return day.isoweekday() <= 5 and day not in holidays(day.year) and day not in CLOSED


def term_end(start, count):
    day = start.astimezone(AMSTERDAM).date()
    while count > 0:
        day += DAY
        count -= works(day)
    midnight = datetime.datetime.combine(day + DAY, datetime.time(), AMSTERDAM)
    return midnight.astimezone(datetime.timezone.utc) - datetime.timedelta(seconds=1)


def starts():
    """Every hour around the changes of the clock and the turn of each year, and times at random."""
    utc = datetime.timezone.utc
    for year in (2026, 2027, 2030, 2096):
        for month, first in ((3, 24), (10, 24), (12, 23), (4, 1), (4, 25), (5, 3), (5, 13)):
            for hour in range(0, 24 * 8, 5):
                yield datetime.datetime(year, month, first, tzinfo=utc) + datetime.timedelta(hours=hour)
    draw = random.Random(20260101)
    for _ in range(400):
        yield datetime.datetime(1996, 1, 2, tzinfo=utc) + datetime.timedelta(
            seconds=draw.randrange(104 * 365 * 86400))


def stamp(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def vectors():
    for year in range(1970, 2100):
        yield f"easter {year} {easter(year)}"
    for year in range(1996, 2100):
        days = sorted(d for d in holidays(year) if d.isoweekday() <= 5)
        yield f"free {year} " + " ".join(d.strftime("%m-%d") for d in days)
    for i, start in enumerate(starts()):
        count = (1, 2, 3, 5, 10, 30, 260)[i % 7]
        yield f"term {stamp(start)} {count} {stamp(term_end(start, count))}"


def main():
    text = "\n".join(vectors()) + "\n"
    if "--check" not in sys.argv:
        sys.stdout.write(text)
        return 0
    known = pathlib.Path(__file__).with_name("calendar.txt").read_text(encoding="ascii")
    if known != text:
        print("calendar.txt differs from what is computed here", file=sys.stderr)
    return known != text


if __name__ == "__main__":
    sys.exit(main())
