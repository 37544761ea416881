from tests.api.shop import Shop


def test_a_key_is_made_listed_and_revoked(empty_shop: Shop) -> None:
    made = empty_shop.run_ok(
        "key", "create", "--scope", "read", "--catalog", "shop", "--name", "till", "--json"
    ).lines[0]
    assert made["key"].startswith(f"sk_{made['key_id']}_")
    listed = empty_shop.run_ok("key", "list", "--json")
    assert made["key"] not in listed.out
    assert listed.lines[0]["scopes"] == ["read"]
    empty_shop.run_ok("key", "revoke", made["key_id"])
    assert empty_shop.run_ok("key", "list", "--json").lines == []
    assert "no key" in empty_shop.run("key", "revoke", made["key_id"]).sentence


def test_it_does_not_listen_for_others_without_a_key(empty_shop: Shop) -> None:
    result = empty_shop.run("serve", "--host", "0.0.0.0")
    assert result.code == 1
    assert "skulens key create" in result.sentence


def test_half_a_pair_of_certificate_and_key_is_refused(empty_shop: Shop) -> None:
    result = empty_shop.run("serve", "--certificate", "tea.png")
    assert (result.code, "go together" in result.sentence) == (1, True)
