"""Several organisations in one star schema: what is compared, what is left out and named; nothing else is added."""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import duckdb
import pytest
from click.testing import CliRunner

from pipelines.catalogue.comparisons import Classe, Comparisons, Denominateur, Ratio
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.load import load_catalogue
from pipelines.cli.app import INCOMPLETE, millesime
from pipelines.disk import sha256_of
from pipelines.ledger.state import write_manifest
from pipelines.stages.publish.consolidation.members import SameMember, read_members
from pipelines.stages.publish.consolidation.star import DATABASE, NotOurs, consolidate
from tests.stages.publish.consolidation.peers import SPENT, STAFF, Figure, hidden, publish

POPULATION = Denominateur(
    libelle="par habitant",
    table="marts.dim_collectivite",
    colonne="nb_habitants",
    filtres={"type_collectivite": "commune"},
)
SAID = Comparisons(
    {"habitant": POPULATION, "agent": Denominateur(libelle="par agent", chiffre=STAFF)},
    {
        "petite": Classe(libelle="petite", de="habitant", a_partir_de=0),
        "grande": Classe(libelle="grande", de="habitant", a_partir_de=1000),
    },
    {
        "par_habitant": Ratio(libelle="Par habitant", chiffre=SPENT, par="habitant", unite="EUR"),
        "par_agent": Ratio(libelle="Par agent", chiffre=SPENT, par="agent", unite="EUR", decimales=0),
        "agents": Ratio(libelle="Agents", chiffre=STAFF, par="habitant", pour=1000, unite="agents", decimales=1),
        "brut": Ratio(libelle="Dépenses", chiffre=SPENT, unite="EUR"),
    },
)

Peers = Callable[..., Path]


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "ensemble"


@pytest.fixture
def peer(tmp_path: Path) -> Peers:
    def made(n: int, inhabitants: int | None, *figures: Figure, more: str = "") -> Path:
        return publish(tmp_path / f"h{n}", f"{n:09d}", inhabitants, figures, more)

    return made


def asked(into: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(into / DATABASE), read_only=True) as db:
        return db.execute(query).fetchall()


def joined(into: Path, homes: Iterable[Path], said: Comparisons = SAID):
    return consolidate(read_members(homes), said, Fields(), into)


def ratios(into: Path, code: str) -> list[tuple]:
    query = f"select right(siren_organisation, 1), valeur, motif_ecart from comparaison.fct_ratios where code_ratio = '{code}'"
    return asked(into, f"{query} order by all")


def test_a_ratio_is_half_up_on_the_exact_quotient(peer, into):
    homes = [
        peer(1, 800, Figure(SPENT, 1), Figure(STAFF, 8)),  # 0.00125
        peer(2, 200, Figure(SPENT, 1), Figure(STAFF, 2)),  # 0.005: a tie
        peer(3, 200, Figure(SPENT, -1), Figure(STAFF, 3)),
    ]
    joined(into, homes)
    assert ratios(into, "par_habitant") == [("1", 0, None), ("2", Decimal("0.01"), None), ("3", Decimal("-0.01"), None)]
    assert ratios(into, "agents") == [("1", 10, None), ("2", 10, None), ("3", 15, None)]
    assert ratios(into, "brut") == [("1", 1, None), ("2", 1, None), ("3", -1, None)]


