"""A figure over a table of one's own is drafted whole: what is written loads, and says why each line counts."""

from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.catalogue.dbt.provenance import provenance
from pipelines.catalogue.draft.figure import FigureRequest, draft_figure
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.filters import filters_control
from pipelines.catalogue.load import Catalogue, catalogue_of
from pipelines.catalogue.needs import check, unsummable
from pipelines.catalogue.yaml_file import DeclarationError
from tests.catalogue.figures.sql import render
from tests.layers import REAL, Layer
from tests.values import values

SYSTEM = """\
system: quai
title: Quai
owner: Exploitation
exports:
  - name: pesees
    title: Pesées
    files: "pesees*.csv"
    format: {type: csv}
    tables:
      - name: pesees
        title: Pesées du quai
        primaryKey: [bon]
        fields:
          - {name: bon, title: Bon, constraints: {required: true}}
          - {name: jour, title: Jour, type: date, constraints: {required: true}}
          - {name: commune, title: Commune, member: true}
          - {name: flux, title: Flux, constraints: {enum: [Verre, Papier]}}
          - {name: motif, title: Motif}
          - {name: est_trie, title: Trié, type: boolean}
          - {name: tonnage_t, title: Tonnage, type: number, decimals: 3}
          - {name: bennes, title: Bennes, type: integer, constraints: {required: true}}
          - {name: chauffeur, title: Chauffeur, personal: pseudonymise}
        exercice: {column: jour, rule: within}
  - name: stocks
    title: Stocks
    files: "stocks*.csv"
    format: {type: csv}
    tables:
      - name: stocks
        title: Stocks
        header:
          2024:
            site: Site
            mois: {heading: '(\\S+)'}
            volume: {under: mois}
        primaryKey: [site, mois]
        fields:
          - {name: site, title: Site, severity: warning, constraints: {required: true}}
          - {name: mois, title: Mois, type: date, format: "%B", severity: warning, constraints: {required: true}}
          - {name: volume, title: Volume, type: integer}
        period: {column: mois, every: month}
  - name: mesures
    title: Mesures
    files: "mesures*.csv"
    format: {type: csv}
    tables:
      - name: mesures
        title: Mesures
        header:
          2024:
            site: Site
            mesure: {heading: '(Km|Trajets) .+'}
            mois: {heading: '(?:Km|Trajets) (.+)'}
            valeur: {under: mois}
        primaryKey: [site, mesure, mois]
        fields:
          - {name: site, title: Site, constraints: {required: true}}
          - {name: mesure, title: Mesure, constraints: {required: true, enum: [Km, Trajets]}}
          - {name: mois, title: Mois, type: date, format: "%B", constraints: {required: true}}
          - {name: valeur, title: Valeur, type: number, constraints: {required: true}}
        period: {column: mois, every: month}
  - name: notes
    title: Notes
    files: "notes*.csv"
    format: {type: csv}
    tables:
      - name: notes
        title: Notes
        fields:
          - {name: mois, title: Mois en lettres}
          - {name: annee, title: Année, type: year}
        exercice: {column: annee, rule: not_after}
"""


@pytest.fixture
def home(tmp_path: Path) -> Layer:
    home = Layer(tmp_path / "home")
    home.write("catalogue/systems/quai.yml", SYSTEM)
    return home


def drafted(home: Layer, code: str, table: str, **asked: str) -> Catalogue:
    """The catalogue with the figure, which must fit in at once."""
    files = draft_figure(catalogue_of(REAL, home.root), home.root, FigureRequest(code, table, **asked))
    for path, text in files.items():
        home.write(path.relative_to(home.root).as_posix(), text)
    made = catalogue_of(REAL, home.root)
    check(made)
    assert list(unsummable(made)) == []
    return made


def sql(home: Layer, place: str) -> str:
    return (home.root / "dbt_project/models" / place).read_text(encoding="utf-8")


