"""The infrastructure's rules on hand-made rows: sessions and their ends, the nights when the clock changes, what counts."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from tests.dbt import case
from tests.dbt.compiled import Compiled

YEAR = 2020
PLACES = [("99001", "Ville-Haute", ["ville-haute.fr"]), ("99002", "Val d’Œuf", ["val-doeuf.fr"])]


def event(kind: str, who: str, session: int, at: str, began: str | None = None) -> dict:
    """One line of the gateway's log, in universal time: ``MM-DD HH:MM`` of 2020."""
    year = "" if at[:4].isdigit() else f"{YEAR}-"
    return {
        "type_evenement": kind,
        "identifiant": who,
        "id_session": str(session),
        "horodatage_utc": f"{year}{at}",
        "debut_utc": began,
        "exercice": YEAR,
    }


def session(who: str, number: int, start: str, end: str) -> list[dict]:
    """A session with both its lines."""
    return [event("Ouverture", who, number, start), event("Fermeture", who, number, end, f"{YEAR}-{start}")]


EVENTS = [
    event("Fermeture", "a", 900, "01-01 07:00", "2019-12-31 20:00"),  # began in the former year's log
    event("Fermeture", "b", 901, "01-02 07:00"),  # neither its beginning nor a Start_time
    *session("a", 1, "02-03 09:00", "02-03 12:00"),
    *session("a", 2, "02-03 10:00", "02-03 11:00"),  # a second device
    *session("b", 3, "02-03 10:30", "02-03 11:30"),
    # 29 March: 02:00 becomes 03:00 in Paris at 01:00 UTC. Three in turn, never two at once.
    *session("a", 4, "03-29 00:50", "03-29 01:00"),
    *session("b", 5, "03-29 01:00", "03-29 01:10"),
    *session("c", 6, "03-29 01:10", "03-29 01:20"),
    *session("a", 7, "03-31 22:30", "03-31 22:40"),  # already April in Paris
    event("Ouverture", "a", 8, "05-04 08:00"),  # never closed: 12 hours
    *session("b", 9, "05-04 19:59", "05-04 20:30"),
    event("Ouverture", "a", 10, "05-06 06:00"),  # never closed: until the agent comes again
    *session("a", 11, "05-06 09:00", "05-06 10:00"),
    *session("a", 1, "06-08 09:00", "06-08 10:00"),  # the gateway restarted: its numbers begin again
    *session("b", 12, "06-30 21:00", "06-30 23:00"),  # from 23:00 in June to 01:00 in July, in Paris
    *session("zz", 13, "08-05 09:00", "08-05 10:00"),  # in no group
    # 25 October: 03:00 becomes 02:00 in Paris at 01:00 UTC; both see 02:30, an hour apart
    *session("a", 14, "10-25 00:30", "10-25 00:50"),
    *session("b", 15, "10-25 01:30", "10-25 01:50"),
    event("Ouverture", "a", 16, "12-31 23:30"),  # 2021 in Paris
]
EVENTS.append(EVENTS[2])  # a rotated file archived twice


def accounts(domaine: str, statuts: str, systeme: bool = False) -> list[dict]:
    return [
        {
            "adresse": f"k1:{domaine}{rank}",
            "domaine": domaine,
            "est_systeme": systeme,
            "statut": statut,
            "date_creation": "2015-01-01",
            "exercice": YEAR,
        }
        for rank, statut in enumerate(statuts.split())
    ]


def job(number: int, nature: str, documents: int, *, enveloped: bool = True, **changes) -> dict:
    row = {
        "reference_travail": f"ED20-{number:05}",
        "date_travail": f"{YEAR}-03-22",
        "nature": nature,
        "collectivite": "VILLE HAUTE",
        "nb_documents": documents,
        "nb_pages": 2 * documents,
        "nb_feuilles": documents,
        "est_mis_sous_pli": enveloped,
        "nb_plis": documents if enveloped else None,
        "statut": "Terminé",
        "exercice": YEAR,
    }
    return row | changes


def link(reference: str, nature: str, first: str, last: str | None, debit: int | None = None, km: str | None = None):
    return {
        "reference_lien": reference,
        "nature": nature,
        "debit_mbits": debit,
        "longueur_km": km,
        "date_mise_en_service": first,
        "date_resiliation": last,
        "exercice": YEAR,
    }


