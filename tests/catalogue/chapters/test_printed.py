"""What no report may print: each guard of the catalogue is broken by one report, and by none that is sound."""

from typing import Any

import pytest

from pipelines.catalogue.chapters.printed import Garde, Model, Passage, broken, passages
from pipelines.catalogue.load import load_catalogue
from tests.catalogue.chapters.printing import card, figure, report, sentence, table, words

GUARDS = load_catalogue().guards
OWN, CUMULATED = (f"finances.principal.fonctionnement.{one}" for one in ("resultat_exercice", "resultat"))
TICKETS, STOCK = "assistance.tickets.nombre", "rh.effectif.total"


def licences(label: str) -> Model:
    return table("Ce qu’elle a reçu en 2040", [label], ["Orly", "3"], of="rpt_collectivites__synthese")


LICENCES, STORED = "rpt_activite__licences_messagerie", "rpt_activite__stockage"
# guard → a report that breaks it, and one that does not
CASES: dict[str, tuple[Model, Model]] = {
    "recus-dits-resolus": (
        report(
            sentence("Il y a eu ", figure(TICKETS), " demandes traitées, dont ", figure("assistance.tickets.resolus"))
        ),
        report(sentence(figure(TICKETS), " tickets reçus, dont ", figure("assistance.tickets.resolus"), " résolus.")),
    ),
    "cumule-avant-celui-de-l-exercice": (
        report(sentence("Le résultat est de ", figure(CUMULATED), ", dont ", figure(OWN), " de l’exercice.")),
        report(sentence(figure(OWN), " de l’exercice"), card("de résultat cumulé", CUMULATED)),
    ),
    "stock-sans-date": (
        report(card("agents", STOCK)),
        report(card("agents au 31\xa0décembre", STOCK), sentence("Au 1er janvier, ", figure(STOCK), " agents.")),
    ),
    "stock-d-un-tableau-sans-date": (
        report(table("Licences par collectivité", ["2040"], ["Orly", "3"], of=LICENCES)),
        report(table("Volume hébergé, fin de mois", ["Volume"], ["Mai", "3"], of=STORED)),
    ),
    "stock-d-une-collectivite-sans-date": (
        report(licences("Licences de messagerie")),
        report(licences("Licences de messagerie au 31 décembre"), card("Données hébergées fin décembre (Go)")),
    ),
    "encours-sans-date": (
        report(table("Dette", ["Encours"], ["Principal", "3"], of="rpt_finances__dette")),
        report(
            table("Dette", ["Emprunts", "Encours au 1er janvier"], ["Principal", "3", "4"], of="rpt_finances__dette")
        ),
    ),
    "habitants-sans-annee": (
        report(card("Contribution par habitant"), title="En 2040"),
        report(card("Contribution par habitant", note="Par habitant : population municipale de 2038.")),
    ),
    "sans-emprunt": (report(sentence("Le SE n’a pas d’emprunt.")), report(sentence("La dette est de 3 €."))),
    "compte-administratif-non-recu": (
        report(sentence("Le compte administratif présente un excédent.")),
        report(sentence("Le compte financier unique présente un excédent.")),
    ),
    "compte-financier-non-recu": (
        report(sentence("Le CFU présente un excédent.")),
        report(sentence("Le compte administratif présente un excédent.")),
    ),
    "signe-contraire": (
        report(sentence("soit ", figure("a.b", "−12,00\xa0€"), " de plus que prévu")),
        report(sentence("soit ", figure("a.b", "12,00\xa0€"), " de plus qu’en 2039 (−31,7\xa0%)")),
    ),
    "nombre-sans-accord": (
        report(sentence("Il y a ", figure("a.b", "1"), " agents.")),
        report(sentence("Il y a 21 agents, 1\u202f001 boîtes, 10 agents et 1 mois.")),
    ),
    "carte-sans-accord": (
        report(card("factures émises", printed="1")),
        report(
            card("facture émise", printed="1"),
            card("factures émises", printed="11"),
            card("sous-traitant", printed="1"),
        ),
    ),
    "nombre-annonce": (
        report(title="L’année en cinq chiffres"),
        report(title="Les deux budgets"),
    ),
    "tableau-masque": (
        report(
            table("Effectifs", ["Agents"], ["Titulaires", "s"], ["Autres", "3"], ["Vacataires", "s"]), profile="public"
        ),
        report(table("Effectifs", ["Agents"], ["Titulaires", "s"], ["Autres", "3"]), profile="public"),
    ),
    "zero-pour-cent-en-tiret": (
        report(table("Parts", ["A", "B"], ["Titulaires", "100\xa0%", "—"], ["Autres", "40\xa0%", "60\xa0%"])),
        report(table("Taux", ["Nombre", "Taux"], ["Titulaires", "0", "—"], ["Autres", "3", "60\xa0%"])),
    ),
}


def breaches(name: str, model: dict[str, Any], *, is_answered: bool = True) -> list[Passage]:
    return broken(GUARDS[name], model["profil"], passages(model), is_answered=is_answered)


def test_every_guard_has_its_report():
    assert CASES.keys() == GUARDS.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_guard_is_broken_by_its_report_and_by_no_sound_one(name: str):
    wrong, sound = CASES[name]
    needs = GUARDS[name].demande is not None
    assert breaches(name, wrong, is_answered=not needs) != []
    assert breaches(name, sound, is_answered=not needs) == []
    if needs:  # what was received allows it
        assert breaches(name, wrong, is_answered=True) == []


@pytest.mark.parametrize("profile", ["interne", "public"])
def test_a_guard_of_one_edition_leaves_the_other(profile: str):
    model = report(table("Effectifs", ["Agents"], ["Titulaires", "s"]), profile=profile)
    assert bool(breaches("tableau-masque", model)) == (profile == "public")


def test_what_is_in_a_list_a_note_or_the_page_of_a_member_is_read():
    bad = {"genre": "paragraphe", "enfants": [words("zéro : 0 agents")]}
    listed = {"genre": "texte", "arbre": [{"genre": "liste", "enfants": [{"genre": "element", "enfants": [bad]}]}]}
    quoted = {"genre": "texte", "arbre": [{"genre": "citation", "enfants": [bad]}]}
    model = report(listed, quoted)
    model["collectivites"] = [{"titre": "Orly", "blocs": [listed]}]
    found = breaches("nombre-sans-accord", model)
    assert [one.place for one in found] == ["Essai, Partie", "Essai, Partie", "Les pages, Orly"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"avec": "a"}, "ce dont parle la garde"),
        ({"mots": "(", "avec": "a"}, "expression régulière"),
        ({"mots": "a", "apres": "a.b"}, "donner chiffres"),
    ],
)
def test_a_guard_that_says_nothing_is_refused(said: dict[str, Any], why: str):
    with pytest.raises(ValueError, match=why):
        Garde.model_validate({"dit": "essai", **said})
