"""Every mistake in a declaration names its file, its line and what is wrong."""

from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import load_organisation
from pipelines.catalogue.sources import Registry
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from tests.layers import Layer

SYSTEM = """\
system: essai
title: Essai
owner: quelqu’un
exports:
  - name: comptes
    title: Comptes
    files: "*.csv"
    format: {type: csv, encoding: cp1252, delimiter: ";"}
    tables:
      - name: comptes
        title: Comptes
        header:
          2018: {code: Code, montant: Montant}
        fields:
          - name: code
            title: Code
            constraints: {required: true}
          - name: montant
            title: Montant
            type: number
            decimalChar: ","
          - {name: jour, title: Jour, type: date, format: "%d/%m/%Y"}
          - {name: nom, title: Nom, personal: drop}
        ignore:
          - {column: code, pattern: "Total", sums: [montant]}
        exercice: {column: jour, rule: within}
"""
SHAPE = """\
shape: comptes
title: Comptes
description: Des comptes.
missingValues: ["", "-"]
primaryKey: [code]
fields:
  - {name: code, title: Code}
  - {name: est_actif, title: Actif, type: boolean}
  - {name: statut, title: Statut, constraints: {enum: [Ouvert, Clos]}}
"""
SHAPED = """\
system: essai
title: Essai
owner: quelqu’un
exports:
  - name: comptes
    title: Comptes
    files: "*.csv"
    format: {type: csv}
    tables:
      - name: comptes
        title: Comptes
        shape: comptes
        fields:
          - {name: est_actif, trueValues: [Oui], falseValues: [Non]}
          - {name: statut, values: {Ouvert: [open, 1], Clos: [closed]}, required: true}
"""


def load(shipped: Layer, system: str | bytes, shape: str = SHAPE) -> Registry:
    shipped.write("catalogue/shapes/comptes.yml", shape)
    shipped.write("catalogue/systems/essai.yml", system)
    return shipped.catalogue().registry


def test_the_declaration_of_these_tests_is_right(shipped):
    ((_, table),) = load(shipped, SYSTEM).tables()
    assert [field.name for field in table.kept_fields] == ["code", "montant", "jour"]
    assert table.has_personal_data
    assert table.header_of(2018) == table.header_of(2030) == {"code": "Code", "montant": "Montant"}
    assert table.header_of(2017) == table.header_of(2018)


