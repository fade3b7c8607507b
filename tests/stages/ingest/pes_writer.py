"""Writes small PES flows: the elements that are read, and around them what a real one also holds."""

from collections.abc import Sequence

SIRET = "21000000600019"  # the organisation of tests has the SIREN 210000006
BUDGET = "0P"  # as its budget documents write it


def tag(name: str, value: object) -> str:
    """An element with its value; nothing without one."""
    return "" if value is None else f'<{name} V="{value}"/>'


def tiers(number: str = "", kind: str = "", category: str = "50", role: str = "01", name: str = "TIERS") -> str:
    """Who is paid, or owes."""
    identifier = tag("IdTiers", number) + tag("NatIdTiers", kind) if number else ""
    return f"<Tiers><InfoTiers>{identifier}{tag('CatTiers', category)}{tag('TypTiers', role)}{tag('Nom', name)}</InfoTiers></Tiers>"


def ligne(account: str, amount: str, number: int = 1, tva: str | None = None, invoiced: str | None = None,
          payment: str = "03", origin: tuple[str, int, int, int] | None = None, who: str = "") -> str:  # fmt: skip
    """A line; ``origin``: nature, exercice, piece and line that it corrects. In the spelling of expenditure."""
    values = {"IdLigne": number, "Nature": account, "Fonction": "020", "ModRegl": payment, "MtHT": amount}
    values |= {"MtTVA": tva, "MtFactHT": invoiced}
    names = ("NatPceOrig", "ExerRat", "IdPceOrig", "IdLigneOrig")
    link = "".join(map(tag, names, origin)) if origin else ""
    block = f"<InfoLignePce>{''.join(tag(name, value) for name, value in values.items())}</InfoLignePce>"
    return f"<LigneDePiece><BlocLignePiece>{block}{link and f'<RattachPiece>{link}</RattachPiece>'}</BlocLignePiece>{who}</LigneDePiece>\n"


def piece(number: int, *lines: str, kind: str = "01", nature: str = "01", more: str = "") -> str:
    """A piece, with its ``lines``."""
    block = tag("IdPce", number) + tag("TypPce", kind) + tag("NatPce", nature) + more
    return f"<Piece><BlocPiece><InfoPce>{block}</InfoPce></BlocPiece>\n{''.join(lines)}</Piece>"


def bordereau(number: int, *pieces: str, kind: str = "01", exer: int = 2016, ht: str | None = None,
              tva: str | None = None, count: int | None = None, cumul: str | None = None, day: str = "05-02") -> str:  # fmt: skip
    """A bordereau, which announces as many pieces as it has unless ``count`` is given."""
    values = {"Exer": exer, "IdBord": number, "DteBordEm": f"{exer}-{day}", "TypBord": kind}
    values |= {
        "NbrPce": len(pieces) if count is None else count,
        "MtCumulAnnuel": cumul,
        "MtBordHT": ht,
        "MtBordTVA": tva,
    }
    block = "".join(tag(name, value) for name, value in values.items())
    return f"<Bordereau><BlocBordereau>{block}</BlocBordereau>\n{''.join(pieces)}</Bordereau>\n"


def flux(name: str, depenses: Sequence[str] = (), recettes: Sequence[str] = (), *, day: str = "2016-06-01",
         siret: str = SIRET, encoding: str = "ISO-8859-1", prefix: str = "n", start: str = "", end: str = "") -> bytes:  # fmt: skip
    """A whole flow; its receipts are written in the other spelling."""
    other = "".join(recettes).replace("InfoLignePce", "InfoLignePiece").replace("MtBordHT", "MtBordHt")
    other = other.replace("<InfoPce>", "").replace("</InfoPce>", "")
    sides = f"<PES_DepenseAller>{''.join(depenses)}</PES_DepenseAller>" if depenses else ""
    sides += f"<PES_RecetteAller>{other}</PES_RecetteAller>" if recettes else ""
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
{start}<{prefix}:PES_Aller xmlns:{prefix}="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller">
<Enveloppe><Parametres>{tag("NomFic", name)}</Parametres></Enveloppe>
<EnTetePES>{tag("DteStr", day)}{tag("IdColl", siret)}{tag("CodBud", BUDGET)}{tag("LibelleColBud", "ÉTÉ")}</EnTetePES>
{sides}{end}</{prefix}:PES_Aller>
"""
    return text.encode(encoding)


def acquit(name: str, *answers: tuple[int, int, int | None, str | None], day: str | None = None) -> bytes:
    """The acknowledgement of the flow ``name``, made on a ``day``. Of each answer: its domain (5 expenditure, 6 receipts), 1 or
    0, the bordereau, the anomaly."""
    said = ""
    for domain, state, number, anomaly in answers:
        year = 2016 if number else None
        why = f"<Erreur>{tag('NumAnoAck', anomaly)}{tag('LibelleAnoAck', 'refus')}</Erreur>" if anomaly else ""
        block = tag("DomaineAck", domain) + tag("EtatAck", state) + tag("NumBord", number) + tag("ExerciceBord", year)
        said += f"<ElementACQUIT>{block}{why}</ElementACQUIT>"
    return f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<n:PES_ACQUIT xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2">
<Enveloppe><Parametres>{tag("NomFic", name)}</Parametres></Enveloppe>
<EnTetePES>{tag("DteStr", day)}</EnTetePES><ACQUIT>{said}</ACQUIT></n:PES_ACQUIT>
""".encode("iso-8859-1")
