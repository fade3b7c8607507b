"""Writes the staff's lists, hours and payslips as Cegid RH does until 2020 and Ciril RH from 2021.

Both systems describe the same facts in different words: this module has each system's words for a statut, a contract or
a reason to leave, and the defects planted in its files.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from demo import rh
from demo.fichiers import Classeur, FichierTexte
from demo.livraisons import Defaut, Livraison
from demo.outils import Colonnes
from demo.personnes import majuscules

CEGID, CIRIL = "cegid_rh", "ciril_rh"
DERNIER_DE_CEGID = 2020

# (table, exercice) → the cell that cannot be read in a copy of a right line: no figure depends on it
REFUS = {
    ("cegid_rh/agents", 2018): ("date_entree", "31/02/2016", "LIG-TYPE"),
    ("cegid_rh/heures", 2019): ("heures", "néant", "LIG-TYPE"),
    ("cegid_rh/bulletins", 2019): ("nb_bulletins", "à compléter", "LIG-TYPE"),
    ("ciril_rh/agents", 2021): ("sexe", "", "LIG-OBLIGATOIRE"),
    ("ciril_rh/bulletins", 2021): ("collectivite", "", "LIG-OBLIGATOIRE"),
    ("ciril_rh/heures", 2022): ("heures", "cf. DSN", "LIG-TYPE"),
}
# (table, exercice, matricule) → a cell that can be read but is wrong
ERREURS = {
    ("cegid_rh/agents", 2018, "00126"): ("cadre_emplois", "Agents saisonniers", "cadre_inconnu"),
    ("cegid_rh/agents", 2019, "00132"): ("motif_sortie", "", "sortie_sans_motif"),
    ("ciril_rh/agents", 2021, "00143"): ("categorie", "Cat. B", "categorie_du_cadre"),  # an adjoint is C
}


@dataclass(frozen=True)
class Mots:
    """The words of one system; ``motifs`` is None when it uses those of the reference."""

    sexes: dict[str, str]
    statuts: dict[str, str]
    contrats: dict[str, str]
    permanent: tuple[str, str]
    complet: tuple[str, str]
    categorie: str
    cadre: Callable[[str], str]
    collectivite: str  # style of a member's name
    premier: int  # the migration lost the motif of older arrivals
    motifs: dict[str, str] | None = None

    def motif(self, libelle: str) -> str:
        """The system's word for a reason to join or to leave."""
        return self.motifs[libelle] if libelle and self.motifs else libelle


MOTS = {
    CEGID: Mots(
        sexes={"F": "F", "M": "M"},
        statuts={"titulaire": "Titulaire", "stagiaire": "Stagiaire", "contractuel": "Contractuel"},
        contrats={"": "", "CDI": "CDI", "CDD": "CDD"},
        permanent=("O", "N"),
        complet=("O", "N"),
        categorie="{}",
        cadre=str,
        collectivite="majuscules",
        premier=1990,
    ),
    CIRIL: Mots(
        sexes={"F": "Mme", "M": "M."},
        statuts={
            "titulaire": "Fonctionnaire titulaire",
            "stagiaire": "Fonctionnaire stagiaire",
            "contractuel": "Agent contractuel",
        },
        contrats={"": "", "CDI": "Durée indéterminée", "CDD": "Durée déterminée"},
        permanent=("Permanent", "Non permanent"),
        complet=("TC", "TNC"),
        categorie="Cat. {}",
        cadre=majuscules,
        collectivite="nom",
        premier=DERNIER_DE_CEGID + 1,
        motifs={
            "Arrivées de contractuels": "Recrutement contractuel",
            "Voie de mutation": "Mutation entrante",
            "Mutation": "Mutation sortante",
            "Départ à la retraite": "Retraite",
            "Fin de contrat": "Fin de CDD",
            "Démission": "Démission",
        },
    ),
}
SIGLE = "SICIO"  # how both systems name the syndicate itself