MISTAKES = [
    # (what is replaced, by what, line, part of the message)
    ("owner: quelqu’un", "ownr: quelqu’un", 3, "ownr"),
    ("title: Essai", "titre: Essai", 2, "titre: cette clé n’existe pas ici"),
    ("encoding: cp1252", "encoding: latin9", 8, "utf-8, cp1252, iso-8859-15, utf-16, et non « latin9 »"),
    ("type: csv, ", "type: cvs, ", 8, "cvs"),
    ('delimiter: ";"', 'delimiter: ":"', 8, "delimiter"),
    ("type: number", "type: nombre", 20, "integer, number, boolean"),
    ("name: montant\n", "name: Montant\n", 18, "un nom fait de minuscules sans accent"),
    ("name: montant\n", "name: _montant\n", 18, "une lettre d’abord"),
    ("name: montant\n", "name: code\n", 10, "deux fois la même colonne"),
    ("name: montant\n", "name: exercice\n", 13, "montant"),
    ("montant: Montant}", "montan: Montant}", 13, "pas de colonne « montan » ; vouliez-vous dire « montant » ?"),
    ("montant: Montant}", "montant: ' code '}", 10, "le même intitulé"),
    ("{code: Code, montant: Montant}", "{montant: Montant}", 10, "il manque l’intitulé de code"),
    (
        "        title: Comptes\n        header",
        "        title: Comptes\n        title: Encore\n        header",
        12,
        "donnée deux fois",
    ),
    ('decimalChar: ","', 'decimalChar: ",."', 21, "decimalChar"),
    ('decimalChar: ","', 'decimalChar: ",", groupChar: ","', 21, "ce n’est pas du YAML"),
    ('decimalChar: ","', 'groupChar: "."', 18, "groupChar et decimalChar"),
    ('decimalChar: ","', "decimals: 9", 21, "un nombre d’au plus 6 est attendu"),
    ("%d/%m/%Y", "%d/%j/%Y", 22, "%j : inconnu"),
    ("%d/%m/%Y", "%d/%Y", 22, "une date a un mois"),
    ("personal: drop", "personal: hide", 23, "personal"),
    ('pattern: "Total"', 'pattern: "Total("', 25, "n’est pas une expression régulière"),
    ('pattern: "Total"', 'pattern: "(?!x).*"', 25, "ne peut ni regarder autour"),
    ("sums: [montant]", "sums: [jour]", 10, "« jour » n’est pas un nombre"),
    ("sums: [montant]", "sums: [total]", 25, "total"),
    ("column: jour, rule", "column: code, rule", 10, "est une date ou une année"),
    ("column: jour, rule", "column: jours, rule", 26, "pas de colonne « jours » ; vouliez-vous dire « jour » ?"),
    (
        "        header:",
        "        primaryKey: [code, codes]\n        header:",
        12,
        "pas de colonne « codes » ; vouliez-vous dire « code » ?",
    ),
    ("        header:", "        period: {column: mois}\n        header:", 12, "pas de colonne « mois »"),
    ("column: jour, rule", "column: nom, rule", 10, "est une date ou une année"),
    ("rule: within", "rule: inside", 26, "within, not_after, et non « inside »"),
    (
        "constraints: {required: true}",
        "constraints: {required: peut-être}",
        17,
        "true ou false est attendu, et non « peut-être »",
    ),
    ("constraints: {required: true}", "constraints: {pattern: '[a'}", 17, "n’est pas une expression régulière"),
    ("constraints: {required: true}", "constraints: {unik: true}", 17, "unik"),
    ("        header:", "        optional: [code]\n        header:", 10, "code : obligatoire"),
    ("        header:", "        optional: [total]\n        header:", 12, "total"),
    ('    files: "*.csv"', '    database: autre\n    files: "*.csv"', 7, "glpi, et non « autre »"),
    ('files: "*.csv"', 'files: "../*.csv"', 7, "files"),
    ('files: "*.csv"', 'files: "**.csv"', 5, "**"),
    ("type: csv, ", "title: '{annee}', type: csv, ", 5, "seul {exercice} est permis"),
    ("exports:\n", "due: demain\nexports:\n", 4, "due"),
    ("exports:\n", 'due: "31-03"\nexports:\n', 4, "« 31-03 » n’est pas un mois et un jour"),
    ("system: essai", "system: autre", 1, "« essai » est attendu, le nom du fichier"),
    (
        "      - name: comptes\n",
        "      - name: vide\n        title: V\n        fields: []\n      - name: comptes\n",
        10,
        "aucune colonne",
    ),
    ("title: Essai", "title: [", 4, "ce n’est pas du YAML"),
    ("title: Essai", "\ttitle: Essai", 2, "ce n’est pas du YAML"),
    ("title: Essai", "? [a, b]\n: c", 2, "une clé est un mot"),
    ("title: Essai", "title: !objet x", 2, "ce n’est pas du YAML"),
    ("          2018: {", "          an2018: {", 13, "un nombre entier est attendu, et non « an2018 »"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), MISTAKES)
def test_a_mistake_names_file_and_line(shipped, old, new, line, said):
    assert old in SYSTEM
    with pytest.raises(DeclarationError) as raised:
        load(shipped, SYSTEM.replace(old, new, 1))
    lines = [text for text in str(raised.value).splitlines() if text.startswith(f"catalogue/systems/essai.yml:{line} ")]
    assert any(said in text for text in lines), str(raised.value)


def test_every_mistake_is_reported_at_once(shipped):
    with pytest.raises(DeclarationError) as raised:
        load(shipped, SYSTEM.replace("type: number", "type: nombre").replace("rule: within", "rule: inside"))
    assert len(str(raised.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- a\n", "des clés et leurs valeurs sont attendues"),
        (b"", "des clés et leurs valeurs sont attendues"),
        (b"system: \xe9t\xe9\n", "UTF-8"),
        (b"system: a\x00b\n", "YAML"),
        (b"system: essai\nexports: 5\n", "exports"),
        (b"system: essai\nexports: [1, a]\n", "exports.0"),
        (b"system: essai\nexports: [{tables: 3}]\n", "exports.0.tables"),
        (b"system: essai\nexports: [{tables: [{shape: {x: 1}, fields: {}}]}]\n", "exports.0.tables.0"),
    ],
)
def test_what_is_no_declaration_at_all(shipped, content, said):
    with pytest.raises(DeclarationError) as raised:
        load(shipped, content)
    assert said in str(raised.value)
    assert str(raised.value).startswith("catalogue/systems/essai.yml:")