def test_what_cannot_enter_is_left_out_and_says_why(peer, into):
    whole = [Figure(SPENT, 10, formule="Somme. Sources : c/d."), Figure(STAFF, 5)]
    others = {
        "chiffre couvert par le secret statistique": [hidden(SPENT), Figure(STAFF, 5)],
        "dénominateur couvert par le secret statistique": [Figure(SPENT, 10), hidden(STAFF)],
        "chiffre partiel": [Figure(SPENT, 10, etat="partiel"), Figure(STAFF, 5)],
        "chiffre repris d’un rapport imprimé": [Figure(SPENT, 10, statut="publié"), Figure(STAFF, 5)],
        "chiffre manquant": [Figure(SPENT, None, statut="manquant", code_manquant="m"), Figure(STAFF, 5)],
        "chiffre non publié": [Figure(STAFF, 5)],
        "dénominateur non publié": [Figure(SPENT, 10)],
        "dénominateur nul": [Figure(SPENT, 10), Figure(STAFF, 0)],
        "chiffre défini autrement": [Figure(SPENT, 10, formule="Moyenne. Sources : a/b."), Figure(STAFF, 5)],
        "dénominateur partiel": [Figure(SPENT, 10), Figure(STAFF, 5, etat="partiel")],
    }
    done = joined(into, [peer(n, 100, *figures) for n, figures in enumerate([whole, *others.values()], 1)])
    assert asked(
        into,
        "select valeur, motif_ecart from comparaison.fct_ratios where code_ratio = 'par_agent' order by siren_organisation",
    ) == [
        (2, None),
        *((None, why) for why in others),
    ]
    counted = "select distinct nb_organisations, mediane from comparaison.fct_quartiles where code_ratio = 'par_agent'"
    assert asked(into, counted) == [(1, None)]
    names = [f"S{n:09d}" for n in range(2, len(others) + 2)]
    assert {(name, why) for name, why in zip(names, others, strict=True)} <= {one[:2] for one in done.left_out}
    named = "select distinct organisations_ecartees from comparaison.rpt_comparaison where code_ratio = 'par_agent'"
    assert asked(into, named) == [(", ".join(f"{name} ({why})" for name, why in zip(names, others, strict=True)),)]


def test_a_population_that_a_member_does_not_tell_puts_it_in_no_class_of_size(peer, into):
    joined(into, [peer(1, None, Figure(SPENT, 10), Figure(STAFF, 5))])
    assert ratios(into, "par_habitant") == [("1", None, "dénominateur manquant")]
    assert ratios(into, "brut") == [("1", 10, None)]
    assert asked(into, "select code_classe from comparaison.fct_classes") == [("toutes",)]


def test_no_quartile_under_four_in_a_class(peer, into):
    spent = [7, 1, 9, 4, 100, 200, 300]
    joined(into, [peer(n, 999 if n < 5 else 1000, Figure(SPENT, value)) for n, value in enumerate(spent, 1)])
    got = asked(into, "from comparaison.fct_quartiles where code_ratio = 'brut' order by code_classe")

    def expected(known: list[int]) -> list[Decimal]:
        return [round(Decimal(one), 2) for one in quantiles(known, n=4, method="inclusive")]

    assert got == [
        (2020, "brut", "grande", 3, None, None, None),
        (2020, "brut", "petite", 4, *expected(spent[:4])),
        (2020, "brut", "toutes", 7, *expected(spent)),
    ]


def test_nothing_is_there_that_the_profiles_do_not_publish(peer, into):
    """Value by value: every row of every table is a row of its organisation's own Parquet, and every comparison is made of such rows."""
    more = "create table rapport.rpt_x (exercice integer, n integer); insert into rapport.rpt_x values (2020, 1), (2020, 1), (2019, null);"
    homes = {
        "000000001": peer(1, 10, Figure(SPENT, 70), Figure(STAFF, 5), more=more),
        "000000002": peer(2, 20, Figure(SPENT, 9), hidden(STAFF)),
    }
    done = joined(into, homes.values())
    assert done.tables == 3
    with duckdb.connect(str(into / DATABASE), read_only=True) as db:
        names = [name for (name,) in db.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'comparaison' order by 1"
        ).fetchall()]  # fmt: skip
        for name in names:
            for siren, home in homes.items():
                file = home / "published" / "public" / f"{name.replace('.', '/')}.parquet"
                kept = (
                    f"select * exclude siren_organisation from {name} where siren_organisation = '{siren}' order by all"
                )
                ours = db.execute(kept).fetchall()
                own = db.execute(f"from '{file}' order by all").fetchall() if file.exists() else []
                assert ours == own, (name, siren)
        values = db.execute(
            "select siren_organisation, code_ratio, valeur from comparaison.fct_ratios where valeur is not null"
        ).fetchall()
    assert sorted(values) == [
        ("000000001", "agents", 500), ("000000001", "brut", 70), ("000000001", "par_agent", 14), ("000000001", "par_habitant", 7),
        ("000000002", "brut", 9), ("000000002", "par_habitant", Decimal("0.45")),
    ]  # fmt: skip
    folders = {path.relative_to(into).parts[0] for path in into.rglob("*")}
    assert folders == {"comparaison", "depots", "manifest.json", DATABASE, "marts", "rapport"}


