"""A hub comes to an account by a code that works once and for a quarter of an hour, and leaves for good."""

from pathlib import Path

import pytest
from cryptography import x509

from backsight_cloud.domain.codes import CODE_LIFE_MS
from backsight_cloud.identity_ports import BadRequestForCertificate
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.services.pairing import NoSuchHub, PairingRefused
from backsight_shared.wire import PairRequest
from fakes.hub_keys import HubKey
from fakes.town import ADDRESS, Town


@pytest.fixture
async def town(tmp_path: Path) -> Town:
    return await Town(tmp_path).founded()


def asking(code: str, name: str = "Attic") -> PairRequest:
    return PairRequest(code, HubKey().csr(), name, "1.0")


async def test_a_code_pairs_a_hub_with_the_account_that_made_it(town: Town) -> None:
    made = await town.pairing.pair(asking(await town.pairing.make_code("ann")), ADDRESS)
    hub = await town.hub(made.hub)
    assert (hub.account, hub.name, hub.unpaired_ms) == ("ann", "Attic", None)


async def test_the_hub_is_told_everything_it_needs(town: Town) -> None:
    made = await town.pairing.pair(asking(await town.pairing.make_code("ann")), ADDRESS)
    assert (made.cloud, made.broker_host, made.broker_port) == ("cloud-x", "broker.example", 8883)
    assert made.entitlement_keys == (town.signing.to_public_jwk(),)
    assert made.ca_pem == town.authority.ca_pem
    certificate = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert certificate.subject.rfc4514_string() == f"CN={made.hub}"


async def test_a_document_is_due_at_once(town: Town) -> None:
    await town.due()
    town.wakes.publish.clear()
    made = await town.pairing.pair(asking(await town.pairing.make_code("ann")), ADDRESS)
    assert await town.due() == {made.hub}
    assert town.wakes.publish.is_set()


async def test_a_code_may_be_typed_carelessly(town: Town) -> None:
    code = (await town.pairing.make_code("ann")).lower().replace("-", " ")
    assert await town.pairing.pair(asking(code), ADDRESS)


async def test_a_wrong_code_is_refused(town: Town) -> None:
    with pytest.raises(PairingRefused, match="wrong, used or too old"):
        await town.pairing.pair(asking("AAA-AAA-AAA"), ADDRESS)


async def test_a_used_code_is_refused(town: Town) -> None:
    code = await town.pairing.make_code("ann")
    await town.pairing.pair(asking(code), ADDRESS)
    with pytest.raises(PairingRefused):
        await town.pairing.pair(asking(code), ADDRESS)


async def test_an_expired_code_is_refused(town: Town) -> None:
    code = await town.pairing.make_code("ann")
    town.clock.jump(CODE_LIFE_MS)
    with pytest.raises(PairingRefused):
        await town.pairing.pair(asking(code), ADDRESS)


async def test_a_bad_request_does_not_use_the_code_up(town: Town) -> None:
    code = await town.pairing.make_code("ann")
    with pytest.raises(BadRequestForCertificate):
        await town.pairing.pair(PairRequest(code, "nonsense", "Attic", "1.0"), ADDRESS)
    assert await town.pairing.pair(asking(code), ADDRESS)


async def test_guessing_is_limited_by_address(town: Town) -> None:
    for _ in range(10):
        with pytest.raises(PairingRefused):
            await town.pairing.pair(asking("AAA-AAA-AAA"), "198.51.100.1")
    with pytest.raises(TooManyTries):
        await town.pairing.pair(asking("AAA-AAA-AAA"), "198.51.100.1")
    await town.clock.advance(30)
    assert await town.pairing.pair(asking(await town.pairing.make_code("ann")), "198.51.100.1")


async def test_only_the_hash_of_a_code_is_stored(town: Town) -> None:
    code = await town.pairing.make_code("ann")
    assert code.replace("-", "") not in str(town.database._state.codes)


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("  Attic\n\x00 hub ", "Attic hub"),
        ("", "Hub"),
        ("x" * 500, "x" * 64),
        ("<b>Ä</b>", "<b>Ä</b>"),
    ],
)
async def test_a_name_fits_on_one_line(town: Town, named: str, kept: str) -> None:
    made = await town.pairing.pair(asking(await town.pairing.make_code("ann"), named), ADDRESS)
    assert (await town.hub(made.hub)).name == kept


async def test_a_certificate_is_renewed_for_the_same_key(town: Town) -> None:
    renewed = await town.pairing.renew(town.ann_hub, town.keys[town.ann_hub.id].csr())
    certificate = x509.load_pem_x509_certificate(renewed.certificate_pem.encode())
    assert certificate.subject.rfc4514_string() == f"CN={town.ann_hub.id}"
    async with town.database.read() as view:
        assert f"{certificate.serial_number:x}" in await view.hubs.certificates(town.ann_hub.id)


async def test_another_key_is_not_certified_in_a_hubs_name(town: Town) -> None:
    with pytest.raises(PairingRefused, match="own key"):
        await town.pairing.renew(town.ann_hub, HubKey().csr())


async def test_an_unpaired_hub_gets_no_certificate(town: Town) -> None:
    await town.pairing.unpair(town.ann_hub.id, "ann")
    with pytest.raises(PairingRefused, match="no longer paired"):
        await town.pairing.renew(town.ann_hub, town.keys[town.ann_hub.id].csr())


async def test_unpairing_revokes_every_certificate_and_wakes_who_shuts_it_out(town: Town) -> None:
    await town.pairing.renew(town.ann_hub, town.keys[town.ann_hub.id].csr())
    await town.pairing.unpair(town.ann_hub.id, "ann")
    async with town.database.read() as view:
        assert len(await view.hubs.revoked(town.clock.now_ms())) == 2
    assert town.wakes.revoke.is_set()


async def test_nobody_unpairs_another_accounts_hub(town: Town) -> None:
    with pytest.raises(NoSuchHub):
        await town.pairing.unpair(town.ann_hub.id, "bob")
    assert (await town.hub(town.ann_hub.id)).unpaired_ms is None


async def test_a_hub_is_unpaired_once(town: Town) -> None:
    await town.pairing.unpair(town.ann_hub.id, "ann")
    with pytest.raises(NoSuchHub):
        await town.pairing.unpair(town.ann_hub.id, "ann")
