"""Who owns what, added up without the rulebook: nothing appears and nothing is lost."""

from collections import Counter, defaultdict

from founding import CASH, DECIMALS, SYMBOLS
from world import World

from offbeat.instruments import Instrument, Kind


def assert_conserved(world: World) -> None:
    """Tokens in the vault are what is owned, and every instrument nets to zero.

    Where an option has expired and some accounts are settled already, the pot stands for them: it
    is worth no less than what the others are due, and no more than rounding can have left in it.
    """
    owned_micros = _owned_micros(world)
    for symbol, token in world.tokens.items():
        balance = token.read("balanceOf", world.vault.address)
        assert balance == owned_micros[symbol] * 10 ** (DECIMALS[symbol] - 6)
    assert not set(owned_micros) - world.tokens.keys()

    state = world.state
    nets: dict[int, Counter[Instrument]] = defaultdict(Counter)
    for account in state.accounts.values():
        for position in account.positions:
            option = Instrument.from_id(position.instrument_id)
            if option.kind is not Kind.SPOT:
                nets[option.id >> 56][option] += position.quantity_micros
    for group, net in nets.items():
        pot = state.pots.get(group)
        if pot is None:
            assert not any(net.values())
            continue
        price = pot.price_micros
        due_picos = sum(quantity * _payoff(each, price) for each, quantity in net.items())
        dust_picos = pot.cash_micros * 10**6 + pot.spot_micros * price - due_picos
        n_settlements = len(state.accounts) * state.number
        assert 0 <= dust_picos <= n_settlements * (10**6 + price)


def _owned_micros(world: World) -> Counter[str]:
    """By symbol, in accounts and pots, on the way in and on the way out."""
    state = world.state
    owned: Counter[str] = Counter()
    for account in state.accounts.values():
        owned[CASH] += account.cash_micros
        for symbol in SYMBOLS:
            owned[symbol] += account.quantity_of(Instrument.spot(symbol).id)
    for group, pot in state.pots.items():
        owned[CASH] += pot.cash_micros
        owned[_name(group >> 32)] += pot.spot_micros
    for item in state.inbox.values():
        owned[_name(item.symbol)] += item.amount_micros
    for (address, symbol), micros in state.owed_micros.items():
        owned[_name(symbol)] += micros - world.paid_micros[address, symbol]
    return +owned


def _name(symbol: int) -> str:
    return symbol.to_bytes(5).rstrip(b"\0").decode()


def _payoff(option: Instrument, price_micros: int) -> int:
    gain = price_micros - option.strike_micros
    return max(0, gain if option.kind is Kind.CALL else -gain)
