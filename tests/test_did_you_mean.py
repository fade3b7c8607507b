"""The name that was probably meant is proposed, and nothing where none is near."""

from pipelines.did_you_mean import suggestion


def test_the_nearest_known_name_is_proposed():
    assert suggestion("kolock", iter(["kelio", "kolok", "glpi"])) == " ; vouliez-vous dire « kolok » ?"


def test_nothing_is_proposed_when_nothing_is_near():
    assert suggestion("zimbra", ["kelio", "kolok"]) == suggestion("x", []) == ""
