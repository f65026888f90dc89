"""Pace requests by the rate that the user told, and by what refusals teach.

How fast requests may go is one number, "spent up to", that each request moves, and the rate that moves it. The rate is what
the user told, or what was learned, whichever is lower.

A refusal shuts the gate. When the time is over that the server asked for, or after a pause that grows with each further no,
one request asks; with its yes the gate is open again. From one opening to the next the server was used up once, so what it
accepted, divided by the time, is its rate, whatever its limit is made of: a bucket that fills all the time, or a window that
lets so many through and is shut for the rest (see WindowMeter). Of that rate a little less is used; while callers wait for it,
it rises again, slowly around what was measured and steeply after (see DoublingLimit), so that a higher limit is found. What is
known stays where it lies between what a stretch accepted and the rate that was refused.

What measures badly counts for little. A stretch of few requests or few round trips moves the rate a little only. Where the
server had more than was asked for, the truth lies between the mean of the stretch and the best part of it. Where the rate has
moved far, or it is not known when the server opened, the rate is rough: it rises at once. And nothing is measured while nobody
is in a hurry: of a server that refuses now and then in quiet times, there is only to be learned when to come back.

Not every refusal is of a rate. Each accepted request pays for a tenth of a refusal; while no rate is known, one that is paid
for holds up only the call that was refused. And where requests are refused again and again though the rate was just lowered,
while the first question after each is answered with yes, the rate is in doubt: it rises steeply, until more is refused than
patience pays for.
"""

from __future__ import annotations

import math

from .accepted_rate import FEW, RateMeter, WindowMeter, shorten_pause_to_window_end
from .configured_rate import Rate
from .rising_limit import DoublingLimit

# A told rate is kept this much below: the server's clock and windows are not ours. A learned one, too: it is a measure.
HEADROOM, DIP = 0.995, 0.99
# Accepted requests of which a rate is learned; later, so many count as much as all that was known before.
ENOUGH = 10.0
# A rate that moves by more than this factor is rough, and one that was refused so far above the mean while it was rough; as is
# one measured in a stretch whose ends are as unsure as this share. A server that was shut for so much of it was used up.
ROUGHLY, FAR, UNSURE, SHUT_SHARE = 1.2, 1.5, 0.1, 1 / 8
# Seconds until a rate has doubled: at least and at the most, in times that the server was shut, and so long that the refusals
# at the end of a round are PRICE of its requests. How much shorter the time that it was shut is remembered as after each round.
DOUBLING_LEAST, DOUBLING_MOST, SHUT_TIMES, PRICE, FADE = 8.0, 600.0, 5.0, 0.01, 0.9
# The same while it is rough: at least, and in round trips.
ROUGH_DOUBLING, ROUND_TRIPS = 0.5, 4.0
# Seconds after a refusal until the first question, where no rate is known; the share of the time for which the server was shut
# before; how much longer after each further no; and the longest pause.
FIRST_PAUSE, PAUSE_SHARE, PAUSE_GROWTH, LONGEST_PAUSE = 0.15, 1 / 16, 1.6, 60.0
# The longest, as a share of that time until more than that is over.
LONGEST_SHARE, SAME_REASON = 1 / 4, 1.25
# A told wait of one second is one that was rounded up. Once a rate is known, it tells better when the next request fits; and
# most of such a wait measures nothing.
COARSE, ROUNDED_UP = 1.0, 0.9
# Share of a told wait by which processes that were refused together come back apart, and its bounds in seconds.
JITTER, JITTER_LEAST, JITTER_MOST = 0.1, 0.05, 1.0
# Seconds after which one request asks again, whatever wait the server told: it may be a mistake.
ASK_AGAIN = 3600.0
# Accepted requests that pay for one refusal, and refusals that are paid for ahead at the most.
PRICE_OF_REFUSAL, PATIENCE = 10.0, 6.0
# A rate that was refused before it rose so much was refused early; it is in doubt after so many. After a doubt that did not
# last for so many accepted requests, the next one takes twice as many.
EARLY, DOUBT, DOUBT_MOST, LASTING = 1.01, 4.0, 64.0, 200.0