def test_two_exports_or_tables_of_the_same_name(shipped):
    export = SYSTEM[SYSTEM.index("  - name: comptes") :]
    for changed, said in (
        (export, "deux tables"),
        (export.replace("      - name: comptes", "      - name: autres"), "deux exports"),
    ):
        with pytest.raises(DeclarationError, match=f"catalogue/systems/essai.yml:4 exports: {said}"):
            load(shipped, SYSTEM + changed)


def test_csv_has_one_table_and_xlsx_one_sheet_a_table(shipped):
    table = SYSTEM[SYSTEM.index("      - name: comptes") :].replace("name: comptes", "name: autres")
    with pytest.raises(DeclarationError, match="catalogue/systems/essai.yml:5 .*a une table, et une seule"):
        load(shipped, SYSTEM + table)
    book = (SYSTEM + table).replace('{type: csv, encoding: cp1252, delimiter: ";"}', "{type: xlsx}")
    with pytest.raises(DeclarationError, match="catalogue/systems/essai.yml:5 .*la même feuille"):
        load(shipped, book)
    load(shipped, book.replace("name: autres\n", "name: autres\n        sheet: Autres\n"))
    grouped = SYSTEM.replace('{type: csv, encoding: cp1252, delimiter: ";"}', "{type: xlsx}").replace(
        'decimalChar: ","', 'decimalChar: ","\n            groupChar: "."'
    )
    with pytest.raises(DeclarationError, match="les nombres d’un classeur"):
        load(shipped, grouped)


def test_a_shape_gives_its_fields_and_the_system_its_formats(shipped):
    ((_, table),) = load(shipped, SHAPED).tables()
    assert [f.name for f in table.fields] == ["code", "est_actif", "statut"]
    assert table.field("est_actif").trueValues == ["Oui"]
    statut = table.field("statut")
    assert statut.values == {"Ouvert": ["open", "1"], "Clos": ["closed"]}
    assert (statut.constraints.required, statut.constraints.enum) == (True, ["Ouvert", "Clos"])
    assert (table.primaryKey, table.missingValues, table.description) == (["code"], ["", "-"], "Des comptes.")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            "shape: comptes",
            "shape: compte",
            12,
            "« compte » n’est pas une forme déclarée (comptes) ; vouliez-vous dire « comptes » ?",
        ),
        ("name: est_actif", "name: actif", 14, "pas de colonne « actif » ; vouliez-vous dire « est_actif » ?"),
        ("trueValues: [Oui]", "trueValues: [Yes]", 14, "un texte est attendu, et non true"),  # YAML reads Yes as true
        ("trueValues: [Oui]", "type: integer", 14, "type"),
        ("falseValues: [Non]", "falseValues: [Oui]", 14, "fields.est_actif: une même valeur est dans"),
        ("trueValues: [Oui]", "trueValues: []", 14, "il faut au moins une valeur à chacune"),
        ("Clos: [closed]", "Close: [closed]", 15, "values: Close : hors des valeurs permises (Ouvert, Clos)"),
        ("Clos: [closed]", "Clos: [open]", 15, "values: open : donné deux fois"),
        ("Clos: [closed]", "Clos: []", 15, "donner à chaque mot"),
        ("Clos: [closed]", "Clos: [true]", 15, "un texte est attendu, et non true"),
        ("trueValues: [Oui], ", "values: {x: [y]}, trueValues: [Oui], ", 14, "et non boolean"),
    ],
)
def test_a_mistake_against_a_shape(shipped, old, new, line, said):
    with pytest.raises(DeclarationError) as raised:
        load(shipped, SHAPED.replace(old, new, 1))
    message = str(raised.value)
    assert said in message
    assert f"catalogue/systems/essai.yml:{line} " in message
    assert message.startswith("catalogue/systems/essai.yml:")


def test_a_mistake_in_a_shape_names_the_shape(shipped):
    with pytest.raises(DeclarationError, match=r"catalogue/shapes/comptes.yml:8 fields.1.type"):
        load(shipped, SHAPED, SHAPE.replace("type: boolean", "type: bool"))
    with pytest.raises(DeclarationError, match="catalogue/shapes/comptes.yml:1 shape: « comptes » est attendu"):
        load(shipped, SHAPED, SHAPE.replace("shape: comptes", "shape: autre"))


