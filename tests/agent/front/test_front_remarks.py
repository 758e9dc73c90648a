"""An owner is told what a camera's state does not say, and nothing while all is as it should be."""

from backsight_agent.domain.family import Family
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.remarks import UNKNOWN, remarks
from backsight_agent.domain.states import CameraFacts


def told(family: Family, model: str, **facts: str) -> tuple[str, ...]:
    return remarks(CameraFacts(model=model, **facts), profile_of(family, model), clock_trusted=True)  # type: ignore[arg-type]


def test_nothing_is_said_of_a_camera_that_is_as_it_should_be() -> None:
    assert told(Family.KASA, "EC60", firmware="2.3.22") == ()
    assert told(Family.TAPO, "C210", firmware="1.4.3") == ()


def test_a_closed_control_is_told_once() -> None:
    assert told(Family.KASA, "EC70", firmware="2.3.27", control="it answers the app only") == (
        "it answers the app only",
    )


def test_an_unknown_model_is_marked() -> None:
    assert told(Family.TAPO, "C9999") == (UNKNOWN,)


def test_a_model_that_nobody_asked_yet_is_not_called_unknown() -> None:
    assert remarks(CameraFacts(), profile_of(Family.TAPO, ""), clock_trusted=True) == ()


def test_what_a_model_cannot_is_told() -> None:
    (text,) = told(Family.KASA, "KC420WS", firmware="2.3.20")
    assert text.startswith("It is not found by broadcast")


def test_a_wrong_clock_is_told_while_ours_is_known_to_be_right() -> None:
    profile, late = profile_of(Family.TAPO, "C210"), CameraFacts(model="C210", clock_off_s=-7200)
    (text,) = remarks(late, profile, clock_trusted=True)
    assert text.startswith("Its own clock is 2 hours behind")
    assert remarks(late, profile, clock_trusted=False) == ()
    ahead = CameraFacts(model="C210", clock_off_s=300)
    assert "5 minutes ahead" in remarks(ahead, profile, clock_trusted=True)[0]
