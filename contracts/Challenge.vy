# pragma version 0.4.3
"""
@title Challenge: reporters' bonds, and what a wrong row costs
@notice A signed report has one leaf for each row and one for the inputs of each expiry. Whoever brings
        both under the same signatures has the row computed again here. A row that is wrong by more
        than a tick costs all who signed it their whole bonds, a right one costs the challenger its
        deposit. Where no inputs are to be found, anybody may demand them; an answer earns the
        deposit, silence is as bad as a wrong row. Amounts are in the token's smallest unit.
"""

from ethereum.ercs import IERC20
from lib import black76
from lib import ecdsa
from lib import limits
from lib import multiproof
from lib import type_hashes

event Bonded:
    signer: indexed(address)
    amount: uint256

event WithdrawalRequested:
    signer: indexed(address)
    amount: uint256
    available_at: uint256

event Withdrawn:
    signer: indexed(address)
    amount: uint256

event Slashed:
    signer: indexed(address)
    digest: indexed(bytes32)
    row: uint256
    amount: uint256

event Rejected:
    challenger: indexed(address)
    digest: indexed(bytes32)
    row: uint256

event Demanded:
    challenger: indexed(address)
    digest: indexed(bytes32)
    row: uint256
    answer_by: uint256

struct Statement:
    # The parts of a report that are signed, beside its root.
    report_time: uint256
    underlyings: uint256[limits.MAX_UNDERLYINGS]
    n_underlyings: uint256
    # The row in question: instrument id (128 bits), mark (64), 0 (64); and its sixteen losses.
    row: uint256
    risk: uint256

struct Inputs:
    # Symbol (40 bits), expiry (32), forward (64), price scan (16), volatility scan (16), extreme
    # multiple (8), extreme weight (16), SVI sigma (64).
    terms: uint256
    # SVI's a, b, rho and m in 64 bits each, two's complement.
    smile: uint256

struct Withdrawal:
    amount: uint256
    available_at: uint256

struct Demand:
    challenger: address
    answer_by: uint256

WORD: constant(uint256) = 32
PART_BYTES: constant(uint256) = 65
ROW_TAG: constant(bytes32) = keccak256("Offbeat report row")
INPUTS_TAG: constant(bytes32) = keccak256("Offbeat report inputs")

CHALLENGE_WINDOW_SECONDS: constant(uint256) = 3 * 86400
ANSWER_SECONDS: constant(uint256) = 86400
WITHDRAWAL_DELAY_SECONDS: constant(uint256) = 7 * 86400
# Low enough that nobody gains by being the one to slash themselves.
CHALLENGER_SHARE_BPS: constant(uint256) = 2500

SPOT: constant(uint256) = 0
PUT: constant(uint256) = 2
LOW_8: constant(uint256) = (1 << 8) - 1
LOW_16: constant(uint256) = (1 << 16) - 1
LOW_64: constant(uint256) = (1 << 64) - 1
LOW_88: constant(uint256) = (1 << 88) - 1
MOVES: constant(uint256) = 9
USUAL_MOVES: constant(uint256) = 7
# Price moves are thirds of the scan range, which is in basis points.
MOVE_UNIT: constant(uint256) = 3 * limits.BPS
RISK_BIAS: constant(int256) = 32768
SMILE_ONE: constant(int256) = 1 << 40

SETTLEMENT: public(immutable(address))
REPORTERS: public(immutable(address))
CASH: public(immutable(address))
INSURANCE: public(immutable(address))
DEPOSIT: public(immutable(uint256))

bonds: public(HashMap[address, uint256])
withdrawals: public(HashMap[address, Withdrawal])
locked_until: public(HashMap[address, uint256])
demands: public(HashMap[bytes32, Demand])
claimable: public(HashMap[address, uint256])


interface ISettlement:
    def domain_separator() -> bytes32: view

interface IQuorum:
    def signers(index: uint256) -> address: view


@deploy
def __init__(
    settlement: address, reporters: address, cash: address, insurance: address, deposit: uint256
):
    """
    @param settlement Whose domain the reports are signed in.
    @param reporters The certifier that lists the reporters.
    @param cash The token of bonds, deposits and rewards.
    @param insurance Who receives what is slashed, less the challenger's share.
    @param deposit What a challenge, or a demand, puts at stake.
    """
    assert insurance != empty(address), "insurance_invalid"
    SETTLEMENT = settlement
    REPORTERS = reporters
    CASH = cash
    INSURANCE = insurance
    DEPOSIT = deposit


@external
@nonreentrant
def bond(signer: address, amount: uint256):
    """
    @notice Add to a reporter's bond; it belongs to the reporter from now on.
    """
    self._take(amount)
    self.bonds[signer] += amount
    log Bonded(signer=signer, amount=amount)


