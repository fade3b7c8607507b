"""Hand-written SQL runs on both DuckDB and Spark: what only one of them supports is in a dispatched macro.

``BANNED`` lists the forms that Spark does not have, or that mean something else there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pipelines.catalogue.dbt.compose import project_files
from pipelines.catalogue.load import load_catalogue

DUCKDB_ALONE = re.compile(r"{%-? macro duckdb__\w+.*?{%-? endmacro -?%}", re.DOTALL)
COMMENT = re.compile(r"{#.*?#}|--[^\n]*", re.DOTALL)
JINJA = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
TEXT = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True)
class Ban:
    """A pattern, a text that it must find, and what to write; ``bare``: looked for outside Jinja and string literals."""

    pattern: str
    example: str
    instead: str
    bare: bool = False

    def found(self, sql: str) -> list[str]:
        """The places in a text, without its comments, where the form occurs."""
        text = TEXT.sub("''", JINJA.sub(" ", sql)) if self.bare else sql
        return [match[0] for match in re.finditer(self.pattern, text, re.IGNORECASE | re.MULTILINE)]


BANNED = {
    "unnest": Ban(r"\bunnest\b", "select unnest(x) from t", "morceaux(), or a join on values"),
    "string split": Ban(r"\bstr(ing)?_split\w*\(", "string_split(x, ';')", "morceaux(), split_part"),
    "series": Ban(
        r"\bgenerate_(series|subscripts)\b|\b(from|join)\s+range\(",
        "from range(3)",
        "douze_mois(), or a join on values",
    ),
    "list literal": Ban(r"\[", "select [1, 2]", "values", bare=True),
    "list and struct functions": Ban(r"\b(list|array|struct|map)_\w+\(", "list_sort(x)", "rows"),
    "qualify": Ban(r"\bqualify\b", "qualify row_number() over w = 1", "a rank in a subquery"),
    "arg_min, arg_max": Ban(r"\barg_(min|max)(_null)?\b", "arg_min(a, b)", "a rank in a subquery"),
    "max_by": Ban(r"\b(max|min)_by\(", "max_by(a, b)", "a rank in a subquery: NULLs count in one engine alone"),
    "integer division": Ban(r"//", "a // b", "floor(a / b)"),
    "strpos": Ban(r"\bstrpos\b", "strpos(a, b)", "instr"),
    "by all": Ban(r"\b(group|order)\s+by\s+all\b", "group by all", "the columns"),
    "text type": Ban(r"\b(varchar|as text)\b", "cast(x as varchar)", "string"),
    "wide integers": Ban(
        r"\b(u?hugeint|utinyint|usmallint|uinteger|ubigint)\b", "cast(x as hugeint)", "decimal(38, 0)"
    ),
    "shorthand cast": Ban(r"::", "x::integer", "cast"),
    "window over filter": Ban(
        r"\bfilter\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*over\b",
        "sum(x) filter (where lower(y) = 'a') over w",
        "sum(case when … end) over",
    ),
    "string_agg": Ban(r"\b(string_agg|group_concat)\b", "string_agg(x, ',')", "texte_joint()"),
    "time zones": Ban(r"\btimezone\(|\bat\s+time\s+zone\b", "timezone('UTC', x)", "heure_de_paris(), debut_mois_utc()"),
    "differences of dates": Ban(r"\b(date_?diff|date_?sub|age)\(", "date_diff('day', a, b)", "duree()"),
    "dates as text": Ban(r"\b(try_)?str[fp]time\(|\bepoch\w*\(", "strftime(x, '%Y')", "year, month, day"),
    "day of the week": Ban(r"\b(iso)?dow\b|\bdayofweek\b", "extract(dow from x)", "it begins on another day"),
    "star exclude": Ban(r"\*\s*(exclude|replace|rename)\b", "select * exclude (x)", "the columns"),
    "sample": Ban(r"\busing\s+sample\b|\btablesample\b", "from t using sample 3", "nothing: it is not reproducible"),
    "from first": Ban(r"\(\s*from\b", "(from t)", "select"),
    "joins": Ban(r"\b(asof|positional|semi|anti)\s+join\b", "from t anti join u", "not exists, in"),
    "ltrim, rtrim": Ban(
        r"\b[lr]trim\(", "ltrim(x, '0')", "trim(leading '0' from x): the arguments are the other way round"
    ),
    "concat": Ban(r"\bconcat\(", "concat(a, b)", "||: NULL is nothing in one engine, all in the other"),
    "flags of expressions": Ban(r",\s*'[gimc]+'\s*\)", "regexp_replace(a, b, c, 'g')", "a dispatched macro"),
    "backslashes": Ban(r"\\[dwsDWS.]", r"regexp_extract(x, '\d+')", "[0-9]: Spark eats backslashes"),
    "frames that end last": Ban(
        r"\bunbounded\s+following\b",
        "rows between 1 following and unbounded following",
        "the reverse order: Spark goes through the rest again for each row",
    ),
    "quoted names": Ban('"', 'select "x"', "plain names: quotes make a text there", bare=True),
}


def readable(sql: str) -> str:
    """What another engine than DuckDB would read, without its comments."""
    return COMMENT.sub("", DUCKDB_ALONE.sub("", sql))


FILES = {path: text for path, text in project_files(load_catalogue()).items() if path.endswith(".sql")}
SQL = {path: readable(text) for path, text in FILES.items()}


@pytest.mark.parametrize("name", BANNED)
def test_the_pattern_finds_what_it_bans(name):
    assert BANNED[name].found(BANNED[name].example)


@pytest.mark.parametrize("name", BANNED)
def test_no_model_macro_or_test_uses(name):
    ban = BANNED[name]
    found = {file: places for file, sql in SQL.items() if (places := ban.found(sql))}
    assert found == {}, f"write {ban.instead}"


def test_what_duckdb_alone_reads_is_not_looked_at_and_nothing_else_is_left_out():
    sql = "{# unnest #}{% macro duckdb__x() -%} unnest {%- endmacro %}\n-- unnest\n{% macro default__x() %}explode{% endmacro %}"
    assert "unnest" not in readable(sql)
    assert "explode" in readable(sql)
    assert len(SQL) > 100


# Without it, NULLs come first in Spark and last in DuckDB: another line has rank 1.


def unordered_nulls(sql: str) -> list[str]:
    """The keys of windows' orders that do not say where NULLs go."""
    return [
        key.strip()
        for window in windows(sql)
        if (order := re.search(r"\border\s+by\b(.*?)(\b(rows|range)\b|$)", window, re.DOTALL))
        for key in parts(order[1])
        if not re.search(r"\bnulls\s+(first|last)\s*$", key)
    ]