def test_each_file_from_the_lines_to_the_sentence(home: Layer) -> None:
    made = drafted(home, "dechets.tonnages", "pesees", total="tonnage_t", by="flux", unit="t", label="Déchets pesés")
    own = {path.relative_to(home.root).as_posix() for path in home.root.rglob("*.*") if "systems" not in path.parts}
    assert own == {
        "catalogue/fields.yml",
        "catalogue/figures/dechets_tonnages.yml",
        "catalogue/report/50_dechets.yml",
        "catalogue/report/texte/dechets_tonnages.md",
        "dbt_project/models/intermediate/int_quai__pesees.sql",
        "dbt_project/models/intermediate/quai__pesees.yml",
        "dbt_project/models/marts/dechets_tonnages.yml",
        "dbt_project/models/marts/fct_dechets_tonnages.sql",
        "dbt_project/models/rapport/rpt_dechets__tonnages.sql",
    }
    figure = made.figures.by_code["dechets.tonnages"].figure
    assert (figure.libelle, figure.unite, figure.decimales) == ("Déchets pesés", "t", 3)
    lines = made.lines_declared["int_quai__pesees"]
    assert lines.signalees and lines.signalees.motifs == {"sans valeur": "manque"}  # its date is required
    assert lines.series["collectivite"].mois == "month(jour)"
    (section,) = next(chapter for chapter in made.chapters if chapter.id == "dechets").sections
    assert [bloc.genre for bloc in section.blocs] == ["texte", "chiffres", "graphique"]
    # what is shipped has another meaning for that name
    assert made.fields.entries["fct_dechets_tonnages.flux"].words == ["Verre", "Papier", "non précisé"]


def test_a_table_with_persons_is_not_public_until_somebody_says_whom_it_counts(home: Layer) -> None:
    made = drafted(home, "dechets.tonnages", "pesees", total="tonnage_t", by="flux", unit="t")
    assert made.figures.by_code["dechets.tonnages"].figure.compte is None
    assert "rpt_dechets__tonnages" not in made.secrecy.tables
    made = drafted(home, "stocks.volume", "stocks", total="volume", by="site", unit="m³")
    assert made.figures.by_code["stocks.volume"].figure.compte == "choses"
    assert made.secrecy.tables["rpt_stocks__volume"].free == "Volume"


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        ({"total": "volume", "unit": "m³"}, "choses"),
        ({"total": "volume", "unit": "ETP"}, None),
        ({"total": "volume", "unit": "abonnés"}, None),
        ({"unit": "abonnés"}, None),  # nothing says that its lines are no persons
    ],
)
def test_what_may_be_persons_is_not_said_to_be_things(home: Layer, asked: dict, counts: str | None) -> None:
    made = drafted(home, "dechets.abonnes", "stocks", by="site", **asked)
    assert made.figures.by_code["dechets.abonnes"].figure.compte == counts
    assert ("rpt_dechets__abonnes" in made.secrecy.tables) == bool(counts)
    asks = "# TODO compte: choses" in (home.root / "catalogue/figures/dechets_abonnes.yml").read_text(encoding="utf-8")
    assert asks == (counts is None)


def test_lines_whose_key_is_a_person_count_persons(home: Layer) -> None:
    home.write("catalogue/systems/quai.yml", SYSTEM.replace("primaryKey: [bon]", "primaryKey: [bon, chauffeur]"))
    made = drafted(home, "dechets.chauffeurs", "pesees", by="flux", unit="chauffeurs")
    assert made.figures.by_code["dechets.chauffeurs"].figure.compte == "citoyens"
    assert "rpt_dechets__chauffeurs" not in made.secrecy.tables
    made = drafted(home, "dechets.bennes", "pesees", total="bennes", unit="bennes")
    assert made.figures.by_code["dechets.bennes"].figure.compte is None


