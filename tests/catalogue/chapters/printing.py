"""Makes small reports of one section, for the tests of guards."""

from pipelines.catalogue.chapters.printed import Model


def words(text: str) -> Model:
    return {"genre": "texte", "texte": text}


def sentence(text: str) -> Model:
    """A paragraph."""
    return {"genre": "texte", "arbre": [{"genre": "paragraphe", "enfants": [words(text)]}]}


def cell(text: str) -> Model:
    return {
        "texte": text,
        "manque": text if text in ("s", "—") else None,
        "valeur": None if text in ("s", "—") else "1",
    }


def table(title: str, head: list[str], *rows: list[str]) -> Model:
    lines = [{"titre": one, "est_total": False, "cellules": list(map(cell, cells))} for one, *cells in rows]
    return {
        "genre": "tableau",
        "titre": title,
        "entete": head,
        "lignes": lines,
        "source": "rapport.rpt_a",
        "note": None,
    }


def report(*blocks: Model, title: str = "Partie", profile: str = "interne") -> Model:
    """A report of one section."""
    return {
        "profil": profile,
        "chapitres": [{"titre": "Essai", "sections": [{"titre": title, "blocs": list(blocks)}]}],
        "methode": {"arbre": []},
        "intitules": {"annexe": "Sources", "collectivites": "Les pages"},
        "collectivites": [],
    }
