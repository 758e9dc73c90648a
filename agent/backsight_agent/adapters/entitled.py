"""Reads what a paired hub is entitled to from the documents that it keeps."""

from backsight_agent.adapters.keystore import Keystore, PairedHub
from backsight_agent.domain.holding import Accepted, Held, HeldEntitlement
from backsight_shared.entitlement import from_claims
from backsight_shared.signing import verify_entitlement


async def entitlement_of(keystore: Keystore, paired: PairedHub) -> HeldEntitlement:
    """As the kept documents say, in their order. Raises KeystoreDamaged or BadSignature."""
    held = HeldEntitlement(paired.cloud, paired.hub, paired.entitlement_keys)
    for document in (await keystore.load_document() or "").splitlines():
        entitlement = from_claims(verify_entitlement(document, held.keys))
        if isinstance(held.accept(entitlement), Accepted):
            held.obey(Held(entitlement, document))
    return held
