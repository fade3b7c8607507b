"""The output of the mail server's commands: every line is in a table or set apart, and no address enters the lake."""

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.delivery import ingest
from tests.deliveries import KEY, Depot, table
from tests.layers import rules

GQU = """\
zz.canari@choisyleroi.fr 1000000000 734003200
salle.conseil@choisyleroi.fr 0 5242880
galsync.kw3x@choisyleroi.fr 0 0
spam.k2jd_xx@sicio.fr 0 1048576
virus-quarantine.z9@sicio.fr 0 2048
hamadi@choisyleroi.fr 2000000000 1
"""
HEADER = """
           account                          status             created       last logon
------------------------------------   -----------     ---------------  ---------------  
"""
SUMMARY = """
                                 domain summary

    domain                  active    closed    locked    maintenance     total
-----------------------   --------  --------  --------  -------------  --------
"""


def account(name: str, status: str = "active", created: str = "03/02/17 09:15", logon: str = "12/30/20 08:05") -> str:
    """One line of zmaccts, by the Perl format of the command."""
    return f"{name[:36]:<36}   {status:>11}     {created:>15}  {logon:>15}\n"


def domain(name: str, active: int, closed: int, total: int) -> str:
    """One line of its summary."""
    return f"{name[:23]:<23}   {active:>8}  {closed:>8}  {0:>8}  {0:>13}  {total:>8}\n"


ZMACCTS = (
    HEADER
    + account("zz.canari@choisyleroi.fr")
    + account("spam.k2jd_xx@choisyleroi.fr", logon="never")
    + account("ferme@choisyleroi.fr", "closed")
    + HEADER
    + account("marie-antoinette.zz-canari-long@villeneuve-le-roi.fr")  # cut in its domain
    + account("un.nom-tellement-long-qu-il-n-a-plus-de-domaine@villeneuve-le-roi.fr", "lockout")  # cut before it
    + account("court@villeneuve-le-roi.fr")
    + SUMMARY
    + domain("choisyleroi.fr", 2, 1, 3)
    + domain("villeneuve-le-roi.fr", 2, 0, 3)
)
ZMLICENSE = """\
InstallType=regular
IssuedToName=ZZ Canari
IssuedToEmail=zz.canari@sicio.fr
AccountsLimit=2750
AccountsCount=2635
MobileSyncAccountsLimit=-1

ValidUntil=20210114000000Z
"""


def read(depot: Depot, export: str, text: str):
    """Ingest one text as the export of 2020; give its manifest."""
    depot.ref = load_catalogue().registry.export_of(f"zimbra/{export}")
    name = depot.ref.export.files.replace("*", "_essai")
    return ingest(depot.home, depot.ref, 2020, [depot.drop(text, name)], KEY)


def rows(depot: Depot, manifest, name: str) -> list[dict]:
    return table(depot.home.lake / manifest.tables[name].parquet, "_ligne")


def counts(manifest, name: str) -> tuple[int, int, int, int]:
    t = manifest.tables[name]
    return (t.lues, t.acceptees, t.refusees, t.ignorees)


def test_limit_comes_before_used_and_the_servers_own_accounts_are_known(depot: Depot) -> None:
    manifest = read(depot, "quotas", GQU + "\n")
    assert counts(manifest, "quotas") == (7, 6, 0, 1)
    found = rows(depot, manifest, "quotas")
    assert (found[0]["plafond_octets"], found[0]["volume_octets"]) == (1000000000, 734003200)
    assert [row["est_systeme"] for row in found] == [False, False, True, True, True, False]
    assert [row["domaine"] for row in found] == ["choisyleroi.fr"] * 3 + ["sicio.fr"] * 2 + ["choisyleroi.fr"]


def test_accounts_and_their_summary_share_every_line_of_the_listing(depot: Depot) -> None:
    manifest = read(depot, "comptes", ZMACCTS)
    assert counts(manifest, "domaines") == (2, 2, 0, 0)
    assert counts(manifest, "comptes") == (len(ZMACCTS.splitlines()) - 2, 6, 0, len(ZMACCTS.splitlines()) - 8)
    found = rows(depot, manifest, "comptes")
    assert [row["domaine"] for row in found] == ["choisyleroi.fr"] * 3 + ["villeneuve-le-roi.fr"] * 3
    assert [row["statut"] for row in found] == ["Actif", "Actif", "Fermé", "Actif", "Verrouillé", "Actif"]
    assert [row["est_systeme"] for row in found] == [False, True, False, False, False, False]
    assert str(found[0]["date_creation"]) == "2017-03-02 09:15:00"
    assert found[0]["_ligne"] == 4
    assert "date_derniere_connexion" not in found[0]
    summary = rows(depot, manifest, "domaines")
    assert [(row["domaine"], row["nb_actifs"], row["nb_total"]) for row in summary] == [
        ("choisyleroi.fr", 2, 3),
        ("villeneuve-le-roi.fr", 2, 3),
    ]