@external
def request_withdrawal(amount: uint256):
    """
    @notice Begin to withdraw some of one's bond, in place of any earlier request. Until it is gone
            it can be slashed as before.
    """
    assert amount <= self.bonds[msg.sender], "bond_short"
    available_at: uint256 = block.timestamp + WITHDRAWAL_DELAY_SECONDS
    self.withdrawals[msg.sender] = Withdrawal(amount=amount, available_at=available_at)
    log WithdrawalRequested(signer=msg.sender, amount=amount, available_at=available_at)


@external
@nonreentrant
def withdraw():
    """
    @notice Make what was requested claimable, or what is left of it.
    """
    request: Withdrawal = self.withdrawals[msg.sender]
    assert request.amount != 0, "withdrawal_missing"
    assert block.timestamp >= request.available_at, "withdrawal_early"
    assert block.timestamp > self.locked_until[msg.sender], "bond_locked"
    amount: uint256 = min(request.amount, self.bonds[msg.sender])
    self.withdrawals[msg.sender] = empty(Withdrawal)
    self.bonds[msg.sender] -= amount
    self.claimable[msg.sender] += amount
    log Withdrawn(signer=msg.sender, amount=amount)


@external
@nonreentrant
def claim(account: address):
    """
    @notice Pay an account what it may claim; anybody may set that off.
    """
    amount: uint256 = self.claimable[account]
    self.claimable[account] = 0
    assert extcall IERC20(CASH).transfer(account, amount, default_return_value=True), "transfer"


@external
@nonreentrant
def challenge(
    statement: Statement, inputs: Inputs, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
):
    """
    @notice Have a row computed again from inputs of the same report.
    @param attestation Parts as in a certificate; one signature of a reporter is enough.
    @param proof Multiproof of the row's leaf and then the inputs' leaf.
    """
    self._take(DEPOSIT)
    digest: bytes32 = self._digest(statement, self._root(statement, inputs, proof))
    signers: DynArray[address, limits.MAX_SIGNERS] = self._signers(digest, attestation)
    self._check_window(statement)
    if self._is_right(statement, inputs):
        self.claimable[INSURANCE] += DEPOSIT
        log Rejected(challenger=msg.sender, digest=digest, row=statement.row)
    else:
        self._slash(signers, digest, statement.row, msg.sender)


@external
@nonreentrant
def demand(
    statement: Statement, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
):
    """
    @notice Demand the inputs of a row whose report does not seem to have any.
    @param proof Proof of the row's leaf.
    """
    self._take(DEPOSIT)
    leaves: bytes32[limits.MAX_ROWS] = empty(bytes32[limits.MAX_ROWS])
    leaves[0] = self._row_leaf(statement)
    digest: bytes32 = self._digest(statement, multiproof.root(leaves, 1, proof))
    signers: DynArray[address, limits.MAX_SIGNERS] = self._signers(digest, attestation)
    self._check_window(statement)
    name: bytes32 = self._name(digest, statement, attestation)
    assert self.demands[name].challenger == empty(address), "demand_known"
    answer_by: uint256 = block.timestamp + ANSWER_SECONDS
    self.demands[name] = Demand(challenger=msg.sender, answer_by=answer_by)
    for signer: address in signers:
        self.locked_until[signer] = answer_by
    log Demanded(
        challenger=msg.sender, digest=digest, row=statement.row, answer_by=answer_by
    )


@external
@nonreentrant
def answer(
    statement: Statement, inputs: Inputs, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
):
    """
    @notice Show the inputs of a row for which they were demanded. Whoever shows that the row is
            right earns the deposit; if it is wrong, the demand was a challenge that succeeds.
    @param attestation The same bytes as in the demand.
    """
    digest: bytes32 = self._digest(statement, self._root(statement, inputs, proof))
    name: bytes32 = self._name(digest, statement, attestation)
    challenger: address = self.demands[name].challenger
    assert challenger not in [empty(address), self], "demand_unknown"
    self.demands[name].challenger = self
    if self._is_right(statement, inputs):
        self.claimable[msg.sender] += DEPOSIT
        log Rejected(challenger=challenger, digest=digest, row=statement.row)
    else:
        self._slash(self._signers(digest, attestation), digest, statement.row, challenger)


@external
@nonreentrant
def punish_silence(
    statement: Statement, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    root: bytes32,
):
    """
    @notice Slash for a demand that nobody has answered in time.
    @param root The report's root.
    """
    digest: bytes32 = self._digest(statement, root)
    name: bytes32 = self._name(digest, statement, attestation)
    asked: Demand = self.demands[name]
    assert asked.challenger not in [empty(address), self], "demand_unknown"
    assert block.timestamp > asked.answer_by, "answer_early"
    self.demands[name].challenger = self
    self._slash(self._signers(digest, attestation), digest, statement.row, asked.challenger)


