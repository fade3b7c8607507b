"""Tools unknown to the shipped catalogue fill its shapes with one YAML each in the home: their rows reach marts and figures."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import millesime

pytestmark = pytest.mark.long

ORGANISATION = """\
nom: Communauté de communes des Essarts
sigle: CCE
siren: "200000008"
exercices: {premier: 2024, dernier: 2025}
systemes: [glpi, halp, courrier_365, pare_feu, nomade, papercut]
collectivites:
  - {code_insee: "99001", siren: "210000006", nom: Ville-Haute, alias: [VH, ville-haute.fr]}
  - {code_insee: "99002", siren: "210000014", nom: Val d’Œuf}
"""


def declared(system: str, files: str, form: str, table: str) -> str:
    lines = [f"        {line}" for line in table.strip().splitlines()]
    return "\n".join(
        [
            f"system: {system}",
            f"title: {system}",
            "owner: DSI",
            "exports:",
            "  - name: lignes",
            "    title: Lignes",
            f'    files: "{files}"',
            f"    format: {{{form}}}",
            "    tables:",
            "      - name: lignes",
            "        title: Lignes",
            *lines,
            "",
        ]
    )


SYSTEMS = {
    # another help desk, from July on: its own words, no entity, a number that GLPI gave too
    "halp": declared(
        "halp",
        "*.jsonl",
        "type: jsonl",
        """
shape: tickets
header:
  2024: {id: key, collectivite: town, statut: status, date_ouverture: created, date_resolution: resolved, priorite: level,
    type: kind, nb_reouvertures: reopened}
fields:
  - {name: statut, values: {Nouveau: [open], Résolu: [done]}}
  - {name: priorite, values: {Haute: [1], Basse: [3]}}
  - {name: type, values: {Incident: [bug], Demande: [ask]}}
exercice: {column: date_ouverture, rule: within}
""",
    ),
    # Microsoft 365, « Mailbox usage detail »: one file, both mailboxes and accounts
    "courrier_365": declared(
        "courrier_365",
        "*.csv",
        'type: csv, delimiter: ","',
        """
shape: [boites, comptes_messagerie]
header:
  2024: {adresse: User Principal Name, domaine: {column: User Principal Name, pattern: "[^@]+@(.*)"},
    statut: Is Deleted, date_creation: Created Date, date_derniere_connexion: Last Activity Date,
    volume_octets: Storage Used (Byte), plafond_octets: Prohibit Send/Receive Quota (Byte)}
fields:
  - {name: statut, values: {Actif: ["False"], Supprimé: ["True"]}}
  - {name: date_creation, format: "%Y-%m-%d"}
  - {name: date_derniere_connexion, format: "%Y-%m-%d"}
exercice: {column: date_creation, rule: not_after}
""",
    ),
    # a firewall: openings and closings with a length, at the local time, day and hour apart (FortiGate)
    "pare_feu": declared(
        "pare_feu",
        "*.log",
        "type: key_value",
        """
shape: acces_distants
header:
  2024: {horodatage_local: {column: [date, time]}, type_evenement: action, id_session: tunnelid, identifiant: user,
    duree_secondes: duration}
fields:
  - {name: type_evenement, values: {Ouverture: [tunnel-up], Fermeture: [tunnel-down]}}
exercice: {column: horodatage_local, rule: within}
ignore:
  - {column: type_evenement, pattern: tunnel-stats, reason: commentaire}
""",
    ),
    # a VPN that writes a line a session
    "nomade": declared(
        "nomade",
        "*.csv",
        "type: csv",
        """
shape: acces_distants
header:
  2024: {identifiant: login, debut_local: debut, horodatage_local: fin}
fields:
  - {name: debut_local, format: "%d/%m/%Y %H:%M"}
  - {name: horodatage_local, format: "%d/%m/%Y %H:%M"}
exercice: {column: horodatage_local, rule: within}
""",
    ),
    "papercut": declared(
        "papercut",
        "*.csv",
        'type: csv, delimiter: ","',
        """
shape: travaux_edition
header:
  2024: {date_travail: Time, collectivite: Department, nb_documents: Copies, nb_pages: Pages, est_couleur: Grayscale}