class AdaptiveBudget:
    """The budget of one process.

    Args:
        told: the rate that the user knows.
        now: the moment from which it is saved up.
        accepted: requests that the server has accepted before.
    """

    def __init__(self, told: Rate | None = None, now: float = -math.inf, accepted: float = 0.0) -> None:
        known = told is not None and told.per_second < math.inf
        self.told = told
        self._known = told.per_second * HEADROOM if told is not None and known else math.inf
        # Requests that are saved up, beside the one that is due.
        self._saved = told.capacity - 1 if told is not None and known else 0.0
        self.spent: float = now  # up to this moment the budget is used
        if told is not None and told.burst:
            # One is kept back: requests take different times to arrive, the server may see them closer.
            self.spent -= max(0.0, told.burst - 2) / told.per_second
        self.ceiling: DoublingLimit = DoublingLimit(math.inf, DOUBLING_LEAST)
        self.meter: RateMeter = RateMeter()
        self.window: WindowMeter = WindowMeter()
        self.round_trip: float = 0.0
        # The gate. Truths are numbers, too: all of them are kept in a file where processes share a budget.
        self.is_open: float = 1.0
        self.opens: float = -math.inf
        self.told_until: float = -math.inf
        self.cut: float = -math.inf  # what was sent before belongs to refusals already counted
        self.refusals: float = 0.0  # since the cut
        self.pause: float = 0.0  # until the next question
        self.shut_at: float = 0.0
        self.shut_for: float = 0.0  # the last time
        self.period: float = 0.0  # the longest of these lately
        self.shut_rate: float = math.nan  # the rate that was refused; not a number where it is not to blame
        self.unsure: float = 0.0  # seconds within which the server opened, at both ends of the stretch
        self.rough: float = 1.0
        self.lenient: float = 1.0  # whether a refusal that is paid for shuts nothing
        self.patience: float = min(accepted / PRICE_OF_REFUSAL, PATIENCE)
        self.early: float = 0.0
        self.doubt: float = DOUBT

    def reserve(self, now: float) -> float:
        rate = self.rate()
        if rate == math.inf:
            return now
        moment = max(self.spent, now - self._saved / rate)
        self.spent = moment + 1 / rate
        if moment > now:
            self.ceiling.age += 1 / rate  # somebody has to wait for the rate
        return moment

    def give_back(self) -> None:
        rate = self.rate()
        if rate < math.inf:
            self.spent -= 1 / rate

    def rate(self) -> float:
        ceiling = self.ceiling
        return self._known if ceiling.base == math.inf else min(ceiling.value, self._known)

    def opens_at(self) -> float:
        return self.opens

    def get_told_opening(self) -> float:
        return self.told_until

    def note_idle(self, now: float) -> None:
        self.meter.stop()
        self.window.stop()

    def note_accepted(self, now: float, sent: float) -> None:
        self.meter.add_accepted(now, self.rate(), self.period)
        self.patience = min(self.patience + 1 / PRICE_OF_REFUSAL, PATIENCE)
        if sent > -math.inf:
            self.round_trip += (now - sent - self.round_trip) / 8
        if not self.is_open and sent >= self.cut:
            self._reopen(now)

    def note_refused(
        self, now: float, sent: float, asked: float | None, chance: float, crowded: bool
    ) -> bool:
        paid = self.patience >= 1
        self.patience = max(0.0, self.patience - 1)
        if sent < self.cut:
            self.refusals += 1
            self._slow_rise()
            if asked is not None and asked > COARSE:
                self._hold_until_wait_is_over(now, asked)
            return False
        if paid and self.lenient and self.is_open and not crowded and (asked or 0.0) <= COARSE:
            return False
        if self.is_open:
            self._shut(now, crowded)
        else:
            is_long = now - self.shut_at >= SAME_REASON * self.period
            longest = LONGEST_PAUSE if is_long else LONGEST_SHARE * self.period
            self.pause = min(self.pause * PAUSE_GROWTH, longest)
        self.opens = self.told_until = -math.inf
        self._hold_until_wait_is_over(now, wait := self._choose_wait(now, asked, chance))
        if self.meter.marked_at == now and asked and asked <= COARSE:
            self.meter.marked_at += ROUNDED_UP * wait
        self.cut, self.refusals, self.is_open = now, 1.0, 0.0
        return True

    def _hold_until_wait_is_over(self, now: float, wait: float) -> None:
        self.told_until = max(self.told_until, now + wait)
        self.opens = max(self.opens, now + min(wait, ASK_AGAIN))

    def _choose_wait(self, now: float, asked: float | None, chance: float) -> float:
        """Seconds until the gate opens: what the server asked, else the pause."""
        if not asked or (asked <= COARSE and self.rate() < math.inf):
            return shorten_pause_to_window_end(self.pause * (1 + JITTER * chance), now - self.shut_at)
        return asked + chance * min(max(JITTER * asked, JITTER_LEAST), JITTER_MOST)

    def _shut(self, now: float, crowded: bool) -> None:
        """Shut the gate after the first refusal."""
        if self.lenient and self.ceiling.base < math.inf:
            lasted = self.meter.accepted - self.meter.marked_accepted > LASTING
            self.doubt = DOUBT if lasted else min(2 * self.doubt, DOUBT_MOST)
        self.shut_at, self.lenient = now, 0.0
        self.shut_rate = math.nan if crowded else self.rate()
        if self.ceiling.base == math.inf:  # to pause by some rate is better than by none
            self.lenient, self.shut_rate = 1.0, math.nan
            self._learn_rate(now)
        if math.isnan(self.meter.marked_at):
            self.meter.start(now)
        rate = self.rate()
        self.pause = max(FIRST_PAUSE if rate == math.inf else 1 / rate, self.shut_for * PAUSE_SHARE)

    def _reopen(self, now: float) -> None:
        """Open the gate, with the first yes after a refusal, and learn from the stretch that ends."""
        self.is_open = 1.0
        self.told_until = min(self.told_until, now)
        # It opened between the last no and the first yes.
        unsure = (now - self.cut) / 2 if self.cut > self.shut_at else 0.0
        opened = now - unsure
        self.shut_for = opened - self.shut_at
        self.period = max(self.shut_for, FADE * self.period)
        measured = self._compute_rate_of_window(opened, now)
        self.window.begin(self.cut, now, self.meter.accepted - 1)
        if measured:
            self.rough = self.lenient = 0.0
            self._restart_below_measured_rate(measured, opened)
        elif self.ceiling.base == math.inf:
            return
        elif not math.isnan(self.shut_rate):
            self.unsure += unsure
            self._doubt_rate()
            self._learn_rate(opened)
        self.meter.start(opened)
        self.unsure = unsure

    def _compute_rate_of_window(self, opened: float, now: float) -> float:
        """The rate by the window that ends, where it was used up; else 0.0."""
        if self.cut == self.shut_at or self.shut_for < SHUT_SHARE * (opened - self.window.opened):
            return 0.0  # no question was in vain: as a bucket is, that is empty for a moment
        return self.window.measure(self.cut, now, self.meter.accepted - 1, self.round_trip)

    def _doubt_rate(self) -> None:
        """Doubt a rate that is refused again and again, though each refusal lowers it."""
        if self.refusals > 1 or self.cut > self.shut_at:
            self.early = 0.0  # several in flight, or in a row: no chance
        elif self.shut_rate < EARLY * self.ceiling.base:
            self.early += 1
        else:
            self.early = max(0.0, self.early - 1)
        if self.early >= self.doubt:
            self.early, self.lenient, self.patience = 0.0, 1.0, PATIENCE

    def _learn_rate(self, now: float) -> None:
        """Learn the rate from the stretch that began with the mark."""
        meter, before = self.meter, self.ceiling.base
        accepted, seconds = meter.accepted - meter.marked_accepted, now - meter.marked_at
        if accepted < (FEW if before == math.inf else 1) or not seconds > 0:
            return
        mean = accepted / seconds
        if before == math.inf:
            measured, self.lenient, self.rough = mean, 0.0, 1.0
        elif not self.rough and before < DIP * self.shut_rate and mean < before / DIP < ROUGHLY * mean:
            measured = before / DIP
        else:
            measured = self._compute_moved_rate(before, accepted, seconds)
            near = before / ROUGHLY < measured < before * ROUGHLY
            rising = self.rough and self.shut_rate > FAR * mean  # and still from far below
            sure = self.shut_for > SHUT_SHARE * seconds or (near and not rising)
            self.rough = float(not sure or self.unsure >= UNSURE * seconds or bool(self.lenient))
        self._restart_below_measured_rate(measured, now)

    def _restart_below_measured_rate(self, measured: float, now: float) -> None:
        base = measured * DIP
        self.ceiling = DoublingLimit(base, self._compute_seconds_to_double(base))
        self.spent = max(self.spent, now)
        self._slow_rise()

    def _compute_moved_rate(self, before: float, accepted: float, seconds: float) -> float:
        """The rate after a stretch: moved as far from the one before as the stretch is worth."""
        measured = mean = accepted / seconds
        in_vain = self.cut > self.shut_at  # a question was: a window that was used up, not a bucket
        if mean > before:  # it had more than was asked for, at first
            best = self.meter.best if in_vain or not self.rough else math.inf
            best = max(mean, min(best, self.shut_rate))
            measured = best if in_vain else math.sqrt(mean * best)
        count = max(accepted, seconds * before) if in_vain else accepted
        weight = count / (count + ENOUGH) * seconds / (seconds + ROUND_TRIPS * self.round_trip)
        return before * float((measured / before) ** weight)

    def _compute_seconds_to_double(self, base: float) -> float:
        """Seconds until the rate has doubled."""
        if self.rough:
            return max(ROUGH_DOUBLING, FEW / base, ROUND_TRIPS * self.round_trip, self.period)
        return max(DOUBLING_LEAST, min(SHUT_TIMES * self.period, DOUBLING_MOST))

    def _slow_rise(self) -> None:
        """Let the rate rise the slower, the more was refused."""
        ceiling = self.ceiling
        if ceiling.base < math.inf and not self.rough:
            long = min(self.refusals / (PRICE * ceiling.base), DOUBLING_MOST)
            ceiling.doubling = max(ceiling.doubling, long)

    def export_numbers(self) -> tuple[float, ...]:
        """All that may change, as numbers, for a budget that is kept elsewhere."""
        return tuple(getattr(part, name) for part, name in self.list_number_attributes())

    def import_numbers(self, numbers: tuple[float, ...]) -> None:
        """Take over what `export_numbers` gave."""
        for (part, name), number in zip(self.list_number_attributes(), numbers, strict=True):
            setattr(part, name, number)

    def list_number_attributes(self) -> list[tuple[object, str]]:
        """List all that may change: what it is an attribute of, and its name."""
        meters: list[RateMeter | WindowMeter | DoublingLimit] = [self.meter, self.window, self.ceiling]
        return [*((self, name) for name in NUMBERS), *((it, name) for it in meters for name in it.__slots__)]


# What may change of a budget itself: its public numbers.
NUMBERS = [name for name, it in vars(AdaptiveBudget()).items() if type(it) is float and name[0] != "_"]
