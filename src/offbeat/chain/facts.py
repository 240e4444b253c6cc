"""What a deployment's contracts store: the rules that they were given, and the facts of a block."""

from offbeat.chain.contract import Contract, load_artifact
from offbeat.chain.deployment import Deployment
from offbeat.core import ChainError, limits
from offbeat.core.ports import Chain
from offbeat.intents import Delegation
from offbeat.rulebook import Pot, Quorum, Rules, State, symbol_number
from offbeat.wire import ChainFacts

_GRANT_SCOPE_SHIFT = 64
_LOW_64 = (1 << 64) - 1


def read_rules(chain: Chain, deployment: Deployment) -> Rules:
    """What the deployment fixes: its domain, its quorums, its cash."""
    return Rules(
        domain=deployment.domain,
        sequencers=_quorum(deployment.contract(chain, "sequencers")),
        reporters=_quorum(deployment.contract(chain, "reporters")),
        cash_symbol=deployment.cash.symbol,
    )


def read_grant(
    chain: Chain, deployment: Deployment, owner: bytes, key: bytes, block: int | None = None
) -> Delegation:
    """What ``key`` may sign for ``owner`` (addresses): scope 0 where there never was a grant."""
    packed = deployment.contract(chain, "authority").read("grants", owner, key, block=block)
    return Delegation(packed >> _GRANT_SCOPE_SHIFT, packed & _LOW_64)


def read_facts(
    chain: Chain, deployment: Deployment, state: State, block: int | None = None
) -> ChainFacts:
    """The contracts' side of everything that ``state`` knows, all at one block."""
    at = chain.block(block).number
    settlement = deployment.contract(chain, "settlement")
    vault = deployment.contract(chain, "vault")
    expiry = deployment.contract(chain, "expiry")
    number, time_seconds, report_time_seconds, certified_time_seconds = settlement.read(
        "progress", block=at
    )
    return ChainFacts(
        block_number=at,
        head=settlement.read("head", block=at),
        number=number,
        time_seconds=time_seconds,
        report_time_seconds=report_time_seconds,
        certified_time_seconds=certified_time_seconds,
        inbox_count=vault.read("inbox_count", block=at),
        inbox_consumed=vault.read("inbox_consumed", block=at),
        forced_digest=vault.read("forced_digest", block=at),
        commitments={
            account: settlement.read("commitments", account, block=at) for account in state.accounts
        },
        grants={pair: read_grant(chain, deployment, *pair, block=at) for pair in state.grants},
        pots={group: Pot(*expiry.read("pots", group, block=at)) for group in state.pots},
        claimable_micros={
            (address, symbol): vault.read("claimable_micros", address, symbol, block=at)
            for address, symbol in state.owed_micros
        },
        held_micros=_held_micros(vault, state, at),
    )


def _quorum(certifier: Contract) -> Quorum:
    """Signers are listed until there are no more: the contract does not count them for us."""
    signers: list[bytes] = []
    while len(signers) < limits.MAX_SIGNERS:
        try:
            signers.append(certifier.read("signers", len(signers)))
        except ChainError as error:
            if error.code != "reverted":
                raise
            break
    return Quorum(tuple(signers), certifier.read("threshold"))


def _held_micros(vault: Contract, state: State, block: int) -> dict[int, int]:
    """The vault's balance of each token in micros, rounded down."""
    held: dict[int, int] = {}
    cash = symbol_number(state.rules.cash_symbol)
    for symbol in sorted({cash, *state.underlyings}):
        address, unit, _ = vault.read("assets", symbol, block=block)
        if any(address):
            token = Contract(vault.chain, address, load_artifact("DevToken"))
            held[symbol] = token.read("balanceOf", vault.address, block=block) // unit
    return held