fields:
  - {name: date_travail, format: "%Y-%m-%d %H:%M:%S"}
  - {name: est_couleur, trueValues: [NOT GRAYSCALE], falseValues: [GRAYSCALE]}
exercice: {column: date_travail, rule: within}
""",
    ),
}
GLPI = """\
ID;Entité;Statut;Date d'ouverture;Priorité;Catégorie;Type;Date de résolution
7;CCE > Ville-Haute;Clos;05-01-{year} 09:00;Haute;Réseau;Incident;05-01-{year} 10:00
1 234;CCE;Nouveau;06-02-{year} 09:00;Basse;;Demande;
"""
FILES = {
    "2024/glpi/glpi.csv": GLPI.format(year=2024),
    "2025/glpi/glpi.csv": GLPI.format(year=2025),  # that year the other help desk is still awaited
    "2024/halp/halp.jsonl": """\
{"key": 7, "town": "Val d'Oeuf", "status": "done", "created": "2024-07-01 09:00:00", "resolved": "2024-07-01 12:00:00", \
"level": 1, "kind": "bug", "reopened": 0}
{"key": "HALP-8", "town": "VH", "status": "open", "created": "2024-08-01 09:00:00", "resolved": null, "level": 3, \
"kind": "ask", "reopened": 1}
""",
    "2024/courrier_365/courrier_365.csv": """\
Report Refresh Date,User Principal Name,Display Name,Is Deleted,Created Date,Last Activity Date,Storage Used (Byte),\
Prohibit Send/Receive Quota (Byte)
2025-01-02,a@ville-haute.fr,Alice,False,2019-03-04,2024-12-30,1500000000,53687091200
2025-01-02,b@ville-haute.fr,Bruno,False,2020-03-04,,2000000000,53687091200
2025-01-02,c@ville-haute.fr,Chloé,True,2020-03-04,,9000000000,53687091200
""",
    "2024/pare_feu/vpn.log": """\
date=2024-05-13 time=08:00:00 type="event" subtype="vpn" action="tunnel-up" tunnelid=11 user="alice"
date=2024-05-13 time=08:10:00 type="event" subtype="vpn" action="tunnel-stats" tunnelid=11 user="alice" duration=600
date=2024-05-13 time=09:30:00 type="event" subtype="vpn" action="tunnel-down" tunnelid=12 user="bruno" duration=3600
date=2024-05-13 time=10:00:00 type="event" subtype="vpn" action="tunnel-down" tunnelid=11 user="alice" duration=7200
""",
    "2024/nomade/nomade.csv": """\
login;debut;fin
chloe;13/05/2024 09:00;13/05/2024 09:10
chloe;14/05/2024 09:00;14/05/2024 09:10
""",
    "2024/papercut/papercut.csv": """\
Time,User,Pages,Copies,Printer,Document Name,Department,Grayscale
2024-03-04 09:12:33,alice,12,3,P1,contrat.pdf,Ville-Haute,NOT GRAYSCALE
2024-03-05 10:00:00,bruno,4,1,P1,note.pdf,Val d'Oeuf,GRAYSCALE
""",
}


# tools that leave out what figures need: a report says so, and counts nothing
SPARE = {
    "personnel": declared(
        "personnel",
        "*.csv",
        "type: csv",
        """
shape: agents
header:
  2024: {matricule: Matricule, sexe: Sexe, tranche_age: Naissance, statut: Statut, est_emploi_permanent: Permanent,
    est_temps_complet: Complet, quotite_pct: Quotité, date_entree: Entrée}
fields:
  - {name: tranche_age, format: "%d/%m/%Y"}
  - {name: date_entree, format: "%d/%m/%Y"}
  - {name: est_emploi_permanent, trueValues: [Oui], falseValues: [Non]}
  - {name: est_temps_complet, trueValues: [Oui], falseValues: [Non]}
""",
    ),
    "paie": declared(
        "paie",
        "*.csv",
        "type: csv",
        """
shape: heures_remunerees
header:
  2024: {matricule: Matricule, statut: Statut, mois: {heading: '(.+/2024)'}, heures: {under: mois, empty: skip}}
