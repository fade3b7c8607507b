"""Writes the demonstration's budget documents: principal and annexe, 2018 to 2022, in the official schema.

The amounts are invented so that the accounts of 2020 give the figures of the published report. What follows
the law is real: sections are balanced, 023 = 021, 042 = 040, the result of a year is taken up the year
after (001, 002, 1068) and so are its restes à réaliser; what the annexe budget repays to the principal one
(staff, costs) is a receipt of the latter. Amounts are in cents. No figure of the report is written here: the pipeline
computes them from these documents.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from lxml import etree

from demo.gouvernance import DEUX_DECISIONS, decisions_modificatives, vote

NAMESPACE = "http://www.minefi.gouv.fr/cp/demat/docbudgetaire"
SIRET_D_UN_MEMBRE = "21940054600012"  # Orly: in 2018 a document of its own is delivered by mistake
VILLE = "VILLE D'ORLY - DÉMONSTRATION"
NATURES = {"BP": "01", "DM": "02", "CA": "09"}

COMPTE_INCONNU = "61888"  # in no M14 plan: a planted defect, in the décision modificative of 2018
REELLE, ORDRE = "0", "1"


@dataclass(frozen=True)
class Organisme:
    """A body that votes budgets: P is the principal one, A an annexe."""

    nom: str
    prefixe: str  # of the names of its files
    departement: str
    code_insee: str
    nomenclature: str
    sirets: Mapping[str, str]
    libelles: Mapping[str, str]


SICIO = Organisme(
    nom="SICIO - DÉMONSTRATION",
    prefixe="SICIO",
    departement="94",
    code_insee="94022",
    nomenclature="M14-M14_COM_SUP3500",
    sirets={"P": "25940011700018", "A": "25940011700026"},
    libelles={"P": "BUDGET PRINCIPAL - DÉMONSTRATION", "A": "PRESTATIONS AUX TIERS - DÉMONSTRATION"},
)


@dataclass(frozen=True)
class Ligne:
    """One line of the year, all documents together; amounts in cents."""

    compte: str
    sens: str  # D or R
    section: str  # F or I
    chapitre: str
    operation: str = REELLE
    primitif: int = 0  # voted in the budget primitif, without the restes à réaliser
    modifications: tuple[int, ...] = ()  # added by each décision modificative, in their order
    restes_precedents: int = 0
    realise: int = 0
    restes: int = 0

    @property
    def modifie(self) -> int:
        """The sum that the décisions modificatives of the year add."""
        return sum(self.modifications)

    @property
    def credits(self) -> int:
        """Credits at the end of the year."""
        return self.restes_precedents + self.primitif + self.modifie


@dataclass(frozen=True)
class Annee:
    """What is chosen for one year of the principal budget; everything else follows from it."""

    budget_fonctionnement: int
    recettes: int  # realised in fonctionnement, 002 included
    depenses: int  # realised in fonctionnement
    budget_investissement: int
    excedent: int  # of investissement, restes à réaliser included
    restes_depenses: int
    restes_recettes: int
    amortissements: int
    amortissements_prevus: int
    fctva: int
    fctva_prevu: int
    subvention_prevue: int = 0
    subvention: int = 0


@dataclass(frozen=True)
class Reprise:
    """What a year takes up from the one before."""

    resultat: int  # 002
    reserve: int  # 1068
    solde: int  # 001
    restes_depenses: int
    restes_recettes: int


ANNEES = {
    2018: Annee(
        budget_fonctionnement=449_821_036,
        recettes=450_102_781,
        depenses=313_721_840,
        budget_investissement=98_764_512,
        excedent=-4_773_018,
        restes_depenses=18_745_032,
        restes_recettes=2_400_000,
        amortissements=23_190_418,
        amortissements_prevus=23_500_000,
        fctva=6_120_455,
        fctva_prevu=6_000_000,
        subvention_prevue=2_400_000,
    ),
    2019: Annee(
        budget_fonctionnement=468_215_923,
        recettes=486_039_989,
        depenses=326_057_351,
        budget_investissement=104_318_775,
        excedent=-10_677_829,
        restes_depenses=20_531_866,
        restes_recettes=0,
        amortissements=25_211_844,
        amortissements_prevus=25_500_000,
        fctva=5_891_107,
        fctva_prevu=6_000_000,
        subvention=2_400_000,
    ),
    2020: Annee(
        budget_fonctionnement=476_402_026,
        recettes=498_627_597,
        depenses=329_940_819,
        budget_investissement=109_132_652,
        excedent=11_193_404,
        restes_depenses=14_823_690,
        restes_recettes=0,
        amortissements=26_841_237,
        amortissements_prevus=27_000_000,
        fctva=6_603_012,
        fctva_prevu=6_000_000,
    ),
    2021: Annee(
        budget_fonctionnement=503_614_270,
        recettes=521_377_906,
        depenses=341_286_532,
        budget_investissement=112_480_930,
        excedent=-3_604_112,
        restes_depenses=16_902_415,
        restes_recettes=1_800_000,
        amortissements=27_904_162,
        amortissements_prevus=28_000_000,
        fctva=6_441_920,
        fctva_prevu=6_500_000,
        subvention_prevue=1_800_000,
    ),
    2022: Annee(
        budget_fonctionnement=521_930_644,
        recettes=535_208_317,
        depenses=356_740_918,
        budget_investissement=115_902_208,
        excedent=2_918_660,
        restes_depenses=14_260_377,
        restes_recettes=0,
        amortissements=29_015_730,
        amortissements_prevus=29_200_000,
        fctva=5_120_744,
        fctva_prevu=5_200_000,
        subvention=1_800_000,
    ),
}
PREMIERE_REPRISE = Reprise(
    resultat=101_245_736, reserve=8_500_000, solde=14_238_017, restes_depenses=9_612_040, restes_recettes=0
)
QUOTE_PART = 245_000  # 777 in fonctionnement, 13913 in investissement
IMPREVUES_FONCTIONNEMENT = 12_000_000
IMPREVUES_INVESTISSEMENT = 1_500_000

# The annexe budget: fonctionnement only. (budget, receipts realised with 002, expenditure realised)
ANNEXE = {
    2018: (11_842_000, 12_411_852, 8_932_715),
    2019: (12_615_580, 12_759_752, 8_939_341),
    2020: (13_168_624, 13_419_209, 9_270_255),
    2021: (13_644_180, 13_790_437, 9_611_904),
    2022: (13_902_500, 14_018_266, 9_874_330),
}
PREMIER_RESULTAT_ANNEXE = 2_187_462

# account: (chapter, weight of its credits, weight of what was realised)
DEPENSES = {
    "60612": ("011", 32, 24),
    "60632": ("011", 18, 15),
    "6064": ("011", 12, 8),
    "611": ("011", 310, 204),
    "6132": ("011", 140, 131),
    "6135": ("011", 66, 48),
    "6156": ("011", 905, 689),
    "6184": ("011", 60, 21),
    "6188": ("011", 25, 9),
    "6226": ("011", 48, 20),
    "6251": ("011", 9, 2),
    "6261": ("011", 14, 10),
    "6262": ("011", 260, 214),
    "6283": ("011", 22, 19),
    "6331": ("012", 24, 21),
    "6332": ("012", 4, 3),
    "6336": ("012", 13, 12),
    "64111": ("012", 402, 371),
    "64112": ("012", 15, 13),
    "64118": ("012", 198, 181),
    "64131": ("012", 388, 352),
    "64138": ("012", 96, 84),
    "6451": ("012", 196, 178),
    "6453": ("012", 148, 136),
    "6454": ("012", 20, 18),
    "6475": ("012", 3, 2),
    "651": ("65", 330, 231),
    "6531": ("65", 38, 35),
    "6533": ("65", 3, 2),
    "65888": ("65", 1, 1),
    "6718": ("67", 5, 1),
    "673": ("67", 8, 3),
}
RECETTES = {
    "6419": ("013", 12, 19),
    "70878": ("70", 96, 118),
    "74741": ("74", 3120, 3140),
    "7588": ("75", 6, 11),
    "7788": ("77", 1, 4),
}
EQUIPEMENTS = {
    "2031": ("20", 60, 24),
    "2051": ("20", 330, 148),
    "2135": ("21", 70, 19),
    "2183": ("21", 560, 262),
    "2184": ("21", 22, 10),
    "2188": ("21", 40, 17),
}
RESTES = {"2031": 8, "2051": 44, "2183": 96}
AMORTISSEMENTS = {"28031": 6, "28051": 70, "28183": 158, "28184": 5, "28188": 12}
DEPENSES_ANNEXE = {
    "611": ("011", 9, 5),
    "6156": ("011", 14, 9),
    "6251": ("011", 2, 1),
    "62871": ("011", 20, 15),
    "6215": ("012", 78, 60),
    "673": ("67", 1, 0),
}
RECETTES_ANNEXE = {"70688": ("70", 91, 93), "74748": ("74", 4, 3)}
REMBOURSEMENTS = {"6215": "70841", "62871": "70872"}  # spent by the annexe budget: received by the principal one
# What each décision modificative adds to an account: transfers inside a section, and a receipt that pays for maintenance.
DECISIONS = {
    "P": (
        {"70878": 960_000, "6156": 960_000, "611": 750_000, "6188": -750_000, "2183": 1_200_000, "2051": -1_200_000},
        {"64131": 1_350_000, "64111": -1_350_000, "2184": 180_000, "2183": -180_000},
    ),
    "A": ({"62871": -150_000, "6156": 150_000},),
}


def write_budget(folder: Path, exercice: int) -> None:
    """Write into ``folder`` the documents of ``exercice`` (2018 to 2022): BP, DM and CA of both budgets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents(exercice).items():
        (folder / name).write_bytes(content)


