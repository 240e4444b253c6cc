"""The ERC-7730 descriptor against the structure of its version 1 and against our own types."""

from typing import Any

import pytest

from offbeat.intents import Domain, erc7730_descriptor

DEPLOYMENTS = [Domain(1, b"\x33" * 20), Domain(8453, b"\x44" * 20)]
LABEL_CHARACTERS = 20
PARAMETERS: dict[str, set[str]] = {
    "raw": set(),
    "addressName": {"types"},
    "unit": {"base", "decimals"},
    "date": {"encoding"},
    "enum": {"$ref"},
}


@pytest.fixture(scope="module")
def descriptor() -> dict[str, Any]:
    return erc7730_descriptor(DEPLOYMENTS)


def leaves(schema: dict[str, Any], struct: str, prefix: str = "") -> set[str]:
    """Every value of a struct as an ERC-7730 path."""
    found: set[str] = set()
    for member in schema["types"][struct]:
        kind, path = member["type"], prefix + member["name"]
        if kind.endswith("[]"):
            kind, path = kind[:-2], f"{path}.[]"
        nested = kind in schema["types"]
        found |= leaves(schema, kind, path + ".") if nested else {path}
    return found


def shown(fields: list[dict[str, Any]], prefix: str = "") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for field in fields:
        path = prefix + field["path"]
        found |= shown(field["fields"], path + ".") if "fields" in field else {path: field}
    return found


def test_it_binds_to_the_deployments_it_was_written_for(descriptor: dict[str, Any]) -> None:
    binding = descriptor["context"]["eip712"]
    assert binding["domain"] == {"name": "Offbeat", "version": "1"}
    assert binding["deployments"] == [
        {"chainId": 1, "address": "0x3333333333333333333333333333333333333333"},
        {"chainId": 8453, "address": "0x4444444444444444444444444444444444444444"},
    ]


def test_every_value_that_is_signed_is_shown(descriptor: dict[str, Any]) -> None:
    schemas = {
        schema["primaryType"]: schema for schema in descriptor["context"]["eip712"]["schemas"]
    }
    formats = descriptor["display"]["formats"]
    assert set(schemas) == set(formats)
    assert set(formats) == {"Order", "Cancel", "Withdraw", "Transfer", "Delegate"}
    for name, schema in schemas.items():
        fields = shown(formats[name]["fields"])
        assert set(fields) | set(formats[name]["excluded"]) == leaves(schema, name)
        assert formats[name]["excluded"] == ([] if name == "Cancel" else ["nonce"])
        assert set(formats[name]["required"]) == set(fields) - {"owner", "account"}


def test_every_field_has_a_known_format_and_fits_a_small_screen(
    descriptor: dict[str, Any],
) -> None:
    for display in descriptor["display"]["formats"].values():
        assert 0 < len(display["intent"]) <= 30
        for field in shown(display["fields"]).values():
            assert set(field.get("params", {})) == PARAMETERS[field["format"]]
            assert 0 < len(field["label"]) <= LABEL_CHARACTERS


def test_amounts_have_six_decimals(descriptor: dict[str, Any]) -> None:
    order = shown(descriptor["display"]["formats"]["Order"]["fields"])
    for path in ("quantity", "minFill", "limit", "spotMin", "spotMax", "maxFee"):
        assert order[path]["params"]["decimals"] == 6


def test_every_scope_has_words_of_its_own(descriptor: dict[str, Any]) -> None:
    scopes = descriptor["metadata"]["enums"]["scope"]
    assert set(scopes) == {str(bits) for bits in range(16)}
    assert len(set(scopes.values())) == 16
    assert all(len(words) <= LABEL_CHARACTERS for words in scopes.values())
    assert scopes["0"] == "Nothing"
    assert scopes["1"] == "Order"
    assert scopes["12"] == "Withdraw, transfer"
    assert scopes["11"] == "All but withdraw"
    assert scopes["15"] == "All"