def test_the_word_of_the_lines_that_count_is_a_filter_which_a_control_watches(home: Layer) -> None:
    home.write("catalogue/systems/quai.yml", SYSTEM.replace(", enum: [Km, Trajets]", ""))
    made = drafted(home, "dechets.km", "mesures", total="valeur", by="site", only=("mesure", "Km"), unit="km")
    mesure = made.figures.by_code["dechets.km"].figure.mesure
    assert mesure and mesure.filtre == {"mesure": "Km"}
    spec, filters = figure_tables(made.figures)["chiffres_filtres"]
    with duckdb.connect() as db:
        db.execute(f"create schema catalogue; create table catalogue.chiffres_filtres ({spec})")
        db.execute(f"insert into catalogue.chiffres_filtres values {values(filters)}")
        db.execute(
            "create table int_quai__mesures (exercice int, site text, mesure text, mois date, valeur int, poids int)"
        )
        for year, word in ((2024, "Km"), (2025, "Kilomètres")):  # the tool renamed it
            rows = (
                f"({year}, 'Nord', '{word}', '{year}-01-01', 5, 1), ({year}, 'Nord', 'Trajets', '{year}-01-01', 2, 1)"
            )
            db.execute(f"insert into int_quai__mesures values {rows}")
        db.execute(f"create table fct_dechets_km as {render(sql(home, 'marts/fct_dechets_km.sql'))}")
        chart = f"select exercice, valeur from ({render(sql(home, 'rapport/rpt_dechets__km.sql'))})"
        before = db.execute(chart).fetchall()
        (control,) = [one for one in filters_control(made) if "dechets.km" in one]
        found = db.execute(f"select exercice, sujet from ({render(control)})").fetchall()
        db.execute("insert into catalogue.chiffres_filtres values ('dechets.km', 'mesure', '', 'Kilomètres')")
        assert sorted(db.execute(chart).fetchall()) == [(2024, 5), (2025, 5)]
    assert before == [(2024, 5)]
    (lines,) = provenance(made).readings("rpt_dechets__km")
    assert any("'Km'" in test for test in lines.conditions) and lines.is_whole  # a bar is traced to no other lines
    assert found == [(2025, "mesure : Km")]


def test_a_second_figure_of_a_table_is_made_of_the_same_lines(home: Layer) -> None:
    drafted(home, "dechets.bennes", "pesees", total="bennes", unit="bennes")
    lines = sql(home, "intermediate/int_quai__pesees.sql")
    made = drafted(home, "dechets.tonnages", "quai/pesees", total="tonnage_t", by="est_trie", unit="t")
    made = drafted(home, "dechets.passages", "pesees", by="commune", unit="passages")
    made = drafted(home, "finances.passages", "pesees", by="jour", unit="passages")
    assert sql(home, "intermediate/int_quai__pesees.sql") == lines
    assert list(made.lines_declared["int_quai__pesees"].faits) == [
        *("fct_dechets_bennes", "fct_dechets_tonnages", "fct_dechets_passages", "fct_finances_passages"),
    ]
    # nothing sets aside the lines that say no tonnage: their sum is unknown, and never smaller
    assert "when count(*) = count(tonnage_t) then sum(tonnage_t) end" in sql(home, "marts/fct_dechets_tonnages.sql")
    chapters = {chapter.id: [section.id for section in chapter.sections] for chapter in made.chapters}
    assert chapters["dechets"] == ["dechets-bennes", "dechets-tonnages", "dechets-passages"]
    assert (
        chapters["finances-propre"] == ["finances-passages"] and len(chapters["finances"]) > 1
    )  # the shipped one stays


def test_columns_of_the_tool_stand_beside_those_of_the_models(home: Layer) -> None:
    drafted(home, "dechets.passages", "pesees", by="motif", unit="passages")
    assert "lignes.motif as motif_source," in sql(home, "intermediate/int_quai__pesees.sql")
    assert "cast(coalesce(motif_source, 'non précisé') as string) as motif_source" in sql(
        home, "marts/fct_dechets_passages.sql"
    )
    drafted(home, "notes.nombre", "notes", by="mois")
    assert "as string) as mois_source" in sql(home, "marts/fct_notes_nombre.sql")
    assert "'hors période': 'lignes.annee > lignes.exercice'" in sql(home, "intermediate/int_quai__notes.sql")


def test_lines_of_one_key_that_do_not_say_the_same_are_no_mere_doubles(home: Layer) -> None:
    """A correction that came beside the first file: neither may be kept in silence."""
    drafted(home, "stocks.volume", "stocks", total="volume", by="mois", unit="m³")
    query = render(sql(home, "intermediate/int_quai__stocks.sql"))
    with duckdb.connect() as db:
        db.execute(
            "create schema lake; create table lake.quai__stocks as select 2024 as exercice, 'Nord' as site, volume, "
            "date '2024-01-01' as mois, 'l' as _livraison, fichier as _fichier, null as _feuille, 2 as _ligne, 'c' as _colonne "
            "from (values ('a.csv', 10), ('b.csv', 10), ('c.csv', 11)) as t (fichier, volume)"
        )
        found = db.execute(f"select _fichier, poids, motif from ({query}) order by 1").fetchall()
    assert found == [("a.csv", 1, "compté"), ("b.csv", 0, "doublon"), ("c.csv", 0, "même clé, autres valeurs")]