LAKE = {
    "citrix__evenements": EVENTS,
    "citrix__autorisations": [
        {"identifiant": who, "collectivite": place, "date_ajout": date, "est_actif": active, "exercice": YEAR}
        for who, place, date, active in [
            ("a", "Ville-Haute", "2019-01-01", True),
            ("a", "Ville-Haute", "2020-01-01", True),
            ("b", "SH", "2020-03-20", True),  # the syndicate's own
            ("c", "Ailleurs", "2020-03-20", True),
            ("d", "Val d’Œuf", "2020-03-20", False),
            ("e", "Val d’Œuf", "2021-01-02", True),
        ]
    ],
    "zimbra__comptes": [
        *accounts("ville-haute.fr", "Actif Fermé Verrouillé"),
        *accounts("val-doeuf.fr", "Actif"),
        *accounts("ville-haute.fr", "Actif", systeme=True),
    ],
    "zimbra__domaines": [
        {"domaine": "ville-haute.fr", "nb_total": 4, "exercice": YEAR},
        {"domaine": "val-doeuf.fr", "nb_total": 2, "exercice": YEAR},  # one more than the list holds
    ],
    "zimbra__licences": [
        {"rubrique": rubrique, "nombre": nombre, "exercice": YEAR}
        for rubrique, nombre in (("AccountsLimit", 10), ("AccountsCount", 4), ("MobileSyncAccountsLimit", -1))
    ],
    "zimbra__quotas": [
        {
            "adresse": f"k1:{rank}",
            "domaine": "ville-haute.fr",
            "est_systeme": systeme,
            "plafond_octets": 0,
            "volume_octets": volume,
            "exercice": YEAR,
        }
        for rank, volume, systeme in [
            (1, 1_000_000_000, False),
            (2, 50_000_000, False),
            (2, 50_000_000, False),
            (3, 7, True),
        ]
    ],
    "editique__travaux": [
        job(1, "Bulletins de salaire", 100),
        job(2, "Bulletins de salaire", 100, reprise_de="ED20-00001"),
        job(3, "Bulletins de salaire", 7, statut="Annulé"),
        job(4, "Bulletins de salaire", 50, collectivite="val d'oeuf", enveloped=False),
        job(5, "Factures", 30, nb_plis=None),  # enveloped, and nobody says in how many envelopes
        job(6, "Factures", 20),
        job(7, "Courriers", 9, date_travail="2019-12-31"),
    ],
    "reseau__liens": [
        link("I1", "Accès internet", "2014-03-01", "2020-09-30", 200),
        link("I2", "Accès internet", "2020-09-01", None, 1000),
        link("I0", "Accès internet", "2010-01-01", "2019-12-31", 20),
        link("F1", "Fibre noire", "2020-06-15", None, km="26.8"),
        link("F2", "Fibre noire", "2020-06-15", "2020-12-31", km="4.2"),
        link("F3", "Fibre noire", "2021-01-01", None, km="99"),
    ],
    "sauvegardes__travaux": [
        {
            "reference_travail": f"S{rank}",
            "perimetre": "Fichiers",
            "debut": "2020-02-29 23:00",
            "statut": statut,
            "volume_go": "10.5",
            "exercice": YEAR,
        }
        for rank, statut in enumerate(["Réussite", "Avertissement", "Échec", "Annulé"])
    ],
    "stockage__volumes": [
        {"mois": "2020-12-01", "collectivite": place, "volume_go": go, "capacite_go": room, "exercice": YEAR}
        for place, go, room in [("Ville-Haute", "33.33", "100"), ("Val d’Œuf", "10", None)]
    ],
    "teams__usages": [
        {
            "mois": "2020-03-01",
            "collectivite": place,
            "nb_utilisateurs": 5,
            "nb_reunions": 2,
            "nb_messages": 9,
            "nb_canaux": 1,
            "exercice": YEAR,
        }
        for place in ("Ville-Haute", "Val d’Œuf")
    ],
}


