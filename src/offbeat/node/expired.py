"""What has expired and can become cash."""

from offbeat.rulebook import GROUP_SHIFT, State


def expired_groups(state: State) -> frozenset[int]:
    """The groups that have a settlement price and still somebody's positions."""
    if not state.pots:
        return frozenset()
    held = {
        position.instrument_id >> GROUP_SHIFT
        for record in state.accounts.values()
        for position in record.positions
    }
    return frozenset(held & state.pots.keys())


def holders(state: State, groups: frozenset[int]) -> frozenset[int]:
    """The accounts with positions in any of these groups."""
    return frozenset(
        account
        for account, record in state.accounts.items()
        if any(each.instrument_id >> GROUP_SHIFT in groups for each in record.positions)
    )
