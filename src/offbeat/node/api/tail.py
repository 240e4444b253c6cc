"""One reader of the journal for every stream of this process."""

from offbeat.core.store_port import Store


class Tail:
    """To come with streams."""

    def __init__(self, store: Store) -> None:
        self.store = store