def built_of(
    project: Compiled, folder: Path, lake: dict, *asked: str
) -> tuple[duckdb.DuckDBPyConnection, dict[str, str]]:
    """A warehouse of these rows: its connection, and the status of each node."""
    path = folder / "warehouse.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case, "LAKE", lake)
        patch.setattr(case, "YEARS", (YEAR,))
        patch.setattr(case, "COLLECTIVITES", PLACES)
        case.fill(path, load_catalogue())
    db = duckdb.connect(str(path))
    statuses = {one.name: one.status for one in project.run(db, *asked)}
    assert {"error", "fail"}.isdisjoint(statuses.values()), statuses
    return db, statuses


@pytest.fixture(scope="module")
def built(compiled: Compiled, tmp_path_factory) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    asked = ["rapport/infrastructure", "rapport/activite", "ctl_infrastructure"]
    db, statuses = built_of(compiled, tmp_path_factory.mktemp("infrastructure"), LAKE, *asked)
    with db:
        yield db, statuses


@pytest.fixture(scope="module")
def db(built) -> duckdb.DuckDBPyConnection:
    return built[0]


def sessions(db, condition: str) -> list[tuple]:
    return db.execute(
        "select strftime(debut_utc, '%m-%d %H:%M'), strftime(fin_utc, '%m-%d %H:%M'), mode_fin "
        f"from intermediate.int_infrastructure__sessions_distantes where poids = 1 and {condition} order by debut_utc"
    ).fetchall()


def by_month(db, column: str) -> dict[int, int]:
    return dict(db.execute(f"select mois, {column} from rapport.rpt_infrastructure__acces_distants").fetchall())


def test_a_session_without_end_lasts_until_the_agent_comes_again_or_twelve_hours(db) -> None:
    assert sessions(db, "month(debut_utc) = 5") == [
        ("05-04 08:00", "05-04 20:00", "plafond de 12 heures"),
        ("05-04 19:59", "05-04 20:30", "fermeture"),
        ("05-06 06:00", "05-06 09:00", "ouverture suivante"),
        ("05-06 09:00", "05-06 10:00", "fermeture"),
    ]
    assert by_month(db, "nb_sessions_fin_estimee")[5] == 2
    assert by_month(db, "pic_agents_simultanes")[5] == 2


def test_numbers_that_begin_again_are_other_sessions(db) -> None:
    assert sessions(db, "identifiant = 'a' and month(debut_utc) in (2, 6)") == [
        ("02-03 09:00", "02-03 12:00", "fermeture"),
        ("02-03 10:00", "02-03 11:00", "fermeture"),
        ("06-08 09:00", "06-08 10:00", "fermeture"),
    ]


def test_every_line_has_a_motive(db) -> None:
    found = db.execute(
        "select motif, count(*) from intermediate.int_infrastructure__sessions_distantes group by motif"
    ).fetchall()
    assert dict(found) == {
        "compté": 17,
        "fermeture d’une session comptée": 14,
        "doublon": 1,
        "début inconnu": 1,
        "hors période": 1,
    }
    assert sum(count for _, count in found) == len(EVENTS)


def test_an_agent_with_two_sessions_counts_once(db) -> None:
    assert by_month(db, "pic_agents_simultanes")[2] == 2
    assert (by_month(db, "nb_sessions")[2], by_month(db, "nb_agents")[2]) == (3, 2)


def test_the_night_of_29_march_has_no_hour_too_many(db) -> None:
    assert by_month(db, "pic_agents_simultanes")[3] == 1
    assert by_month(db, "nb_sessions")[3] == 3
    assert by_month(db, "nb_sessions")[4] == 1  # 31 March 22:30 UTC is 00:30 in Paris


def test_the_night_of_25_october_does_not_bring_together_who_never_met(db) -> None:
    assert by_month(db, "pic_agents_simultanes")[10] == 1
    assert by_month(db, "nb_agents")[10] == 2


def test_sessions_belong_to_the_year_of_paris_and_span_months(db) -> None:
    assert sessions(db, "year(debut_utc) = 2019") == [("12-31 20:00", "01-01 07:00", "fermeture")]
    assert by_month(db, "pic_agents_simultanes")[1] == 1
    assert (by_month(db, "pic_agents_simultanes")[7], by_month(db, "nb_sessions")[7]) == (1, 0)
    assert by_month(db, "pic_agents_simultanes")[12] == 0


