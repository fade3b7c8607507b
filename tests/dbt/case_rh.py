"""The staff of the hand-made case: two lists of Ciril RH (2041, 2042), the declarations of 2042, January’s in 2043."""

from typing import Any

ACCEPTED = {
    ("ciril_rh/agents", 2041): 0,
    ("ciril_rh/agents", 2042): 0,
    ("ciril_rh/heures", 2041): 0,
    ("ciril_rh/heures", 2042): 0,
    ("ciril_rh/bulletins", 2041): 0,
    ("dsn/declarations", 2042): 0,
    ("dsn/contrats", 2042): 0,
    ("dsn/activites", 2042): 0,
    ("dsn/declarations", 2043): 0,
    ("dsn/contrats", 2043): 0,
}
TITULAIRE, STAGIAIRE, CONTRACTUEL = "Fonctionnaire titulaire", "Fonctionnaire stagiaire", "Agent contractuel"


def _agent(who: str, exercice: int, statut: str, **changes: Any) -> dict[str, Any]:
    return {
        "matricule": f"k1:{who}",
        "exercice": exercice,
        "sexe": "Mme",
        "tranche_age": 50,
        "statut": statut,
        "cadre_emplois": "INGENIEURS TERRITORIAUX",
        "filiere": "Technique",
        "categorie": "Cat. A",
        "est_emploi_permanent": True,
        "type_contrat": None if statut != CONTRACTUEL else "Durée déterminée",
        "est_temps_complet": True,
        "quotite_pct": 100,
        "date_entree": "2030-01-01",
    } | changes


EJE = {"cadre_emplois": "Éducateurs territoriaux de jeunes enfants", "filiere": "Médico-sociale"}
ATTACHES = {"cadre_emplois": "ATTACHES", "filiere": "Administrative"}
AGENTS = [
    _agent("a", 2041, TITULAIRE, service="Réseau"),
    _agent(
        "b", 2041, STAGIAIRE, sexe="M.", tranche_age=25, date_entree="2041-03-01", motif_entree="Mutation entrante",
        service="Réseau",
    ),
    _agent(
        "c", 2041, CONTRACTUEL, **ATTACHES, tranche_age=40, type_contrat="Durée indéterminée", quotite_pct=80,
        service="Accueil",
    ),
    _agent("d", 2041, CONTRACTUEL, **EJE, est_temps_complet=False, date_entree="2041-05-01", motif_entree="Par hasard"),
    _agent(
        "e", 2041, CONTRACTUEL, cadre_emplois="Agents saisonniers", filiere=None, categorie=None,
        est_emploi_permanent=False, date_entree="2041-06-01", date_sortie="2041-08-31", motif_sortie="Fin de CDD",
    ),
    _agent("f", 2041, "Vacataire"),  # nobody knows this word
    _agent("g", 2041, TITULAIRE, cadre_emplois="Astronautes"),
    _agent("h", 2041, TITULAIRE, date_sortie="2041-12-31", motif_sortie="Retraite"),  # gone on the day
    _agent("a", 2042, TITULAIRE, date_entree="2042-02-01", filiere="Administrative"),  # promoted: a new date
    _agent("b", 2042, TITULAIRE, sexe="M.", tranche_age=25, date_entree="2041-03-01", categorie="Cat. B"),
    _agent("c", 2042, STAGIAIRE, **ATTACHES, tranche_age=40, date_nomination_stagiaire="2042-04-01"),
    _agent("d", 2042, CONTRACTUEL, **EJE, date_entree="2041-05-01", date_sortie="2042-06-30", motif_sortie="Démission"),
    _agent("i", 2042, STAGIAIRE, date_entree="2042-03-01", date_nomination_stagiaire="2042-09-01"),
    # two stays in the year: the line of the last one counts
    _agent("j", 2042, CONTRACTUEL, date_entree="2042-01-10", date_sortie="2042-05-31", motif_sortie="Fin de CDD"),
    _agent("j", 2042, CONTRACTUEL, date_entree="2042-09-01", motif_entree="Recrutement contractuel"),
]  # fmt: skip


def _hours(who: str, mois: str, statut: str, heures: str) -> dict[str, Any]:
    return {"matricule": f"k1:{who}", "mois": mois, "statut": statut, "heures": heures, "exercice": int(mois[:4])}


HOURS = [
    _hours("a", "2041-01-01", TITULAIRE, "1820"),
    _hours("c", "2041-01-01", CONTRACTUEL, "910"),
    _hours("e", "2041-07-01", CONTRACTUEL, "30.50"),
    _hours("e", "2041-08-01", CONTRACTUEL, "-0.50"),
    _hours("x", "2041-01-01", CONTRACTUEL, "5"),  # in no list: permanent or not?
    _hours("a", "2042-10-01", TITULAIRE, "3"),  # a month without declaration
    _hours("a", "2042-11-01", TITULAIRE, "190"),
    _hours("j", "2042-12-01", CONTRACTUEL, "64"),
    _hours("b", "2042-12-01", TITULAIRE, "10"),  # not declared
]

