"""A wallet in the page that signs in this process, and somebody who takes the other side."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_typed_data

from offbeat.instruments import Leg
from offbeat.intents import Order, parse_address, parse_typed_data, sign
from offbeat.wire import signed_to_json

USER_REJECTED = 4001
_ANNOUNCE = """
const provider = {
  request: async (call) => {
    const { result, error } = JSON.parse(await window.askWallet(JSON.stringify(call)));
    if (error) throw error;
    return result;
  },
};
const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", {
  detail: Object.freeze({
    info: { uuid: "350670db-19fa-4704-a166-e52e178b59d2", name: NAME, icon: ICON, rdns: "test" },
    provider,
  }),
}));
addEventListener("eip6963:requestProvider", announce);
announce();
"""


@dataclass
class Wallet:
    """An EIP-1193 wallet with one key, on a chain that it asks itself."""

    key: bytes
    rpc_url: str
    name: str = "Test wallet"
    icon: str = "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E"
    refuses: bool = False
    chain_id: int | None = None
    signed: list[str] = field(default_factory=list)
    """Every typed data that it was asked to sign."""

    @property
    def address(self) -> str:
        """Its account."""
        address: str = Account.from_key(self.key).address
        return address

    @property
    def script(self) -> str:
        """Announces it to a page, where ``askWallet`` reaches :meth:`ask`."""
        return _ANNOUNCE.replace("NAME", json.dumps(self.name)).replace(
            "ICON", json.dumps(self.icon)
        )

    def ask(self, text: str) -> str:
        """Answer one request."""
        call = json.loads(text)
        method, params = call["method"], call.get("params", [])
        if method in ("eth_requestAccounts", "eth_accounts"):
            return json.dumps({"result": [self.address.lower()]})
        if method == "eth_chainId" and self.chain_id is not None:
            return json.dumps({"result": hex(self.chain_id)})
        if method == "eth_signTypedData_v4":
            return json.dumps(self._sign(*params))
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return httpx.post(self.rpc_url, json=body).text

    def _sign(self, address: str, text: str) -> dict[str, Any]:
        assert address == self.address
        self.signed.append(text)
        if self.refuses:
            return {"error": {"code": USER_REJECTED, "message": "User rejected the request."}}
        # The page's typed data is the standard's, to the letter; another library hashes and signs.
        parse_typed_data(text)
        message = encode_typed_data(full_message=json.loads(text))
        return {"result": "0x" + Account.sign_message(message, self.key).signature.hex()}


@dataclass
class Maker:
    """A trader without a page, who takes the other side of anything."""

    key: bytes
    relay_url: str
    _next: int = 0

    @classmethod
    def of(cls, network: dict[str, Any], name: str) -> "Maker":
        """One of a network's traders."""
        return cls(key_of(network, name), network["relays"][0])

    def take(self, typed_data: str) -> None:
        """Sign the opposite of an order, at no worse than its limit."""
        order, domain = parse_typed_data(typed_data)
        assert isinstance(order, Order)
        legs = tuple(Leg(each.instrument, -each.ratio) for each in order.legs)
        owner = parse_address(Account.from_key(self.key).address)
        other = Order(
            owner=owner,
            account=0,
            legs=legs,
            quantity_micros=order.quantity_micros,
            limit_micros=-order.limit_micros,
            nonce=self._next,
            valid_until_seconds=order.valid_until_seconds,
            max_fee_micros=order.max_fee_micros,
        )
        self._next += 1
        answer = httpx.post(
            f"{self.relay_url}/v1/intents",
            content=signed_to_json(sign(other, self.key, domain)),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 201, answer.text


def key_of(network: dict[str, Any], name: str) -> bytes:
    """A trader's key."""
    return bytes.fromhex(Path(network["traders"][name]["key_file"]).read_text().strip())


def option_names(typed_data: str) -> list[str]:
    """What an order trades: ``+1 ETH-…`` for each leg."""
    order, _ = parse_typed_data(typed_data)
    assert isinstance(order, Order)
    return [f"{leg.ratio:+d} {leg.instrument.name}" for leg in order.legs]
