"""The tools whose user lists the demonstration imitates: one layout each, as its own vendor would have it.

These layouts are written apart from the declarations of ``catalogue/systems``, on purpose: a real export does
not know how it is going to be read.
"""

from dataclasses import dataclass

from demo.collectivites import COLLECTIVITES, Collectivite

Colonnes = tuple[tuple[str, str], ...]  # (heading, field of an account, or "" when the report does not use it)


@dataclass(frozen=True)
class Texte:
    """A delimited file."""

    encodage: str
    separateur: str
    fin_de_ligne: str = "\r\n"
    tout_entre_guillemets: bool = False


@dataclass(frozen=True)
class Tableur:
    """A workbook; ``avant`` and ``apres`` are the sheets around the right one."""

    feuille: str
    avant: tuple[str, ...] = ()
    apres: tuple[str, ...] = ()


@dataclass(frozen=True)
class Total:
    """The line below the list: its label is under the login, the number of lines under ``champ``."""

    libelle: str
    champ: str = "nom"


@dataclass(frozen=True)
class Outil:
    """One application's own way of listing its accounts.

    ``dates`` is a strftime format, or for a workbook ``cellule`` (date cells), ``serie`` (bare serial
    numbers), ``mixte`` (date cells and texts). ``{exercice}`` in ``fichier`` and ``titres`` is the year.
    """

    code: str
    fichier: str
    ecrit: Texte | Tableur
    colonnes: dict[int, Colonnes]  # by first exercice
    actif: tuple[object, object]
    dates: str
    collectivite: str
    identifiant: str
    profils: tuple[str, ...]
    ouverture: int
    titres: tuple[str, ...] = ()
    total: Total | None = None
    fin: str | None = None
    dernier: int | None = None  # last exercice, when another tool took its place
    membres: tuple[Collectivite, ...] = COLLECTIVITES

    @property
    def premier(self) -> int:
        """Its first exercice."""
        return min(self.colonnes)

    def sert(self, exercice: int) -> bool:
        """True when the tool was in use in ``exercice``."""
        return self.premier <= exercice and (self.dernier is None or exercice <= self.dernier)

    def colonnes_de(self, exercice: int) -> Colonnes:
        """The columns in their state of ``exercice``."""
        return self.colonnes[max(annee for annee in self.colonnes if annee <= exercice)]


def _colonnes(*intitules: str, profil: bool = True, situation: bool = False, autre: str = "") -> Colonnes:
    """Columns in the usual order, from the login to the dates."""
    champs = ["identifiant", "nom", "prenom", "collectivite"]
    champs += ["profil"] if profil else []
    champs += ["est_actif", "date_creation", "date_derniere_connexion"]
    champs += ["date_situation"] if situation else []
    colonnes = tuple(zip(intitules, champs, strict=True))
    return (*colonnes, (autre, "")) if autre else colonnes


_CHOISY, _ORLY, _VALENTON, _VILLENEUVE, _BONNEUIL = COLLECTIVITES