def test_a_key_that_lets_doubles_come_once_a_figure_is_drafted_counts_none_of_them(home: Layer) -> None:
    drafted(home, "dechets.tonnages", "pesees", total="tonnage_t", by="flux", unit="t")
    home.write("catalogue/systems/quai.yml", SYSTEM.replace("title: Bon,", "title: Bon, severity: warning,"))
    check(catalogue_of(REAL, home.root))
    place = "dbt_project/models/intermediate/int_quai__pesees.sql"
    home.write(place, (home.root / place).read_text(encoding="utf-8").replace("double_de", "rang"))  # one of its own
    with pytest.raises(DeclarationError, match="compte toutes les lignes de « quai/pesees » qui ont la même clé"):
        check(catalogue_of(REAL, home.root))


def test_another_measure_says_which_lines_it_lacks_and_formulas_name_its_column(home: Layer) -> None:
    made = drafted(home, "dechets.tonnages", "pesees", total="tonnage_t", by="flux", unit="t", label="Déchets pesés")
    assert (
        made.figures_declared.words["dechets.tonnage_t"].data == "tonnage"
    )  # another figure may be of the same column
    assert "case when count(*) = count(tonnage_t)" in sql(home, "marts/fct_dechets_tonnages.sql")
    drafted(home, "dechets.bennes", "pesees", total="bennes", unit="bennes")
    asked = "-- TODO les lignes sans tonnage_t n’y comptent pas"
    assert asked in sql(home, "marts/fct_dechets_bennes.sql")
    assert asked not in sql(home, "marts/fct_dechets_tonnages.sql")


def test_lines_that_may_come_twice_count_once(home: Layer) -> None:
    made = drafted(home, "stocks.volume", "stocks", total="volume", by="mois", unit="m³")
    text = sql(home, "intermediate/int_quai__stocks.sql")
    assert "{{ double_de('doublons') }}" in text and "partition by exercice, site, mois, motif_exclusion" in text
    entry = made.project.said["int_quai__stocks"].data
    (tested,) = entry["columns"][0]["data_tests"]
    assert tested["accepted_values"]["arguments"]["values"][-2:] == ["doublon", "même clé, autres valeurs"]
    (key,) = entry["data_tests"]
    assert key["unique_combination_of_columns"]["arguments"]["combination_of_columns"][-1] == "_colonne"