fields:
  - {name: mois, format: "%m/%Y"}
exercice: {column: mois, rule: within}
""",
    ),
    "billets": declared(
        "billets",
        "*.csv",
        "type: csv",
        """
shape: tickets
header:
  2024: {id: Numéro, collectivite: Ville, statut: État, date_ouverture: Ouvert le}
fields:
  - {name: statut, values: {Nouveau: [ouvert], Résolu: [fini]}}
  - {name: date_ouverture, format: "%d/%m/%Y %H:%M"}
exercice: {column: date_ouverture, rule: within}
""",
    ),
    "pare_feu": SYSTEMS["pare_feu"],
    "papercut": SYSTEMS["papercut"].replace(  # columns that its user may display, and did not
        "est_couleur: Grayscale}",
        "est_couleur: Grayscale, nature: Kind, est_mis_sous_pli: Folded}\n        optional: [nature, est_mis_sous_pli]",
    ),
}
SPARE_FILES = {
    "2024/personnel/personnel.csv": """\
Matricule;Sexe;Naissance;Statut;Permanent;Complet;Quotité;Entrée
1;F;03/04/1980;Titulaire;Oui;Oui;100;01/02/2010
2;M;03/04/1990;Contractuel;Non;Oui;100;01/02/2023
""",
    "2024/paie/paie.csv": f"""\
Matricule;Statut;{";".join(f"{month:02}/2024" for month in range(1, 13))}
1;Titulaire;{";".join(["100"] * 12)}
2;Contractuel;{";".join(["50"] * 12)}
""",
    "2024/billets/billets.csv": """\
