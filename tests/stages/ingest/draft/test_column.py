"""What the cells of a sample suggest, and what they do not prove."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.french import MONTHS
from pipelines.stages.ingest.draft.column import guess
from pipelines.stages.ingest.draft.persons import is_one_of_those, is_person, personal
from pipelines.stages.ingest.draft.words import slug


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("N° de ticket", "numero_de_ticket"), ("Durée (jours)", "duree_jours"), ("DT_CREA", "dt_crea"),
        ("Œuvre", "oeuvre"), ("  Prénom ", "prenom"), ("2e nom", "2e_nom"), ("—", ""),
    ],
)  # fmt: skip
def test_a_heading_becomes_a_name(heading: str, name: str) -> None:
    assert slug(heading) == name


AMOUNTS = st.lists(st.decimals(-(10**7), 10**7, places=2), min_size=1, max_size=20)
DAYS = st.lists(st.dates(dt.date(1950, 1, 1), dt.date(2060, 12, 31)), min_size=1, max_size=20)
FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d %B %Y"]


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.sampled_from(["", " ", "\u202f", "."]), st.sampled_from(["", " €", " %"]))
def test_amounts_are_read_as_they_were_meant_however_they_are_written(amounts, group, unit) -> None:
    cells = [f"{amount:,f}".replace(".", "|").replace(",", group).replace("|", ",") + unit for amount in amounts]
    found = guess("Montant", cells, workbook=False)
    assert (found.type, found.values, found.options["decimalChar"]) == ("number", amounts, ",")
    assert found.options.get("suffix", "") == unit.strip()


@settings(max_examples=40, deadline=None)
@given(DAYS, st.sampled_from(FORMATS))
def test_days_are_read_as_they_were_meant_or_with_a_doubt(days, fmt) -> None:
    cells = [day.strftime(fmt.replace("%B", MONTHS[day.month - 1])) for day in days]
    found = guess("Date", cells, workbook=False)
    assert found.type == "date"
    assert found.values == days or "le jour et le mois pourraient être dans l’autre sens" in found.doubts


@pytest.mark.parametrize(
    ("heading", "cells", "kind", "options"),
    [
        ("Montant", ["1,234.50", "12.00"], "number", {"groupChar": ","}),
        ("Taux", ["0,123", "1,25"], "number", {"decimalChar": ",", "decimals": 3}),
        ("Quantité", ["1", "25", "1 000"], "integer", {"groupChar": " "}),
        ("Quantité", ["1", "0"], "integer", {}),
        ("Rang", ["01", "25"], "string", {}),
        ("SIREN", ["123456789"], "string", {}),
        ("Exercice", ["2019", "2020"], "year", {}),
        ("Nombre", ["2019", "2020"], "integer", {}),
        ("Jour", ["28/02/2020 10:05"], "datetime", {"format": "%d/%m/%Y %H:%M"}),
        ("Jour", ["31/02/2020", "1/1/20"], "string", {}),
        ("Actif", ["Oui", "Non", "Oui"], "boolean", {"trueValues": ["Oui"], "falseValues": ["Non"]}),
        ("Actif", ["1", "0"], "boolean", {"trueValues": ["1"], "falseValues": ["0"]}),
        ("Objet", ["Panne", "Formation"], "string", {}),
        ("Durée", ["12 jours", "3 jours"], "integer", {"suffix": "jours"}),
        ("Volume", ["1,5 Go", "512 Go"], "number", {"decimalChar": ",", "suffix": "Go"}),
        ("Bâtiment", ["12B", "3B"], "string", {}),
        ("Rue", ["12 rue", "3 bis"], "string", {}),
        ("Jour", ["3 MARS 2024", "1er FEVRIER 2024"], "date", {"format": "%d %B %Y"}),
        ("Jour", ["3 janv. 2024", "1er mars 2024"], "date", {"format": "%d %b %Y"}),
        ("Mois", ["janvier 2024", "mai 2024"], "date", {"format": "%B %Y"}),
        ("Mois", ["01/2024", "12/2024"], "date", {"format": "%m/%Y"}),
        ("Mois", ["Janvier", "Mai"], "date", {"format": "%B"}),
        ("Ville", ["Mars", "Mai"], "string", {}),
        (
            "created_at",
            ["2024-03-01T10:00:00Z", "2024-03-02T10:00:00.5+01:00"],
            "datetime",
            {"format": "%Y-%m-%dT%H:%M:%S.%f%z", "timezone": "Europe/Paris"},
        ),
    ],
)
def test_type_and_format(heading: str, cells: list[str], kind: str, options: dict) -> None:
    found = guess(heading, cells, workbook=False)
    assert (found.type, found.options) == (kind, options)


@pytest.mark.parametrize(
    ("heading", "cells", "doubt"),
    [
        ("Jour", ["01/02/2020", "03/04/2020"], "dans l’autre sens"),
        ("Montant", ["1,234", "2,500"], "il pourrait séparer les milliers"),
        ("Volume", ["1,5 Go", "512 Mo"], "ressemblent à des nombres"),
        ("Rien", ["", " "], "de quel type"),
        ("Montant", ["NC", "1,5", "2,5"], "« NC » : lu comme une cellule vide"),
        ("Montant", ["abc"] + ["1,5"] * 20, "cellules écrites autrement : 1 sur 21"),
        ("Montant", ["abc"] + ["1,5"] * 4, "ressemblent à des nombres, sans format commun : au plus 4 sur 5"),
        (
            "Jour",
            ["01/02/2020", "2020-05-01", "15.06.2020"],
            "ressemblent à des dates, sans format commun : au plus 1 sur 3",
        ),
    ],
)
def test_what_is_not_proved_is_a_doubt(heading: str, cells: list[str], doubt: str) -> None:
    assert any(doubt in said for said in guess(heading, cells, workbook=False).doubts)


def test_a_clear_column_leaves_no_doubt() -> None:
    assert guess("Jour", ["01/02/2020", "28/02/2020"], workbook=False).doubts == []
    assert guess("Objet", ["Panne"], workbook=False).doubts == []


@pytest.mark.parametrize(
    ("heading", "cells", "kind"),
    [
        ("Début", ["2020-02-28", "43889"], "date"),  # a date of the workbook, and its number
        ("Début", ["43889", "43890"], "date"),
        ("Effectif", ["43889", "43890"], "integer"),
        ("Mois", ["1", "2", "11"], "integer"),
        ("Montant", ["1.5", "2,50"], "number"),  # a number of the workbook, and one typed as text
    ],
)
def test_a_workbook_s_own_dates_and_numbers(heading: str, cells: list[str], kind: str) -> None:
    found = guess(heading, cells, workbook=True)
    assert found.type == kind
    if kind == "date":
        assert found.years == {2020}


@pytest.mark.parametrize(
    ("heading", "cells", "treatment"),
    [
        ("Nom", ["Durand"], "drop"),
        ("Prénom de l'agent", ["A"], "drop"),
        ("Date de naissance", ["x"], "drop"),
        ("Login", ["adurand"], "pseudonymise"),
        ("Adresse mail", ["x"], "pseudonymise"),
        ("Matricule", ["12"], "pseudonymise"),
        ("Nom de la commune", ["Orly"], None),
        ("Nb agents", ["3"], None),
        ("Application", ["Kolok"], None),
        ("Col 4", ["a@b.fr", "c@d.fr"], "pseudonymise"),
        ("Col 5", ["1 85 05 78 006 084 36"], "drop"),
    ],
)
def test_personal_columns_are_recognised(heading: str, cells: list[str], treatment: str | None) -> None:
    assert personal(heading, cells) == treatment


def test_a_flag_is_read_only_when_its_words_say_which_is_which() -> None:
    found = guess("État", ["En service", "Hors service"], workbook=False)
    assert found.options == {"trueValues": ["En service"], "falseValues": ["Hors service"]}
    found = guess("État", ["ACTIVE", "DÉSACTIVÉ", "DESACTIVE"], workbook=False)
    assert found.options == {"trueValues": ["ACTIVE"], "falseValues": ["DESACTIVE", "DÉSACTIVÉ"]}
    assert guess("Actif", ["S", "V"], workbook=False).type == "string"


@pytest.mark.parametrize(
    ("heading", "cells", "kept_as"),
    [
        ("Réf", ["a.b@x.fr", "c@y.fr"], "pseudonymise"),
        ("Suivi par", ["DURAND Anne <anne@x.fr>"], "drop"),
        ("Zone", ["10.0.0.1", "192.168.1.4:443"], "pseudonymise"),
        ("Zone", ["fe80::1", "2001:db8::2:1"], "pseudonymise"),
        ("Code", ["2 69 07 94 022 001 45", "285069402200301"], "drop"),
        ("Poste", ["01 45 12 13 14", "+33 6 12 34 56 78"], "drop"),
        ("Titulaire", ["DURAND Anne", "PETIT Bob", "MARTIN Chloé"], "drop"),
        ("Bénéficiaire", ["M. Durand", "Mme Petit"], "drop"),
        ("Session", ["a.durand", "b.petit", "c.martin2"], "pseudonymise"),
        ("Session", ["SICIO\\adurand", "SICIO\\bpetit"], "pseudonymise"),
        ("Référent", ["DURAND", "KHELIFA", "PETIT", "LE GOFF"], "drop"),
        ("Nom", [], "drop"),  # nothing but the heading says it
        ("Utilisateur", ["M12", "M13"], "pseudonymise"),
        # the heading does not overrule them
        ("Chef de service", ["Jean DUPONT", "Marie MARTIN", "Paul BERNARD"], "drop"),
        ("Contact commune", ["Jean DUPONT", "Marie MARTIN", "Paul BERNARD"], "drop"),
        ("Agent (établissement)", ["Voirie", "Parcs"], "drop"),
        ("Utilisateur du logiciel", ["jdupont", "mmartin", "pbernard"], "pseudonymise"),
        ("Compte du service", ["a@b.fr", "c@d.fr"], "pseudonymise"),
        ("Adresse du site", ["10.0.0.1", "10.0.0.2"], "pseudonymise"),
        ("Commune de naissance", ["Orly"], "drop"),
        ("Animation", ["Awa DIOP", "Brice FONTANEL", "Ida PERRAULT", "Yuna PRIGENT"], "drop"),
        ("Service", ["DIOP Awa", "LE GOFF Yuna", "N’DIAYE Ida"], "drop"),
        ("Libellé", ["AWA DIOP", "BRICE FONTANEL", "IDA PERRAULT"], "drop"),
        ("Libellé", ["Awa Diop", "Brice Fontanel", "Ida Perrault"], "drop"),
        ("Utilisateur", ["Awa DIOP", "Ida PERRAULT"], "pseudonymise"),
        ("Prêts", ['{"awa.diop": 3, "ida.p": 1}', '{"yuna.k": 2}'], "drop"),
        # and what only looks like it
        ("Site", ["Serveur DNS", "Serveur DHCP", "Serveur WEB"], None),
        ("Application", ["Microsoft Excel", "Adobe Reader", "Google Chrome"], None),
        ("Lieu", ["Bibliothèque Jean Moulin", "Gymnase Paul Bert", "Stade Louis Lumière"], None),
        ("Libellé", ["Frais Postaux", "Frais Divers", "Achat Papier"], None),
        ("Lieu", ["Saint Denis", "Orly", "Choisy-le-Roi", "Saint Maurice"], None),
        ("Document", ["rapport.pdf", "notes.docx"], None),
        ("Version", ["10.2.1", "9.3.4"], None),
        ("Service", ["Paie", "Réseau"], None),
        ("Nom", ["Windows 11", "Windows 10", "Ubuntu 22.04"], None),
        ("Agent", ["GLPI Agent 1.7", "Wazuh 4.8"], None),
        ("Rayon", ["Roman", "Jeunesse", "Petit format", "Musique"], None),
        ("Heure", ["12:30:10", "10:00:00"], None),
    ],
)
def test_what_the_cells_hold_says_that_they_are_personal(heading, cells, kept_as):
    assert personal(heading, cells) == kept_as


def test_the_names_of_the_members_are_no_persons() -> None:
    towns = ["Fontenay Trésigny", "Combs Ville", "Vitry Seine"]
    assert personal("Col 1", towns) == "drop"
    assert personal("Col 1", towns, {"fontenay_tresigny", "combs_ville", "vitry_seine"}) is None


def test_headings_that_are_persons_and_those_that_are_written_alike() -> None:
    assert is_person("Awa DIOP") and is_person("FONTANEL Brice")
    assert not any(map(is_person, ("Serveur DNS", "Poste", "MONTANT BRUT", "Lu UTC")))
    assert is_one_of_those("awa.diop", ["ida.perrault", "erwan.lebihan"])
    assert not is_one_of_those("user.name", ["ida.perrault", "erwan.lebihan"])
    assert is_one_of_those("Awa DIOP", ["Ida PERRAULT"])
    assert not is_one_of_those("Nom USUEL", ["Ida PERRAULT"])