def test_a_block_of_cut_addresses_has_the_domain_of_its_rank_in_the_summary(depot: Depot) -> None:
    long = account("un.nom-tellement-long-qu-il-n-a-plus-de-domaine@ville-tres-longue-sur-marne.fr")
    text = HEADER + account("a@b.fr") + HEADER + long + SUMMARY + domain("b.fr", 1, 0, 1)
    manifest = read(depot, "comptes", text + domain("ville-tres-longue-sur-marne.fr", 1, 0, 1))
    assert rows(depot, manifest, "comptes")[1]["domaine"] == "ville-tres-longue-sur-ma"[:23]


def test_a_whole_address_says_the_domain_of_its_block_whatever_the_summary(depot: Depot) -> None:
    cut = account("un.nom-tellement-long-qu-il-n-a-plus-de-domaine@a.fr")
    blocks = HEADER + cut + HEADER + cut + "décalé\n" + account("b@b.fr") + HEADER + cut
    listed = "".join(domain(name, 1, 0, 1) for name in ("a.fr", "autre.fr", "c.fr"))
    manifest = read(depot, "comptes", blocks + SUMMARY + listed)
    assert [row["domaine"] for row in rows(depot, manifest, "comptes")] == ["a.fr", "b.fr", "b.fr", "c.fr"]
    assert counts(manifest, "comptes")[2] == 1  # the line that is no account, alone


def test_only_the_numbers_of_accounts_of_a_licence_are_kept(depot: Depot) -> None:
    manifest = read(depot, "licences", ZMLICENSE)
    assert counts(manifest, "licences") == (8, 3, 0, 5)
    assert [(row["rubrique"], row["nombre"]) for row in rows(depot, manifest, "licences")] == [
        ("AccountsLimit", 2750),
        ("AccountsCount", 2635),
        ("MobileSyncAccountsLimit", -1),
    ]


@pytest.mark.parametrize("export, text", [("quotas", GQU), ("comptes", ZMACCTS), ("licences", ZMLICENSE)])
def test_no_address_and_no_name_is_in_the_lake(depot: Depot, export: str, text: str) -> None:
    read(depot, export, text)
    stored = b"\n".join(depot.lake_files().values()).lower()
    assert b"canari" not in stored
    assert b"tellement-long" not in stored


def test_lines_that_the_commands_do_not_print_are_refused_and_not_shown(depot: Depot) -> None:
    wrong = "zz.canari@choisyleroi.fr 1000000000\n"  # cut
    manifest = read(depot, "quotas", GQU + wrong + "ERROR: service.FAILURE (zz.canari)\n")
    assert counts(manifest, "quotas") == (8, 6, 2, 0)
    parquet = depot.home.lake / manifest.tables["quotas"].parquet
    refused = table(parquet.with_suffix(".refus.parquet"))
    assert {row["_ligne"] for row in refused} == {7, 8}
    assert {row["recu"] for row in refused} == {None}
    shifted = account("decale@choisyleroi.fr").replace("   active", "active")
    manifest = read(depot, "comptes", ZMACCTS.replace(SUMMARY, shifted + SUMMARY))
    assert counts(manifest, "comptes")[2] == 1
    assert b"canari" not in b"".join(depot.lake_files().values())


def test_an_unreadable_date_is_refused(depot: Depot) -> None:
    manifest = read(depot, "comptes", ZMACCTS.replace("03/02/17", "13/32/17", 1))
    assert counts(manifest, "comptes")[1:3] == (5, 1)


@pytest.mark.parametrize("export, text", [("quotas", ZMLICENSE), ("comptes", GQU), ("licences", ZMACCTS)])
def test_what_another_command_prints_is_refused(depot: Depot, export: str, text: str) -> None:
    with pytest.raises(DeliveryRefused) as caught:
        read(depot, export, text)
    assert caught.value.code == "FIC-NATURE"
    assert "canari" not in caught.value.sentence(rules())


def test_the_accounts_of_another_year_are_refused(depot: Depot) -> None:
    with pytest.raises(DeliveryRefused) as caught:
        read(depot, "comptes", ZMACCTS.replace("03/02/17", "03/02/22"))
    assert caught.value.code == "FIC-EXERCICE"
