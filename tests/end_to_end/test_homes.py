"""Homes with a catalogue of their own: two whose overrides conflict run at once, and nothing is written in the checkout."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.settings import PROJECT_ROOT
from tests.end_to_end.conftest import MILLESIME, millesime

pytestmark = pytest.mark.long

YEARS, SYSTEMS, APPLICATION = (2019, 2020), ["budget", "cegid_rh", "journal_formations"], "sirius"
FIGURE = "finances.principal.fonctionnement.depenses_realisees"
FIRST = {
    # a system switched off: the union of its shape and the figures of applications lose a branch
    "catalogue/systems/kolok.yml": "system: kolok\nenabled: false\n",
    # a figure replaced
    "catalogue/figures/finances.yml": f"""\
domaine: finances
chiffres:
  - code: {FIGURE}
    libelle: Dépenses doublées
    unite: EUR
    decimales: 2
    expression: 2 * base
    operandes: {{base: finances.annexe.fonctionnement.depenses_realisees}}
""",
    # a staging model replaced
    "dbt_project/models/staging/stg_comptes.sql": """\
select
    'sirius' as systeme, 'comptes' as nom_table, identifiant, collectivite, profil, true as est_actif, date_creation,
    date_derniere_connexion, date_situation, exercice, _livraison, _fichier, _feuille, _ligne
from {{ source('lake', 'sirius__comptes') }}
""",
    # a mart added, with its description and those of its columns
    "dbt_project/models/marts/fct_essai.sql": """\
select cast(exercice as integer) as exercice, cast(count(*) as bigint) as nb_essais
from {{ ref('int_applications__comptes') }}
group by exercice
""",
    "dbt_project/models/marts/essai.yml": """\
models:
  - name: fct_essai
    description: Un essai, une ligne par exercice.
    columns:
      - {name: exercice, data_type: integer}
      - {name: nb_essais, data_type: bigint}
    data_tests:
      - unique_combination_of_columns: {name: cle_fct_essai, arguments: {combination_of_columns: [exercice]}}
""",
    "catalogue/fields.yml": "nb_essais: {title: Essais, type: integer, additif: oui, description: Nombre de comptes lus.}\n",
}
SECOND = FIRST | {
    "catalogue/systems/kolok.yml": "",  # as shipped
    "catalogue/figures/finances.yml": FIRST["catalogue/figures/finances.yml"].replace("2 *", "3 *"),
    "dbt_project/models/staging/stg_comptes.sql": "",
    "dbt_project/models/marts/fct_essai.sql": FIRST["dbt_project/models/marts/fct_essai.sql"].replace("count(*)", "-1"),
}


def made(folder: Path, declared: dict[str, str]) -> Path:
    """A home of four systems with these declarations."""
    home = folder / "home"
    assert millesime(home, "demo", "--no-run", str(home)).returncode == 0
    for deposit in (home / "landing").glob("*/*/"):
        if int(deposit.parent.name) not in YEARS or deposit.name not in (*SYSTEMS, APPLICATION):
            shutil.rmtree(deposit)
    organisation = yaml.safe_load((home / "organisation.yml").read_text(encoding="utf-8"))
    applications = [one for one in organisation["applications"] if one["code"] == APPLICATION]
    organisation |= {"exercices": {"premier": YEARS[0], "dernier": YEARS[-1]}, "systemes": SYSTEMS}
    declare(home, declared | {"organisation.yml": yaml.safe_dump(organisation | {"applications": applications})})
    return home


def declare(home: Path, declared: dict[str, str]) -> None:
    for name, text in declared.items():
        if text:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text, encoding="utf-8")


def start(home: Path) -> subprocess.Popen:
    env = {**os.environ, "MILLESIME_HOME": str(home), "MILLESIME_KEY_FILE": str(home.parent / "key")}
    return subprocess.Popen(
        [MILLESIME, "run", "2019", "2020"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def digest(home: Path) -> dict[str, str]:
    """Published table → hash of its bytes; the audit's, which contain the time, are left out."""
    files = [path for schema in ("marts", "rapport") for path in (home / "published" / schema).glob("*.parquet")]
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect() as db:
        return db.execute(query.replace("{published}", str(home / "published"))).fetchall()


def checkout() -> str:
    return subprocess.run(
        ["git", "status", "--porcelain", "--ignored=no"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    ).stdout


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two homes run at the same time; the checkout is unchanged."""
    before = checkout()
    homes = {name: made(tmp_path_factory.mktemp(name), what) for name, what in (("a", FIRST), ("b", SECOND))}
    running = [start(home) for home in homes.values()]
    for process in running:
        said, _ = process.communicate(timeout=1800)
        assert process.returncode == 0, said
    assert checkout() == before
    return homes


@pytest.mark.parametrize(("name", "declared"), [("a", FIRST), ("b", SECOND)])
def test_a_home_gives_together_what_it_gives_alone(
    together: dict[str, Path], name: str, declared: dict[str, str], tmp_path: Path
) -> None:
    home = made(tmp_path, declared)
    done = millesime(home, "run", "2019", "2020")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    alone, beside = digest(home), digest(together[name])
    assert len(alone) > 80
    assert alone == beside


def test_each_home_has_its_own_catalogue(together: dict[str, Path]) -> None:
    figure = f"from '{{published}}/rapport/chiffres.parquet' where code = '{FIGURE}' and exercice = 2020"
    base = ask(together["a"], f"select valeur {figure.replace('principal', 'annexe')}")[0][0]
    assert base > 0
    for home, times in ((together["a"], 2), (together["b"], 3)):
        assert ask(home, f"select libelle, valeur {figure}") == [("Dépenses doublées", times * base)]
    counts = "select sum(nb_essais) from '{published}/marts/fct_essai.parquet'"
    assert ask(together["a"], counts)[0][0] > 0 > ask(together["b"], counts)[0][0]
    comment = "select comment from duckdb_columns() where table_name = 'fct_essai' and column_name = 'nb_essais'"
    with duckdb.connect(str(together["a"] / "published" / "millesime.duckdb"), read_only=True) as db:
        assert db.execute(comment).fetchall() == [("Nombre de comptes lus. S’additionne.",)]


def test_what_a_home_changes_is_shown(together: dict[str, Path]) -> None:
    said = millesime(together["a"], "catalogue", "diff").stdout
    assert "désactivé    le système « kolok »" in said and "catalogue/systems/kolok.yml:1" in said
    assert f"remplacé     le chiffre « {FIGURE} »" in said
    assert "ajouté       le modèle « fct_essai »" in said


@pytest.mark.parametrize(
    ("file", "text", "needed_at", "what"),
    [
        (
            "catalogue/systems/cegid_rh.yml",
            "system: cegid_rh\nenabled: false\n",
            "organisation.yml:",
            "le système « cegid_rh »",
        ),
        (
            "dbt_project/models/marts/off.yml",
            "models:\n  - name: fct_formations\n    enabled: false\n",
            "catalogue/figures/applications.yml:",
            "le modèle « fct_formations »",
        ),
    ],
)
def test_what_is_still_needed_is_not_switched_off(
    together: dict[str, Path], file: str, text: str, needed_at: str, what: str
) -> None:
    home = together["b"]
    declare(home, {file: text})
    refused = millesime(home, "run", "2020")
    (home / file).unlink()
    assert refused.returncode == 2 and not refused.stdout
    (line, *_) = [line for line in refused.stderr.splitlines() if needed_at in line]
    assert f"demande {what}, que {home / file}:" in line
    assert "Traceback" not in refused.stderr
