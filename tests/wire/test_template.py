"""A target's URL: what is refused when it is saved, and what it fills to (contract 5.2)."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odzew.errors import TemplateError
from odzew.wire import template
from odzew.wire.published import PLACEHOLDER_NAMES, PLACEHOLDERS
from odzew.wire.template import Template

VALUES = {
    "NUMER": "+48500600700",
    "WIADOMOSC": "Cześć #NUMER# & co: 100%",
    "DATA": "2014-10-21 16:47:36",
    "ID": "2477793",
    "TYP": "eco",
    "HASLO": "..",
    "TYTUL": ".",
}

FILLED = (
    ("https://crm.example/sms?nr=#NUMER#", "https://crm.example/sms?nr=%2B48500600700"),
    ("https://crm.example/sms?nr=#NUMEROD#&id=#IDSMS#", "https://crm.example/sms?nr=%2B48500600700&id=2477793"),
    ("https://crm.example/?t=#WIADOMOSC#", "https://crm.example/?t=Cze%C5%9B%C4%87%20%23NUMER%23%20%26%20co%3A%20100%25"),
    ("https://crm.example/?d=#DATA#", "https://crm.example/?d=2014-10-21%2016%3A47%3A36"),
    ("https://crm.example/?x=#SMSID#&y=", "https://crm.example/?x=&y="),  # no value: empty
    ("https://crm.example/#TYP#/#ID#", "https://crm.example/eco/2477793"),
    ("https://crm.example/#TYP##ID#?#ID##TYP#", "https://crm.example/eco2477793?2477793eco"),
    ("https://crm.example/a#HASLO#", "https://crm.example/a.."),  # dots within a segment are dots
    ("https://crm.example/#HASLO##TYTUL#", "https://crm.example/..."),
    ("https://crm.example/?p=#HASLO#/#TYTUL#", "https://crm.example/?p=../."),  # a query has no segments
    # literals as they are, the illegal ones encoded, escapes kept
    ("https://crm.example/x y?ą=é&b=%41%2f", "https://crm.example/x%20y?%C4%85=%C3%A9&b=%41%2f"),
    ("https://crm.example/100%?a=50%&b=%zz&c=%4", "https://crm.example/100%25?a=50%25&b=%25zz&c=%254"),
    ("https://crm.example/?a[]=1&b=<\"'>^`{|}", "https://crm.example/?a%5B%5D=1&b=%3C%22'%3E%5E%60%7B%7C%7D"),
    ("https://crm.example/?%#ID#&%2#TYP#", "https://crm.example/?%252477793&%252eco"),  # a value ends no escape
    ("https://crm.example/%s%d?%s=#ID#%s", "https://crm.example/%25s%25d?%25s=2477793%25s"),
    ("https://crm.example/?a?b/c:@!$&'()*+,;=~", "https://crm.example/?a?b/c:@!$&'()*+,;=~"),
    ("https://crm.example/../a/./b", "https://crm.example/../a/./b"),  # the client's own dots are the client's own
    ("https://crm.example/../#TYP#", "https://crm.example/../eco"),
    # scheme, host, port
    ("HTTPS://CRM.Example", "https://crm.example/"),
    ("http://crm.example?x=#ID#", "http://crm.example/?x=2477793"),
    ("http://crm.example:80/", "http://crm.example/"),
    ("http://crm.example:/", "http://crm.example/"),
    ("https://crm.example:80/", "https://crm.example:80/"),
    ("https://crm.example:08443/", "https://crm.example:8443/"),
    ("  https://crm.example/  ", "https://crm.example/"),
    ("https://user:secret@crm.example/", "https://crm.example/"),
)

HOSTS = (
    ("https://CRM.Example/", "crm.example", 443),
    ("http://crm.example./", "crm.example.", 80),
    ("http://my_host.example/", "my_host.example", 80),
    ("http://zażółć.example/", "xn--za-6ja4f8n1l.example", 80),
    ("http://ZAŻÓŁĆ.example/", "xn--za-6ja4f8n1l.example", 80),
    ("http://faß.example/", "xn--fa-hia.example", 80),
    ("http://crm。example/", "crm.example", 80),
    ("http://１２７.０.０.１:8080/", "127.0.0.1", 8080),
    ("http://①②⑦.0.0.1/", "127.0.0.1", 80),
    ("http://2130706433/", "2130706433", 80),
    ("http://0X7F.1/", "0x7f.1", 80),
    ("http://[::1]/", "::1", 80),
    ("http://[0:0:0:0:0:FFFF:127.0.0.1]:8080/", "::ffff:7f00:1", 8080),
    ("https://[2001:DB8::1]:65535/", "2001:db8::1", 65535),
)

REFUSED = (
    ("", "empty"),
    ("   ", "empty"),
    ("crm.example/sms", "absolute"),
    ("/sms?x=#ID#", "absolute"),
    ("//crm.example/", "absolute"),
    ("http:crm.example", "absolute"),
    ("http:/crm.example", "absolute"),
    ("ftp://crm.example/", "ftp"),
    ("javascript://crm.example/", "javascript"),
    ("https+x://crm.example/", "scheme"),
    # placeholders in the wrong place
    ("#TYP#://crm.example/", "scheme"),
    ("http#TYP#://crm.example/", "scheme"),
    ("#ID#", "scheme"),
    ("http://#ID#/", "host"),
    ("http://#ID#.example/", "host"),
    ("http://crm#ID#/", "host"),
    ("http://crm.example#ID#", "host"),
    ("http://crm.example:#ID#/", "port"),
    ("http://crm.example:80#ID#/", "port"),
    ("http://#ID#@crm.example/", "user info"),
    ("http://a:#ID#@crm.example/", "user info"),
    ("http://[::#ID#]/", "host"),
    # unknown ones and stray ones
    ("http://crm.example/?x=#NUMMER#", "#NUMMER#"),
    ("http://crm.example/?x=#X#", "#X#"),
    ("http://crm.example/?x=#numer#", "#"),
    ("http://crm.example/?x=#NUMER", "#"),
    ("http://crm.example/?x=NUMER#", "#"),
    ("http://crm.example/?x=##NUMER#", "#"),
    ("http://crm.example/?x=##", "#"),
    ("http://crm.example/#", "#"),
    ("http://crm.example/#top", "#"),
    ("http://crm.example/?x=#ＮＵＭＥＲ#", "#"),
    # characters
    ("http://crm.example/\n", "control"),
    ("http://crm.example/\r\nHost: other", "control"),
    ("http://crm.example/\0", "control"),
    ("http://crm.example/\x7f", "control"),
    ("http://crm.example/\x85", "control"),
    ("http://crm.example\\@other.example/", "backslash"),
    ("http://crm.example/\ud800", "broken"),
    ("http://crm.example/" + "x" * 9000, "longer"),
    # hosts
    ("http:///sms", "no host"),
    ("http://?x", "no host"),
    ("http://user@/", "no host"),
    ("http://:80/", "no host"),
    ("http://a..b/", "label"),
    ("http://.crm.example/", "label"),
    ("http://crm.example../", "label"),
    ("http://-crm.example/", "label"),
    ("http://crm-.example/", "label"),
    ("http://crm example/", "label"),
    ("http://crm%2eexample/", "label"),
    ("http://crm.example%00/", "label"),
    ("http://℀.example/", "label"),  # would become a/c
    ("http://crm.example？x/", "label"),
    ("http://😀.example/", "looked up"),
    ("http://\u200d.example/", "host name"),
    ("http://" + "a" * 64 + ".example/", "label"),
    ("http://" + "a." * 130 + "example/", "too long"),
    ("http://a@b@crm.example/", "@"),
    ("http://crm.example:0/", "port"),
    ("http://crm.example:65536/", "port"),
    ("http://crm.example:99999999/", "port"),
    ("http://crm.example:-1/", "port"),
    ("http://crm.example:80:80/", "port"),
    ("http://crm.example:８０/", "port"),
    ("http://crm.example:http/", "port"),
    ("http://::1/", "no host"),
    ("http://[::1/", "brackets"),
    ("http://[::1]x/", "brackets"),
    ("http://[::1]]/", "brackets"),
    ("http://[crm.example]/", "IPv6"),
    ("http://[127.0.0.1]/", "IPv6"),
    ("http://[fe80::1%25eth0]/", "zone"),
    ("http://[：：1]/", "IPv6"),
)

DOTS = (
    "http://crm.example/#HASLO#",
    "http://crm.example/#TYTUL#",
    "http://crm.example/a/#HASLO#/b",
    "http://crm.example/a/#TYTUL#?x",
    "http://crm.example/.#TYTUL#/b",
    "http://crm.example/#TYTUL##TYTUL#/b",
    "http://crm.example/%2e#TYTUL#",
    "http://crm.example/#TYTUL#%2E/b",
    "http://crm.example/%2e#SMSID#",
    "http://crm.example/a/.#SMSID#./b",
)


@pytest.mark.parametrize(("url", "filled"), FILLED)
def test_fill(url: str, filled: str) -> None:
    made = Template.parse(url)
    assert made.fill(VALUES) == filled
    assert made.origin + made.target(VALUES) == filled


@pytest.mark.parametrize(("url", "host", "port"), HOSTS)
def test_host_in_the_spelling_that_is_connected_to(url: str, host: str, port: int) -> None:
    made = Template.parse(url)
    assert (made.host, made.port) == (host, port)
    assert Template.parse(made.fill({})).host == host


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_refused(url: str, why: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(why)):
        Template.parse(url)


@pytest.mark.parametrize("url", DOTS)
def test_a_value_never_climbs(url: str) -> None:
    made = Template.parse(url)
    with pytest.raises(TemplateError, match=r"\.\."):
        made.fill(VALUES)


@pytest.mark.parametrize(
    ("url", "header"),
    (
        ("https://crm.example/", None),
        ("https://@crm.example/", None),
        ("https://Aladdin:open%20sesame@crm.example/", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),  # the sample of RFC 7617 2
        ("https://user@crm.example/", "Basic dXNlcjo="),
        ("https://a%3Ab:c:d@crm.example/", "Basic YTpiOmM6ZA=="),
        ("https://%FF:ż@crm.example/", "Basic 77+9OsW8"),
    ),
)
def test_user_info_becomes_a_header_and_leaves_the_url(url: str, header: str | None) -> None:
    made = Template.parse(url)
    assert made.authorization == header
    assert "@" not in made.fill({})
    assert "sesame" not in repr(made)


def test_what_a_template_tells_of_itself() -> None:
    made = Template.parse("https://crm.example/#TYP#?nr=#NUMEROD#&id=#ID#&x=#ID#")
    assert made.placeholders == {"TYP", "NUMER", "ID"}
    assert (made.scheme, made.host, made.port, made.origin) == ("https", "crm.example", 443, "https://crm.example")
    assert not made.query_only
    assert Template.parse("https://crm.example/sms?nr=#NUMER#").query_only
    assert Template.parse("https://crm.example/sms").query_only


@pytest.mark.parametrize(
    ("text", "filled"),
    (
        ("OK", "OK"),
        ("", ""),
        ("OK #ID#", "OK 2477793"),
        ("#IDSMS#/#TYP#", "2477793/eco"),
        ("#WIADOMOSC#", "Cześć #NUMER# & co: 100%"),  # one pass, nothing encoded
        ("#SMSID#", ""),
        ("#1", "#1"),
        ("#X# #ID#", "#X# 2477793"),
        ("##ID##", "#2477793#"),
    ),
)
def test_expected_answer(text: str, filled: str) -> None:
    assert template.expected(text, VALUES) == filled


def test_an_expected_answer_with_an_unknown_placeholder_is_told_of() -> None:
    template.check_expected("OK #ID# #1 # #IDSMS#")
    with pytest.raises(TemplateError, match="#IDD#"):
        template.check_expected("OK #IDD#")


# --- properties -------------------------------------------------------------------------------------------------------

ANY = st.text(st.characters(exclude_categories=()))
MAPPINGS = st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), ANY | st.sampled_from((".", "..", "%2e", "#ID#", "a/b")))
PIECES = st.lists(st.sampled_from([f"#{name}#" for name in PLACEHOLDER_NAMES] + list("/?&=%.2eE+a ąs:@")), max_size=20).map("".join)
REQUEST_TARGET = re.compile(r"/[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]*")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_values_are_encoded_as_the_standard_library_would(value: str) -> None:
    assert template.encode(value) == quote(value, safe="")
    assert unquote(template.encode(value)) == value


@given(ANY)
def test_any_value_is_encoded(value: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9._~-]|%[0-9A-F]{2})*", template.encode(value))


@given(ANY | PIECES.map("http://crm.example/".__add__) | ANY.map("http://crm.example".__add__) | ANY.map("http://".__add__))
@example("http://xn--a/")
@example("http://\u1806/")
def test_any_text_is_a_template_or_refused(url: str) -> None:
    try:
        made = Template.parse(url)
    except TemplateError:
        return
    assert re.fullmatch(r"[0-9a-z._:-]+", made.host)
    assert REQUEST_TARGET.fullmatch(made.target({}) if made.query_only else "/")


@given(PIECES, MAPPINGS)
def test_whatever_the_values_the_call_goes_where_the_template_says(rest: str, values: dict[str, str]) -> None:
    made = Template.parse("http://crm.example:8080/" + rest)
    try:
        filled = made.fill(values)
    except TemplateError:
        assert not made.query_only
        return
    seen = urlsplit(filled)
    assert (seen.scheme, seen.hostname, seen.port, seen.fragment) == ("http", "crm.example", 8080, "")
    target = made.target(values)
    assert REQUEST_TARGET.fullmatch(target)
    # The template's own slashes and dot segments are all there are: values add none.
    path, own = target.partition("?")[0], made.path.form
    assert path.count("/") == own.count("/")
    assert [s for s in path.split("/") if unquote(s) in (".", "..")] == [
        s for s in own.replace("%%", "%").split("/") if unquote(s) in (".", "..")
    ]


@given(MAPPINGS)
def test_the_receiver_reads_the_values_back(values: dict[str, str]) -> None:
    names = sorted(PLACEHOLDERS)
    made = Template.parse("http://crm.example/?" + "&".join(f"p{name}=#{name}#" for name in names))
    query = parse_qs(urlsplit(made.fill(values)).query, keep_blank_values=True, strict_parsing=True)
    for name in names:
        value = values.get(name, "")
        if value.isascii():
            assert query[f"p{name}"] == [value]


@given(ANY, MAPPINGS)
def test_any_expected_answer_can_be_filled(text: str, values: dict[str, str]) -> None:
    assert isinstance(template.expected(text, values), str)
