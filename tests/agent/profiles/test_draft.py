"""A profile is drafted by asking a camera, and is one that can be read."""

from pathlib import Path

import pytest

from backsight_agent.adapters.drafting import ASKED, draft
from backsight_agent.camera_ports import CameraUnreachable
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.profile_files import load_profile, load_profiles, profiles_folder
from backsight_agent.domain.profile_text import profile_text
from backsight_agent.domain.profiles import Profile, StreamKind, Video
from backsight_shared.clock import SystemClock
from simcam.settings import Ports
from simcam.street import Street


def read_back(profile: Profile, folder: Path) -> Profile:
    """Through the file that it becomes."""
    model = profile.camera.model
    name = f"{profile.camera.family}-{model.lower()}" if model else str(profile.camera.family)
    file = folder / f"{name}.toml"
    file.write_text(profile_text(profile))
    return load_profile(file)


@pytest.mark.parametrize("key", load_profiles(profiles_folder()), ids=str)
def test_every_profile_is_the_same_when_it_is_written_and_read(
    key: tuple[Family, str], tmp_path: Path
) -> None:
    profile = load_profiles(profiles_folder())[key]
    assert read_back(profile, tmp_path) == profile


async def test_a_camera_is_drafted_as_it_says_it_is(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ports, films = Ports(https=8443, rtsp=8554), tmp_path_factory.mktemp("films")
    async with Street(models=["KC410S", "C225"], size=(320, 180), ports=ports, cache=films) as street:
        logins = street.cameras[0].setup.logins
        kasa = await draft(street.cameras[0].address, Login(logins.email, logins.password), SystemClock())
        tapo = await draft(street.cameras[1].address, Login("admin", logins.password), SystemClock())
        alone = await draft(street.cameras[1].address, None, SystemClock())
    for profile in (kasa, tapo, alone):
        assert read_back(profile, tmp_path) == profile
    assert (kasa.camera.model, kasa.can.ptz, kasa.can.person, kasa.can.siren) == ("KC410S", True, True, False)
    main = tapo.stream[0]
    assert (main.kind, main.video, main.width, main.height) == (StreamKind.RTSP, Video.H264, 2688, 1520)
    assert tapo.sources["stream.main.rtsp.width"] == ASKED
    assert tapo.can.glass
    assert alone.camera.firmware == ("1.0.11",)
    assert alone.sources["can"].startswith("assumed: ")


async def test_an_address_without_a_camera_is_named() -> None:
    with pytest.raises(CameraUnreachable, match=r"127\.9\.9\.9"):
        await draft("127.9.9.9", None, SystemClock())