@pytest.mark.parametrize(
    ("code", "table", "asked", "said"),
    [
        ("dechets", "pesees", {}, "« dechets » n’est pas le code d’un chiffre"),
        ("dechets.{flux}", "pesees", {}, "n’est pas le code d’un chiffre"),
        ("rh.effectif.total", "pesees", {}, "catalogue/figures/rh.yml:"),
        ("dechets.a", "pesee", {}, "aucune table « pesee » n’est déclarée ; vouliez-vous dire « pesees »"),
        ("dechets.a", "agents", {}, "agents"),
        ("dechets.a", "glpi/tickets", {}, "remplit la forme tickets"),
        ("dechets.a", "reseau/liens", {}, "font déjà fct_liens_reseau"),
        ("dechets.a", "pesees", {"total": "tonnage"}, "vouliez-vous dire « tonnage_t »"),
        ("dechets.a", "pesees", {"total": "flux"}, "« flux » est de type string ; il faut un nombre"),
        ("dechets.a", "pesees", {"by": "chauffeur"}, "« chauffeur » est une colonne personnelle"),
        ("dechets.a", "pesees", {"by": "tonnage_t"}, "« tonnage_t » est de type number"),
        ("dechets.a", "pesees", {"total": "bennes"}, "--unit: en quoi « bennes » est compté"),
        ("dechets.a", "mesures", {"total": "valeur", "unit": "km"}, "l’une des mesures de « mesure » (Km et Trajets)"),
        (
            "dechets.a",
            "mesures",
            {"total": "valeur", "unit": "km", "only": ("mesure", "km")},
            "« km » n’est pas un mot de « mesure »",
        ),
        (
            "dechets.a",
            "mesures",
            {"total": "valeur", "unit": "km", "only": ("mois", "Mai")},
            "« mois » n’est pas une colonne de mots",
        ),
    ],
)
def test_what_does_not_fit_the_table_is_refused(home: Layer, code: str, table: str, asked: dict, said: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        draft_figure(catalogue_of(REAL, home.root), home.root, FigureRequest(code, table, **asked))
    assert said in str(refused.value)


def test_nothing_is_written_over(home: Layer) -> None:
    home.write("catalogue/report/texte/dechets_bennes.md", "À nous.\n")
    with pytest.raises(DeclarationError, match=r"dechets_bennes\.md existe déjà : rien n’est écrit"):
        drafted(home, "dechets.bennes", "pesees", total="bennes", unit="bennes")
    (home.root / "catalogue/report/texte/dechets_bennes.md").unlink()
    chapter = {"id": "dechets", "titre": "Déchets", "sections": [{"id": "rien", "titre": "Rien", "blocs": []}]}
    home.write("catalogue/report/12_dechets.yml", yaml.safe_dump(chapter) + "# à nous\n")
    drafted(home, "dechets.bennes", "pesees", total="bennes", unit="bennes")
    text = (home.root / "catalogue/report/12_dechets.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["sections"][1]["id"] == "dechets-bennes" and "# à nous" in text


@pytest.mark.parametrize(
    ("asked", "card", "chart"),
    [
        ({"unit": "kg", "label": "Déchets pesés"}, "Déchets pesés, en kg", "Déchets pesés par flux, en kg"),
        ({"unit": "tonnes", "label": "Tonnes de déchets"}, None, "Tonnes de déchets par flux"),
        ({"unit": "EUR", "label": "Recettes"}, None, "Recettes par flux"),
        ({"unit": "km", "label": "Trajets par flux"}, None, "Trajets par flux, en km"),
        ({"unit": "%", "label": "Part triée"}, None, "Part triée par flux, en %"),
    ],
)
def test_what_a_number_counts_is_said_beside_it(home: Layer, asked: dict, card: str | None, chart: str) -> None:
    made = drafted(home, "dechets.tonnages", "pesees", total="tonnage_t", by="flux", **asked)
    (section,) = next(chapter for chapter in made.chapters if chapter.id == "dechets").sections
    _, cards, drawn = section.blocs
    assert (cards.chiffres[0].libelle, drawn.titre) == (card, chart)
    figure = (home.root / "catalogue/figures/dechets_tonnages.yml").read_text(encoding="utf-8")
    assert ("des pourcentages ne s’ajoutent pas" in figure) == (asked["unit"] == "%")


@pytest.mark.parametrize(
    ("code", "label", "title"),
    [
        ("dechets.tonnages", "Tonnage des déchets", "Déchets"),
        ("pesees.tonnages", "Tonnage", "Pesées"),
        ("quai.tonnages", "Tonnage", "Quai"),
        ("collecte.tonnages", "Tonnage", "Collecte"),
    ],
)
def test_a_chapter_has_the_accents_of_what_is_declared(home: Layer, code: str, label: str, title: str) -> None:
    made = drafted(home, code, "pesees", total="tonnage_t", unit="t", label=label)
    assert next(chapter for chapter in made.chapters if chapter.id == code.partition(".")[0]).titre == title
    assert made.figures.titles[code.partition(".")[0]] == title


@pytest.mark.parametrize(
    ("table", "by", "seen", "words"),
    [
        ("stocks", "site", ("Quai", "Centre"), ["Centre", "Quai", "non précisé"]),
        ("stocks", "site", tuple(map(str, range(21))), None),
        ("pesees", "motif", ("Retour",), None),  # its table has persons: one of its words may tell who
    ],
)
def test_the_words_of_a_column_are_those_received_when_they_are_few(
    home: Layer, table: str, by: str, seen: tuple[str, ...], words: list[str] | None
) -> None:
    request = FigureRequest("dechets.nombre", table, by=by, unit="passages", words=seen)
    files = draft_figure(catalogue_of(REAL, home.root), home.root, request)
    text = files[home.root / "catalogue/fields.yml"]
    for name, entry in yaml.safe_load(text).items():
        assert name == "nb_stocks" or name == "nb_pesees" or entry.get("words") == words
    assert text.count("# TODO") == 2  # they are to decide, once, as how the number adds
