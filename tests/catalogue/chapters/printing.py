"""Reports made by hand, of one section: what the tests of what may be printed are about."""

from pipelines.catalogue.chapters.printed import Model


def words(text: str) -> Model:
    return {"genre": "texte", "texte": text}


def figure(code: str, printed: str = "12") -> Model:
    return {"genre": "lien", "cible": f"#c-{code}", "enfants": [{"genre": "fort", "enfants": [words(printed)]}]}


def sentence(*parts: str | Model) -> Model:
    """A paragraph of words and figures."""
    said = [words(one) if isinstance(one, str) else one for one in parts]
    return {"genre": "texte", "arbre": [{"genre": "paragraphe", "enfants": said}]}


def card(label: str, code: str | None = None, note: str | None = None, printed: str = "12") -> Model:
    one = {"texte": printed, "libelle": label, "chiffre": code, "manque": None, "valeur": "12"}
    return {"genre": "chiffres", "chiffres": [one], "note": note, "legende": []}


def cell(text: str) -> Model:
    return {
        "texte": text,
        "manque": text if text in ("s", "—") else None,
        "valeur": None if text in ("s", "—") else "1",
    }


def table(title: str, head: list[str], *rows: list[str], of: str = "rpt_a", note: str | None = None) -> Model:
    lines = [{"titre": one, "est_total": False, "cellules": list(map(cell, cells))} for one, *cells in rows]
    return {
        "genre": "tableau",
        "titre": title,
        "entete": head,
        "lignes": lines,
        "source": f"rapport.{of}",
        "note": note,
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
