"""Whether the year may be published in its current state, why not, and the five headline numbers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines.ledger.records import SETTLED

State = dict[str, Any]
# What blocks a year, by rule or family of rules: the words for one, for several, and where the page says more.
KINDS = {
    "COL-MANQUANT": ("export manque", "exports manquent", "collecte"),
    "FIC": ("livraison est refusée", "livraisons sont refusées", "collecte"),
    "ATT": ("contrôle bloquant échoue", "contrôles bloquants échouent", "controles"),
}
FAILED_BUILD, OTHER = ("DBT", "LAC"), "autre"  # a failed build has its own sentence


def verdict(state: State) -> State:
    """``{publiable, raisons: [{texte, ancre}]}``: publishable when there is no reason not to.

    A finding that someone accepted is not a reason. The page and ``millesime release`` are blocked by the same findings.
    """
    reasons = [{"texte": text, "ancre": anchor} for text, anchor in _reasons(state)]
    return {"publiable": not reasons, "raisons": reasons}


def _reasons(state: State) -> Iterator[tuple[str, str]]:
    stopping = Counter(_kind(one["code"]) for one in state["constats"] if one["arrete"])
    for kind, (one, many, anchor) in KINDS.items():
        if stopping[kind]:
            yield _counted(stopping[kind], one, many), anchor
    yield from _publication(state)
    if stopping[OTHER]:
        yield _counted(stopping[OTHER], "constat est à décider", "constats sont à décider"), "constats"
    if problems := len(state["reproduire"]["verification"]["anomalies"]):
        yield _counted(problems, "anomalie de vérification", "anomalies de vérification"), "reproduire"


def _kind(code: str) -> str:
    return next((kind for kind in (*KINDS, *FAILED_BUILD) if code.startswith(kind)), OTHER)


def _publication(state: State) -> Iterator[tuple[str, str]]:
    build, publication = state["construction"], state["publication"]
    if build and not build["reussie"]:
        yield "la dernière construction de l’entrepôt a échoué", "constats"
    elif any(one["code"] == "REL-ECART" and one["etat"] not in SETTLED for one in state["constats"]):
        yield "des chiffres d’un exercice figé changeraient", "constats"
    elif publication is None:
        yield "rien n’est encore publié", "collecte"
    elif publication["en_retard"]:
        late = len(publication["en_retard"])
        one, many = "livraison acceptée n’est pas publiée", "livraisons acceptées ne sont pas publiées"
        yield _counted(late, one, many), "collecte"


def key_figures(state: State) -> list[State]:
    """Five numbers, each with its label and a link to the part of the page that explains it."""
    collecte, controles, figures = state["collecte"], state["controles"], state["chiffres"]
    lines = collecte["lignes"]
    return [
        _key("collecte", "exports reçus, sur ceux qui sont attendus", collecte["recus"], collecte["attendus"]),
        {
            "ancre": "collecte",
            "libelle": "lignes lues = acceptées + refusées + ignorées",
            "nombres": [lines["lues"], lines["acceptees"], lines["refusees"], lines["ignorees"]],
            "forme": "bilan",
        },
        _key("controles", "contrôles des exports réussis", controles["reussis"], controles["total"]),
        _published(figures),
        _unchanged(figures),
    ]


def _key(anchor: str, label: str, part: int, whole: int) -> State:
    return {"ancre": anchor, "libelle": label, "nombres": [part, whole], "forme": "part"}


def _published(figures: State | None) -> State:
    if figures is None:
        return {"ancre": "rapprochements", "libelle": "chiffre publié", "nombres": [0], "forme": "nombre"}
    parts = f"{figures['manquants']} manquants, {figures['partiels']} partiels, {figures['sans_objet']} sans objet"
    label = f"chiffres publiés : {parts}"
    return {"ancre": "rapprochements", "libelle": label, "nombres": [figures["total"]], "forme": "nombre"}


def _unchanged(figures: State | None) -> State:
    if figures is None or figures["version"] is None:
        return {"ancre": "versions", "libelle": "version figée de cet exercice", "nombres": [0], "forme": "nombre"}
    return _key("versions", f"chiffres inchangés depuis {figures['version']}", figures["inchanges"], figures["total"])


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {many if count > 1 else one}"
