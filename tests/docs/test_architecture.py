"""The page that shows the house is what its imports and its rooms say today."""

from tests.docs.architecture import PAGE, page


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.docs.architecture`"