def test_the_description_of_a_table_and_its_key_follow(peer, into):
    joined(into, [peer(1, 10, Figure(SPENT, 70))])
    said = "select comment from duckdb_columns() where table_name = 'chiffres' and column_name = 'valeur'"
    assert asked(into, said) == [("Valeur ; vide si manquante.",)]
    key = "select constraint_column_names from duckdb_constraints() where table_name = 'chiffres' and constraint_type = 'PRIMARY KEY'"
    assert asked(into, key) == [(["siren_organisation", "code", "exercice"],)]


def spoiled(public: Path) -> None:
    file = public / "rapport" / "chiffres.parquet"
    file.write_bytes(file.read_bytes() + b"x")


def other_manifest(public: Path) -> None:
    manifest = json.loads((public / "manifest.json").read_text(encoding="utf-8"))
    (public / "manifest.json").write_text(json.dumps({**manifest, "build": "c"}), encoding="utf-8")


def written_again(public: Path) -> None:
    (public.parent / "state.json").write_text(
        json.dumps({"files": {"public/manifest.json": sha256_of(public / "manifest.json")}}), encoding="utf-8"
    )
    spoiled(public)
    write_manifest(public, "c")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda public: (public / "manifest.json").unlink(), "aucun profil public n’est publié"),
        (lambda public: (public / "manifest.json").write_text("{", encoding="utf-8"), "le manifeste du profil public est abîmé"),
        (other_manifest, "le manifeste du profil public a été modifié"),
        (written_again, "le manifeste du profil public a été modifié"),
        (spoiled, "le profil public n’est plus tel qu’il a été publié (rapport/chiffres.parquet)"),
        (lambda public: (public / "rapport" / "chiffres.parquet").unlink(),
         "le profil public n’est plus tel qu’il a été publié (rapport/chiffres.parquet)"),
        (lambda public: (public / "ajout.csv").touch(), "le profil public n’est plus tel qu’il a été publié (ajout.csv)"),
    ],
)  # fmt: skip
def test_a_profile_that_is_not_as_it_was_published_is_left_out(peer, spoil: Callable[[Path], None], why: str):
    home = peer(2, 10, Figure(SPENT, 30))
    spoil(home / "published" / "public")
    (member,) = read_members([home])
    assert (member.code, member.absence, member.files) == ("h2", why, {})


def test_an_absent_organisation_is_named_in_every_comparison(peer, into):
    homes = [peer(1, 10, Figure(SPENT, 70)), peer(2, 10, Figure(SPENT, 30))]
    spoiled(homes[1] / "published" / "public")
    joined(into, homes)
    why = "le profil public n’est plus tel qu’il a été publié (rapport/chiffres.parquet)"
    assert asked(into, "select siren_organisation, absence from comparaison.dim_organisation order by 1") == [
        ("000000001", None),
        ("h2", why),
    ]
    assert asked(into, "select distinct siren_organisation from rapport.chiffres") == [("000000001",)]
    assert [row[1:] for row in ratios(into, "brut")] == [(70, None), (None, why)]


def written_as(rows: str, table: str = "rapport.chiffres") -> Callable[[Path], None]:
    """Replace a table of a public profile, which says nothing of its key."""

    def spoil(public: Path) -> None:
        file = public / f"{table.replace('.', '/')}.parquet"
        with duckdb.connect() as db:
            db.execute(f"create table t as {rows.format(file)}; copy t to '{file}' (format parquet)")

    return spoil


def placed(name: str) -> Callable[[Path], None]:
    def spoil(public: Path) -> None:
        (public / name).parent.mkdir(exist_ok=True)
        (public / name).write_bytes((public / "rapport" / "chiffres.parquet").read_bytes())

    return spoil


