"""Filters of a target: what keyword, sender and text let through. They count after the level is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.inbox.owe import SEARCHED, targets_of, wants
from odzew.model import Kind, Message
from tests.inbox.directory import A, a_directory, a_target, with_targets

NUMBER, KEYWORD = 5, 6


def a_message(text: str = "text", kind: Kind = "ndi", **fields: Any) -> Message:
    sender = fields.pop("sender", "+48500600700")
    return Message(1, kind, A, sender, "+48664000002", text, 0, number_id=NUMBER, keyword_id=KEYWORD, **fields)


# what is meant, the filter, the message, whether it goes through
CASES: tuple[tuple[str, dict[str, Any], Message, bool], ...] = (
    ("none", {}, a_message(), True),
    ("the keyword that matched", {"only_keywords": ("AUTO",)}, a_message("1", keyword="auto"), True),
    ("in another spelling", {"only_keywords": ("lodz",)}, a_message("1", keyword="Łódź"), True),
    ("another keyword", {"only_keywords": ("AUTO",)}, a_message("1", keyword="RADIO"), False),
    ("any of several", {"only_keywords": ("RADIO", "AUTO")}, a_message("1", keyword="AUTO"), True),
    ("a number without keywords: the first word", {"only_keywords": ("AUTO",)}, a_message("Auto, 1"), True),
    ("the first words", {"only_keywords": ("AUTO MOTO",)}, a_message("auto-moto 1"), True),
    ("not the second word", {"only_keywords": ("AUTO",)}, a_message("moje auto"), False),
    ("not the beginning of a word", {"only_keywords": ("AUTO",)}, a_message("automat"), False),
    ("of an MMS the subject", {"only_keywords": ("AUTO",)}, a_message("x", "mms", title="AUTO 1"), True),
    ("of an MMS the text", {"only_keywords": ("AUTO",)}, a_message("AUTO 1", "mms", title="x"), True),
    ("a sender", {"only_senders": ("+48500600700",)}, a_message(), True),
    ("another sender", {"only_senders": ("+48500600701",)}, a_message(), False),
    ("what begins so", {"only_senders": ("+48500*",)}, a_message(), True),
    ("what begins otherwise", {"only_senders": ("+48501*", "+49*")}, a_message(), False),
    ("a number is whole", {"only_senders": ("+4850060070",)}, a_message(), False),
    ("a short code", {"only_senders": ("71200",)}, a_message(sender="71200"), True),
    ("a name, as it is spelled", {"only_senders": ("InfoSMS",)}, a_message(sender="InfoSMS"), True),
    ("a name, spelled otherwise", {"only_senders": ("infosms",)}, a_message(sender="InfoSMS"), False),
    ("the beginning of a name", {"only_senders": ("Info*",)}, a_message(sender="InfoSMS"), True),
    ("a word of the text", {"only_text": ("stop",)}, a_message("Proszę STOP!"), True),
    ("a word in another spelling", {"only_text": ("dzwon",)}, a_message("nie DZWOŃ"), True),
    ("not a part of a word", {"only_text": ("stop",)}, a_message("stopa"), False),
    ("the beginning of a word", {"only_text": ("reklam*",)}, a_message("To jest reklamacja"), True),
    ("not its end", {"only_text": ("reklam*",)}, a_message("antyreklama"), False),
    ("words one after the other", {"only_text": ("nie dzwoń",)}, a_message("Proszę nie dzwoń więcej"), True),
    ("words with others between", {"only_text": ("nie dzwoń",)}, a_message("nie, proszę, dzwoń"), False),
    ("words with a mark between", {"only_text": ("nie dzwoń",)}, a_message("nie - dzwoń"), True),
    ("words, the last one open", {"only_text": ("nie dzwo*",)}, a_message("nie dzwonić"), True),
    ("words, the first one is whole", {"only_text": ("nie dzwo*",)}, a_message("niech dzwoni"), False),
    ("of an MMS the subject too", {"only_text": ("stop",)}, a_message("x", "mms", title="STOP"), True),
    ("an empty text", {"only_text": ("stop",)}, a_message(""), False),
    ("what folds to nothing lets nothing through", {"only_text": ("...",)}, a_message("..."), False),
    ("both fit", {"only_senders": ("+48*",), "only_text": ("stop",)}, a_message("stop"), True),
    ("only one fits", {"only_senders": ("+49*",), "only_text": ("stop",)}, a_message("stop"), False),
    ("words beyond what is looked at", {"only_text": ("stop",)}, a_message("x " * (SEARCHED // 2) + "stop"), False),
)  # fmt: skip


@pytest.mark.parametrize(("filters", "message", "through"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_goes_through(filters: dict[str, Any], message: Message, through: bool) -> None:
    assert wants(a_target(1, "account", A, **filters), message) is through


def test_a_level_applies_even_where_its_filters_leave_the_message_out() -> None:
    on_keyword = a_target(1, "keyword", KEYWORD, name="keyword", only_text=("stop",))
    on_account = a_target(2, "account", A, name="account")
    directory = with_targets(a_directory(), on_keyword, on_account)
    assert [target.name for target in targets_of(a_message("stop"), directory)] == ["keyword"]
    assert targets_of(a_message("go"), directory) == []


def test_of_several_targets_of_a_level_each_has_its_own_filters() -> None:
    targets = [a_target(n, "number", NUMBER, name=word, only_text=(word,)) for n, word in enumerate(("stop", "start", "*x"), 1)]
    directory = with_targets(a_directory(), *targets)
    assert [target.name for target in targets_of(a_message("start stop"), directory)] == ["stop", "start"]


@given(st.text(), st.text(min_size=1), st.text())
def test_any_filter_and_any_message_give_an_answer(text: str, entry: str, sender: str) -> None:
    target = a_target(1, "account", A, only_text=(entry,), only_keywords=(entry,), only_senders=(entry, f"{entry}*"))
    message = a_message(text, sender=sender or "x")
    assert wants(target, message) in (True, False)


@given(st.lists(st.sampled_from(["nie", "dzwoń", "auto", "x"]), min_size=1, max_size=4), st.text(alphabet="ab c", max_size=20))
def test_words_of_the_text_are_found_in_it(words: list[str], around: str) -> None:
    target = a_target(1, "account", A, only_text=(" ".join(words),))
    assert wants(target, a_message(f"{around} {' '.join(words)} {around}"))