COLONNES: dict[str, Colonnes] = {
    "cegid_rh/agents": (
        ("Matricule", "matricule"),
        ("Nom", "nom"),
        ("Prénom", "prenom"),
        ("Sexe", "sexe"),
        ("Né(e) le", "naissance"),
        ("N° INSEE", "nir"),
        ("Statut", "statut"),
        ("Cadre d’emplois", "cadre_emplois"),
        ("Filière", "filiere"),
        ("Cat.", "categorie"),
        ("Service", "service"),
        ("Emploi permanent", "emploi"),
        ("Contrat", "contrat"),
        ("Temps complet", "temps"),
        ("Quotité", "quotite"),
        ("Entrée", "date_entree"),
        ("Motif d’entrée", "motif_entree"),
        ("Nommé stagiaire le", "date_nomination"),
        ("Sortie", "date_sortie"),
        ("Motif de sortie", "motif_sortie"),
    ),
    "cegid_rh/heures": (
        ("Période", "mois"),
        ("Matricule", "matricule"),
        ("Statut", "statut"),
        ("Heures payées", "heures"),
    ),
    "cegid_rh/bulletins": (("Période", "mois"), ("Société", "collectivite"), ("Bulletins", "nb_bulletins")),
    "ciril_rh/agents": (
        ("Mle", "matricule"),
        ("Civilité", "sexe"),
        ("Nom d’usage", "nom"),
        ("Prénom usuel", "prenom"),
        ("Date de naissance", "naissance"),
        ("NIR", "nir"),
        ("Position statutaire", "statut"),
        ("Nature du contrat", "contrat"),
        ("Nature de l’emploi", "emploi"),
        ("Catégorie", "categorie"),
        ("Filière", "filiere"),
        ("Cadre", "cadre_emplois"),
        ("Durée du poste", "temps"),
        ("Taux d’activité", "quotite"),
        ("Date d’arrivée", "date_entree"),
        ("Origine", "motif_entree"),
        ("Stagiairisation", "date_nomination"),
        ("Date de départ", "date_sortie"),
        ("Cause du départ", "motif_sortie"),
        ("Service", "service"),
    ),
    "ciril_rh/heures": (
        ("Mle", "matricule"),
        ("Mois", "mois"),
        ("Position statutaire", "statut"),
        ("Heures rémunérées", "heures"),
    ),
    "ciril_rh/bulletins": (("Collectivité", "collectivite"), ("Mois", "mois"), ("Nombre", "nb_bulletins")),
}


@dataclass
class Ligne:
    """A line before it is written: field → value, and the (rule, field) of what is wrong in it."""

    cellules: dict[str, object]
    defaut: tuple[str, str] | None = None


def cegid(exercice: int) -> Iterator[Livraison]:
    """The three files of Cegid RH; none after the migration."""
    if exercice > DERNIER_DE_CEGID:
        return
    agents, heures, bulletins = (f"{CEGID}/{table}" for table in ("agents", "heures", "bulletins"))
    titres = (f"DÉMONSTRATION – Cegid RH – État du personnel – exercice {exercice}", "")
    fiches = _agents(CEGID, exercice)
    yield _texte(agents, exercice, fiches, titres, {"matricule": "Total", "nom": len(fiches)})
    yield _texte(heures, exercice, _heures(CEGID, exercice))
    emis = _bulletins(CEGID, exercice)
    yield _texte(bulletins, exercice, emis, total={"mois": "TOTAL", "nb_bulletins": _somme(emis, "nb_bulletins")})


def ciril(exercice: int) -> Iterator[Livraison]:
    """The two workbooks of Ciril RH; none before the migration."""
    if exercice <= DERNIER_DE_CEGID:
        return
    titre = f"DÉMONSTRATION – Ciril RH – Personnel au 31 décembre {exercice}"
    personnel = [("Personnel", titre, f"{CIRIL}/agents", _agents(CIRIL, exercice), {})]
    yield _classeur(f"ciril_rh_personnel_demonstration_{exercice}.xlsx", exercice, personnel)
    heures, bulletins = _heures(CIRIL, exercice), _bulletins(CIRIL, exercice)
    titre = f"DÉMONSTRATION – Ciril RH – Paie, exercice {exercice}"
    total = {"matricule": "TOTAL", "heures": _somme(heures, "heures")}
    paie = [
        ("Heures", titre, f"{CIRIL}/heures", heures, total),
        ("Bulletins", titre, f"{CIRIL}/bulletins", bulletins, {}),
    ]
    yield _classeur(f"ciril_rh_paie_demonstration_{exercice}.xlsx", exercice, paie)


# --- lines


def _agents(systeme: str, exercice: int) -> list[Ligne]:
    mots = MOTS[systeme]
    lignes = [Ligne(_cellules_agent(mots, fiche)) for fiche in rh.fiches(exercice)]
    return _avec_defauts(f"{systeme}/agents", exercice, lignes)


def _cellules_agent(mots: Mots, fiche: rh.Fiche) -> dict[str, object]:
    agent, situation = fiche.agent, fiche.situation
    return {
        "matricule": agent.matricule,
        "nom": agent.nom.upper(),
        "prenom": agent.prenom,
        "sexe": mots.sexes[agent.sexe],
        "naissance": agent.naissance,
        "nir": agent.nir,
        "statut": mots.statuts[situation.statut],
        "cadre_emplois": mots.cadre(situation.cadre.libelle),
        "filiere": situation.cadre.filiere,
        "categorie": mots.categorie.format(situation.cadre.categorie),
        "service": fiche.service,
        "emploi": mots.permanent[0 if situation.est_permanent else 1],
        "contrat": mots.contrats[situation.contrat],
        "temps": mots.complet[0 if situation.heures_hebdo == rh.TEMPS_COMPLET else 1],
        "quotite": Decimal(situation.quotite_pct),
        "date_entree": fiche.entree,
        "motif_entree": mots.motif(fiche.motif_entree) if fiche.entree.year >= mots.premier else "",
        "date_nomination": fiche.nomination_stagiaire,
        "date_sortie": fiche.sortie,
        "motif_sortie": mots.motif(fiche.motif_sortie),
    }


