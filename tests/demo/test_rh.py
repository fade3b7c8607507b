"""The staff of the demonstration, counted in the written files: the published figures of 2020, and years that agree."""

import csv
import datetime as dt
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from demo.home import CONNUS
from demo.rh import CADRES
from tests.demo.exports import number, sound

PUBLISHED = Path(__file__).parents[2] / "demo" / "published_figures.csv"
FONCTIONNAIRES = ("Titulaire", "Stagiaire", "Fonctionnaire titulaire", "Fonctionnaire stagiaire")
CODES = {  # cadre d'emplois as Cegid RH writes it → code of the figures
    cadre.libelle: code for code, cadre in CADRES.items()
}
HALF_UP = {"rounding": ROUND_HALF_UP}


@pytest.fixture(scope="module")
def home(whole: Path) -> Path:
    return whole


def system(exercice: int) -> str:
    return "cegid_rh" if exercice <= 2020 else "ciril_rh"


def date(text: str) -> dt.date | None:
    return dt.datetime.strptime(text, "%d/%m/%Y").date() if text else None


def group(row: dict[str, str]) -> str:
    if row["statut"] in FONCTIONNAIRES:
        return "fonctionnaire"
    return "contractuel_permanent" if row["est_emploi_permanent"] in ("O", "Permanent") else "contractuel_non_permanent"


def agents(home: Path, exercice: int) -> list[dict]:
    rows = sound(home, f"{system(exercice)}/agents", exercice)
    dates = ("tranche_age", "date_entree", "date_nomination_stagiaire", "date_sortie")
    return [row | {name: date(row[name]) for name in dates} | {"groupe": group(row)} for row in rows]


def present(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["date_sortie"] is None]


def permanents(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["groupe"] != "contractuel_non_permanent"]


def arrivals(rows: list[dict], exercice: int) -> list[dict]:
    return [row for row in permanents(rows) if row["date_entree"].year == exercice]


def departures(rows: list[dict]) -> list[dict]:
    return [row for row in permanents(rows) if row["date_sortie"] is not None]


def hours(home: Path, exercice: int) -> dict[str, Decimal]:
    """Group → paid hours of the year."""
    permanent = {row["matricule"]: row["groupe"] != "contractuel_non_permanent" for row in agents(home, exercice)}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in sound(home, f"{system(exercice)}/heures", exercice):
        is_permanent = "O" if permanent[row["matricule"]] else "N"
        found[group(row | {"est_emploi_permanent": is_permanent})] += number(row["heures"])
    return found


def share(part: int, whole: int) -> Decimal | None:
    return (Decimal(100 * part) / whole).quantize(Decimal(1), **HALF_UP) if part else None