def test_who_connects_without_being_in_the_group_is_counted_apart(db) -> None:
    assert by_month(db, "nb_agents_non_autorises") == {month: int(month == 8) for month in range(1, 13)}
    assert set(by_month(db, "nb_agents_autorises").values()) == {3}


def test_authorised_agents_by_place(db) -> None:
    found = db.execute("select code_collectivite, nb_agents from marts.fct_acces_autorises order by all").fetchall()
    assert found == [("99001", 1), ("inconnue", 1), ("syndicat", 1)]


def test_no_pseudonym_leaves_the_intermediate_layer(db) -> None:
    assert not db.execute(
        "select table_name from duckdb_columns() where schema_name in ('marts', 'rapport') "
        "and column_name in ('identifiant', 'adresse', 'id_session')"
    ).fetchall()


def test_licences_are_the_accounts_of_every_status_except_the_server_s_own(db) -> None:
    found = db.execute(
        "select libelle_collectivite, nb_licences, nb_comptes_actifs from rapport.rpt_activite__licences_messagerie order by all"
    ).fetchall()
    assert found == [("Val d’Œuf", 1, 1), ("Ville-Haute", 3, 1)]
    assert db.execute("select nb_licences_acquises from marts.fct_licences_messagerie").fetchall() == [(10,)]


def test_a_domain_that_announces_more_accounts_than_it_lists_is_found(db) -> None:
    found = db.execute(
        "select code_regle, sujet, attendu, recu from controles.ctl_infrastructure order by all"
    ).fetchall()
    assert found == [("INF-COMPTES", "domaine val-doeuf.fr", "2", "1")]


def test_a_gigabyte_is_a_thousand_million_bytes_rounded_half_up(db) -> None:
    found = db.execute("select nb_boites, volume_go from rapport.rpt_activite__stockage_messagerie").fetchall()
    assert found == [(2, Decimal("1.1"))]  # 1.05: neither the mailbox listed twice, nor the server's own


def test_documents_are_counted_once_and_never_pages(db) -> None:
    assert db.execute(
        "select libelle_collectivite, nb_bulletins from rapport.rpt_activite__bulletins_imprimes order by all"
    ).fetchall() == [("Val d’Œuf", 50), ("Ville-Haute", 100)]
    assert db.execute(
        "select nature_document, nb_documents, nb_plis from rapport.rpt_activite__plis order by all"
    ).fetchall() == [
        ("Bulletins de salaire", 100, 100),
        ("Factures", 50, None),
    ]


def test_bandwidth_before_and_after_the_year(db) -> None:
    assert db.execute(
        "select nature_lien, nb_liens, debit_ouverture_mbits, debit_cloture_mbits, longueur_km "
        "from rapport.rpt_infrastructure__reseau order by all"
    ).fetchall() == [("accès internet", 1, 200, 1000, None), ("fibre noire", 2, None, None, Decimal("31.00"))]


def test_backups_storage_and_teams(db) -> None:
    assert db.execute(
        "select nb_travaux, nb_reussites, taux_reussite_pct from rapport.rpt_infrastructure__sauvegardes"
    ).fetchall() == [(3, 2, Decimal("66.7"))]
    assert db.execute("select taux_occupation_pct from rapport.rpt_activite__stockage order by all").fetchall() == [
        (Decimal("33.3"),),
        (None,),
    ]
    assert db.execute("select mois, nb_utilisateurs from rapport.rpt_infrastructure__teams").fetchall() == [(3, 10)]


def test_the_peak_is_that_of_a_count_second_by_second(compiled: Compiled, tmp_path: Path) -> None:
    rng = Random("pic")
    rows, present = [], [set() for _ in range(3600)]
    for number in range(400):
        who, start = f"agent{rng.randrange(40)}", rng.randrange(3500)
        end = min(3599, start + rng.randrange(1, 300))
        times = [f"11-05 {8 + second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}" for second in (start, end)]
        rows += session(who, number, *times)
        for second in range(start, end):
            present[second].add(who)
    db, _ = built_of(compiled, tmp_path, LAKE | {"citrix__evenements": rows}, "rpt_infrastructure__acces_distants")
    with db:
        assert by_month(db, "pic_agents_simultanes")[11] == max(map(len, present)) > 10
