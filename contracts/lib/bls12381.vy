# pragma version 0.4.3
"""
@title BLS signatures over BLS12-381, keys in G2 and signatures in G1, by the precompiles of EIP-2537
@dev Elements of the field have 64 bytes there, points of G1 128 and of G2 256. A precompile that
     refuses its input takes all gas that it was given, so whoever is told False has paid for it.
"""

MODEXP: constant(address) = 0x0000000000000000000000000000000000000005
G1ADD: constant(address) = 0x000000000000000000000000000000000000000b
PAIRING_CHECK: constant(address) = 0x000000000000000000000000000000000000000F
MAP_FP_TO_G1: constant(address) = 0x0000000000000000000000000000000000000010

# The order of the field, and what stands before a base of 64 bytes to raise it to the power of one.
FIELD: constant(Bytes[48]) = x"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"
LENGTHS: constant(Bytes[96]) = x"000000000000000000000000000000000000000000000000000000000000004000000000000000000000000000000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000000000030"

# The generator of G2, negated.
NEGATIVE_G2: constant(Bytes[256]) = x"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed"

ZEROS_16: constant(Bytes[16]) = x"00000000000000000000000000000000"
ZEROS_64: constant(Bytes[64]) = x"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
ZEROS_128: constant(Bytes[128]) = x"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"


@internal
@view
def verifies(key: Bytes[256], point: Bytes[128], signature: Bytes[96]) -> bool:
    """
    @notice Whether x ‖ y is the signature of a hashed message under a key that `is_key`.
    @dev e(signature, -G2) * e(point, key) = 1. The precompile refuses what is not in its group.
    """
    if len(signature) != 96:
        return False
    return self.pairs_to_one(
        concat(
            ZEROS_16,
            slice(signature, 0, 48),
            ZEROS_16,
            slice(signature, 48, 48),
            NEGATIVE_G2,
            point,
            key,
        )
    )


@internal
@view
def is_key(key: Bytes[256]) -> bool:
    """
    @notice Whether it is a point of G2 in the group of prime order, and not the identity, under
            which the identity would sign everything.
    """
    identity: Bytes[256] = concat(ZEROS_128, ZEROS_128)
    return key != identity and self.pairs_to_one(concat(ZEROS_128, key))


@internal
@view
def hash_to_g1(message: bytes32, tag: Bytes[64]) -> Bytes[128]:
    """
    @notice RFC 9380's BLS12381G1_XMD:SHA-256_SSWU_RO_ of 32 bytes.
    @param tag The domain separation tag, followed by its length in one byte.
    """
    root: bytes32 = sha256(concat(ZEROS_64, message, x"008000", tag))
    one: bytes32 = sha256(concat(root, x"01", tag))
    two: bytes32 = sha256(concat(root ^ one, x"02", tag))
    three: bytes32 = sha256(concat(root ^ two, x"03", tag))
    four: bytes32 = sha256(concat(root ^ three, x"04", tag))
    return self.add(
        self.map_to_g1(self.reduced(concat(one, two))),
        self.map_to_g1(self.reduced(concat(three, four))),
    )


@internal
@view
def reduced(number: Bytes[64]) -> Bytes[64]:
    """
    @notice A number of 512 bits modulo the order of the field.
    """
    rest: Bytes[48] = raw_call(
        MODEXP, concat(LENGTHS, number, x"01", FIELD), max_outsize=48, is_static_call=True
    )
    return concat(ZEROS_16, rest)


@internal
@view
def map_to_g1(element: Bytes[64]) -> Bytes[128]:
    return raw_call(MAP_FP_TO_G1, element, max_outsize=128, is_static_call=True)


@internal
@view
def add(left: Bytes[128], right: Bytes[128]) -> Bytes[128]:
    return raw_call(G1ADD, concat(left, right), max_outsize=128, is_static_call=True)


@internal
@view
def pairs_to_one(pairs: Bytes[768]) -> bool:
    """
    @notice Whether the product of the pairings is one; False for anything that is no point.
    @dev Where there is no such precompile the answer is empty, which is no one either.
    """
    done: bool = False
    product: Bytes[32] = b""
    done, product = raw_call(
        PAIRING_CHECK, pairs, max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    return done and len(product) == 32 and convert(product, uint256) == 1
