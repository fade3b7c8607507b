"""A home with PES flows only, run as a user runs it: its figures, what it says of a gap, and no trace of anybody."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.livraisons import Livraison
from tests.end_to_end.conftest import millesime
from tests.end_to_end.homes import ALLOWED, ask, holds_a_canary, home_of
from tests.stages.ingest.pes_writer import acquit, bordereau, flux, ligne, piece

pytestmark = pytest.mark.campaign(minutes=2)

MARK, NIR = "ZZCANARI", "1610394054001"
SIRET = "25940011700018"  # of the organisation of these homes
NEEDLE = re.compile(f"{MARK}|{NIR}|304559321")  # the last one: the SIREN of a company
PRIVATE = "ComplNom Prenom Civilite DteNaissance LieuNaissance".split()
ADDRESS = "".join(f'<{name} V="{MARK}"/>' for name in ("Adr1", "Adr2", "Adr3", "CP", "Ville"))
ACCOUNT = "".join(f'<{name} V="{MARK}"/>' for name in ("IBAN", "BIC", "CodeEtab", "IdCpte", "LibBanc", "TitCpte"))
OBJECTS = "".join(f'<{name} V="{MARK}"/>' for name in ("Obj", "ObjPce", "PJ", "Objet"))
ON_LINE = "".join(f'<{name} V="{MARK}"/>' for name in ("ObjLignePce", "LibVir1", "LibVir2", "Facture", "Marche"))
ATTACHED = (
    f'<PES_PJ><PJ><NomPJ V="{MARK}"/><Description V="{MARK}"/><Contenu><Fichier>{MARK}</Fichier></Contenu></PJ></PES_PJ>'
    f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="{MARK}"><ds:Object>{MARK}</ds:Object></ds:Signature>'
)


def somebody(identifier: str, kind: str, category: str, name: str = f"{MARK} DURAND") -> str:
    """A tiers with all that a flow may say of one."""
    who = f'<IdTiers V="{identifier}"/><NatIdTiers V="{kind}"/><RefTiers V="{MARK}"/><CatTiers V="{category}"/>'
    more = "".join(f'<{name} V="{MARK}"/>' for name in PRIVATE)
    info = f'<InfoTiers>{who}<TypTiers V="01"/><Nom V="{name}"/>{more}</InfoTiers>'
    return f"<Tiers>{info}<Adresse>{ADDRESS}</Adresse><CpteBancaire>{ACCOUNT}</CpteBancaire></Tiers>"


def pieces(amount: str, account: str) -> list[str]:
    """A piece for each kind of tiers, the last of a member."""
    tiers = [
        somebody(NIR, "04", "01"),
        somebody(NIR + "60", "01", "50"),
        somebody("30455932100011", "01", "50"),
        somebody("", "", "24"),
        somebody("21940054600010", "01", "23", "COMMUNE"),
    ]
    lines = [ligne(account, amount, who=who).replace("<Nature", f"{ON_LINE}<Nature") for who in tiers]
    return [piece(rank, line, more=OBJECTS) for rank, line in enumerate(lines, start=1)]


def flows(year: int) -> Iterator[Livraison]:
    """Two flows and their answers; a line that is refused; a bordereau that did not come."""
    refused = piece(6, ligne("60612", MARK, who=somebody(NIR, "04", "01")), more=OBJECTS)
    files = {
        "mandats.xml": flux(
            "M", [bordereau(1, *pieces("10.00", "60612"), refused, exer=year)], end=ATTACHED, siret=SIRET
        ),
        "titres.xml": flux("T", [], [bordereau(2, *pieces("100.00", "74741"), exer=year)], end=ATTACHED, siret=SIRET),
        "accuse.xml": acquit("M", (5, 1, None, None)).replace(b"refus", MARK.encode()),
        "coupe.xml": flux("C", [bordereau(3, *pieces("10.00", "60612"), exer=year)], siret=SIRET)[:-400],
    }
    for name, content in files.items():
        yield Livraison(f"{year}/pes/{name}", content)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of(tmp_path_factory.mktemp("pes"), "pes", 2022, flows)


def test_flows_alone_give_the_pieces_and_the_contribution_of_a_member(home: Path):
    pieces = (
        "select sens_budgetaire, count(*), sum(montant_eur) from publie.marts.fct_ecritures group by all order by all"
    )
    assert [(side, number, float(amount)) for side, number, amount in ask(home, pieces)] == [
        ("dépense", 5, 50.0),
        ("recette", 5, 500.0),
    ]
    shown = "select code_collectivite, montant_eur from publie.rapport.rpt_finances__contributions order by all"
    assert [(code, float(amount)) for code, amount in ask(home, shown)] == [("94054", 100.0), ("autres", 400.0)]


def test_nothing_written_names_anybody(home: Path):
    said = "".join(
        done.stdout + done.stderr
        for command in ("rejects", "findings", "status")
        for done in [millesime(home, command, "2022")]
    )
    assert "LIG-TYPE" in said and "PES-TROU" in said and "coupe.xml" in said
    assert NEEDLE.search(said) is None
    files = [path for path in home.rglob("*") if path.is_file() and path.relative_to(home).parts[0] not in ALLOWED]
    assert [str(path) for path in files if holds_a_canary(path, NEEDLE)] == []
