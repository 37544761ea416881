"""What the second lane does next: few things, each by its deadline, paid in units of media time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import exp
from typing import Final

NEVER: Final = float("inf")
WHOLE_PICTURE: Final = 0  # the task "try the whole picture"; track ids start at 1


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """How much work a second of video is worth, and when a second look pays.

    Attributes:
        units_per_second: for tracks; one unit is one of them embedded and verified.
        burst_seconds: unspent units of this long are kept.
        whole_seconds: between two tries of the whole picture while there is something new.
        whole_seconds_idle: likewise, when there has long been nothing new.
        first_patience: seconds after which a new track should have been looked at.
        again_patience: likewise, for a further look that has become due.
        unsure_seconds: until a thing without an answer is looked at again; doubles each time.
        second_seconds: until an answer that rests on one look is confirmed by another.
        sure_seconds: until a thing with an answer is looked at again; doubles each time.
        longest_seconds: no wait is longer.
        better_view: growth in quality that makes a further look due at once.
        clear_share: of the recently sharpest frame's sharpness; in a frame below it only those
            looks are made whose deadline has passed.
        clear_seconds: after which "recently" has faded to a third.
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


@dataclass(frozen=True, slots=True)
class VerifiableTrack:
    """A track that could be looked at now.

    Attributes:
        track_id: which.
        first_seen: media seconds.
        leaves_in: seconds until it is out of the picture, at its present speed.
        quality: tells that of the present view, if asked; comparable within one track only.
        agreeing: looks that support the present answer; 0 without an answer.
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
    """How a track has been looked at so far.

    Attributes:
        at: media seconds of the last look.
        quality: of the best view that was looked at.
        looks: how many there were.
    """

    at: float
    quality: float
    looks: int = 1


@dataclass(slots=True, eq=False)
class VerificationScheduler:
    """The second lane's budget and memory.

    Attributes:
        settings: rates and waits.
        units: that may be spent on tracks now.
        time: media seconds up to which units were earned.
        whole_at: media seconds at which the next try of the whole picture is due.
        whole_wait: seconds from the last one to that.
        whole_was_at: media seconds of the last one.
        sharpness: of the recently sharpest frame.
        is_clear: whether the present frame is about as sharp.
        trials: per track.
    """

    settings: SchedulerSettings
    units: float = 0.0
    time: float = float("-inf")
    whole_at: float = float("-inf")
    whole_wait: float = 0.0
    whole_was_at: float = float("-inf")
    sharpness: float = 0.0
    is_clear: bool = True
    trials: dict[int, VerificationHistory] = field(default_factory=dict)

    def earn(self, time: float, sharpness: float = 1.0) -> None:
        """Let media time pass, up to a frame of some sharpness."""
        settings = self.settings
        faded = self.sharpness * exp(min(self.time - time, 0.0) / settings.clear_seconds)
        self.sharpness = max(sharpness, faded)
        self.is_clear = sharpness >= settings.clear_share * self.sharpness
        # A first frame, or one after a long gap, finds a full purse and no more.
        seconds = min(max(time - self.time, 0.0), settings.burst_seconds)
        earned = self.units + settings.units_per_second * seconds
        self.units = min(earned, settings.units_per_second * settings.burst_seconds)
        self.time = time

    def next(self, prospects: Iterable[VerifiableTrack]) -> int | None:
        """The most urgent task that is due, `WHOLE_PICTURE` or a track's id; None if none is."""
        due = self.due(prospects)
        return None if due is None else due.task

    def due(self, prospects: Iterable[VerifiableTrack], begun: int | None = None) -> DueTask | None:
        """Likewise, with its deadline, and without a task that is under way."""
        due: list[tuple[float, int]] = []
        if self.time >= self.whole_at and begun != WHOLE_PICTURE:
            due.append((self.whole_at + self.settings.first_patience, WHOLE_PICTURE))
        for each in prospects if self.units >= 1.0 else ():
            deadline = self._deadline(each)
            if deadline is not None and each.track_id != begun:
                due.append((deadline, each.track_id))
        if not due:
            return None
        deadline, task = min(due)
        # The same thing will be seen better in a moment: wait as long as the deadline allows.
        return DueTask(task, deadline) if self.is_clear or deadline <= self.time else None

    def looked_whole(self, *, news: bool) -> None:
        """A whole picture was tried; `news` if it named what no track had, or the scene moves."""
        settings = self.settings
        wait = settings.whole_seconds if news else 1.5 * self.whole_wait
        self.whole_wait = min(max(wait, settings.whole_seconds), settings.whole_seconds_idle)
        self.whole_at = self.time + self.whole_wait
        self.whole_was_at = self.time

    def looked(self, track_id: int, quality: float, cost: float = 1.0) -> None:
        """A track was looked at; for nothing, if the whole picture was paid for."""
        self.units -= cost
        before = self.trials.get(track_id)
        if before is None:
            self.trials[track_id] = VerificationHistory(self.time, quality)
        else:
            before.at, before.quality = self.time, max(before.quality, quality)
            before.looks += 1

    def scene_changed(self) -> None:
        """A cut: everything is new, so the whole picture is due; flicker does not make it dear."""
        self.whole_wait = self.settings.whole_seconds
        self.whole_at = max(self.time, self.whole_was_at + self.whole_wait / 2)
        self.sharpness, self.is_clear = 0.0, True

    def forget_all_but(self, track_ids: set[int]) -> None:
        """Tracks that are over need no memory."""
        self.trials = {key: trial for key, trial in self.trials.items() if key in track_ids}

    def _deadline(self, prospect: VerifiableTrack) -> float | None:
        settings, trial = self.settings, self.trials.get(prospect.track_id)
        if trial is None:
            first = prospect.first_seen + settings.first_patience
            return min(first, self.time + prospect.leaves_in)
        due = trial.at + self._wait(prospect.agreeing, trial.looks)
        sooner = trial.at + settings.second_seconds
        if sooner <= self.time < due and prospect.quality() >= settings.better_view * trial.quality:
            due = sooner
        return due + settings.again_patience if self.time >= due else None

    def _wait(self, agreeing: int, looks: int) -> float:
        settings = self.settings
        if agreeing == 1:
            return min(settings.second_seconds * looks, settings.longest_seconds)
        first = settings.unsure_seconds if agreeing == 0 else settings.sure_seconds
        doublings = min(looks - 1 if agreeing == 0 else agreeing - 2, 8)
        return float(min(first * 2.0**doublings, settings.longest_seconds))