ORGANISATION = """\
nom: Syndicat
sigle: S
siren: "123456782"
exercices: {premier: 2018, dernier: 2020}
systemes:
  - essai
applications:
  - {code: appli, libelle: Appli, domaine: D, indicateurs: []}
"""


def uses(shipped: Layer) -> None:
    """The systems that ORGANISATION uses."""
    shipped.write("catalogue/systems/appli.yml", SYSTEM.replace("system: essai", "system: appli"))
    load(shipped, SYSTEM)


def organisation(shipped: Layer, folder: Path, text: str):
    uses(shipped)
    (folder / "organisation.yml").write_text(text, encoding="utf-8")
    return load_organisation(Home(folder), shipped.catalogue())


def refused(shipped: Layer, tmp_path: Path, text: str, line: int, said: str) -> None:
    """An organisation with this text is refused, with that line in the message."""
    with pytest.raises(DeclarationError) as raised:
        organisation(shipped, tmp_path, text)
    assert any(
        said in t for t in str(raised.value).splitlines() if t.startswith(f"{tmp_path}/organisation.yml:{line} ")
    )


def test_an_organisation_expects_the_exports_of_its_systems(shipped, tmp_path):
    found = organisation(shipped, tmp_path, ORGANISATION)
    registry = load(shipped, SYSTEM.replace("exports:", "valid: {last: 2019}\nexports:"))
    assert found.years == [2018, 2019, 2020]
    assert [[ref.key for ref in found.exports(registry, year)] for year in (2019, 2020)] == [
        ["appli/comptes", "essai/comptes"],
        ["appli/comptes"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("- essai", "- esai", 6, "« esai », que rien ne déclare"),
        ('"123456782"', '"12345"', 3, "siren"),
        ("siren:", "siret:", 3, "siret"),
        ("code: appli", "code: apli", 8, "le système « apli », que rien ne déclare ; vouliez-vous dire « appli » ?"),
        ("indicateurs: []", "indicateurs: [agents]", 8, "pas d’indicateur « agents »"),
        ("premier: 2018, ", "", 4, "premier"),
    ],
)
def test_a_mistake_in_an_organisation(shipped, tmp_path, old, new, line, said):
    refused(shipped, tmp_path, ORGANISATION.replace(old, new, 1), line, said)


MEMBERS = """\
collectivites:
  - {code_insee: "56046", siren: "215600461", nom: Crac’h}
  - {siren: "200043123", nom: Auray Quiberon Terre Atlantique, type: communauté de communes}
"""


def test_a_member_without_a_code_insee_is_known_by_its_siren(shipped, tmp_path):
    found = organisation(shipped, tmp_path, ORGANISATION + MEMBERS)
    assert [member.code for member in found.collectivites] == ["56046", "200043123"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            '"215600461"',
            '"215600462"',
            10,
            "215600462 n’est pas un SIREN : son dernier chiffre, d’après les autres, est 1",
        ),
        (", type: communauté de communes", "", 11, "une commune a un code_insee"),
        (
            '{siren: "200043123"',
            '{code_insee: "56046", siren: "200043123"',
            11,
            "« 56046 » est déjà donné à la ligne 10",
        ),
        ('"200043123"', '"215600461"', 11, "« 215600461 » est déjà donné à la ligne 10"),
        ('siren: "123456782"', 'siren: "123456789"', 3, "123456789 n’est pas un SIREN"),
        (
            "nom: Crac’h",
            "nom: Crac’h, alias: [AURAY-QUIBERON terre ATLANTIQUE]",
            11,
            "désigne aussi celle de la ligne 10",
        ),
        ("nom: Crac’h", "nom: Crac’h, debiteur: ['…']", 10, "« … » n’est pas un nom"),
        ("nom: Crac’h", "nom: Crac’h, annee_population: 2023", 10, "annee_population"),
        ("nom: Crac’h", "nom: syndicat", 10, "« syndicat » désigne aussi l’organisation"),
    ],
)
def test_a_mistake_in_a_member(shipped, tmp_path, old, new, line, said):
    refused(shipped, tmp_path, (ORGANISATION + MEMBERS).replace(old, new, 1), line, said)