def _heures(systeme: str, exercice: int) -> list[Ligne]:
    statuts = MOTS[systeme].statuts
    lignes = [
        Ligne(
            {
                "matricule": ligne.agent.matricule,
                "mois": ligne.mois,
                "statut": statuts[ligne.statut],
                "heures": ligne.heures,
            }
        )
        for ligne in rh.heures(exercice)
    ]
    return _avec_defauts(f"{systeme}/heures", exercice, lignes)


def _bulletins(systeme: str, exercice: int) -> list[Ligne]:
    style = MOTS[systeme].collectivite
    lignes = [
        Ligne(
            {
                "mois": emis.mois,
                "collectivite": emis.collectivite.ecrite(style) if emis.collectivite else SIGLE,
                "nb_bulletins": emis.nombre,
            }
        )
        for emis in rh.bulletins(exercice)
    ]
    return _avec_defauts(f"{systeme}/bulletins", exercice, lignes)


def _avec_defauts(table: str, exercice: int, lignes: list[Ligne]) -> list[Ligne]:
    """The lines with what is wrong among them: cells changed in place, and a copy that cannot be read."""
    for ligne in lignes:
        erreur = ERREURS.get((table, exercice, ligne.cellules.get("matricule")))
        if erreur:
            champ, faux, regle = erreur
            ligne.cellules[champ] = faux
            ligne.defaut = (regle, champ)
    if refus := REFUS.get((table, exercice)):
        champ, faux, regle = refus
        rang = Random(f"refus/{table}/{exercice}").randrange(len(lignes))
        lignes.insert(rang + 1, Ligne(lignes[rang].cellules | {champ: faux}, (regle, champ)))
    return lignes


def _somme(lignes: list[Ligne], champ: str) -> Decimal | int:
    """The total that the system prints, leaving out cells that are not numbers."""
    valeurs = (ligne.cellules[champ] for ligne in lignes)
    return sum(valeur for valeur in valeurs if isinstance(valeur, Decimal | int))


# --- files


def _texte(
    table: str, exercice: int, lignes: list[Ligne], titres: Iterable[str] = (), total: dict[str, object] | None = None
) -> Livraison:
    """A delimited file: dates as texts, decimal comma."""
    nom = f"{table.partition('/')[2]}_demonstration_{exercice}.csv"
    fichier = FichierTexte("cp1252", ";")
    for titre in titres:
        fichier.ligne_libre(titre)
    defauts = _remplit(fichier.ajoute, _en_texte, exercice, nom, (table, lignes, total or {}))
    return Livraison(f"{exercice}/{CEGID}/{nom}", fichier.octets(), defauts)


def _classeur(nom: str, exercice: int, feuilles: list[tuple[str, str, str, list[Ligne], dict]]) -> Livraison:
    """A workbook: date cells and numbers."""
    classeur, defauts = Classeur(exercice, "DÉMONSTRATION – ciril_rh"), ()
    for onglet, titre, table, lignes, total in feuilles:
        feuille = classeur.feuille(onglet)
        feuille.ajoute([titre], gras=True)
        feuille.ajoute([])
        defauts += _remplit(feuille.ajoute, _en_cellule, exercice, nom, (table, lignes, total))
    return Livraison(f"{exercice}/{CIRIL}/{nom}", classeur.octets(), defauts)


def _remplit(
    ajoute: Callable[[Iterable[object]], int],
    ecrit: Callable[[object], object],
    exercice: int,
    nom: str,
    contenu: tuple[str, list[Ligne], dict[str, object]],
) -> tuple[Defaut, ...]:
    """Write the header, the lines and the total; return the defects, each with the place of its line."""
    table, lignes, total = contenu
    intitules = {champ: intitule for intitule, champ in COLONNES[table]}
    ajoute(intitule for intitule, _ in COLONNES[table])
    defauts = []
    for ligne in lignes:
        place = ajoute(ecrit(ligne.cellules.get(champ)) for _, champ in COLONNES[table])
        if ligne.defaut:
            regle, champ = ligne.defaut
            defauts.append(Defaut(exercice, table, nom, place, regle, intitules[champ]))
    if total:
        ajoute(ecrit(total.get(champ)) for _, champ in COLONNES[table])
    return tuple(defauts)


def _en_texte(valeur: object) -> object:
    if isinstance(valeur, dt.date):
        return valeur.strftime("%d/%m/%Y")
    return f"{valeur:.2f}".replace(".", ",") if isinstance(valeur, Decimal) else valeur


def _en_cellule(valeur: object) -> object:
    return float(valeur) if isinstance(valeur, Decimal) else valeur
