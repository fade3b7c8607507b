"""Writes accounting flows (PES V2 Aller) and their acknowledgements (PES_ACQUIT), as a finance software sends them.

The elements are those of the schema, in its order; what names a person, an address, an account in a bank or an object is
there too, invented, so that it can be looked for where it must not be. Amounts are in cents and never signed: a bordereau
of type 02 takes back what its pieces say.
"""

import base64
import datetime as dt
import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

ALLER = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
RETOUR = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2"
DEPENSE, RECETTE = "D", "R"
ORDINAIRE, ANNULATION, ORDRE_DE_PAIEMENT = "01", "02", "03"  # TypBord
DOMAINES = {DEPENSE: "5", RECETTE: "6"}  # DomaineAck


@dataclass(frozen=True)
class Tiers:
    """Who is paid or who owes: invented."""

    nom: str
    categorie: str = "50"  # CatTiers
    siret: str = ""
    nir: str = ""


@dataclass(frozen=True)
class Ligne:
    """One imputation of a piece."""

    compte: str
    cents: int
    tiers: Tiers
    origine: tuple[str, int, int, int] | None = None  # NatPceOrig, ExerRat, IdPceOrig, IdLigneOrig


@dataclass(frozen=True)
class Piece:
    """One mandat or titre."""

    numero: int
    lignes: tuple[Ligne, ...]
    type: str = "01"  # TypPce
    nature: str = "01"  # NatPce

    @property
    def cents(self) -> int:
        """What its lines add up to."""
        return sum(ligne.cents for ligne in self.lignes)


@dataclass(frozen=True)
class Bordereau:
    """A list of pieces; ``annonce`` is the total that it states, when that is wrong."""

    exercice: int
    numero: int
    date: dt.date
    pieces: tuple[Piece, ...]
    sens: str = DEPENSE
    type: str = ORDINAIRE
    cumul: int = 0
    annonce: int | None = None

    @property
    def cents(self) -> int:
        """What its pieces add up to."""
        return sum(piece.cents for piece in self.pieces)


@dataclass(frozen=True)
class Emetteur:
    """The body that issues, and its budget."""

    siret: str
    nom: str
    poste: str
    code_collectivite: str
    code_budget: str = "00"


def fichier(nom: str, date: dt.date, emetteur: Emetteur, bordereaux: Sequence[Bordereau]) -> bytes:
    """One flow; both sides when it has bordereaux of both."""
    root = _racine(ALLER, "PES_Aller", nom, date, emetteur)
    for sens, bloc in ((DEPENSE, "Depense"), (RECETTE, "Recette")):
        siens = [bordereau for bordereau in bordereaux if bordereau.sens == sens]
        if siens:
            cote = etree.SubElement(root, f"PES_{bloc}Aller")
            _valeurs(etree.SubElement(cote, f"EnTete{bloc}"), IdVer="2", InfoDematerialisee="0")
            for bordereau in siens:
                _bordereau(cote, bordereau)
    pieces_jointes = etree.SubElement(root, "PES_PJ")
    _valeurs(etree.SubElement(pieces_jointes, "EnTetePES_PJ"), IdVer="2")
    jointe = etree.SubElement(pieces_jointes, "PJ")
    contenu = base64.b64encode(gzip.compress(f"FACTURE DE {nom}".encode(), mtime=0)).decode()
    etree.SubElement(etree.SubElement(jointe, "Contenu"), "Fichier", MIMEType="application/pdf").text = contenu
    _valeurs(jointe, IdUnique=nom.replace("_", ""), NomPJ="FACTURE-INVENTEE.pdf", Description="FACTURE INVENTEE")
    return _octets(root)


def acquit(
    nom: str, date: dt.date, emetteur: Emetteur, acceptes: Iterable[Bordereau], refuses: Iterable[Bordereau] = ()
) -> bytes:
    """The answer of the public accountant to the flow of this name, bordereau by bordereau."""
    root = _racine(RETOUR, "PES_ACQUIT", nom, date, emetteur)
    bloc = etree.SubElement(root, "ACQUIT")
    _valeurs(etree.SubElement(bloc, "EnTeteAcquit"), IdVer="2")
    for etat, bordereaux in (("1", acceptes), ("0", refuses)):
        for bordereau in bordereaux:
            element = etree.SubElement(bloc, "ElementACQUIT")
            numero, exercice = str(bordereau.numero), str(bordereau.exercice)
            _valeurs(element, DomaineAck=DOMAINES[bordereau.sens], EtatAck=etat, NumBord=numero, ExerciceBord=exercice)
            if etat == "0":
                erreur = etree.SubElement(element, "Erreur")
                _valeurs(erreur, NumAnoAck="ERREUR_AUTRE", LibelleAnoAck="1971 - Compte fonction présent à tort")
    return _octets(root)