@external
@view
def standing(signer: address) -> uint256:
    """
    @notice A reporter's bond, less what it has asked to withdraw: what stands behind its word.
    """
    bond_: uint256 = self.bonds[signer]
    return bond_ - min(bond_, self.withdrawals[signer].amount)


@external
@pure
def is_right(statement: Statement, inputs: Inputs) -> bool:
    """
    @notice Whether a row is within one tick of what follows from these inputs, proofs aside.
    """
    return self._is_right(statement, inputs)


@internal
def _take(amount: uint256):
    assert extcall IERC20(CASH).transferFrom(
        msg.sender, self, amount, default_return_value=True
    ), "transfer"


@internal
def _slash(
    signers: DynArray[address, limits.MAX_SIGNERS], digest: bytes32, row: uint256,
    challenger: address,
):
    total: uint256 = 0
    for signer: address in signers:
        amount: uint256 = self.bonds[signer]
        self.bonds[signer] = 0
        total += amount
        log Slashed(signer=signer, digest=digest, row=row, amount=amount)
    reward: uint256 = total * CHALLENGER_SHARE_BPS // limits.BPS
    self.claimable[challenger] += DEPOSIT + reward
    self.claimable[INSURANCE] += total - reward


@internal
@view
def _check_window(statement: Statement):
    # Nothing settles under a report that old, and every bond behind it may have left by then.
    assert block.timestamp <= statement.report_time + CHALLENGE_WINDOW_SECONDS, "report_old"


@internal
@pure
def _row_leaf(statement: Statement) -> bytes32:
    return keccak256(abi_encode(statement.row, statement.risk, ROW_TAG))


@internal
@pure
def _root(
    statement: Statement, inputs: Inputs, proof: Bytes[limits.MAX_PROOF_BYTES],
) -> bytes32:
    # Of another expiry they could not make this row wrong.
    assert inputs.terms >> 184 == statement.row >> 184, "inputs_other"
    leaves: bytes32[limits.MAX_ROWS] = empty(bytes32[limits.MAX_ROWS])
    leaves[0] = self._row_leaf(statement)
    leaves[1] = keccak256(abi_encode(inputs.terms, inputs.smile, INPUTS_TAG))
    return multiproof.root(leaves, 2, proof)


@internal
@view
def _digest(statement: Statement, root: bytes32) -> bytes32:
    assert statement.n_underlyings <= limits.MAX_UNDERLYINGS, "underlyings_count"
    underlyings_hash: bytes32 = keccak256(
        slice(abi_encode(statement.underlyings), 0, statement.n_underlyings * WORD)
    )
    separator: bytes32 = staticcall ISettlement(SETTLEMENT).domain_separator()
    return keccak256(
        concat(
            x"1901",
            separator,
            keccak256(
                abi_encode(type_hashes.REPORT, statement.report_time, underlyings_hash, root)
            ),
        )
    )


@internal
@pure
def _name(
    digest: bytes32, statement: Statement, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES]
) -> bytes32:
    return keccak256(abi_encode(digest, statement.row, statement.risk, keccak256(attestation)))


@internal
@view
def _signers(
    digest: bytes32, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES]
) -> DynArray[address, limits.MAX_SIGNERS]:
    """
    @notice The reporters who signed, each once; reverts where any part is not a reporter's.
    """
    n_parts: uint256 = len(attestation) // PART_BYTES
    assert n_parts != 0 and len(attestation) % PART_BYTES == 0, "signatures_malformed"
    found: DynArray[address, limits.MAX_SIGNERS] = []
    next_index: uint256 = 0
    for part: uint256 in range(n_parts, bound=limits.MAX_SIGNERS):
        at: uint256 = part * PART_BYTES
        index: uint256 = convert(slice(attestation, at, 1), uint256)
        assert index >= next_index, "signatures_malformed"
        signer: address = ecdsa.recover(
            digest,
            extract32(attestation, at + 1, output_type=uint256),
            extract32(attestation, at + 33, output_type=uint256),
        )
        # No reporter has the zero address, which stands for a malformed signature.
        assert signer == staticcall IQuorum(REPORTERS).signers(index), "signer_unknown"
        found.append(signer)
        next_index = index + 1
    return found


