"""Choose what the slow path verifies next: few things, by deadline, paid for in media time.

A second of video earns a number of verifications; each costs one unit of that budget, whatever
the machine needs for it, so that a replay makes the same choices.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import exp
from typing import Final

from matcher.recorded import RECORDED_IF_SET
from matcher.tracking.codec import recorded_as

WHOLE_PICTURE: Final = 0  # the task "verify the whole picture"; track ids start at 1
BACKOFF: Final = 1.5  # factor of the wait after a whole picture that held nothing new
MOST_DOUBLINGS: Final = 8  # of a wait; `longest_seconds` is reached long before


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """How much work a second of video is worth, and when a further verification pays.

    Attributes:
        units_per_second: for tracks; one unit is one of them embedded and verified.
        burst_seconds: unspent units of this long are kept.
        whole_seconds: between two tries of the whole picture while there is something new.
        whole_seconds_idle: between two tries when there has long been nothing new.
        first_patience: seconds after which a new track should have been verified.
        again_patience: seconds within which a further verification that is due should be made.
        unsure_seconds: until a thing without an answer is verified again; doubles each time.
        second_seconds: until an answer that rests on one verification is confirmed by another.
        sure_seconds: until a thing with an answer is verified again; doubles each time.
        longest_seconds: no wait is longer.
        better_view: growth in quality that makes a further verification due at once.
        clear_share: of the recently sharpest frame's sharpness; in a frame below it only that is
            verified whose deadline has passed.
        clear_seconds: after which "recently" has faded to a third.
        reading_units: that reading a track's words costs, about as many as it takes looks' time.
    """

    units_per_second: float = 20.0
    burst_seconds: float = 0.5
    whole_seconds: float = 0.4
    whole_seconds_idle: float = 2.0
    first_patience: float = 0.4
    again_patience: float = 1.5
    unsure_seconds: float = 0.4
    second_seconds: float = 0.3
    sure_seconds: float = 2.0
    longest_seconds: float = 3.0
    better_view: float = 1.3
    clear_share: float = 0.85
    clear_seconds: float = 1.0
    reading_units: float = field(default=2.0, metadata=RECORDED_IF_SET)


@dataclass(frozen=True, slots=True)
class VerifiableTrack:
    """A track that could be verified now.

    Attributes:
        track_id: which.
        first_seen: media seconds.
        leaves_in: seconds until it is out of the picture, at its present speed.
        quality: computes that of the present view; comparable within one track only.
        agreeing: verifications that support the present answer; 0 without an answer.
    """

    track_id: int
    first_seen: float
    leaves_in: float
    quality: Callable[[], float]
    agreeing: int


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task whose time has come.

    Attributes:
        task: `WHOLE_PICTURE` or a track's id.
        deadline: media seconds by which it should have been done.
    """

    task: int
    deadline: float


@dataclass(slots=True, eq=False)
class VerificationHistory:
    """How a track has been verified so far.

    Attributes:
        at: media seconds of the last verification.
        quality: of the best view that was verified.
        looks: how many verifications there were.
    """

    at: float
    quality: float
    looks: int = 1