def documents(exercice: int) -> dict[str, bytes]:
    """File name → bytes of every document of ``exercice``."""
    found = {}
    for budget, lignes in (("P", principal(exercice)), ("A", annexe(exercice))):
        avant = {(ligne.compte, ligne.sens): ligne.credits for ligne in _annee_d_avant(budget, exercice)}
        numeros = range(1, len(_decisions(budget, exercice)) + 1)
        for nature, numero in [("BP", 0), *(("DM", numero) for numero in numeros), ("CA", 0)]:
            document = Document(budget, nature, exercice, numero=numero, avant=avant)
            found[document.fichier] = document.octets(lignes)
    if exercice == 2018:
        egare = Document("P", "BP", exercice, version="ville", siret=SIRET_D_UN_MEMBRE)
        found[egare.fichier] = egare.octets(annexe(exercice))
    if exercice == 2019:
        found |= _premieres_versions(exercice)
    return found


def _premieres_versions(exercice: int) -> dict[str, bytes]:
    """Two documents that a correction replaces: an amount on the wrong account, restes à réaliser forgotten."""
    primitif = Document("P", "BP", exercice, version="initial", date=f"{exercice}-03-21")
    compte = Document("P", "CA", exercice, version="initial", date=f"{exercice + 1}-06-11")
    lignes = principal(exercice)
    return {
        primitif.fichier: primitif.octets(_deplace(lignes, "6156", "611", 2_000_000)),
        compte.fichier: compte.octets(replace(ligne, restes=0) for ligne in lignes),
    }


