"""What a generator returns: a file to deliver and the defects that were planted in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defaut:
    """One planted defect: its place, and the check that must catch it.

    ``regle`` is a code of ``pipelines.catalogue.rules`` for a refused line or a wrong total (``LIG-TYPE``, ``TOTAL``),
    or the kind of a judged defect: ``doublon`` (uniqueness), ``connexion_avant_creation`` and
    ``sortie_sans_motif``, ``resolution_avant_ouverture`` (two columns), ``minimum``; ``cadre_inconnu`` and
    ``categorie_du_cadre`` need the reference of the cadres d'emplois, which only the warehouse has.
    """

    exercice: int
    table: str  # system/table
    fichier: str  # name of the file
    ligne: int  # physical line, or row of the sheet
    regle: str
    colonne: str | None = None  # heading in the file


@dataclass(frozen=True)
class Livraison:
    """One file, by its path under ``landing/``."""

    chemin: str
    contenu: bytes
    defauts: tuple[Defaut, ...] = ()
