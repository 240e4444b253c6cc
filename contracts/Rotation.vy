# pragma version 0.4.3
"""
@title One address for a quorum whose members and keys change
@license Apache-2.0
@notice Stands where a certifier stands and asks the one that is in office. That one alone can name
        its successor, of either kind, by a certificate; the successor takes office after a delay,
        in which everybody sees him coming. Nobody else has any say.
"""

from interfaces import ICertifier

implements: ICertifier

event Named:
    number: indexed(uint256)
    successor: indexed(address)
    takes_office: uint256

DOMAIN_TYPE_HASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
ROTATION_TYPE_HASH: constant(bytes32) = keccak256("Rotation(uint256 number,address successor)")

delay_seconds: public(immutable(uint256))

# When the successor takes office (0: nobody is named), above who was in office when he was named.
office: uint256
successor: public(address)
number: public(uint256)


@deploy
def __init__(certifier: address, delay_seconds_: uint256):
    """
    @param delay_seconds_ From the naming of a successor to his first certificate.
    """
    assert 0 < delay_seconds_ and delay_seconds_ < 1 << 32, "delay_invalid"
    self._check_certifier(certifier)
    delay_seconds = delay_seconds_
    self.office = convert(certifier, uint256)


@external
@view
def verify(digest: bytes32, certificate: Bytes[1344]) -> bool:
    return staticcall ICertifier(self._certifier()).verify(digest, certificate)


@external
@view
def certifier() -> address:
    """
    @return Who is in office in this block.
    """
    return self._certifier()


@external
@view
def takes_office() -> uint256:
    """
    @return When the named successor takes or took office; 0 if there never was one.
    """
    return self.office >> 160


@external
def rotate(successor: address, certificate: Bytes[1344]):
    """
    @notice Name a successor, under a certificate of who is in office over
            Rotation(number + 1, successor). Takes the place of a naming that has had no effect
            yet, so naming who is in office takes it back.
    """
    number: uint256 = self.number + 1
    in_office: address = self._certifier()
    digest: bytes32 = self._digest(number, successor)
    assert staticcall ICertifier(in_office).verify(digest, certificate), "certificate_invalid"
    self._check_certifier(successor)
    takes_office: uint256 = block.timestamp + delay_seconds
    self.number = number
    self.successor = successor
    self.office = takes_office << 160 | convert(in_office, uint256)
    log Named(number=number, successor=successor, takes_office=takes_office)


@internal
@view
def _certifier() -> address:
    office: uint256 = self.office
    takes_office: uint256 = office >> 160
    if takes_office != 0 and takes_office <= block.timestamp:
        return self.successor
    return convert(office & convert(max_value(uint160), uint256), address)


@internal
@view
def _check_certifier(certifier: address):
    """
    @dev A mistaken address would end the office for good. No certifier takes an empty certificate.
    """
    assert certifier != self and certifier.is_contract, "certifier_invalid"
    assert not staticcall ICertifier(certifier).verify(empty(bytes32), b""), "certifier_invalid"


@internal
@view
def _digest(number: uint256, successor: address) -> bytes32:
    separator: bytes32 = keccak256(
        abi_encode(
            DOMAIN_TYPE_HASH, keccak256("Offbeat"), keccak256("1"), chain.id, self
        )
    )
    struct_hash: bytes32 = keccak256(abi_encode(ROTATION_TYPE_HASH, number, successor))
    return keccak256(concat(x"1901", separator, struct_hash))