def mean_age(rows: list[dict], exercice: int) -> Decimal:
    """Of the mid-points of the five-year bands, as the report's footnote says."""
    points = [Decimal((exercice - row["tranche_age"].year) // 5 * 5) + Decimal("2.5") for row in rows]
    return sum(points) / len(points)


def figures_of_2020(home: Path) -> dict[str, Decimal | None]:
    """The 57 figures of the chapter, counted on the lines of the exports."""
    rows, paid = agents(home, 2020), hours(home, 2020)
    here = permanents(present(rows))
    groups = Counter(row["groupe"] for row in present(rows))
    came, gone = arrivals(rows, 2020), departures(rows)
    by_status = {
        "titulaire": [row for row in here if row["groupe"] == "fonctionnaire"],
        "contractuel": [row for row in here if row["groupe"] == "contractuel_permanent"],
        "tous": here,
    }
    found: dict[str, Decimal | None] = {
        "effectif.total": len(present(rows)),
        "effectif.contractuel_permanent_cdi": sum(row["type_contrat"] == "CDI" for row in here),
        "effectif_permanent.total": len(here),
        "age_moyen.titre": mean_age(here, 2020),
        "age_moyen.fonctionnaire": mean_age(by_status["titulaire"], 2020),
        "age_moyen.contractuel_permanent": mean_age(by_status["contractuel"], 2020),
        "age_moyen.ensemble_permanent": mean_age(here, 2020),
        "heures_remunerees": sum(paid.values()),
        "etpr.total": sum(paid.values()) / 1820,
        "mouvement.arrivees": len(came),
        "mouvement.departs": len(gone),
        "mouvement.nommes_stagiaires": sum(
            row["date_nomination_stagiaire"] is not None and row["date_nomination_stagiaire"].year == 2020
            for row in rows
        ),
        "effectif_theorique_precedent.total": len(here) - len(came) + len(gone),
        "depart.mutation": share(sum(row["motif_sortie"] == "Mutation" for row in gone), len(gone)),
        "arrivee.contractuel": share(sum(row["motif_entree"] == "Arrivées de contractuels" for row in came), len(came)),
        "arrivee.mutation": share(sum(row["motif_entree"] == "Voie de mutation" for row in came), len(came)),
    }
    for name in ("fonctionnaire", "contractuel_permanent", "contractuel_non_permanent"):
        found |= {f"effectif.{name}": groups[name], f"etpr.{name}": paid[name] / 1820}
    for status, members in by_status.items():
        found[f"filiere.total.{status}"] = share(len(members), len(members))
        for filiere in ("administrative", "technique", "culturelle", "sportive", "police", "incendie", "animation"):
            found[f"filiere.{filiere}.{status}"] = share(
                sum(row["filiere"].lower() == filiere for row in members), len(members)
            )
        medico = sum(row["filiere"] == "Médico-sociale" for row in members)
        found[f"filiere.medico_sociale.{status}"] = share(medico, len(members))
    for cadre, number_of in Counter(row["cadre_emplois"] for row in here).items():
        found[f"cadre_emplois.{CODES[cadre]}"] = share(number_of, len(here))
    for name, groupes in {
        "fonctionnaire": ("fonctionnaire",),
        "contractuel": ("contractuel_permanent",),
        "ensemble": ("fonctionnaire", "contractuel_permanent"),
    }.items():
        now, entered, left = (sum(row["groupe"] in groupes for row in some) for some in (here, came, gone))
        before = now - entered + left
        found[f"variation.{name}"] = Decimal(100 * (now - before)) / before
    return found


def test_the_57_figures_of_2020_come_out_of_the_exports(home: Path) -> None:
    with PUBLISHED.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["figure_id"].startswith("rh.")]
    found = figures_of_2020(home)
    assert len(rows) == len(found) == 57
    for row in rows:
        counted = found[row["figure_id"].removeprefix("rh.")]
        if not row["value"]:
            assert counted is None, row
            continue
        printed = Decimal(row["value"])
        assert Decimal(counted).quantize(Decimal(1).scaleb(printed.as_tuple().exponent), **HALF_UP) == printed, row


def test_hours_of_2020_are_those_of_the_printed_etpr(home: Path) -> None:
    assert hours(home, 2020) == {
        "fonctionnaire": 23478,
        "contractuel_permanent": 22768,
        "contractuel_non_permanent": 1511,
    }


@pytest.mark.parametrize("exercice", CONNUS[1:])
def test_stock_of_a_year_is_that_of_the_year_before_and_its_movements(home: Path, exercice: int) -> None:
    before = {row["matricule"] for row in permanents(present(agents(home, exercice - 1)))}
    rows = agents(home, exercice)
    came = {row["matricule"] for row in arrivals(rows, exercice)}
    gone = {row["matricule"] for row in departures(rows)}
    assert {row["matricule"] for row in permanents(present(rows))} == (before | came) - gone
    assert not before & came
    assert gone <= before | came


def test_what_is_no_movement_is_in_the_data_and_moves_nobody(home: Path) -> None:
    years = {exercice: {row["matricule"]: row for row in agents(home, exercice)} for exercice in CONNUS}

    def changed(field: str, before: int, after: int) -> list[str]:
        rows = [(years[before][m], row) for m, row in years[after].items() if m in years[before]]
        return [b["matricule"] for a, b in rows if a[field] != b[field]]

    assert changed("cadre_emplois", 2019, 2020)  # promoted to another cadre
    assert changed("type_contrat", 2019, 2020)  # from CDD to CDI
    for matricule in changed("cadre_emplois", 2019, 2020) + changed("type_contrat", 2019, 2020):
        row = years[2020][matricule]
        assert row["date_entree"].year < 2020
        assert row["date_sortie"] is None
    months = defaultdict(set)
    for row in sound(home, "cegid_rh/heures", 2020):
        months[row["matricule"]].add(row["mois"])
    away = [m for m, row in years[2020].items() if row["date_sortie"] is None and row["date_entree"].year < 2020]
    assert [m for m in away if len(months[m]) < 12]  # seconded, then back
    back = [row for row in years[2019].values() if row["motif_entree"] == "Réintégration et retour"]
    assert [years[2018][row["matricule"]]["motif_sortie"] for row in back] == ["Détachement (sortant)"]


def test_a_contractuel_is_named_stagiaire_in_2021_and_somebody_retires_in_2022(home: Path) -> None:
    (named,) = [row for row in agents(home, 2021) if row["date_nomination_stagiaire"]]
    assert (named["statut"], named["date_nomination_stagiaire"].year) == ("Fonctionnaire stagiaire", 2021)
    before = {row["matricule"]: row["statut"] for row in agents(home, 2020)}
    assert before[named["matricule"]] == "Contractuel"
    paid = {row["statut"] for row in sound(home, "ciril_rh/heures", 2021) if row["matricule"] == named["matricule"]}
    assert paid == {"Agent contractuel", "Fonctionnaire stagiaire"}
    assert "Retraite" in {row["motif_sortie"] for row in departures(agents(home, 2022))}


def test_the_same_agents_go_from_one_system_to_the_other(home: Path) -> None:
    stayed = {row["matricule"]: row for row in present(agents(home, 2020))}
    after = {row["matricule"]: row for row in agents(home, 2021)}
    assert stayed.keys() <= after.keys()
    for matricule, row in stayed.items():
        for field in ("nir", "nom", "prenom", "tranche_age", "date_entree"):
            assert after[matricule][field] == row[field]


def test_everybody_paid_is_in_the_list_and_somebody_pays_hours_back(home: Path) -> None:
    for exercice in CONNUS:
        listed = {row["matricule"] for row in agents(home, exercice)}
        rows = sound(home, f"{system(exercice)}/heures", exercice)
        assert {row["matricule"] for row in rows} <= listed
        assert len({(row["matricule"], row["mois"], row["statut"]) for row in rows}) == len(rows)
        assert {row["mois"][3:5] for row in rows} == {f"{month:02d}" for month in range(1, 13)}
    assert min(number(row["heures"]) for row in sound(home, "cegid_rh/heures", 2020)) < 0


def test_part_time_belongs_to_the_agent_and_temps_non_complet_to_the_post(home: Path) -> None:
    for exercice in CONNUS:
        rows = present(agents(home, exercice))
        assert [row for row in rows if number(row["quotite_pct"]) < 100]
        incomplete = [row for row in rows if row["est_temps_complet"] in ("N", "TNC")]
        assert {number(row["quotite_pct"]) for row in incomplete} == {100}


def test_payslips_of_the_five_members_and_of_the_syndicate_every_month(home: Path) -> None:
    for exercice in CONNUS:
        rows = sound(home, f"{system(exercice)}/bulletins", exercice)
        assert len(rows) == len({(row["mois"], row["collectivite"]) for row in rows}) == 12 * 6
        paid = Counter(row["mois"] for row in sound(home, f"{system(exercice)}/heures", exercice))
        own = {row["mois"]: number(row["nb_bulletins"]) for row in rows if row["collectivite"] == "SICIO"}
        assert own == {month: count + 10 for month, count in paid.items()}  # the elected members too


def declared_hours(home: Path) -> dict[str, Decimal]:
    """Matricule → hours of 2022 in the declarations in force, read rubrique by rubrique."""
    declarations: dict[str, list[tuple[str, Decimal]]] = {}
    for path in sorted((home / "landing/2022/dsn").glob("*.dsn")):
        lines = [line.split(",", 1) for line in path.read_text("iso-8859-1").splitlines()]
        values = {code: text.strip("'") for code, text in reversed(lines)}  # the first of each code
        if values["S10.G00.00.005"] == "01":
            continue
        matricule, kind, worked = "", "", []
        for code, text in lines:
            value = text.strip("'")
            if code == "S21.G00.30.019":
                matricule = value
            elif code == "S21.G00.53.001":
                kind = value
            elif code == "S21.G00.53.002" and kind == "01":
                worked.append((matricule, Decimal(value)))
        order = (values["S20.G00.05.005"], int(values["S20.G00.05.004"]))
        declarations[order] = worked
    last = {month: rank for month, rank in sorted(declarations)}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for month, rank in last.items():
        for matricule, value in declarations[month, rank]:
            found[matricule] += value
    assert len(last) == 12
    return found


def test_declared_hours_of_2022_are_those_of_ciril_except_for_the_planted_difference(home: Path) -> None:
    listed: dict[str, Decimal] = defaultdict(Decimal)
    for row in sound(home, "ciril_rh/heures", 2022):
        listed[row["matricule"]] += number(row["heures"])
    declared = declared_hours(home)
    differences = {m: listed[m] - declared[m] for m in listed | declared if listed[m] != declared[m]}
    assert list(differences.values()) == [Decimal("3.50")]