BULLETINS = [
    {"mois": "2041-01-01", "collectivite": name, "nb_bulletins": count, "exercice": 2041}
    for name, count in [("VILLE HAUTE", 10), ("SH", 2), ("Nulle part", 1)]
]


def _declaration(number: int, mois: str, order: int, kind: str = "01", **changes: Any) -> dict[str, Any]:
    return {
        "numero_declaration": number,
        "est_test": False,
        "code_nature_declaration": "01",
        "code_type_declaration": kind,
        "fraction": "11",
        "numero_ordre": order,
        "mois": mois,
        "date_fichier": "2043-01-05",
        "siren": "000000000",
        "nic": "00017",
        "exercice": 2042,
    } | changes


DECLARATIONS = [
    _declaration(1, "2042-12-01", 1),
    _declaration(2, "2042-12-01", 2, "03"),
    _declaration(3, "2042-11-01", 1),
    _declaration(4, "2042-12-01", 9, est_test=True),
    _declaration(5, "2042-12-01", 3, "03", siren="999999999"),  # another employer's
    _declaration(1, "2043-01-01", 1, exercice=2043),
]


def _contract(number: int, who: str, contract: str, nature: str, statut: str, **changes: Any) -> dict[str, Any]:
    return {
        "numero_declaration": number,
        "mois": "2042-11-01" if number == 3 else "2042-12-01",
        "matricule": f"k1:{who}",
        "numero_contrat": contract,
        "date_debut": "2030-01-01",
        "tranche_age": 40,
        "code_nature_contrat": nature,
        "code_statut": statut,
        "quotite_contrat": "151.67",
        "exercice": 2042,
    } | changes


CONTRACTS = [
    _contract(1, "a", "1", "50", "01"),
    _contract(2, "a", "1", "50", "01", tranche_age=50),
    _contract(2, "b", "1", "50", "01"),
    _contract(2, "c", "1", "50", "08"),
    _contract(2, "i", "1", "50", "08", date_debut="2042-03-01"),
    _contract(2, "j", "1", "10", "02", quotite_contrat="50", date_debut="2042-01-10"),
    _contract(2, "j", "2", "10", "02", quotite_contrat="100", date_debut="2042-09-01", tranche_age=None),
    _contract(2, "elue", "1", "81", "99"),
    _contract(2, "k", "1", "50", "01", code_motif_suspension="632", date_suspension="2042-05-01"),  # parental leave
    _contract(2, "l", "1", "10", "02", date_fin="2042-12-31"),
    _contract(2, "m", "1", "10", "02", date_debut="2043-01-01"),
    _contract(5, "ailleurs", "1", "50", "01"),
    _contract(3, "a", "1", "50", "01"),
    _contract(3, "n", "1", "10", "02"),  # gone in December
    _contract(3, "o", "1", "10", "02", date_fin="2042-11-30", code_motif_rupture="059"),
    _contract(3, "p", "1", "10", "02", date_fin="2042-11-30", code_motif_rupture="031"),
    _contract(2, "p", "2", "10", "02", date_debut="2042-12-01", date_fin="2042-12-31", code_motif_rupture="031"),
    _contract(1, "a", "1", "50", "01", mois="2043-01-01", exercice=2043),
    _contract(1, "p", "1", "10", "02", mois="2043-01-01", exercice=2043, date_debut="2043-01-01"),  # renewed twice
]


def _activity(number: int, who: str, contract: str, mesure: str, **changes: Any) -> dict[str, Any]:
    mois = "2042-11-01" if number == 3 else "2042-12-01"
    return {
        "numero_declaration": number,
        "mois": mois,
        "matricule": f"k1:{who}",
        "numero_contrat": contract,
        "date_debut_periode": mois,
        "date_fin_periode": mois,
        "code_type_remuneration": "002",
        "code_type_activite": "01",
        "mesure": mesure,
        "code_unite": "10",
        "exercice": 2042,
    } | changes


ACTIVITIES = [
    _activity(1, "a", "1", "999"),  # replaced
    _activity(2, "a", "1", "100"),
    _activity(2, "a", "1", "-7", date_debut_periode="2042-11-01"),  # a regularisation of November
    _activity(2, "a", "1", "8", code_type_activite="02"),
    _activity(2, "j", "1", "50"),
    _activity(2, "j", "2", "2", code_unite="12"),  # two days
    _activity(2, "j", "2", "3", code_unite="20"),
    _activity(2, "elue", "1", "10"),
    _activity(2, "a", "1", "-1", date_debut_periode="2041-12-01"),  # no declaration of 2041
    _activity(2, "z", "1", "4"),  # no contract
    _activity(3, "a", "1", "97"),
    _activity(5, "ailleurs", "1", "151"),
]

LAKE: dict[str, list[dict[str, Any]]] = {
    "ciril_rh__agents": AGENTS,
    "ciril_rh__heures": HOURS,
    "ciril_rh__bulletins": BULLETINS,
    "dsn__declarations": DECLARATIONS,
    "dsn__contrats": CONTRACTS,
    "dsn__activites": ACTIVITIES,
}
