"""The published words, held against the contract's own tables."""

from __future__ import annotations

import pytest

from odzew import model
from odzew.wire import published

ERRORS = (
    (1000, "InvalidAction", "Not specified action to execute", "Nie określono akcji do wykonania"),
    (1001, "InvalidUser", "Incorrect login or password", "Nieprawidłowy login lub hasło"),
    (1002, "InvalidRole", "The user does not have permission to use the API", "Użytkownik nie ma uprawnień do korzystania z API"),
    (1003, "InvalidIP", "Unauthorized IP address", "Nieautoryzowany adres IP"),
    (1004, "InvalidID", "Invalid parameter ID", "Nieprawidłowy parametr ID"),
    (1005, "InvalidRole", "No permission", "Brak uprawnień"),
    (1006, "InvalidData", "Invalid data format", "Niepoprawny format danych"),
    (1007, "InvalidRole", "Account is not fully active", "Konto nie jest w pełni aktywne"),
    (
        1008,
        "InvalidRole",
        "The user does not have permission to view the numbers",
        "Użytkownik nie ma uprawnień do podglądu numerów",
    ),
    (2000, "ValidationRequiredError", "Missing required parameters", "Brak wymaganych parametrów"),
    (2001, "ValidationPhoneError", "Invalid phone number", "Nieprawidłowy numer telefonu"),
    (2002, "ValidationCodeError", "Invalid error code", "Nieprawidłowy kod błędu"),
)

SAMPLES = (
    ("eco", "id type phone recived message_id blacklist text"),
    ("nd", "id type phone recived blacklist text"),
    ("ndi", "id type phone recived blacklist text"),
    ("pre", "id type phone recived to_number blacklist text"),
    ("mms", "id type phone recived to_number blacklist title attachments"),
)

SPELLINGS = (
    ("NUMER", "NUMER"),
    ("NUMEROD", "NUMER"),
    ("WIADOMOSC", "WIADOMOSC"),
    ("DATA", "DATA"),
    ("ID", "ID"),
    ("IDSMS", "ID"),
    ("SMSID", "SMSID"),
    ("NUMERDO", "NUMERDO"),
    ("TYP", "TYP"),
    ("HASLO", "HASLO"),
    ("TYTUL", "TYTUL"),
    ("LIMIT", "LIMIT"),
)


@pytest.mark.parametrize(("code", "kind", "english", "polish"), ERRORS)
def test_error(code: int, kind: str, english: str, polish: str) -> None:
    assert published.ERRORS[code].type == kind
    assert published.error_text(code, "en") == english
    assert published.error_text(code, "pl") == polish
    assert published.error_text(code, "de") == english  # contract 3: English where there is none


def test_there_are_no_other_errors() -> None:
    assert tuple(published.ERRORS) == tuple(row[0] for row in ERRORS)
    with pytest.raises(KeyError):
        published.error_text(1009, "en")


@pytest.mark.parametrize(("kind", "keys"), SAMPLES)
def test_fields_stand_in_the_order_of_the_sample(kind: str, keys: str) -> None:
    assert published.FIELDS[kind] == tuple(keys.split())


def test_types_are_the_kinds_of_the_model() -> None:
    assert published.TYPES == model.KINDS == tuple(published.FIELDS)


def test_every_spelling_of_a_placeholder() -> None:
    assert tuple(published.PLACEHOLDER_NAMES.items()) == SPELLINGS
    assert all(row.description and row.value for row in published.PLACEHOLDERS.values())
    assert len({row.value for row in published.PLACEHOLDERS.values()}) == len(published.PLACEHOLDERS)


@pytest.mark.parametrize(
    ("alias", "action"),
    (
        ("messages/received", "messages/recived"),
        ("messages/sendNd", "messages/send_nd"),
        ("messages/sendNdi", "messages/send_ndi"),
    ),
)
def test_alias_of_an_action(alias: str, action: str) -> None:
    assert published.ACTION_ALIASES[alias] == action
    assert action in published.ACTIONS
    assert alias not in published.ACTIONS


def test_an_action_is_served_or_only_sends() -> None:
    served = {*published.ACTIONS, *published.ACTION_ALIASES}
    assert not served & published.SEND_ACTIONS
    assert all(action.count("/") == 1 for action in served | published.SEND_ACTIONS)
    assert not {action.split("/")[0] for action in served | published.SEND_ACTIONS} & set(published.RESERVED)


def test_no_word_is_true_and_false() -> None:
    assert not published.TRUE & published.FALSE
    assert published.TRUE == {"true", "1", "yes"}
    assert published.FALSE == {"false", "0", "", "none", "null"}
