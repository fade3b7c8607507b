"""Every rule that can refuse a line or a delivery: one table of codes, in French, and the exception that carries one.

What belongs here: the code, what is expected and how to mend it, as the supplier of a file reads it. What does not:
the checks themselves (``ingest``, ``validate``, ``accept``), and errors of the program, which are English.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Rule:
    """One rule: its code, its title and how to mend what it refuses (French).

    ``a_decider``: a year cannot be frozen while such a finding stands and nobody has decided, although it stops nothing else.
    """

    code: str
    titre: str
    aide: str
    a_decider: bool = False

    @property
    def effet(self) -> str:
        """What a breach of the rule does (French): the same for every rule of a family."""
        return _EFFETS.get(self.code) or _EFFETS[self.code.partition("-")[0]]


_TABLE = [
    # lines
    Rule(
        "LIG-TYPE",
        "Valeur illisible dans le type déclaré",
        "Corriger la cellule dans l’outil d’origine, puis réexporter.",
    ),
    Rule(
        "LIG-MOTIF",
        "Valeur qui ne respecte pas le format imposé",
        "Saisir la valeur dans la forme attendue, puis réexporter.",
    ),
    Rule(
        "LIG-OBLIGATOIRE",
        "Valeur obligatoire absente",
        "Compléter la cellule dans l’outil d’origine, puis réexporter.",
    ),
    Rule(
        "LIG-COLONNES",
        "Nombre de cellules différent de l’en-tête",
        "Vérifier les séparateurs et les guillemets de la ligne.",
    ),
    # structure of a delivery
    Rule("FIC-VIDE", "Fichier vide", "Réexporter le fichier : il ne contient aucune ligne."),
    Rule(
        "FIC-NATURE",
        "Fichier d’une autre nature que celle déclarée",
        "Déposer l’export dans le format déclaré.",
    ),
    Rule(
        "FIC-ENCODAGE",
        "Encodage différent de celui déclaré",
        "Réexporter dans l’encodage déclaré, ou corriger la déclaration.",
    ),
    Rule(
        "FIC-ENTETE",
        "En-tête introuvable ou incomplet",
        "Rétablir les intitulés de colonnes, ou déclarer le nouvel en-tête.",
    ),
    Rule("FIC-COLONNE-DOUBLE", "Intitulé de colonne en double", "Supprimer ou renommer la colonne en double."),
    Rule(
        "FIC-GUILLEMETS",
        "Guillemets non refermés",
        "Refermer le guillemet signalé : il avale la suite du fichier.",
    ),
    Rule(
        "FIC-FEUILLE",
        "Feuille absente du classeur",
        "Rétablir la feuille déclarée, ou corriger la déclaration.",
    ),
    Rule(
        "FIC-FORMULE",
        "Formule sans résultat enregistré",
        "Ouvrir le classeur, recalculer, enregistrer, puis redéposer.",
    ),
    Rule("FIC-PROTEGE", "Classeur protégé par un mot de passe", "Enregistrer le classeur sans mot de passe."),
    Rule(
        "FIC-TAILLE",
        "Fichier hors de proportion",
        "Vérifier le fichier : sa taille réelle dépasse les limites de sûreté.",
    ),
    Rule(
        "FIC-XML",
        "Document XML mal formé",
        "Réexporter le document depuis le logiciel de gestion financière.",
    ),
    Rule("FIC-DOCTYPE", "Document XML portant un DOCTYPE", "Retirer le DOCTYPE : il est refusé par sécurité."),
    Rule(
        "FIC-DSN",
        "Déclaration sociale contraire à la norme",
        "Redéposer le fichier tel que le logiciel de paie l’a produit.",
    ),
    Rule(
        "FIC-TRONQUE",
        "Fichier incomplet",
        "Redéposer le fichier entier : son contenu n’est pas celui qu’il annonce.",
    ),
    Rule("FIC-EXERCICE", "Fichier d’un autre exercice", "Déposer le fichier dans le dossier de son exercice."),
    Rule(
        "FIC-DEJA-VU",
        "Fichier déjà accepté pour un autre exercice",
        "Déposer l’export du bon exercice : les octets sont identiques.",
    ),
    Rule(
        "FIC-BILAN",
        "Lignes lues ≠ acceptées + refusées + ignorées",
        "Signaler ce fichier : le lecteur a perdu des lignes.",
    ),
    Rule(
        "FIC-INSTABLE",
        "Fichier encore en cours d’écriture",
        "Attendre la fin du dépôt, puis relancer la collecte.",
    ),
    Rule(
        "COL-MANQUANT",
        "Export attendu et non reçu",
        "Relancer le propriétaire de l’export, ou déclarer l’absence.",
    ),
    Rule(
        "COL-PERIME",
        "Export arrêté avant la fin de l’exercice",
        "Refaire l’export une fois l’exercice terminé, ou dire pourquoi rien ne s’y ajoute (millesime decide).",
        a_decider=True,
    ),
    # judgement
    Rule(
        "ATT-CRITIQUE",
        "Contrôle critique en échec",
        "Corriger les lignes signalées dans l’outil d’origine, puis réexporter.",
    ),
    Rule(
        "ATT-ALERTE",
        "Contrôle d’alerte en échec",
        "Vérifier auprès du fournisseur de l’export ; la livraison est acceptée.",
    ),
    Rule(
        "ATT-ERREUR",
        "Contrôle qui n’a pas pu s’exécuter",
        "Signaler l’erreur : le contrôle est en cause, non la donnée.",
    ),
    Rule(
        "TOTAL",
        "Total annoncé différent du total recalculé",
        "Vérifier le total de l’export ou les lignes manquantes.",
    ),
    # build
    Rule(
        "PUB-ECART",
        "Chiffre publié différent du chiffre recalculé",
        "Rédiger un erratum, ou corriger l’export en cause.",
        a_decider=True,
    ),
    Rule(
        "ABS-CONTREDITE",
        "Absence déclarée malgré des données reçues",
        "Retirer l’absence déclarée, ou vérifier l’export.",
        a_decider=True,
    ),
    Rule(
        "CPT-INCONNU",
        "Compte absent du plan de comptes de l’exercice",
        "Vérifier le compte ou la nomenclature du document.",
        a_decider=True,
    ),
    Rule(
        "REL-ECART",
        "Chiffre d’un exercice figé qui changerait",
        "Remettre le fichier précédent, ou figer une nouvelle version de l’exercice avec son motif.",
    ),
    Rule(
        "GOU-QUORUM",
        "Quorum recalculé différent de celui du procès-verbal",
        "Vérifier les présents et la liste des membres, ou faire constater l’irrégularité de la séance.",
    ),
    Rule(
        "RH-THEORIQUE",
        "Effectif théorique différent de l’effectif publié, à défaut compté, un an plus tôt",
        "Chercher l’agent entré ou sorti sans date, ou dont le statut a changé sans nomination.",
    ),
    Rule(
        "RH-DSN-EFFECTIF",
        "Effectif déclaré différent de celui de l’état du personnel",
        "Rapprocher les contrats en cours au 31 décembre de la déclaration de décembre et de l’état du personnel.",
    ),
    Rule(
        "RH-DSN-HEURES",
        "Heures déclarées différentes de celles de la paie",
        "Rapprocher les heures par agent et par mois : les déclarations sociales font foi.",
    ),
    Rule(
        "RH-REFERENTIEL",
        "Filière ou catégorie différente du référentiel des cadres d’emplois",
        "Corriger la fiche de l’agent ; le rapport suit le référentiel.",
    ),
    Rule(
        "RH-LIGNES",
        "Lignes du personnel non reconnues",
        "Corriger le mot dans l’outil, ou ajouter son orthographe à catalogue/reference/rh_orthographes.csv ; "
        "retirer du dépôt les déclarations d’un autre employeur.",
    ),
    Rule(
        "FIN-ORGANISME",
        "Document budgétaire d’un autre organisme",
        "Retirer le document du dépôt, ou corriger le SIREN de organisation.yml ; il n’entre dans aucun chiffre.",
    ),
    Rule(
        "FIN-EQUILIBRE",
        "Section dont les dépenses et les recettes diffèrent",
        "Vérifier que le document est complet ; un budget voté en suréquilibre est admis.",
    ),
    Rule(
        "FIN-VIREMENT",
        "Virement entre sections donné et non reçu",
        "Vérifier les lignes 021 et 023 du document dans le logiciel de gestion financière.",
    ),
    Rule(
        "FIN-ORDRE",
        "Opérations d’ordre dont les deux côtés diffèrent",
        "Vérifier les chapitres d’ordre 040 à 043 du document dans le logiciel de gestion financière.",
    ),
    Rule(
        "FIN-REPRISE",
        "Résultat repris pour un autre montant",
        "Comparer les comptes de l’exercice avec les lignes 001, 002 et 1068 de l’exercice suivant.",
    ),
    Rule(
        "FIN-RESTES",
        "Restes à réaliser reportés pour un autre montant",
        "Comparer l’état des restes à réaliser avec le budget qui les reprend.",
    ),
    Rule(
        "FIN-CONSOLIDATION",
        "Total du document différent de la somme de ses lignes",
        "Demander à l’éditeur ce que compte ce total ; nos chiffres viennent des lignes.",
    ),
    Rule(
        "FIN-RECIPROQUE",
        "Paiement entre budgets donné et non reçu",
        "Vérifier les comptes réciproques des deux budgets ; le montant consolidé en dépend.",
    ),
    Rule(
        "FIN-ECRITURES",
        "Pièces émises différentes du compte administratif",
        "Rechercher la pièce absente ou imputée ailleurs, puis réexporter la liste entière.",
    ),
    Rule(
        "DBT-ECHEC",
        "Règle de l’entrepôt en échec",
        "Corriger les données signalées ; l’entrepôt précédent reste en place.",
    ),
    # public profile: the former one stays in place
    Rule(
        "SEC-TABLE",
        "Nombre dont le secret statistique n’est pas réglé",
        "Compléter la déclaration du profil public (catalogue/secrecy.yml), puis publier de nouveau.",
    ),
    Rule(
        "SEC-COHERENCE",
        "Nombre différent de ce que décrit la déclaration du secret",
        "Corriger la déclaration du profil public, ou la table, puis publier de nouveau.",
    ),
    Rule(
        "SEC-DEJA-PUBLIE",
        "Petit nombre que révèle une publication précédente",
        "Rétablir le seuil ou les données de la publication précédente ; ce qui est déjà public ne peut être masqué.",
    ),
    Rule(
        "SEC-AUDIT",
        "Nombre masqué que l’on peut déduire",
        "Signaler l’erreur : le masquage est en cause, non la donnée.",
    ),
]
_EFFETS = {
    "LIG": "La ligne est refusée, comptée et expliquée ; le reste de la livraison est lu. Les chiffres concernés sont dits partiels.",
    "FIC": "La livraison est refusée en entier ; la précédente, si elle existe, reste celle qui compte.",
    "COL-PERIME": "La livraison est acceptée et ses chiffres publiés, bien qu’incomplets peut-être : à décider avant de figer l’exercice.",
    "COL": "Les chiffres qui en dépendent manquent (code « m ») tant que l’export n’est ni reçu ni déclaré absent.",
    "ATT-CRITIQUE": "La livraison n’est pas acceptée ; la précédente reste celle qui compte, sauf décision motivée.",
    "ATT-ALERTE": "La livraison est acceptée ; l’alerte demeure visible.",
    "ATT-ERREUR": "La livraison n’est pas acceptée : un contrôle qui n’a pas tourné ne prouve rien. Aucune décision ne peut l’accepter.",
    "TOTAL": "La livraison est acceptée ; l’écart demeure visible.",
    "PUB": "Le chiffre recalculé est publié, jamais corrigé en silence ; l’écart doit être décidé avant de figer l’exercice.",
    "ABS": "L’absence déclarée l’emporte ; la contradiction doit être décidée avant de figer l’exercice.",
    "CPT": "Le montant est conservé hors des sections et chapitres ; il doit être décidé avant de figer l’exercice.",
    "REL": "Rien n’est publié tant qu’une nouvelle version motivée ne remplace pas l’exercice figé.",
    "FIN": "Les montants sont publiés tels quels, jamais ajustés ; l’écart demeure visible.",
    "GOU": "Le tableau des séances montre les deux lectures ; l’écart demeure visible.",
    "SEC": "Le profil public n’est pas publié : le précédent reste en place, le profil interne est publié.",
    "RH": "Le chiffre est publié ; l’écart demeure visible.",
    "DBT": "L’entrepôt n’est pas remplacé : la publication précédente reste en place.",
}
RULES: dict[str, Rule] = {rule.code: rule for rule in _TABLE}


class DeliveryRefused(Exception):
    """A whole delivery that cannot be read, with where, what was received and what was expected.

    ``recu`` must never be a cell of a table that has personal columns.
    """

    def __init__(
        self,
        code: str,
        *,
        fichier: str = "",
        ligne: int | None = None,
        colonne: str | None = None,
        recu: str | None = None,
        attendu: str = "",
    ):
        self.rule = RULES[code]
        self.fichier, self.ligne, self.colonne, self.recu, self.attendu = (
            fichier,
            ligne,
            colonne,
            recu,
            attendu,
        )
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """One line a supplier can read: where, rule, received, expected, how to mend."""
        where = ":".join(str(part) for part in (self.fichier, self.ligne, self.colonne) if part not in (None, ""))
        parts = [f"{where} {self.rule.code} {self.rule.titre}".strip()]
        if self.recu is not None:
            parts.append(f"reçu : {self.recu}")
        if self.attendu:
            parts.append(f"attendu : {self.attendu}")
        parts.append(self.rule.aide)
        return " — ".join(parts)

    def as_dict(self) -> dict:
        """The same, for the ledger."""
        return {
            **asdict(self.rule),
            "fichier": self.fichier,
            "ligne": self.ligne,
            "colonne": self.colonne,
            "recu": self.recu,
            "attendu": self.attendu,
        }