OUTILS = (
    Outil(
        code="cegid_rh",
        fichier="utilisateurs_demonstration_{exercice}.csv",
        ecrit=Texte("cp1252", ";"),
        titres=("DÉMONSTRATION – Cegid RH – Liste des utilisateurs au 31/12/{exercice}", ""),
        colonnes={
            2018: _colonnes(
                "Code utilisateur",
                "Nom",
                "Prénom",
                "Société",
                "Groupe",
                "Actif",
                "Créé le",
                "Dernière connexion",
            )
        },
        actif=("O", "N"),
        dates="%d/%m/%Y",
        collectivite="majuscules",
        identifiant="NOMP",
        profils=("Consultation", "Gestionnaire paie", "Gestionnaire carrière", "Administrateur"),
        ouverture=2006,
        total=Total("Total"),
        dernier=2020,
        membres=(_CHOISY, _ORLY, _VILLENEUVE),
    ),
    Outil(
        code="ciril_rh",
        fichier="ciril_rh_utilisateurs_demonstration_{exercice}.xlsx",
        ecrit=Tableur("Utilisateurs"),
        titres=("DÉMONSTRATION – Ciril RH – Utilisateurs au 31/12/{exercice}", ""),
        colonnes={
            2021: _colonnes(
                *("Identifiant", "Nom d’usage", "Prénom", "Collectivité"),
                *("Profil", "État", "Créé le", "Dernière connexion"),
            )
        },
        actif=("Actif", "Suspendu"),
        dates="cellule",
        collectivite="nom",
        identifiant="prenom.nom",
        profils=("Consultation", "Gestionnaire paie", "Gestionnaire carrière", "Administrateur"),
        ouverture=2021,
        membres=(_CHOISY, _ORLY, _VILLENEUVE),
    ),
    Outil(
        code="ciril_finances",
        fichier="ciril_finances_demonstration_{exercice}.csv",
        ecrit=Texte("utf-8-sig", ";"),
        colonnes={
            2018: _colonnes(
                *(
                    "Login",
                    "Nom",
                    "Prénom",
                    "Collectivité",
                    "Profil",
                    "Statut",
                    "Date création",
                    "Dernier accès",
                ),
                "Date d'extraction",
                situation=True,
            ),
            2020: (  # version 8: new headings, another order, one column for the whole name
                ("Entité", "collectivite"),
                ("Identifiant", "identifiant"),
                ("Nom complet", "nom_complet"),
                ("Rôle", "profil"),
                ("État", "est_actif"),
                ("Créé le", "date_creation"),
                ("Dernière activité", "date_derniere_connexion"),
                ("Situation au", "date_situation"),
            ),
        },
        actif=("Actif", "Inactif"),
        dates="%d/%m/%Y",
        collectivite="nom",
        identifiant="pnom",
        profils=(
            "Bons de commande",
            "Consultation",
            "Comptabilité",
            "Préparation budgétaire",
            "Administrateur",
        ),
        ouverture=2009,
    ),
    Outil(
        code="melodie",
        fichier="melodie_demonstration_{exercice}.csv",
        ecrit=Texte("iso-8859-15", ";"),
        titres=("*** DÉMONSTRATION *** MELODIE : comptes ouverts - situation au 31-12-{exercice}",),
        colonnes={
            2018: _colonnes(
                *("USER", "NOM", "PRENOM", "MAIRIE", "VALIDE", "DATE OUVERTURE", "DERNIER ACCES"),
                profil=False,
                autre="POSTE",
            )
        },
        actif=("OUI", "NON"),
        dates="%d-%m-%Y",
        collectivite="mairie",
        identifiant="NOMP",
        profils=("Officier d'état civil",),
        ouverture=2004,
        fin="FIN DE LISTE",
    ),
    Outil(
        code="sirius",
        fichier="sirius_users_demonstration_{exercice}.csv",
        ecrit=Texte("utf-8", ",", "\n"),
        colonnes={
            2018: _colonnes(
                *(
                    "login",
                    "nom",
                    "prenom",
                    "site",
                    "role",
                    "actif",
                    "cree_le",
                    "derniere_connexion",
                    "date_export",
                ),
                situation=True,
            )
        },
        actif=("1", "0"),
        dates="%Y-%m-%d",
        collectivite="nom",
        identifiant="prenom.nom",
        profils=("caisse", "regie", "programmation"),
        ouverture=2014,
        membres=(_CHOISY, _ORLY, _VILLENEUVE),
    ),
    Outil(
        code="ciril_elections",
        fichier="elections_utilisateurs_demonstration_{exercice}.csv",
        ecrit=Texte("cp1252", ";"),
        titres=(
            "Ciril Elections;;;;;;;",
            "DÉMONSTRATION – Droits des utilisateurs – Exercice {exercice};;;;;;;",
        ),
        colonnes={
            2018: _colonnes(
                *("Utilisateur", "Nom usuel", "Prénom usuel", "Commune", "Droits", "Habilité"),
                *("Date d’habilitation", "Dernière session"),
            )
        },
        actif=("Oui", "Non"),
        dates="%d/%m/%Y",
        collectivite="ville",
        identifiant="pnom",
        profils=("Saisie", "Saisie et édition", "Responsable"),
        ouverture=2011,
        total=Total("Nombre d’utilisateurs"),
    ),
    Outil(
        code="kolok",
        fichier="kolok_demonstration_{exercice}.xlsx",
        ecrit=Tableur("Utilisateurs"),
        titres=("DÉMONSTRATION – Kolok", "Comptes au 31 décembre {exercice}", ""),
        colonnes={
            2018: _colonnes("Compte", "Nom", "Prénom", "Ville", "Actif ?", "Création", "Dernier passage", profil=False)
        },
        actif=("Oui", "Non"),
        dates="cellule",
        collectivite="court",
        identifiant="pnom",
        profils=("Protocole",),
        ouverture=2015,
        total=Total("TOTAL"),
        membres=(_CHOISY, _VALENTON),
    ),
    Outil(
        code="pelehas",
        fichier="pelehas_demonstration_{exercice}.txt",
        ecrit=Texte("utf-16", "\t"),
        titres=("DÉMONSTRATION – Péléhas – Utilisateurs au 31/12/{exercice}",),
        colonnes={
            2018: _colonnes(
                *("Identifiant réseau", "Nom de l'agent", "Prénom de l'agent", "Organisme", "Profil métier"),
                *("Compte actif", "Date d'ouverture", "Date de dernier accès"),
            )
        },
        actif=("VRAI", "FAUX"),
        dates="%d/%m/%Y",
        collectivite="ville",
        identifiant="prenom.nom",
        profils=("Instruction", "Accueil", "Commission d’attribution"),
        ouverture=2012,
    ),
    Outil(
        code="gma",
        fichier="gma_demonstration_{exercice}.xlsx",
        ecrit=Tableur("GMA_USERS"),
        titres=("DÉMONSTRATION - GMA - LISTE DES UTILISATEURS - année {exercice}",),
        colonnes={2018: _colonnes("MATRICULE", "NOM", "PRENOM", "CODE INSEE", "NIVEAU", "ACTIF", "DT_CREA", "DT_CNX")},
        actif=("O", "N"),
        dates="%d/%m/%Y",
        collectivite="insee",
        identifiant="matricule",
        profils=("1", "2", "3"),
        ouverture=2008,
    ),
    Outil(
        code="esabora",
        fichier="esabora_demonstration_{exercice}.tsv",
        ecrit=Texte("cp1252", "\t"),
        colonnes={
            2018: _colonnes(
                *(
                    "Login",
                    "Nom",
                    "Prénom",
                    "Service communal",
                    "Etat du compte",
                    "Ouvert le",
                    "Vu le",
                    "Edité le",
                ),
                profil=False,
                situation=True,
            )
        },
        actif=("En service", "Hors service"),
        dates="%d.%m.%Y",
        collectivite="nom",
        identifiant="pnom",
        profils=("Inspection",),
        ouverture=2013,
        membres=(_CHOISY, _ORLY),
    ),
    Outil(
        code="eternite",
        fichier="eternite_demonstration_{exercice}.xlsx",
        ecrit=Tableur("Export", apres=("Feuil2",)),
        colonnes={
            2018: _colonnes(
                *(
                    "ID_UTILISATEUR",
                    "NOM",
                    "PRENOM",
                    "CIMETIERE",
                    "ACTIF",
                    "CREATION",
                    "CONNEXION",
                    "EXTRACTION",
                ),
                profil=False,
                situation=True,
            )
        },
        actif=(1, 0),
        dates="serie",
        collectivite="sigle",
        identifiant="code",
        profils=("Concessions",),
        ouverture=2010,
    ),
    Outil(
        code="elise",
        fichier="elise_comptes_demonstration_{exercice}.csv",
        ecrit=Texte("utf-8-sig", ";"),
        titres=("DÉMONSTRATION – Elise – État des comptes au 31 décembre {exercice}",),
        colonnes={
            2018: _colonnes(
                *("Adresse de connexion", "Nom de famille", "Prénom", "Structure", "Rôles", "Activé"),
                *("Date de création", "Date de dernière connexion"),
            )
        },
        actif=("true", "false"),
        dates="%Y-%m-%d",
        collectivite="ville",
        identifiant="prenom.nom",
        profils=("Lecteur", "Rédacteur; valideur", 'Secrétariat "courrier arrivé"', "Administrateur"),
        ouverture=2016,
        total=Total("Total des comptes"),
    ),
    Outil(
        code="maelis",
        fichier="maelis_demonstration_{exercice}.csv",
        ecrit=Texte("utf-8", ",", "\n", tout_entre_guillemets=True),
        colonnes={
            2018: _colonnes(
                *(
                    "code_agent",
                    "nom",
                    "prenom",
                    "commune",
                    "perimetres",
                    "etat",
                    "date_creation",
                    "date_connexion",
                ),
                "date_photo",
                situation=True,
            )
        },
        actif=("A", "S"),
        dates="%Y-%m-%d",
        collectivite="majuscules",
        identifiant="code",
        profils=(
            "Restauration scolaire",
            "Petite enfance",
            "Restauration scolaire\nCentres de loisirs",
            "Régie",
        ),
        ouverture=2012,
        membres=(_CHOISY, _VILLENEUVE, _ORLY),
    ),
    Outil(
        code="orphee",
        fichier="orphee_demonstration_{exercice}.xlsx",
        ecrit=Tableur("Comptes professionnels", avant=("Lisez-moi",), apres=("Postes publics",)),
        titres=("DÉMONSTRATION – Orphée", "Réseau des médiathèques", "Situation au 31/12/{exercice}"),
        colonnes={
            2018: _colonnes(
                *("Code bibliothécaire", "Nom", "Prénom", "Réseau", "Groupe de droits", "Situation"),
                *("Inscrit le", "Dernière ouverture"),
            )
        },
        actif=("Actif", "Inactif"),
        dates="cellule",
        collectivite="nom",
        identifiant="pnom",
        profils=("Prêt", "Catalogage", "Acquisitions", "Direction"),
        ouverture=2007,
        total=Total("Total général"),
    ),
    Outil(
        code="cap_demat",
        fichier="cap_demat_demonstration_{exercice}.csv",
        ecrit=Texte("utf-8-sig", "|", "\n"),
        colonnes={
            2018: _colonnes(
                *("agent_login", "agent_nom", "agent_prenom", "collectivite", "habilitation", "statut"),
                *("date_creation", "derniere_connexion", "date_export"),
                situation=True,
            )
        },
        actif=("ACTIVE", "DESACTIVE"),
        dates="%Y-%m-%d",
        collectivite="nom",
        identifiant="prenom.nom",
        profils=("Instructeur", "Guichet", "Administrateur de portail"),
        ouverture=2013,
    ),
    Outil(
        code="esri",
        fichier="arcgis_members_demonstration_{exercice}.csv",
        ecrit=Texte("utf-8", ",", "\n"),
        colonnes={
            2018: (  # the portal exports in English, month before day
                ("Full Name", "nom_complet"),
                ("Username", "identifiant"),
                ("Role", "profil"),
                ("Group", "collectivite"),
                ("Enabled", "est_actif"),
                ("Created", "date_creation"),
                ("Last Login", "date_derniere_connexion"),
                ("Credits", ""),
                ("Report Date", "date_situation"),
            )
        },
        actif=("Yes", "No"),
        dates="%m/%d/%Y",
        collectivite="nom",
        identifiant="prenom.nom",
        profils=("Viewer", "Data Editor", "Publisher"),
        ouverture=2017,
    ),
    Outil(
        code="colbert",
        fichier="colbert_demonstration_{exercice}.xlsx",
        ecrit=Tableur("Droits d'accès", avant=("Paramètres",)),
        titres=("DÉMONSTRATION – Colbert, gestion des services techniques", "Exercice {exercice}"),
        colonnes={
            2018: _colonnes(
                *("Compte informatique", "Nom", "Prénom", "Ville", "Atelier", "Accès", "Ouvert depuis"),
                "Dernière utilisation",
            )
        },
        actif=("Ouvert", "Fermé"),
        dates="mixte",
        collectivite="court",
        identifiant="pnom",
        profils=("Bâtiments", "Espaces verts", "Voirie", "Magasin"),
        ouverture=2011,
        total=Total("Total des comptes"),
    ),
    Outil(
        code="cartads",
        fichier="cartads_demonstration_{exercice}.csv",
        ecrit=Texte("cp1252", ";"),
        colonnes={
            2018: _colonnes(
                *("UTI_CODE", "UTI_NOM", "UTI_PRENOM", "UTI_COMMUNE", "UTI_PROFIL", "UTI_ETAT", "UTI_DATCRE"),
                *("UTI_DATCNX", "EXT_DATE"),
                situation=True,
            )
        },
        actif=("V", "S"),
        dates="%Y%m%d",
        collectivite="insee",
        identifiant="NOMP",
        profils=("INSTRUCTEUR", "CONSULTATION", "GUICHET"),
        ouverture=2009,
    ),
    Outil(
        code="maestro",
        fichier="maestro_demonstration_{exercice}.xlsx",
        ecrit=Tableur("Comptes", avant=("Lisez-moi",), apres=("Nomenclature",)),
        titres=("DÉMONSTRATION – Maestro, recensement militaire, exercice {exercice}", ""),
        colonnes={
            2018: _colonnes(
                *(
                    "N° d'agent",
                    "Nom",
                    "Prénom",
                    "Mairie",
                    "En activité",
                    "Date d'entrée",
                    "Dernière connexion",
                ),
                profil=False,
            )
        },
        actif=(True, False),
        dates="serie",
        collectivite="mairie",
        identifiant="matricule",
        profils=("Recensement",),
        ouverture=2010,
    ),
)