@internal
@pure
def _is_right(statement: Statement, inputs: Inputs) -> bool:
    instrument: uint256 = statement.row >> 128
    kind: uint256 = instrument & LOW_8
    strike: uint256 = (instrument >> 8) & limits.MAX_STRIKE_MICROS
    forward: uint256 = (inputs.terms >> 120) & LOW_64
    underlying: uint256 = self._underlying(statement, instrument >> 88)
    tick: uint256 = (underlying >> 88) & LOW_64
    if kind > PUT or tick == 0 or not self._is_usable(inputs):
        return False
    deviation: uint256 = 0
    mark: uint256 = forward
    if kind == SPOT:
        if instrument & LOW_88 != 0 or forward != (underlying >> 152) & LOW_64:
            return False
    else:
        if strike == 0:
            return False
        deviation = black76.deviation(forward, strike, inputs.smile, inputs.terms & LOW_64)
        mark = black76.value_micros(kind == PUT, forward, strike, 1, deviation)
    published: uint256 = (statement.row >> 64) & LOW_64
    if max(mark, published) - min(mark, published) > tick:
        return False
    for move: uint256 in range(MOVES):
        if not self._is_move_right(move, statement, inputs, mark, deviation, tick):
            return False
    return True


@internal
@pure
def _is_move_right(
    move: uint256, statement: Statement, inputs: Inputs, mark: uint256, deviation: uint256,
    tick: uint256,
) -> bool:
    """
    @notice Whether the losses in the scenarios of one price move are right. Moves 0 to 6 are by
            none, plus and minus one, two and three thirds of the range, each with volatility up
            and down; 7 and 8 are the extreme ones, with the volatility that is.
    """
    kind: uint256 = (statement.row >> 128) & LOW_8
    strike: uint256 = (statement.row >> 136) & limits.MAX_STRIKE_MICROS
    forward: uint256 = (inputs.terms >> 120) & LOW_64
    volatility_scan: uint256 = (inputs.terms >> 88) & LOW_16
    is_extreme: bool = move >= USUAL_MOVES
    distance: uint256 = ((move + 1) // 2) * ((inputs.terms >> 104) & LOW_16)
    weight: uint256 = limits.BPS
    scenario: uint256 = 2 * move
    if is_extreme:
        distance = 3 * ((inputs.terms >> 104) & LOW_16) * ((inputs.terms >> 80) & LOW_8)
        weight = (inputs.terms >> 64) & LOW_16
        scenario = move + USUAL_MOVES
    factor: uint256 = MOVE_UNIT + distance
    if move % 2 == 0:
        factor = MOVE_UNIT - distance
    sways: uint256[2] = [limits.BPS + volatility_scan, limits.BPS - volatility_scan]
    for sway: uint256 in sways:
        # What is lost, in micros times MOVE_UNIT.
        loss: int256 = 0
        if kind == SPOT:
            loss = convert(forward * MOVE_UNIT, int256) - convert(forward * factor, int256)
        else:
            moved: uint256 = deviation if is_extreme else deviation * sway // limits.BPS
            value: uint256 = black76.value_micros(
                kind == PUT, forward * factor, strike * MOVE_UNIT, MOVE_UNIT, moved
            )
            loss = (convert(mark, int256) - convert(value, int256)) * convert(MOVE_UNIT, int256)
        ticks: int256 = black76.round_half_even(
            loss * convert(weight, int256), convert(MOVE_UNIT * limits.BPS * tick, int256)
        )
        lane: int256 = convert((statement.risk >> (16 * scenario)) & LOW_16, int256) - RISK_BIAS
        if abs(lane - ticks) > 1:
            return False
        if is_extreme:
            break
        scenario += 1
    return True


@internal
@pure
def _underlying(statement: Statement, symbol: uint256) -> uint256:
    """
    @notice The report's word for a symbol, zero where it has none.
    """
    for i: uint256 in range(statement.n_underlyings, bound=limits.MAX_UNDERLYINGS):
        if statement.underlyings[i] >> 216 == symbol:
            return statement.underlyings[i]
    return 0


@internal
@pure
def _is_usable(inputs: Inputs) -> bool:
    """
    @notice Whether the numbers are within the bounds that `offbeat.oracle.ExpiryInputs` keeps.
    """
    forward: uint256 = (inputs.terms >> 120) & LOW_64
    price_scan: uint256 = (inputs.terms >> 104) & LOW_16
    reach: uint256 = price_scan * ((inputs.terms >> 80) & LOW_8)
    volatility_scan: uint256 = (inputs.terms >> 88) & LOW_16
    weight: uint256 = (inputs.terms >> 64) & LOW_16
    smile: int256 = convert(convert(inputs.smile, bytes32), int256)
    b: int256 = (smile << 64) >> 192
    rho: int256 = (smile << 128) >> 192
    return (
        0 < forward
        and forward <= limits.MAX_MARK_MICROS
        and 0 < reach
        and reach < limits.BPS
        and price_scan < limits.BPS
        and volatility_scan < limits.BPS
        and weight <= limits.BPS
        and b >= 0
        and abs(rho) <= SMILE_ONE
        and inputs.terms & LOW_64 < 1 << 63
    )
