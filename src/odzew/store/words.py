"""The few words of SQL in which the engines differ, and the translation of placeholders.

| word | SQLite | PostgreSQL |
|---|---|---|
| `IN_INTS(?)` | the list as JSON, through json_each | `= ANY(?::bigint[])` |
| `IN_TEXTS(?)` | the same | `= ANY(?::text[])` |
| `EACH_JSON(?)` | rows of one column `value`, each an array of the given JSON text | the same through jsonb_array_elements |
| `JSON_TEXT(x, 0)`, `JSON_INT(x, 0)` | element of such an array | the same |
| `SKIP_LOCKED` | nothing: there is one writer | `FOR UPDATE SKIP LOCKED` |
| `FOR_UPDATE` | nothing | `FOR UPDATE` |
| `FOR_SHARE` | nothing | `FOR SHARE` |
| `COLLATE_BYTES` | nothing: BINARY is the default | `COLLATE "C"` |
| `BYTES_LENGTH(x)` | length(x) | octet_length(x) |
| `PLACE_OF(y, x)` | instr(y, x): where x begins in y, 0 if nowhere | strpos(y, x) |
| `WORDS_MATCH(t, ?)` | the full-text table `t` matches, in FTS5's words: `a AND b * OR c` | `t.words @@` the same as a tsquery |
| `LEXEMES(?)` | the text, words separated by blanks | those words as a tsvector |
| `OVER_WORDS` | nothing: the row's words are added to | what was stored for the row is replaced |
| `AS_MATERIALIZED` | of a WITH: it is not | it is |

A parameter that is a Python list goes to SQLite as JSON text and to PostgreSQL as an array.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SQLITE = (
    (re.compile(r"IN_(?:INTS|TEXTS)\(\?\)"), "IN (SELECT value FROM json_each(?))"),
    (re.compile(r"EACH_JSON\(\?\)"), "json_each(?)"),
    (re.compile(r"JSON_(?:TEXT|INT)\((\w+(?:\.\w+)?), (\d+)\)"), r"json_extract(\1, '$[\2]')"),
    (re.compile(r"\bSKIP_LOCKED\b|\bFOR_UPDATE\b|\bFOR_SHARE\b|\bCOLLATE_BYTES\b"), ""),
    (re.compile(r"\bBYTES_LENGTH\("), "length("),
    (re.compile(r"\bPLACE_OF\("), "instr("),
    (re.compile(r"\bWORDS_MATCH\((\w+), \?\)"), r"\1 MATCH ?"),
    (re.compile(r"\bLEXEMES\(\?\)"), "?"),
    (re.compile(r"\s*\bOVER_WORDS\b"), ""),
    (re.compile(r"\bAS_MATERIALIZED\b"), "AS NOT MATERIALIZED"),
)
_POSTGRES = (
    (re.compile(r"IN_INTS\(\?\)"), "= ANY(?::bigint[])"),
    (re.compile(r"IN_TEXTS\(\?\)"), "= ANY(?::text[])"),
    (re.compile(r"EACH_JSON\(\?\)"), "jsonb_array_elements(?::jsonb) AS each_json(value)"),
    (re.compile(r"JSON_TEXT\((\w+(?:\.\w+)?), (\d+)\)"), r"(\1 ->> \2)"),
    (re.compile(r"JSON_INT\((\w+(?:\.\w+)?), (\d+)\)"), r"((\1 ->> \2)::bigint)"),
    (re.compile(r"\bSKIP_LOCKED\b"), "FOR UPDATE SKIP LOCKED"),
    (re.compile(r"\bFOR_UPDATE\b"), "FOR UPDATE"),
    (re.compile(r"\bFOR_SHARE\b"), "FOR SHARE"),
    (re.compile(r"\bCOLLATE_BYTES\b"), 'COLLATE "C"'),
    (re.compile(r"\bBYTES_LENGTH\("), "octet_length("),
    (re.compile(r"\bPLACE_OF\("), "strpos("),
    (
        re.compile(r"\bWORDS_MATCH\((\w+), \?\)"),
        r"\1.words @@ replace(replace(replace(?::text, ' *', ':*'), ' AND ', ' & '), ' OR ', ' | ')::tsquery",
    ),
    (re.compile(r"\bLEXEMES\(\?\)"), "array_to_tsvector(string_to_array(?, ' '))"),
    (re.compile(r"\bOVER_WORDS\b"), "ON CONFLICT (rowid) DO UPDATE SET words = excluded.words"),
    (re.compile(r"\bAS_MATERIALIZED\b"), "AS MATERIALIZED"),
)


@lru_cache(maxsize=2048)
def for_sqlite(sql: str) -> str:
    """The statement as SQLite reads it."""
    for pattern, word in _SQLITE:
        sql = pattern.sub(word, sql)
    return sql


@lru_cache(maxsize=256)
def packed_for_sqlite(sql: str, columns: int) -> str:
    """The same rows as one text of JSON, a list of lists, in their order."""
    names = ", ".join(f"c{column}" for column in range(columns))
    return f"WITH packed ({names}) AS ({for_sqlite(sql)}) SELECT json_group_array(json_array({names})) FROM packed"


@lru_cache(maxsize=2048)
def for_postgres(sql: str) -> str:
    """The statement as PostgreSQL reads it, with `$1`, `$2`, ... Our SQL has no question mark inside a literal."""
    for pattern, word in _POSTGRES:
        sql = pattern.sub(word, sql)
    pieces = sql.split("?")
    return "".join(piece + (f"${i}" if i < len(pieces) else "") for i, piece in enumerate(pieces, 1))
