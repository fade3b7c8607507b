"""The gate of the report: whole publications of one small home, whose own layer, texts and rows break every rule of
``alertes.yml``, or none; a release waits for each of them.

Each guard has a section with its name, and each alert a table. A rule added to the file without a case here makes the tests fail.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.chapters.printed import Model
from pipelines.catalogue.load import load_catalogue
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.publication import PROFILES
from pipelines.runs.findings import all_findings
from pipelines.runs.publish import publish_warehouse
from pipelines.runs.release import Undecided, release_year
from pipelines.stages.publish.release import Visas
from tests.deliveries import Depot
from tests.runs.collect.killing import FORMER, MODELS
from tests.stages.transform.conftest import MODEL, Lab

YEAR = 2020
VISAS = Visas("A", "B", "C")
SHIPPED = load_catalogue()
OWN, CUMULATED = (f"finances.principal.fonctionnement.{one}" for one in ("resultat_exercice", "resultat"))
GAP, TICKETS, SOLVED = "finances.principal.ecart", "assistance.tickets.nombre", "assistance.tickets.resolus"
ONE, BOXES, VOLUME = "finances.factures", "infrastructure.boites", "infrastructure.stockage.volume"
VALUES = {OWN: "4", CUMULATED: "9", GAP: "-12", TICKETS: "30", SOLVED: "20", ONE: "1", BOXES: "7", VOLUME: "800"}
DEBT = "finances.dette.encours"


def card(code: str, label: str) -> dict[str, Any]:
    return {"genre": "chiffres", "chiffres": [{"code": code, "libelle": label}]}


def table(of: str, title: str, line: str, *columns: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """A table of ``rapport``: its title, the column of its rows, then name, title and format of each column."""
    shown = [{"nom": name, "titre": head, "format": how} for name, head, how in columns]
    lines = {"nom": line, "titre": "Ligne", "format": "texte"}
    return {
        "genre": "tableau",
        "table": of,
        "titre": title,
        "lignes": lines,
        "colonnes": shown,
        "vide": "Rien.",
        **more,
    }


def volume(title: str) -> dict[str, Any]:
    return table("rpt_activite__stockage", title, "libelle", ("volume_go", "Volume", "volume"))


def debt(head: str) -> dict[str, Any]:
    return table("rpt_finances__dette", "Dette", "libelle", ("encours_eur", head, "euros"))


def inhabitants(title: str) -> dict[str, Any]:
    return table("rpt_finances__contributions", title, "libelle", ("montant_eur", "Montant", "euros2"))


def shares(*kinds: str) -> dict[str, Any]:
    columns = ("part_resolus_pct", "Résolus", "pourcent0"), ("part_rouverts_pct", "Rouverts", "pourcent0")
    return table("rpt_assistance__delais", "Parts", "type_ticket", *columns, filtres={"type_ticket": list(kinds)})


MESSAGE = {"domaine": "Essai", "vers": "essai", "chiffre": ONE, "dit": "{valeur}"}  # the text replaces it
# guard → what breaks it, and what does not: a block, or the text that somebody wrote
GUARDS: dict[str, tuple[Any, Any]] = {
    "recus-dits-resolus": (
        f"Il y a eu {{{{ f('{TICKETS}') }}}} demandes traitées.",
        f"Il y a eu {{{{ f('{TICKETS}') }}}} tickets reçus, dont {{{{ f('{SOLVED}') }}}} résolus.",
    ),
    "cumule-avant-celui-de-l-exercice": (
        f"Le résultat est de {{{{ f('{CUMULATED}') }}}}, dont {{{{ f('{OWN}') }}}} de l’exercice.",
        f"Le résultat est de {{{{ f('{OWN}') }}}} pour l’exercice, de {{{{ f('{CUMULATED}') }}}} avec le report.",
    ),
    "stock-sans-date": (card(VOLUME, "de données"), card(VOLUME, "de données fin décembre")),
    "stock-d-un-tableau-sans-date": (volume("Volume par service"), volume("Volume, fin de mois")),
    "stock-d-une-collectivite-sans-date": (card(BOXES, "boîtes"), card(BOXES, "boîtes au 1er janvier")),
    "encours-sans-date": (debt("Encours"), debt("Encours au 31 décembre")),
    "habitants-sans-annee": (inhabitants("Par habitant"), inhabitants("Par habitant (population municipale de 2017)")),
    "habitants-d-une-phrase-sans-annee": (
        "La contribution est de 28,13 € par habitant.",
        "La contribution est de 28,13 € par habitant, selon la population municipale de 2017.",
    ),
    "sans-emprunt": ("Le syndicat n’a pas d’emprunt.", "Le syndicat n’a pas d’emprunt."),  # the rows differ
    "compte-administratif-non-recu": ("Voici le compte administratif.", "Voici le compte administratif."),
    "compte-financier-non-recu": ("Voici le CFU.", "Voici le CFU."),
    "signe-contraire": (
        f"C’est {{{{ f('{GAP}') }}}} de plus que prévu.",
        f"C’est {{{{ ecart('{GAP}', '{{}} de plus', '{{}} de moins', 'autant') }}}} que prévu (−3,1 %).",
    ),
    "nombre-sans-accord": (
        f"Il y a {{{{ f('{ONE}') }}}} factures.",
        "Il y a 21 factures, 1 001 boîtes, 1 mois, 1 accès, 10 agents et 1 sous-traitant.",
    ),
    "carte-sans-accord": (card(ONE, "factures émises"), card(ONE, "facture émise|factures émises")),
    "message-trop-long": (f"1. {'Encore un mot. ' * 9}", f"1. {'Encore un mot. ' * 8}"),
    "nombre-annonce": ([], []),  # a title
    "zero-pour-cent-en-tiret": (shares("incident", "demande"), shares("demande", "autre")),
}
TITLES = {"nombre-annonce": "nombre-annonce, ou l’année en cinq chiffres"}
PRINCIPAL = "2020, 'principal', 'investissement', 'dépense'"
WORDS = (
    "calculé",
    "complet",
    "Somme.",
    "Mairie",
    "Budget principal",
    "incident",
    "demande",
    "autre",
    "principal",
    "investissement",
    "dépense",
    "20",
    "21",
    "26",
    "020",
    "022",
    "040",
    "Immobilisations",
    "Licences",
    "Peu",
    "Imprévu",
    "Ordre",
)
ROWS = f"""
create table organisation.mots as from (values {", ".join(f"('{word}')" for word in WORDS)}) t(mot);
delete from rapport.rpt_rapprochement_publie;
insert into rapport.rpt_activite__stockage values (2020, 'Mairie', 3);
insert into rapport.rpt_finances__dette values (2020, 'Budget principal', 5);
insert into rapport.rpt_finances__contributions values (2020, 'Mairie', 12.5);
insert into rapport.rpt_infrastructure__acces_distants (exercice, mois, nb_agents) values
    (2020, 1, 1), (2020, 2, 2), (2020, 3, 30), (2020, 4, 3), (2020, 5, 40);
