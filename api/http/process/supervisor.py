"""Keeps the engine alive: a child of gunicorn's master, forked again whenever it ends or hangs.

Imports take most of an engine's start (1.5 s of 1.9 s of processor time, measured). The master has
made them already, so a forked engine shares its pages and has only networks and catalogs to load.
"""

import gc
import logging
import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from api.http.pulse import Pulse, Silence

_POLL_S: Final = 0.05  # between two looks at an engine that is to end

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RestartSettings:
    """How an engine is started again, and how it is ended.

    The first restart follows at once; the pauses before the next ones double.

    Attributes:
        shortest_pause_s: before the second restart of a series.
        longest_pause_s: no pause is longer.
        healthy_s: an engine that lived so long ends a series of crashes.
        stop_s: from SIGTERM to SIGKILL; gunicorn's own stop may take 8 s of it.
        silent_s: without a beat of its pulse, after which an engine hangs and is killed.
        start_s: the same before its first beat: it reads what its folder holds.
    """

    shortest_pause_s: float = 0.1
    longest_pause_s: float = 5.0
    healthy_s: float = 30.0
    stop_s: float = 9.0
    silent_s: float = 20.0
    start_s: float = 60.0


class EngineSupervisor:
    """Forks the engine and replaces it; used by one thread, best the only one of its process."""

    def __init__(
        self,
        engine: Callable[[], int],
        *,
        enter_child: Callable[[], None] = lambda: None,
        settings: RestartSettings | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            engine: runs in the child; its answer is the exit code.
            enter_child: called in the child first, to let go of what is the parent's.
            settings: pauses and bounds.
            pulse: beats while the engine works; None for an engine that is only asked whether it
                runs.
        """
        self._engine = engine
        self._enter_child = enter_child
        self._settings = settings or RestartSettings()
        self._pulse = pulse
        self._silence: Silence | None = None
        self._pid: int | None = None
        self._started_at = self._start_at = time.monotonic()
        self._pause_s = 0.0
        self._kill_at: float | None = None

    @property
    def wait_s(self) -> float:
        """Seconds until the next restart is due; infinite while none is planned."""
        if self._pid is not None or self._kill_at is not None:
            return math.inf
        return max(self._start_at - time.monotonic(), 0.0)

    def check(self) -> None:
        """Fork the engine if none runs and its pause is over; to be called again and again."""
        if self._pid is not None:
            code = self._exit_code(self._pid)
            if code is None:
                self._end_if_it_hangs()
                return
            self._pid = None
            self._plan_restart(code)
        if self._kill_at is None and time.monotonic() >= self._start_at:
            self._fork()

    def begin_stop(self) -> None:
        """Tell the engine to end, and start no other one; safe to call twice."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._settings.stop_s
            self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the engine: gently, then by SIGKILL; blocks for `stop_s` seconds at most."""
        self.begin_stop()
        while self._pid is not None:
            self.check()
            if self._kill_at is not None and time.monotonic() > self._kill_at:
                self._signal(signal.SIGKILL)
            time.sleep(_POLL_S)

    def _end_if_it_hangs(self) -> None:
        if self._silence is None or self._kill_at is not None:
            return
        settings = self._settings
        bound = settings.silent_s if self._silence.has_heard else settings.start_s
        if self._silence.seconds() > max(bound, settings.silent_s):
            _logger.error("the engine has given no sign of life for %.0f s; it is killed", bound)
            self._silence = None  # once is enough
            self._signal(signal.SIGKILL)

    def _plan_restart(self, code: int) -> None:
        if self._kill_at is not None:
            return
        _logger.error("the engine ended (%d); starting it again", code)
        now, settings = time.monotonic(), self._settings
        if now - self._started_at > settings.healthy_s:
            self._pause_s = 0.0
        self._start_at = now + self._pause_s
        doubled = max(2 * self._pause_s, settings.shortest_pause_s)
        self._pause_s = min(doubled, settings.longest_pause_s)

    def _fork(self) -> None:
        gc.collect()
        gc.freeze()  # a collection in the child would copy every page that is shared
        self._started_at = time.monotonic()
        self._silence = None if self._pulse is None else Silence(self._pulse)
        pid = os.fork()
        if pid == 0:
            self._run_child()
        self._pid = pid

    def _run_child(self) -> NoReturn:
        """Be the engine; the parent's code is never returned to."""
        code = 1
        try:
            for number in signal.valid_signals():
                if callable(signal.getsignal(number)):
                    signal.signal(number, signal.SIG_DFL)
            self._enter_child()
            code = self._engine()
        finally:
            logging.shutdown()
            os._exit(code)

    def _exit_code(self, pid: int) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # gunicorn, which reaps all children, was first
            return 0
        return os.waitstatus_to_exitcode(status) if ended else None

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None and self._exit_code(self._pid) is None:
            os.kill(self._pid, number)