def _racine(espace: str, nom: str, flux: str, date: dt.date, emetteur: Emetteur) -> etree._Element:
    root = etree.Element(f"{{{espace}}}{nom}", nsmap={"n": espace})
    enveloppe = etree.SubElement(root, "Enveloppe")
    _valeurs(etree.SubElement(enveloppe, "Parametres"), Version="2", TypFic="PESALR2", NomFic=flux)
    _valeurs(etree.SubElement(enveloppe, "Emetteur"), Sigle="DEMONSTRATION", Adresse="DEMONSTRATION")
    _valeurs(
        etree.SubElement(root, "EnTetePES"),
        DteStr=date.isoformat(),
        IdPost=emetteur.poste,
        IdColl=emetteur.siret,
        CodCol=emetteur.code_collectivite,
        CodBud=emetteur.code_budget,
        LibelleColBud=emetteur.nom,
    )
    return root


def _bordereau(cote: etree._Element, bordereau: Bordereau) -> None:
    element = etree.SubElement(cote, "Bordereau")
    montant = "MtBordHT" if bordereau.sens == DEPENSE else "MtBordHt"
    _valeurs(
        etree.SubElement(element, "BlocBordereau"),
        Exer=str(bordereau.exercice),
        IdBord=str(bordereau.numero),
        DteBordEm=bordereau.date.isoformat(),
        TypBord=bordereau.type,
        NbrPce=str(len(bordereau.pieces)),
        MtCumulAnnuel=_euros(bordereau.cumul),
        **{montant: _euros(bordereau.cents if bordereau.annonce is None else bordereau.annonce)},
    )
    for piece in bordereau.pieces:
        _piece(element, piece, bordereau.sens)


def _piece(parent: etree._Element, piece: Piece, sens: str) -> None:
    element = etree.SubElement(parent, "Piece")
    bloc = etree.SubElement(element, "BlocPiece")
    if sens == DEPENSE:
        bloc = etree.SubElement(bloc, "InfoPce")
    objet = {"Obj" if sens == DEPENSE else "ObjPce": f"OBJET INVENTE {piece.numero}"}
    _valeurs(bloc, IdPce=str(piece.numero), TypPce=piece.type, NatPce=piece.nature, **objet)
    for rang, ligne in enumerate(piece.lignes, start=1):
        _ligne(element, rang, ligne, piece, sens)


def _ligne(parent: etree._Element, rang: int, ligne: Ligne, piece: Piece, sens: str) -> None:
    element = etree.SubElement(parent, "LigneDePiece")
    bloc = etree.SubElement(element, "BlocLignePiece")
    info = etree.SubElement(bloc, "InfoLignePce" if sens == DEPENSE else "InfoLignePiece")
    est_ordre = piece.type == "03"
    if sens == DEPENSE:
        mode = {"Nature": ligne.compte, "ModRegl": "08" if est_ordre else "03", "TVAIntraCom": "0"}
    else:
        mode = {"CodProdLoc": "01", "Nature": ligne.compte, "Majo": "0", "TvaIntraCom": "0"}
    _valeurs(info, IdLigne=str(rang), **mode, MtHT=_euros(ligne.cents))
    if ligne.origine:
        nature, exercice, numero, numero_ligne = map(str, ligne.origine)
        rattachement = etree.SubElement(bloc, "RattachPiece")
        _valeurs(rattachement, NatPceOrig=nature, ExerRat=exercice, IdPceOrig=numero, IdLigneOrig=numero_ligne)
    tiers = etree.SubElement(element, "Tiers")
    identifiant = {"IdTiers": ligne.tiers.siret, "NatIdTiers": "01"} if ligne.tiers.siret else {}
    if ligne.tiers.nir:
        identifiant = {"IdTiers": ligne.tiers.nir, "NatIdTiers": "04"}
    _valeurs(
        etree.SubElement(tiers, "InfoTiers"),
        **identifiant,
        RefTiers=f"T{piece.numero}",
        CatTiers=ligne.tiers.categorie,
        NatJur="03",
        **({} if sens == DEPENSE else {"TypTiers": "01"}),
        Nom=ligne.tiers.nom,
    )
    _valeurs(
        etree.SubElement(tiers, "Adresse"),
        TypAdr="1",
        Adr2="1 RUE INVENTEE",
        CP="48000",
        Ville="VILLE INVENTEE",
        CodRes="0",
    )
    if sens == DEPENSE:
        compte = etree.SubElement(tiers, "CpteBancaire")
        _valeurs(compte, IBAN="FR7630001007941234567890185", TitCpte=ligne.tiers.nom)


def _valeurs(parent: etree._Element, **valeurs: str) -> None:
    for nom, valeur in valeurs.items():
        etree.SubElement(parent, nom).set("V", valeur)


def _euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _octets(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="ISO-8859-1", xml_declaration=True, pretty_print=True)
