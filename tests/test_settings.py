"""What the environment says: each variable with its usual value, and refused by its name when it says nothing that it can."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import settings
from pipelines.settings import Home, Limits, WrongSetting


@pytest.mark.parametrize(
    ("name", "read", "usual", "said", "value"),
    [
        ("MILLESIME_THREADS", settings.threads, 2, "256", 256),
        ("MILLESIME_QUIET", settings.quiet, 5, "0", 0),
        ("MILLESIME_MEMORY", settings.memory, 400, "200", 200),
        ("MILLESIME_KEPT_RUNS", settings.kept_runs, 100, "1", 1),
        ("MILLESIME_BACKUP_DAYS", settings.backup_days, 7, "30", 30),
        ("MILLESIME_AUTOMATION", settings.automation, False, "1", True),
        ("MILLESIME_LOG", settings.log_is_json, False, "json", True),
        ("COLUMNS", settings.columns_are_told, False, "80", True),
        ("MILLESIME_WEB_HOSTS", settings.web_hosts, [], " a.fr  b.fr ", ["a.fr", "b.fr"]),
        ("MILLESIME_RESTREINT_ROLE", settings.restricted_role, None, "rh", "rh"),
        ("MILLESIME_PUBLISH_ROLE", settings.reading_role, "millesime_lecture", "lecture", "lecture"),
    ],
)
def test_a_variable_has_a_usual_value_and_replaces_it(monkeypatch, name: str, read: Callable, usual, said: str, value):
    monkeypatch.delenv(name, raising=False)
    assert read() == usual
    monkeypatch.setenv(name, said)
    assert read() == value


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("MILLESIME_THREADS", said) for said in ("0", "257", "-1", "deux", "²", "٣")),
        *(("MILLESIME_QUIET", said) for said in ("86401", "1.5", "")),
        *(("MILLESIME_MOST_COLUMNS", said) for said in ("0", "1000000000", "beaucoup")),
        ("MILLESIME_KEPT_RUNS", "0"),
        ("MILLESIME_BACKUP_DAYS", "-7"),
        ("MILLESIME_AUTOMATION", "oui"),
        ("MILLESIME_LOG", "xml"),
    ],
)
def test_a_value_that_a_variable_cannot_have_is_refused_before_anything_begins(monkeypatch, name: str, said: str):
    monkeypatch.setenv(name, said)
    with pytest.raises(WrongSetting, match=f"^{name} est .* et non « {said} »$"):
        settings.refuse_wrong()


def test_memory_has_a_least_and_a_disk_for_what_does_not_fit(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("MILLESIME_THREADS", "3")
    said = settings.engine(tmp_path / "a")
    assert (said["threads"], said["memory_limit"], said["temp_directory"]) == (3, "400MB", f"{tmp_path}/a.tmp")
    assert settings.engine(tmp_path, 1)["threads"] == 1
    monkeypatch.setenv("MILLESIME_MEMORY", "199")
    with pytest.raises(WrongSetting, match="MILLESIME_MEMORY est un nombre de mégaoctets, 200 au moins"):
        settings.engine(tmp_path)


def test_each_limit_of_what_is_read_has_its_variable(monkeypatch):
    assert settings.limits() == Limits(2000, 1_000_000, 100_000, 2000, 1_500_000)
    for number, name in enumerate(
        ("MOST_COLUMNS", "LONGEST_CELL", "MOST_MISSHAPEN", "MOST_MEGABYTES", "MOST_ELEMENTS"), start=1
    ):
        monkeypatch.setenv(f"MILLESIME_{name}", str(number))
    assert settings.limits() == Limits(1, 2, 3, 4, 5)


def test_a_secret_is_given_by_its_value_or_by_a_file_of_its_owner_alone(monkeypatch, tmp_path: Path):
    file = tmp_path / "url"
    file.write_text(" postgresql://u:p@h/b\n", encoding="utf-8")
    file.chmod(0o640)
    assert settings.secret("MILLESIME_GLPI_URL") is None
    monkeypatch.setenv("MILLESIME_GLPI_URL_FILE", str(file))
    with pytest.raises(WrongSetting, match=r"d’autres que son propriétaire peuvent lire .*chmod 600"):
        settings.secret("MILLESIME_GLPI_URL")
    file.chmod(0o600)
    assert settings.database_url("glpi") == ("MILLESIME_GLPI_URL", "postgresql://u:p@h/b")
    monkeypatch.setenv("MILLESIME_GLPI_URL", "mysql://autre")
    assert settings.secret("MILLESIME_GLPI_URL") == "mysql://autre"


def test_a_server_has_its_usual_role_and_profile_and_never_shows_its_address(monkeypatch):
    assert settings.publication_server() is None
    monkeypatch.setenv("MILLESIME_PUBLISH_URL", "postgresql://u:S3CRET@h/b")
    usual = settings.publication_server()
    assert usual == settings.Server("postgresql://u:S3CRET@h/b", "interne", "millesime_lecture", "", None)
    assert "S3CRET" not in repr(usual)
    said = {"PROFILE": "public", "ROLE": "lecture", "PREFIX": "m_"}
    for name, value in said.items():
        monkeypatch.setenv(f"MILLESIME_PUBLISH_{name}", value)
    monkeypatch.setenv("MILLESIME_RESTREINT_ROLE", "rh")
    assert settings.publication_server() == settings.Server(usual.url, "public", "lecture", "m_", "rh")


def test_a_home_lies_where_it_is_said_unless_a_database_could_not_open_it(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("MILLESIME_HOME", str(tmp_path / "x" / ".." / "chez-nous"))
    assert settings.home() == Home(tmp_path / "chez-nous")
    monkeypatch.delenv("MILLESIME_HOME")
    assert settings.home() == Home(settings.PROJECT_ROOT / "data")
    with pytest.raises(WrongSetting, match=rf"trop long.: {settings.LONGEST_HOME + 1} octets"):
        settings.home_at(Path("/" + "é" * 150 + "/" + "a" * (settings.LONGEST_HOME - 301)))
    with pytest.raises(WrongSetting, match="« \\? »"):
        settings.home_at(tmp_path / "quoi?")


def test_the_key_and_the_list_of_removals_of_a_home_are_outside_of_it(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("MILLESIME_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    one, other = (settings.key_file(Home(tmp_path / name)) for name in ("a", "b"))
    assert one != other and one.parent == other.parent == tmp_path / "config" / "millesime"
    removals = settings.removals_file(Home(tmp_path / "a"))
    assert removals == one.with_name(f"{one.stem}.removals.jsonl")
    monkeypatch.setenv("MILLESIME_REMOVALS_FILE", str(tmp_path / "liste"))
    assert settings.removals_file(Home(tmp_path / "a")) == tmp_path / "liste"