def _decisions(budget: str, exercice: int) -> tuple[dict[str, int], ...]:
    """What the décisions modificatives of a year add, by account."""
    if budget == "A" or exercice in DEUX_DECISIONS:
        return DECISIONS[budget]
    return DECISIONS[budget][:1]


def _annee_d_avant(budget: str, exercice: int) -> list[Ligne]:
    if exercice - 1 not in ANNEES:
        return []
    return principal(exercice - 1) if budget == "P" else annexe(exercice - 1)


def _deplace(lignes: Iterable[Ligne], de: str, vers: str, cents: int) -> list[Ligne]:
    moved = {de: -cents, vers: cents}
    return [replace(ligne, primitif=ligne.primitif + moved.get(ligne.compte, 0)) for ligne in lignes]


def reparti(total: int, poids: dict[str, int]) -> dict[str, int]:
    """Share ``total`` cents out by weight; the cents left over go to the largest remainders."""
    somme = sum(poids.values())
    parts = {compte: total * part // somme for compte, part in poids.items()}
    restes = sorted(poids, key=lambda compte: (-(total * poids[compte] % somme), compte))
    for compte in restes[: total - sum(parts.values())]:
        parts[compte] += 1
    return parts


@cache
def reprise(exercice: int) -> Reprise:
    """What a year takes up from the one before: the reserve (1068) covers the need of investissement, and the rest goes to 002."""
    if exercice not in ANNEES or exercice - 1 not in ANNEES:
        return PREMIERE_REPRISE
    avant = ANNEES[exercice - 1]
    resultat = avant.recettes - avant.depenses
    reserve = max(0, -avant.excedent)
    return Reprise(
        resultat=resultat - reserve,
        reserve=reserve,
        solde=avant.excedent + avant.restes_depenses - avant.restes_recettes,
        restes_depenses=avant.restes_depenses,
        restes_recettes=avant.restes_recettes,
    )


def principal(exercice: int) -> list[Ligne]:
    """The lines of the principal budget."""
    annee, repris = ANNEES[exercice], reprise(exercice)
    investissement = _recettes_investissement(annee, repris)
    virement = annee.budget_investissement - sum(ligne.credits for ligne in investissement)
    investissement.append(Ligne("021", "R", "I", "021", ORDRE, primitif=virement))
    investissement += _depenses_investissement(annee, repris, sum(x.realise for x in investissement))
    lignes = [*_fonctionnement(annee, repris, virement, _rembourse(exercice)), *investissement]
    found = [_modifiee(ligne, _decisions("P", exercice)) for ligne in lignes]
    return [*found, Ligne(COMPTE_INCONNU, "D", "F", "011")] if exercice == 2018 else found


def _rembourse(exercice: int) -> list[Ligne]:
    """What the annexe budget repays: the same amounts, as receipts."""
    return [
        Ligne(REMBOURSEMENTS[ligne.compte], "R", "F", "70", primitif=ligne.credits, realise=ligne.realise)
        for ligne in annexe(exercice)
        if ligne.compte in REMBOURSEMENTS
    ]


def _fonctionnement(annee: Annee, repris: Reprise, virement: int, rembourse: list[Ligne]) -> list[Ligne]:
    amorti, prevu = annee.amortissements, annee.amortissements_prevus
    votes = annee.budget_fonctionnement
    autres = repris.resultat + QUOTE_PART
    recettes_prevues = votes - autres - sum(ligne.primitif for ligne in rembourse)
    recettes = annee.recettes - autres - sum(ligne.realise for ligne in rembourse)
    return [
        *_ventile(DEPENSES, "D", votes - prevu - virement - IMPREVUES_FONCTIONNEMENT, annee.depenses - amorti),
        Ligne("022", "D", "F", "022", primitif=IMPREVUES_FONCTIONNEMENT),
        Ligne("023", "D", "F", "023", ORDRE, primitif=virement),
        Ligne("6811", "D", "F", "042", ORDRE, primitif=prevu, realise=amorti),
        Ligne("002", "R", "F", "002", primitif=repris.resultat, realise=repris.resultat),
        *_ventile(RECETTES, "R", recettes_prevues, recettes),
        *rembourse,
        Ligne("777", "R", "F", "042", ORDRE, primitif=QUOTE_PART, realise=QUOTE_PART),
    ]


def _ventile(comptes: dict[str, tuple[str, int, int]], sens: str, votes: int, realise: int) -> list[Ligne]:
    """Real operations of fonctionnement, shared out over their accounts."""
    prevus = reparti(votes, {compte: prevu for compte, (_, prevu, _) in comptes.items()})
    realises = reparti(realise, {compte: fait for compte, (_, _, fait) in comptes.items()})
    return [
        Ligne(compte, sens, "F", chapitre, primitif=prevus[compte], realise=realises[compte])
        for compte, (chapitre, _, _) in comptes.items()
    ]


def _recettes_investissement(annee: Annee, repris: Reprise) -> list[Ligne]:
    """All the receipts of investissement except the virement."""
    prevus = reparti(annee.amortissements_prevus, AMORTISSEMENTS)
    amortis = reparti(annee.amortissements, AMORTISSEMENTS)
    return [
        Ligne("001", "R", "I", "001", primitif=repris.solde, realise=repris.solde),
        Ligne("1068", "R", "I", "10", primitif=repris.reserve, realise=repris.reserve),
        Ligne("10222", "R", "I", "10", primitif=annee.fctva_prevu, realise=annee.fctva),
        Ligne(
            "1323",
            "R",
            "I",
            "13",
            primitif=annee.subvention_prevue,
            restes_precedents=repris.restes_recettes,
            realise=annee.subvention,
            restes=annee.restes_recettes,
        ),
        *(
            Ligne(compte, "R", "I", "040", ORDRE, primitif=prevus[compte], realise=amortis[compte])
            for compte in AMORTISSEMENTS
        ),
    ]


def _depenses_investissement(annee: Annee, repris: Reprise, recettes: int) -> list[Ligne]:
    """The equipment balances the credits, and the payments leave the chosen excédent."""
    solde = annee.excedent + annee.restes_depenses - annee.restes_recettes
    nouveaux = annee.budget_investissement - QUOTE_PART - IMPREVUES_INVESTISSEMENT - repris.restes_depenses
    prevus = reparti(nouveaux, {compte: prevu for compte, (_, prevu, _) in EQUIPEMENTS.items()})
    payes = reparti(recettes - QUOTE_PART - solde, {compte: fait for compte, (_, _, fait) in EQUIPEMENTS.items()})
    precedents, restes = reparti(repris.restes_depenses, RESTES), reparti(annee.restes_depenses, RESTES)
    return [
        Ligne("020", "D", "I", "020", primitif=IMPREVUES_INVESTISSEMENT),
        Ligne("13913", "D", "I", "040", ORDRE, primitif=QUOTE_PART, realise=QUOTE_PART),
        *(
            Ligne(
                compte,
                "D",
                "I",
                chapitre,
                primitif=prevus[compte],
                restes_precedents=precedents.get(compte, 0),
                realise=payes[compte],
                restes=restes.get(compte, 0),
            )
            for compte, (chapitre, _, _) in EQUIPEMENTS.items()
        ),
    ]


def annexe(exercice: int) -> list[Ligne]:
    """The lines of the annexe budget."""
    budget, recettes, depenses = ANNEXE[exercice]
    avant = ANNEXE.get(exercice - 1)
    resultat = avant[1] - avant[2] if avant else PREMIER_RESULTAT_ANNEXE
    lignes = [
        *_ventile(DEPENSES_ANNEXE, "D", budget, depenses),
        Ligne("002", "R", "F", "002", primitif=resultat, realise=resultat),
        *_ventile(RECETTES_ANNEXE, "R", budget - resultat, recettes - resultat),
    ]
    return [_modifiee(ligne, _decisions("A", exercice)) for ligne in lignes]


def _modifiee(ligne: Ligne, decisions: Sequence[dict[str, int]]) -> Ligne:
    """Subtract the décisions modificatives from the budget primitif, so that the credits at the end of the year are unchanged."""
    cents = tuple(decision.get(ligne.compte, 0) for decision in decisions)
    return replace(ligne, primitif=ligne.primitif - sum(cents), modifications=cents)


@dataclass(frozen=True)
class Document:
    """One document to write."""

    budget: str  # P or A
    nature: str  # BP, DM or CA
    exercice: int
    numero: int = 0  # of a décision modificative
    version: str = ""
    date: str = ""
    siret: str = ""  # when the document belongs to another body
    organisme: Organisme = SICIO
    avant: dict[tuple[str, str], int] = field(default_factory=dict)  # credits of the year before

    @property
    def fichier(self) -> str:
        """The name of its file."""
        nature = f"{self.nature}{self.numero or ''}"
        return (
            "_".join(filter(None, [self.organisme.prefixe, str(self.exercice), self.budget, nature, self.version]))
            + ".xml"
        )

    @property
    def encodage(self) -> str:
        """ISO-8859-1, as most vendors; one is in UTF-8."""
        return "UTF-8" if (self.exercice, self.budget, self.nature) == (2020, "A", "CA") else "ISO-8859-1"

    @property
    def jour(self) -> str:
        """Its date: that of the meeting of the comité which voted it."""
        if self.date:
            return self.date
        if self.nature == "BP":
            jour = vote("Vote du budget", self.exercice)
        elif self.nature == "CA":
            jour = vote("Compte administratif", self.exercice + 1)
        else:
            jour = decisions_modificatives(self.exercice)[self.numero - 1]
        return jour.isoformat()

    def octets(self, lignes: Iterable[Ligne]) -> bytes:
        """The whole document."""
        root = etree.Element(_nom("DocumentBudgetaire"), nsmap={None: NAMESPACE})
        _valeurs(root, VersionSchema="100")
        _valeurs(_fils(root, "BlocEditeur"), CodeEditeur="Démonstration")
        sceau = _fils(root, "Scellement")
        _valeurs(
            _fils(root, "EnTeteDocBudgetaire"),
            DteStr=self.jour,
            LibelleColl=VILLE if self.siret else self.organisme.nom,
            IdColl=self.siret or self.organisme.sirets["P"],
            NatCEPL="Syndicat intercommunal",
            Departement=self.organisme.departement,
        )
        budget = _fils(root, "Budget")
        self._entete(budget)
        portees = [(ligne, montants) for ligne in lignes if (montants := self._montants(ligne))]
        for ligne, montants in portees:
            self._ligne(budget, ligne, montants)
        annexes = _fils(budget, "Annexes")
        _fils(annexes, "DATA_EMPRUNT")  # empty: no debt
        if self.nature == "CA":
            self._consolidation(_fils(annexes, "DATA_CONSOLIDATION"), [ligne for ligne, _ in portees])
        for cle, algorithme in (("md5", hashlib.md5), ("sha1", hashlib.sha1)):
            sceau.set(cle, algorithme(etree.tostring(budget), usedforsecurity=False).hexdigest().upper())
        sceau.set("date", f"{self.jour}T10:00:00.000+02:00")
        return etree.tostring(root, encoding=self.encodage, xml_declaration=True, pretty_print=True)

    def _entete(self, budget: etree._Element) -> None:
        _valeurs(
            _fils(budget, "EnTeteBudget"),
            LibelleEtab=VILLE if self.siret else self.organisme.libelles[self.budget],
            IdEtab=self.siret or self.organisme.sirets[self.budget],
            CodInseeColl=self.organisme.code_insee,
            CodBud={"P": "00", "A": "01"}[self.budget],
            Nomenclature=self.organisme.nomenclature,
        )
        sirets, libelles = self.organisme.sirets, self.organisme.libelles
        parent = {"IdEtabPal": sirets["P"], "LibelleEtabPal": libelles["P"]} if self.budget == "A" else {}
        _valeurs(
            _fils(budget, "BlocBudget"),
            NatDec=NATURES[self.nature],
            **({"NumDec": str(self.numero)} if self.numero else {}),
            Exer=str(self.exercice),
            ProjetBudget="false",
            **({} if self.nature == "CA" else {"DteDec": self.jour}),
            NatVote="FcIc",
            OpeEquip="false",
            BudgPrec="2",
            ReprRes="2",
            NatFonc="1",
            CodTypBud=self.budget,
            **parent,
        )

    def _montants(self, ligne: Ligne) -> dict[str, int]:
        """The amounts that this kind of document gives for the line; empty when it does not have the line."""
        if ligne.compte == COMPTE_INCONNU:
            return {"MtPropNouv": 150_000, "MtPrev": 150_000, "CredOuv": 150_000} if self.numero == 1 else {}
        if self.nature == "BP":
            return self._montants_primitif(ligne)
        if self.nature == "DM":
            return self._montants_modificatifs(ligne)
        montants = {
            "MtRARPrec": ligne.restes_precedents,
            "MtPropNouv": ligne.primitif + ligne.modifie,
            "MtPrev": ligne.primitif + ligne.modifie,
            "CredOuv": ligne.credits,
            "MtReal": ligne.realise,
            "MtRAR3112": ligne.restes,
        }
        return montants if any(montants.values()) else {}

    def _montants_primitif(self, ligne: Ligne) -> dict[str, int]:
        credits = ligne.restes_precedents + ligne.primitif
        avant = self.avant.get((ligne.compte, ligne.sens), 0)
        if not credits and not avant:
            return {}
        return {
            "MtBudgPrec": avant,
            "MtRARPrec": ligne.restes_precedents,
            "MtPropNouv": ligne.primitif,
            "MtPrev": ligne.primitif,
            "CredOuv": credits,
        }

    def _montants_modificatifs(self, ligne: Ligne) -> dict[str, int]:
        """The difference; like real vendors, the whole former budget beside it and MtReal on 001 and 002."""
        avant, modifie = ligne.modifications[: self.numero - 1], ligne.modifications[self.numero - 1]
        if ligne.compte == "6188" and (self.budget, self.exercice) == ("P", 2018):
            modifie -= 150_000  # credits of the line on the unknown account
        montants = {
            "MtBudgPrec": ligne.restes_precedents + ligne.primitif + sum(avant),
            "MtPropNouv": modifie,
            "MtPrev": modifie,
        }
        if ligne.chapitre in ("001", "002"):
            montants["MtReal"] = ligne.realise
        return montants | ({"CredOuv": modifie} if modifie else {})

    def _consolidation(self, annexe: etree._Element, lignes: list[Ligne]) -> None:
        """The document's own totals; like some vendors, those of the annexe budget leave out what is carried over."""
        for section, sens in sorted({(ligne.section, ligne.sens) for ligne in lignes}):
            totalisees = [ligne for ligne in lignes if (ligne.section, ligne.sens) == (section, sens)]
            realisees = [x for x in totalisees if self.budget == "P" or x.chapitre not in ("001", "002")]
            _valeurs(
                _fils(annexe, "CONSOLIDATION"),
                CodTypBudAgreg={"P": "01", "A": "02"}[self.budget],
                CodInvFonc=section,
                CodRD=sens,
                MtCredOuv=_euros(sum(ligne.credits for ligne in totalisees)),
                MtRealMandatTitre=_euros(sum(ligne.realise for ligne in realisees)),
                RAR=_euros(sum(ligne.restes for ligne in totalisees)),
                SiretBudAnnexe=self.organisme.sirets[self.budget],
            )

    def _ligne(self, budget: etree._Element, ligne: Ligne, montants: dict[str, int]) -> None:
        element = _fils(budget, "LigneBudget")
        contenant = {"ContNat": ligne.chapitre} if ligne.sens == "D" else {}
        _valeurs(element, Nature=ligne.compte, **contenant, ArtSpe="false", CodRD=ligne.sens)
        _valeurs(element, **{nom: _euros(cents) for nom, cents in montants.items() if cents or nom == "MtPrev"})
        _valeurs(element, OpBudg=ligne.operation, **({"TypOpBudg": "2"} if ligne.operation == ORDRE else {}))
        _valeurs(element, CaracSup=ligne.section)
        element[-1].set("Code", "Section")


def _nom(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _fils(parent: etree._Element, local: str) -> etree._Element:
    return etree.SubElement(parent, _nom(local))


def _valeurs(parent: etree._Element, **valeurs: str) -> None:
    for local, valeur in valeurs.items():
        _fils(parent, local).set("V", valeur)


def _euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
