"""The page on architecture matches the current imports and docstrings."""

from tests.docs.architecture import PAGE, page


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.docs.architecture`"