def test_a_system_that_is_there_twice_is_refused(shipped, tmp_path):
    twice = ORGANISATION.replace("  - essai\n", "  - essai\n  - essai\n")
    refused(shipped, tmp_path, twice, 7, "« essai » est déjà donné à la ligne 6")


SAID = """\
sources:
  essai: {owner: La régie, retention: P3Y, valid: {last: 2019}}
  essai/comptes: {owner: Le pôle, due: "04-30"}
"""


def test_an_organisation_says_of_its_sources_who_sends_them_when_and_how_long(shipped, tmp_path):
    found = organisation(shipped, tmp_path, ORGANISATION + SAID)
    declared = shipped.catalogue().registry
    (_, before), (_, after) = declared.exports(), found.applied(declared).exports()
    assert (before.owner, after.owner) == ("quelqu’un", "Le pôle")  # the export's own word prevails over its system's
    assert (after.system.owner, after.due(2019), after.system.retention) == ("La régie", "2020-04-30", "P3Y")
    assert before.due(2019) != after.due(2019) and declared.systems["essai"].owner == "quelqu’un"
    covered = [[ref.system.covers(year) for year in (2019, 2020)] for ref in (before, after)]
    assert covered == [[True, True], [True, False]]
    assert before.layout(2019) == after.layout(2019)  # a delivery stays the one that it is
    assert [[ref.key for ref in found.exports(found.applied(declared), year)] for year in (2019, 2020)] == [
        ["appli/comptes", "essai/comptes"],
        ["appli/comptes"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("  essai: {", "  esai: {", 10, "« esai » n’est ni un système ni un export"),
        ("essai/comptes:", "essai/lignes:", 11, "« essai/lignes » n’est ni un système ni un export"),
        ('due: "04-30"', "valid: {last: 2019}", 11, "valid se dit d’un système"),
        ("retention: P3Y", "retention: 3 ans", 10, "retention"),
        ('due: "04-30"', "due: avril", 11, "due"),
        ("owner: Le pôle", "proprietaire: Le pôle", 11, "proprietaire"),
    ],
)
def test_a_mistake_in_what_it_says_of_them(shipped, tmp_path, old, new, line, said):
    assert old in SAID
    refused(shipped, tmp_path, ORGANISATION + SAID.replace(old, new, 1), line, said)


@pytest.mark.parametrize(("code", "line"), [("systemes", 6), ("applications", 8)])
def test_what_the_organisation_uses_is_not_switched_off_and_both_places_are_named(shipped, tmp_path, code, line):
    uses(shipped)
    (tmp_path / "organisation.yml").write_text(ORGANISATION, encoding="utf-8")
    off = {"systemes": "essai", "applications": "appli"}[code]
    place = Layer(tmp_path).write(f"catalogue/systems/{off}.yml", {"system": off, "enabled": False})
    home = Home(tmp_path)
    with pytest.raises(DeclarationError) as raised:
        load_organisation(home, shipped.catalogue(home))
    assert str(raised.value).startswith(f"{tmp_path}/organisation.yml:{line} {code}: ")
    assert f"« {off} », que {place}:1 désactive" in str(raised.value)


def test_no_organisation_says_how_to_make_one(shipped, tmp_path):
    with pytest.raises(DeclarationError, match="millesime init"):
        load_organisation(Home(tmp_path), shipped.catalogue())


# the declarations of the project ------------------------------------------------------------


def project() -> Registry:
    return load_catalogue().registry


def test_every_declared_pattern_is_known_to_duckdb():
    patterns = {f.constraints.pattern for _, table in project().tables() for f in table.fields} - {None}
    patterns |= {rule.pattern for _, table in project().tables() for rule in table.ignore}
    with duckdb.connect() as db:
        for pattern in patterns:
            db.execute("select regexp_full_match('x', ?)", [pattern])


def test_every_table_and_column_says_what_it_holds():
    silent = [
        f"{system.system}/{table.name}.{field.name}"
        for system, table in project().tables()
        for field in table.fields
        if not field.description
    ]
    assert silent == []


def test_names_of_persons_are_never_kept_as_they_are():
    kept = [
        f"{system.system}/{table.name}.{field.name}"
        for system, table in project().tables()
        for field in table.kept_fields
        if field.name in ("nom", "prenom", "nom_agent", "prenom_agent", "agent", "identifiant", "matricule")
        and field.personal != "pseudonymise"
    ]
    assert kept == []