Numéro;Ville;État;Ouvert le
1;VH;fini;03/04/2024 09:00
2;VH;ouvert;04/04/2024 09:00
""",
    **{name: FILES[name] for name in ("2024/pare_feu/vpn.log", "2024/papercut/papercut.csv")},
}


def written(root: Path, systems: dict[str, str], files: dict[str, str], organisation: str) -> Path:
    texts = {f"catalogue/systems/{name}.yml": text for name, text in systems.items()}
    texts |= {f"landing/{name}": text for name, text in files.items()}
    texts["organisation.yml"] = organisation
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root.parent / "key").write_bytes(b"k" * 32)
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = written(tmp_path_factory.mktemp("formes") / "home", SYSTEMS, FILES, ORGANISATION)
    done = millesime(root, "run", "2024", "2025")
    assert done.returncode == 3, f"{done.stdout}\n{done.stderr}"  # 2025 is incomplete
    return root


@pytest.fixture(scope="module")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    of_one_year = ORGANISATION.replace("dernier: 2025", "dernier: 2024")
    of_one_year = of_one_year.replace("[glpi, halp, courrier_365, pare_feu, nomade, papercut]", f"[{', '.join(SPARE)}]")
    root = written(tmp_path_factory.mktemp("sobre") / "home", SPARE, SPARE_FILES, of_one_year)
    done = millesime(root, "run", "2024")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return root


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect() as db:
        db.execute(f"attach '{home}/published/millesime.duckdb' as publie (read_only); use publie")
        return db.execute(query).fetchall()


@pytest.mark.parametrize(
    ("code", "exercice", "value", "partial"),
    [
        ("assistance.tickets.nombre", 2024, 4, False),
        ("assistance.tickets.incidents", 2024, 2, False),
        ("assistance.tickets.resolus", 2024, 2, False),
        ("assistance.tickets.delai_moyen", 2024, 2, False),  # an hour, three hours
        ("assistance.tickets.nombre", 2025, 2, True),  # no smaller number calls itself whole
        ("infrastructure.messagerie.licences", 2024, 2, False),
        ("infrastructure.messagerie.stockage", 2024, 4, False),  # 3.5 Go
        ("infrastructure.teletravail.pic_simultane", 2024, 3, False),  # at nine, over both gateways
    ],
)
def test_its_rows_reach_the_figures(home: Path, code: str, exercice: int, value: int, partial: bool) -> None:
    found = ask(
        home, f"select valeur, etat = 'partiel' from rapport.chiffres where code = '{code}' and exercice = {exercice}"
    )
    assert found == [(Decimal(value), partial)]


def test_its_rows_reach_the_marts(home: Path) -> None:
    assert ask(
        home,
        "select systeme, numero_ticket, code_collectivite, type_ticket, priorite, statut_ticket, nb_rouverts "
        "from marts.fct_tickets where exercice = 2024 order by all",
    ) == [
        ("glpi", "1234", "non_repartie", "demande", "Basse", "Nouveau", None),
        ("glpi", "7", "99001", "incident", "Haute", "Clos", None),
        ("halp", "7", "99002", "incident", "Haute", "Résolu", 0),
        ("halp", "HALP-8", "99001", "demande", "Basse", "Nouveau", 1),
    ]
    assert ask(
        home,
        "select mois, nb_agents, nb_sessions, nb_sessions_fin_estimee from marts.fct_acces_distants where mois = 5",
    ) == [(5, 3, 4, 0)]
    assert ask(
        home,
        "select code_collectivite, nature_document, est_mis_sous_pli, nb_documents, nb_pages, nb_feuilles "
        "from marts.fct_travaux_edition order by all",
    ) == [("99001", "Impressions", False, 3, 12, None), ("99002", "Impressions", False, 1, 4, None)]
    assert ask(home, "select code_collectivite, nb_comptes, nb_comptes_actifs from marts.fct_comptes_messagerie") == [
        ("99001", 2, 2)
    ]


def test_copiers_that_never_tell_of_payslips_or_plis_bring_neither(home: Path) -> None:
    """Nothing says what kind of documents they print, or that these are enveloped."""
    assert ask(home, "select code from rapport.chiffres where code like 'infrastructure.editique.%'") == []
    assert ask(home, "select libelle_indicateur from rapport.rpt_collectivites__synthese where rang in (3, 4)") == []
    pages = [path.read_text(encoding="utf-8") for path in (home / "published/report").rglob("*.html")]
    assert pages and not any("salaires imprimés" in page or "sous pli" in page for page in pages)


def test_both_systems_of_a_year_are_traced_to_their_lines(home: Path) -> None:
    said = millesime(home, "trace", "assistance.tickets.nombre", "2024")
    assert said.returncode == 0, said.stderr
    assert "glpi/tickets" in said.stdout and "halp/lignes" in said.stdout
    back = millesime(home, "trace", "--file", "halp.jsonl", "--line", "2")
    assert "assistance.tickets.nombre" in back.stdout, f"{back.stdout}\n{back.stderr}"


def test_a_system_that_is_awaited_is_named_and_one_that_nobody_uses_is_not(home: Path) -> None:
    said = millesime(home, "status", "2025").stdout
    assert "halp/lignes" in said
    assert "citrix" not in millesime(home, "status", "2024").stdout


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("rh.effectif_filiere.technique.tous", "champ « Cadre d’emplois » non fourni"),
        ("rh.mouvement.departs", "champ « Date de sortie » non fourni"),
        ("assistance.tickets.incidents", "champ « Type » non fourni"),
        ("assistance.tickets.demandes", "champ « Type » non fourni"),
        ("assistance.tickets.delai_moyen", "champ « Date de résolution » non fourni"),
        ("infrastructure.editique.bulletins_imprimes", "champ « Nature » non fourni"),
        ("infrastructure.editique.documents_mis_sous_pli", "champ « Mise sous pli » non fourni"),
    ],
)
def test_what_its_tool_does_not_give_is_missing_never_zero(spare: Path, code: str, reason: str) -> None:
    assert ask(
        spare, f"select etat, valeur, code_manquant from rapport.chiffres where code = '{code}' and exercice = 2024"
    ) == [("manquant", None, "m")]
    lack = f"select motif from rapport.rpt_manques where code_chiffre = '{code}' and exercice = 2024"
    assert ask(spare, lack) == [(reason,)]


def test_what_its_tool_gives_is_counted_all_the_same(spare: Path) -> None:
    for code, value, state in (
        ("assistance.tickets.nombre", 2, "complet"),
        ("assistance.tickets.resolus", 1, "complet"),
        ("rh.effectif.contractuel_non_permanent", 1, "complet"),
        (
            "rh.effectif.fonctionnaire",
            1,
            "complet",
        ),  # her cadre d'emplois is not given: no loss for a body that does not need it
        ("rh.effectif.total", 2, "complet"),
        ("rh.heures_remunerees", 1800, "complet"),
        ("rh.heures.contractuel_non_permanent", 600, "complet"),
        ("infrastructure.teletravail.pic_simultane", 2, "complet"),
    ):
        found = ask(spare, f"select valeur, etat from rapport.chiffres where code = '{code}' and exercice = 2024")
        assert found == [(Decimal(value), state)], code


def test_each_cell_of_a_line_is_traced_under_its_heading(spare: Path) -> None:
    said = millesime(spare, "trace", "rh.heures.fonctionnaire", "2024")
    assert said.returncode == 0, said.stderr
    assert all(f"paie.csv:2, colonne « {month:02}/2024 »" in said.stdout for month in range(1, 13))


def test_no_row_counts_what_no_tool_says(spare: Path) -> None:
    for table in ("tickets_mois", "tickets_collectivites"):
        asked = f"select distinct nb_incidents, nb_demandes from rapport.rpt_assistance__{table} where exercice = 2024"
        assert ask(spare, asked) == [(None, None)]
    asked = "select distinct nb_agents_non_autorises from rapport.rpt_infrastructure__acces_distants"
    assert ask(spare, asked) == [(None,)]  # nobody sent the list of those who may
    asked = (
        "select distinct libelle_indicateur, valeur, code_manquant from rapport.rpt_collectivites__synthese "
        "where exercice = 2024 and code_collectivite = '99001' order by all"
    )
    assert ask(spare, asked) == [
        ("Bulletins de salaire imprimés", None, "m"),
        ("Documents mis sous pli", None, "m"),
        ("Tickets du centre de services", Decimal(2), None),
    ]


def test_the_report_says_what_is_not_given_and_denies_nothing(spare: Path) -> None:
    pages = list((spare / "published/report/2024/interne").rglob("*.html"))
    assert len([page for page in pages if page.parent.name != "site"]) == 3  # the report and the page of each member
    text = " ".join(page.read_text(encoding="utf-8") for page in pages).replace("\u202f", " ").replace("\u00a0", " ")
    for denied in (
        "Aucun incident",
        "Aucune demande",
        "Aucun agent",
        "Aucun bulletin",
        "Aucun document",
        "0 agents",
        "0 bulletins",
    ):
        assert denied not in text
    assert "Non fourni par l’outil pour 2024 : « Nature » (Lignes (papercut))." in text
    assert "Non fourni par l’outil pour 2024 : « Cadre d’emplois » (Lignes (personnel))." in text
    for table in ("filieres", "categories", "cadres_emplois"):  # what is told by it alone
        assert ask(spare, f"select * from rapport.rpt_rh__{table} where exercice = 2024") == []


def test_nobody_is_warned_of_a_field_that_no_tool_gives(spare: Path) -> None:
    said = millesime(spare, "findings", "2024").stdout
    assert "COL-PERIME" in said
    for word in ("catégorie", "cadre d’emplois", "date de résolution"):
        assert word not in said


@pytest.mark.parametrize("profile", ["millesime.duckdb", "public/rapport/rpt_sources.parquet"])
def test_what_came_is_shown_for_the_systems_in_use_alone(spare: Path, profile: str) -> None:
    """No profile names a system that nobody uses."""
    path = spare / "published" / profile
    with duckdb.connect() as db:
        if path.suffix == ".duckdb":
            db.execute(f"attach '{path}' as publie (read_only); use publie")
        table = "rapport.rpt_sources" if path.suffix == ".duckdb" else f"'{path}'"
        rows = db.execute(f"select source, statut_collecte, champs_absents from {table} order by all").fetchall()
    assert {source.partition("/")[0] for source, _, _ in rows} == set(SPARE)
    absent = {source: (names or "").split(", ") for source, _, names in rows}
    assert {"nature", "est_mis_sous_pli"} <= {*absent["papercut/lignes"]}
    assert "est_couleur" not in absent["papercut/lignes"]