FIGURES, FORM = "rapport.chiffres", "le profil public n’a pas la forme de ceux de cette version"
NOBODY = "le profil public ne dit pas de quelle organisation il est"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (written_as("from '{}' cross join range(4)"), f"{FORM} ({FIGURES})"),
        (written_as("select * exclude etat from '{}'"), f"{FORM} ({FIGURES})"),
        (written_as("select * replace (exercice::varchar as exercice) from '{}'"), f"{FORM} ({FIGURES})"),
        (written_as("select *, 1 as \"a\"\" b\" from '{}'"), f"{FORM} ({FIGURES})"),
        (lambda public: (public / "rapport" / "chiffres.parquet").write_bytes(b"x"), f"{FORM} ({FIGURES})"),
        (lambda public: (public / "rapport" / "chiffres.parquet").unlink(), "le profil public n’a pas de chiffres (rapport.chiffres)"),
        (placed("rapport/x as select 1; drop table y; --.parquet"), f"{FORM} (rapport.x as select 1; drop table y; --)"),
        (placed("comparaison/fct_ratios.parquet"), f"{FORM} (comparaison.fct_ratios)"),
        (placed("rapport/notes.txt"), f"{FORM} (rapport.notes.txt)"),
        (written_as("select * replace ('../../../x' as siren) from '{}'", "marts.dim_collectivite"), NOBODY),
    ],
)  # fmt: skip
def test_a_profile_that_proves_itself_and_that_nobody_published_is_left_out(peer, spoil, why: str):
    """Its author may write any manifest: a name in it would be SQL or a path, a figure twice would be two organisations."""
    home = peer(2, 10, Figure(SPENT, 30))
    public = home / "published" / "public"
    spoil(public)
    (public / "manifest.json").unlink()
    write_manifest(public, "b" * 32)
    (member,) = read_members([home])
    assert (member.code, member.absence, member.files) == ("h2", why, {})


def test_a_figure_that_does_not_say_whether_it_is_whole_is_not_compared(peer, into):
    homes = [peer(n, 10, Figure(SPENT, 30)) for n in (1, 2)]
    for home, said in zip(homes, ("etat", "formule"), strict=True):
        public = home / "published" / "public"
        written_as(f"select * replace (null::varchar as {said}) from '{{}}'")(public)
        (public / "manifest.json").unlink()
        write_manifest(public, "b" * 32)
    joined(into, [*homes, peer(3, 10, Figure(SPENT, 30))])
    assert ratios(into, "brut") == [
        ("1", None, "chiffre partiel"),
        ("2", None, "chiffre défini autrement"),
        ("3", 30, None),
    ]


def test_absent_organisations_are_distinguished_by_the_end_of_their_path(tmp_path):
    publics = [publish(tmp_path / one / "homé", "000000001", 10, [Figure(SPENT, 1)]) for one in ("a", "b")]
    for home in publics:
        spoiled(home / "published" / "public")
    given = [publics[0] / "published" / "public", publics[1]]
    assert [member.code for member in read_members(given)] == ["a/homé", "b/homé"]
    assert [member.code for member in read_members(given[:1])] == ["homé"]
    with pytest.raises(SameMember):
        read_members([publics[0], *given])


def test_one_organisation_is_given_once(peer, into, tmp_path):
    home = peer(1, 10, Figure(SPENT, 70))
    with pytest.raises(SameMember, match="S000000001"):
        read_members([home, home / "published" / "public"])


def test_the_same_profiles_give_the_same_files_and_nothing_of_others_is_replaced(peer, into, tmp_path):
    homes = [peer(n, 10, Figure(SPENT, n)) for n in (1, 2)]

    def bytes_of() -> dict[str, str]:
        return {
            str(path.relative_to(into)): sha256_of(path)
            for path in into.rglob("*")
            if path.suffix in (".parquet", ".csv", ".json")
        }

    joined(into, homes)
    before = bytes_of()
    joined(into, reversed(homes))
    assert before == bytes_of() and len(before) > 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ensemble", "h1", "h2"]
    other = tmp_path / "autre"
    other.mkdir()
    (other / "a.txt").touch()
    with pytest.raises(NotOurs):
        joined(other, homes)
    assert [path.name for path in other.iterdir()] == ["a.txt"]


def test_the_command_says_who_is_absent_and_leaves_nothing_of_a_home_changed(peer, into, tmp_path):
    home, empty = peer(1, 10, Figure(SPENT, 70)), tmp_path / "vide"
    empty.mkdir()
    before = sorted(home.rglob("*"))
    done = CliRunner().invoke(
        millesime, ["--home", str(tmp_path / "sans"), "consolidate", str(home), str(empty), "--into", str(into)]
    )
    assert done.exit_code == INCOMPLETE, (done.output, done.exception)
    assert "absente : vide (aucun profil public n’est publié)" in done.stdout
    assert "Organisations : 1 ; exercices : 2020." in done.stdout
    assert sorted(home.rglob("*")) == before and not (tmp_path / "sans").exists() and list(empty.iterdir()) == []


def test_what_is_shipped_names_declared_figures():
    said = load_catalogue().comparisons
    assert len(said.ratios) >= 8 and {one.par for one in said.ratios.values()} >= {"habitant", "agent"}