def windows(sql: str) -> Iterator[str]:
    """What is between the brackets of ``over (…)`` and ``window w as (…)``."""
    for match in re.finditer(r"\bover\s*\(|\bwindow\s+\w+\s+as\s*\(", sql):
        depth = 1
        for end in range(match.end(), len(sql)):
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            if depth == 0:
                yield sql[match.end() : end]
                break


def parts(text: str) -> list[str]:
    """A list cut at the commas that no bracket holds."""
    found, depth = [""], 0
    for char in text:
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(char, 0)
        if char == "," and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return found


def test_every_window_says_where_its_nulls_go():
    wrong = "rank() over (partition by f(a) order by coalesce(b, c), d desc nulls last, e rows unbounded preceding)"
    assert unordered_nulls(wrong) == ["coalesce(b, c)", "e"]
    assert unordered_nulls("sum(x) over w from t window w as (order by a)") == ["a"]
    assert unordered_nulls("rank() over (order by a nulls first) order by b") == []
    assert {file: keys for file, sql in SQL.items() if (keys := unordered_nulls(sql))} == {}


def test_a_macro_for_duckdb_has_its_like_for_other_engines():
    text = "\n".join(text for path, text in FILES.items() if path.startswith("macros/"))
    ours = {"get_assert_columns_equivalent"}  # dbt's own compares columns for the others
    for_duckdb = set(re.findall(r"macro duckdb__(\w+)", text)) - ours
    assert for_duckdb == set(re.findall(r"macro (?:default|spark)__(\w+)", text))
