"""What the words of a heading say of its column, the name that they make, and how most cells look."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable

SPACES = " \t\u00a0\u2007\u2009\u202f"

# Digits are a code under some, a date under others.
CODE = "code numero siren siret tel telephone cp postal matricule insee reference ref id identifiant ticket compte nir iban"
DATE = "date debut fin jour mois periode creation connexion ouverture cloture entree sortie extraction naissance le created month"
FLAG = "actif active est enabled ouvert valide"
YEAR_WORDS = "annee exercice an millesime year"
KEY = "id identifiant numero reference ref ticket matricule cle key login code"
DROPPED = "naissance ne nee nir securite adresse telephone tel portable mobile iban rib photo civilite sexe"
PERSON = "nom prenom prenoms agent intervenant demandeur usager contact responsable referent beneficiaire technicien auteur titulaire"
HEALTH = "sante allergie allergies allergene regime medical medicale handicap pathologie"
PSEUDONYM = "login identifiant matricule mail email courriel user utilisateur username uid"
THING = "commune collectivite application logiciel service produit fichier ville site structure etablissement lieu type nb nombre total"
WORDS = "statut priorite urgence categorie motif nature etat niveau objet titre description solution filiere contrat cadre profil"
NAMING = "nom name libelle intitule code de d du des la le les l"  # the words of the name of a thing

QUANTITIES = "montant taux prix cout part solde base valeur quantite volume duree heure poste serveur"
KNOWN = " ".join(
    (CODE, DATE, FLAG, YEAR_WORDS, KEY, DROPPED, HEALTH, PERSON, PSEUDONYM, THING, WORDS, NAMING, QUANTITIES)
)


def slug(heading: str) -> str:
    """A heading as a name: ``N° de ticket`` → ``numero_de_ticket``."""
    text = re.sub(r"\b[nN]\s?[°º]", "numero ", heading)
    text = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "Oe"))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def says(heading: str, known: str) -> bool:
    """True when one of the words of a heading is among ``known``."""
    return not {*slug(heading).split("_")}.isdisjoint(known.split())


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number when it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def most(cells: Collection[str], looks: Callable[[str], object]) -> bool:
    """True when more than half of the cells look so."""
    return bool(cells) and sum(bool(looks(cell)) for cell in cells) * 2 > len(cells)