insert into rapport.rpt_assistance__delais values
    (2020, 'incident', 100, null), (2020, 'demande', 40, 60), (2020, 'autre', null, null);
"""
TABLES = {
    "rpt_activite__stockage": "libelle varchar, volume_go bigint",
    "rpt_finances__dette": "libelle varchar, encours_eur decimal(18, 2)",
    "rpt_finances__contributions": "libelle varchar, montant_eur decimal(18, 2)",
    "rpt_finances__sections": "nature_decision varchar",
    "rpt_infrastructure__acces_distants": (
        "mois integer, nb_agents bigint, nb_sessions bigint, nb_sessions_fin_estimee bigint, date_mois date,"
        "pic_agents_simultanes bigint, nb_agents_non_autorises bigint, nb_agents_autorises bigint"
    ),
    "rpt_assistance__delais": "type_ticket varchar, part_resolus_pct decimal(5, 1), part_rouverts_pct decimal(5, 1)",
    "rpt_sources": "source varchar, statut_collecte varchar, raisons varchar",
    "rpt_rgpd__violations": "atteinte varchar, nb_a_notifier bigint, nb_dans_les_72_heures bigint, nb_hors_delai bigint",
    "rpt_rgpd__registre_violations": (
        "reference_violation varchar, atteinte varchar, nb_personnes bigint, est_personnes_informees boolean"
    ),
    "rpt_rgpd__demandes": "droit varchar, nb_en_cours bigint, nb_hors_delai bigint",
    "rpt_finances__chapitres": (
        "type_budget varchar, section varchar, sens_budgetaire varchar, code_chapitre varchar, libelle_chapitre varchar,"
        "credits_ouverts_eur decimal(18, 2), realise_eur decimal(18, 2), taux_realisation_pct decimal(20, 6)"
    ),
}
# alert → the row that must be found, those that must not, and the text that explains it
ALERTS: dict[str, tuple[str, list[str], str]] = {
    "violation-hors-delai": (
        "(2020, 'confidentialité', 2, 1, 1)",
        ["(2020, 'disponibilité', 1, 1, 0)", "(2020, 'intégrité', 0, 0, 0)", "(2020, 'autre', null, 0, 0)"],
        "2020/alertes/violation-hors-delai-confidentialite.md",
    ),
    "personnes-non-informees": (
        "(2020, 'V1', 'disponibilité', 340, null)",
        ["(2020, 'V2', 'intégrité', 0, null)", "(2020, 'V3', 'autre', 4, true)", "(2020, 'V4', 'autre', 4, false)"],
        "2020/alertes/personnes-non-informees-v1.md",
    ),
    "demande-sans-reponse": (
        "(2020, 'accès', 1, 0)",
        ["(2020, 'effacement', 0, 0)"],
        "2020/alertes/demande-sans-reponse-acces.md",
    ),
    "chapitre-loin-du-prevu": (
        f"({PRINCIPAL}, '21', 'Immobilisations', 700000, 100000, 14.29)",
        [
            f"({PRINCIPAL}, '20', 'Licences', 700000, 690000, 98.57)",
            f"({PRINCIPAL}, '26', 'Peu', 900, 0, 0)",
            f"({PRINCIPAL}, '022', 'Imprévu', 700000, null, null)",
            f"({PRINCIPAL}, '040', 'Ordre', 700000, 1, 0)",
        ],
        "2020/alertes/chapitre-loin-du-prevu-principal-investissement-depense-21.md",
    ),
    "chapitre-sans-execution": (
        f"({PRINCIPAL}, '020', 'Imprévu', 90, 5, 5.55)",
        [],
        "2020/alertes/chapitre-sans-execution-principal-investissement-depense-020.md",
    ),
}


@dataclass
class Published:
    """What a whole publication found, what of it stops a release, and what each edition prints."""

    lab: Lab
    found: list[Finding]
    stopping: set[str]
    models: dict[str, Model]

    def of(self, code: str) -> list[Finding]:
        return [one for one in self.found if one.code == code]

    def breaches(self, guard: str) -> list[Finding]:
        return [one for one in self.of("RAP-GARDE") if one.cle.split()[0] == guard]


def published(root: Path, *, is_sound: bool) -> Published:
    """Both editions of a home whose texts, declarations and rows are sound, or are not."""
    lab = Lab(Depot(root))
    declare(lab, is_sound)
    lab.accept(FORMER.format(year=YEAR), YEAR)
    with open_ledger(lab.home) as ledger:
        work = lab.work(ledger)
        frozen = lab.prepare(ledger)
        lab.models(MODELS + rows(is_sound))
        lab.finish(ledger, frozen, [MODEL])
        publish_warehouse(work)
        found = all_findings(work)
        with pytest.raises(Undecided) as stopped:
            release_year(work, YEAR, VISAS, None)
    reports = lab.home.published / "report" / str(YEAR)
    models = {profile: json.loads((reports / profile / "modele.json").read_text("utf-8")) for profile in PROFILES}
    stopping = {one.finding.id for one in stopped.value.findings}
    return Published(lab, found, stopping, models)


def declare(lab: Lab, is_sound: bool) -> None:
    with lab.home.organisation_file.open("a", encoding="utf-8") as file:
        file.write("personnes: [{nom: A, fonction: a}, {nom: B, fonction: b}, {nom: C, fonction: c}]\n")
    layer = lab.depot.layer
    layer.take("catalogue/alertes.yml", "catalogue/report/texte/methode.md")
    sections = []
    for guard, cases in GUARDS.items():
        case = cases[is_sound]
        if isinstance(case, str):
            write(lab.home.contenu / f"{YEAR}/{guard}.md", case)
            kind = {"genre": "messages", "messages": [MESSAGE]} if guard.startswith("message") else {"genre": "contenu"}
            case = {**kind, "fichier": f"{guard}.md"}
        blocs = [{**case, **({"id": guard} if case["genre"] == "tableau" else {})}] if case else [card(ONE, "facture")]
        title = guard if is_sound else TITLES.get(guard, guard)
        sections.append({"id": f"garde-{guard}", "titre": title, "blocs": blocs})
    for at, (name, (_, _, note)) in enumerate(ALERTS.items()):
        alert = SHIPPED.alerts[name]
        bloc = table(alert.table, "Ce qui alarme", alert.cle[-1], ("exercice", "Année", "entier"), id=f"lignes-{at}")
        sections.append({"id": f"alerte-{name}", "titre": name, "blocs": [bloc]})
        if is_sound:
            write(lab.home.contenu / note, "Parce que.")
    layer.write("catalogue/report/01_essai.yml", {"id": "essai", "titre": "Essai", "sections": sections})
    for domain in {code.partition(".")[0] for code in (*VALUES, DEBT)}:
        codes = [code for code in (*VALUES, DEBT) if code.startswith(f"{domain}.")]
        layer.write(
            f"catalogue/figures/{domain}.yml",
            {"domaine": domain, "titre": domain, "chiffres": list(map(figure, codes))},
        )


def figure(code: str) -> dict[str, Any]:
    measured = {"fait": "fct_lignes", "agregat": "somme", "colonne": "montant"}
    return {
        "code": code,
        "libelle": code,
        "unite": "EUR",
        "decimales": 0,
        "compte": "choses",
        "mesure": measured,
        "sources": ["essai/lignes"],
    }


def rows(is_sound: bool) -> str:
    """The rows of ``rapport``: all the alarming ones, and a debt and documents that the texts contradict, or not."""
    figures = VALUES | {DEBT: "0" if is_sound else "5"}
    natures = ["compte administratif", "compte financier unique"] if is_sound else ["budget primitif"]
    said = [f"('{code}', {value})" for code, value in figures.items()]
    made = [f"create table rapport.{name} (exercice integer, {columns});" for name, columns in TABLES.items()]
    filled = [
        f"insert into rapport.{SHIPPED.alerts[name].table} values {', '.join([alarming, *calm])};"
        for name, (alarming, calm, _) in ALERTS.items()
    ]
    return "\n".join(
        [
            "create or replace table rapport.chiffres as select code, 2020 as exercice, valeur::decimal(20, 6) as valeur,"
            " '' as unite, 0 as decimales, 'calculé' as statut, null::varchar as code_manquant, 'complet' as etat,"
            " code as libelle, 'Somme.' as formule, 1::bigint as nb_lignes, null::decimal(20, 6) as valeur_ecartee,"
            " null::decimal(20, 6) as part_manquante, false as est_perte_significative,"
            " 0::decimal(20, 2) as montant_manquant_eur, split_part(code, '.', 1) as domaine"
            f" from (values {', '.join(said)}) t(code, valeur);",
            *made,
            *filled,
            ROWS,
            *(f"insert into rapport.rpt_finances__sections values (2020, '{nature}');" for nature in natures),
            *(
                f"alter table rapport.{name} add column {emptied} {kind};"  # in the public tables
                for name, columns in TABLES.items()
                for kind in ("varchar", "bigint")
                for emptied in _emptied(name, kind)
                if emptied not in columns
            ),
        ]
    )


def _emptied(name: str, kind: str) -> list[str]:
    declared = SHIPPED.secrecy.tables[name]
    return declared.never if kind == "varchar" else list(declared.persons)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Iterator[dict[bool, Published]]:
    """The publication that breaks every rule (False), and the sound one."""
    made = {}
    for is_sound in (False, True):
        root = tmp_path_factory.mktemp("porte")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MILLESIME_KEY_FILE", str(key_file))
            patch.setenv("MILLESIME_SHIPPED", str(root / "shipped"))
            made[is_sound] = published(root, is_sound=is_sound)
    yield made


def test_every_rule_of_the_file_has_its_case():
    assert GUARDS.keys() == SHIPPED.guards.keys()
    assert ALERTS.keys() == SHIPPED.alerts.keys()


@pytest.mark.parametrize("name", SHIPPED.guards)
def test_a_guard_finds_what_breaks_it_and_a_release_waits(homes: dict[bool, Published], name: str):
    broken = homes[False].breaches(name)
    editions = {one.cle.split()[1] for one in broken}
    assert editions == set(PROFILES)
    assert all(f"{SHIPPED.guards[name].dit} (édition " in one.message and name in one.message for one in broken)
    assert {one.id for one in broken} <= homes[False].stopping


@pytest.mark.parametrize("name", SHIPPED.alerts)
def test_an_alarming_row_is_printed_without_explanation_and_a_release_waits(homes: dict[bool, Published], name: str):
    _, _, note = ALERTS[name]
    (found,) = [one for one in homes[False].of("RAP-NOTE") if one.cle == note]
    assert (found.exercice, found.ou, found.attendu) == (YEAR, SHIPPED.alerts[name].table, f"contenu/{note}")
    assert found.id in homes[False].stopping
    (section,) = [
        one for one in homes[False].models["interne"]["chapitres"][0]["sections"] if one["id"] == f"alerte-{name}"
    ]
    assert "Sans explication fournie." in json.dumps(section, ensure_ascii=False)


def test_an_explanation_that_was_written_since_takes_an_alert_back(homes: dict[bool, Published]):
    lab, notes = homes[False].lab, [note for _, _, note in ALERTS.values()]
    written = lab.home.contenu / notes[0]
    write(written, "Parce que.")
    try:
        with open_ledger(lab.home) as ledger:
            left = [one.cle for one in all_findings(lab.work(ledger)) if one.code == "RAP-NOTE"]
        assert sorted(left) == sorted(notes[1:])
    finally:
        written.unlink()


def test_a_sound_publication_stops_for_none_of_them(homes: dict[bool, Published]):
    sound = homes[True]
    assert [one.message for one in (*sound.of("RAP-GARDE"), *sound.of("RAP-NOTE"), *sound.of("RAP-ECHEC"))] == []
    printed = json.dumps(sound.models["interne"], ensure_ascii=False)
    assert printed.count("Parce que.") >= len(ALERTS) and "Sans explication fournie" not in printed
    assert len(homes[False].of("RAP-NOTE")) == len(ALERTS)  # nor for a calm row