@dataclass(slots=True, eq=False)
class VerificationScheduler:
    """Budget and memory of the slow path.

    Attributes:
        settings: rates and waits.
        units: that may be spent on tracks now.
        time: media seconds up to which units were earned.
        whole_at: media seconds at which the next try of the whole picture is due.
        whole_wait: seconds from the last one to that.
        whole_was_at: media seconds of the last one.
        sharpness: of the recently sharpest frame, in grey levels of edge strength.
        is_clear: whether the present frame is about as sharp.
        histories: per track.
    """

    settings: SchedulerSettings
    units: float = 0.0
    time: float = float("-inf")
    whole_at: float = float("-inf")
    whole_wait: float = 0.0
    whole_was_at: float = float("-inf")
    sharpness: float = 0.0
    is_clear: bool = True
    histories: dict[int, VerificationHistory] = field(
        default_factory=dict, metadata=recorded_as("trials")
    )

    def earn(self, time: float, sharpness: float = 1.0) -> None:
        """Let media time pass, up to a frame of some sharpness."""
        settings = self.settings
        faded = self.sharpness * exp(min(self.time - time, 0.0) / settings.clear_seconds)
        self.sharpness = max(sharpness, faded)
        self.is_clear = sharpness >= settings.clear_share * self.sharpness
        # A first frame, or one after a long gap, finds a full budget and no more.
        seconds = min(max(time - self.time, 0.0), settings.burst_seconds)
        earned = self.units + settings.units_per_second * seconds
        self.units = min(earned, settings.units_per_second * settings.burst_seconds)
        self.time = time

    def most_urgent(
        self, tracks: Iterable[VerifiableTrack], in_flight: int | None = None
    ) -> DueTask | None:
        """Return the most urgent task that is due and not in flight already; None if none is."""
        due: list[tuple[float, int]] = []
        if self.time >= self.whole_at and in_flight != WHOLE_PICTURE:
            due.append((self.whole_at + self.settings.first_patience, WHOLE_PICTURE))
        for track in tracks if self.units >= 1.0 else ():
            deadline = self._deadline(track)
            if deadline is not None and track.track_id != in_flight:
                due.append((deadline, track.track_id))
        if not due:
            return None
        deadline, task = min(due)
        # The same thing will be seen better in a moment: wait as long as the deadline allows.
        return DueTask(task, deadline) if self.is_clear or deadline <= self.time else None

    def record_whole_picture(self, *, found_new: bool) -> None:
        """Note a try of the whole picture; `found_new` if it named anything, or the scene moves."""
        settings = self.settings
        wait = settings.whole_seconds if found_new else BACKOFF * self.whole_wait
        self.whole_wait = min(max(wait, settings.whole_seconds), settings.whole_seconds_idle)
        self.whole_at = self.time + self.whole_wait
        self.whole_was_at = self.time

    def record_track(self, track_id: int, quality: float, cost: float = 1.0) -> None:
        """Note a verification of a track; at no cost if the whole picture was paid for."""
        self.units -= cost
        history = self.histories.get(track_id)
        if history is None:
            self.histories[track_id] = VerificationHistory(self.time, quality)
        else:
            history.at, history.quality = self.time, max(history.quality, quality)
            history.looks += 1

    def record_reading(self) -> None:
        """Note that words were read on a track; what that costs is paid back first."""
        self.units -= self.settings.reading_units

    def record_cut(self) -> None:
        """Note a cut: all is new, so the whole picture is due; flicker does not make it dear."""
        self.whole_wait = self.settings.whole_seconds
        self.whole_at = max(self.time, self.whole_was_at + self.whole_wait / 2)
        self.sharpness, self.is_clear = 0.0, True

    def retain(self, track_ids: set[int]) -> None:
        """Forget all tracks but these."""
        self.histories = {key: value for key, value in self.histories.items() if key in track_ids}

    def _deadline(self, track: VerifiableTrack) -> float | None:
        settings, history = self.settings, self.histories.get(track.track_id)
        if history is None:
            first = track.first_seen + settings.first_patience
            return min(first, self.time + track.leaves_in)
        due = history.at + self._wait(track.agreeing, history.looks)
        sooner = history.at + settings.second_seconds
        is_early = sooner <= self.time < due
        if is_early and track.quality() >= settings.better_view * history.quality:
            due = sooner
        return due + settings.again_patience if self.time >= due else None

    def _wait(self, agreeing: int, looks: int) -> float:
        """Seconds until another verification is due, after so many of them."""
        settings = self.settings
        if agreeing == 1:
            return min(settings.second_seconds * looks, settings.longest_seconds)
        first = settings.unsure_seconds if agreeing == 0 else settings.sure_seconds
        doublings = min(looks - 1 if agreeing == 0 else agreeing - 2, MOST_DOUBLINGS)
        return float(min(first * 2.0**doublings, settings.longest_seconds))
