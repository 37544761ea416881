"""An engine's sign of life, and clocks that jump."""

import asyncio

import pytest

from api.http.pulse import BEAT_S, LONGEST_STEP_S, Pulse, Silence


class SilenceClock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_silence_is_what_has_passed_since_the_last_beat() -> None:
    clock, pulse = SilenceClock(), Pulse.create()
    silence = Silence(pulse, clock)
    for clock.now in (1.0, 2.0, 3.0):
        assert silence.seconds() == clock.now
    assert not silence.has_heard
    pulse.beat()
    assert silence.seconds() == 0.0
    assert silence.has_heard


@pytest.mark.parametrize("jump_s", [3600.0, 1e9])
def test_a_machine_that_was_suspended_makes_no_engine_silent(jump_s: float) -> None:
    clock, pulse = SilenceClock(), Pulse.create()
    silence = Silence(pulse, clock)
    clock.now += jump_s
    assert silence.seconds() == LONGEST_STEP_S


def test_a_pulse_beats_for_as_long_as_the_event_loop_turns() -> None:
    pulse = Pulse.create()

    async def turn() -> None:
        beating = asyncio.create_task(pulse.beat_on())
        await asyncio.sleep(2 * BEAT_S)
        beating.cancel()

    asyncio.run(turn())
    assert pulse.beats >= 2
