"""What goes to each member of the syndicate: the report of a frozen year, its page, the accounts, a letter (CGCT, art. L. 5211-39).

    transmissions/<version>/<profile>/<collectivité>/
        rapport_activite_2020.pdf   page_<collectivité>.pdf   comptes/   courrier.docx   SOMMAIRE.txt   SHA256SUMS

All of it comes from the release and is recorded in the ledger when it is prepared, except the letter: it is a draft to
complete and sign, so it is recorded only when it is sent, and never overwritten. Once someone says when and how the
folders were sent, everything in them is recorded, letters included.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalogue.organisation import Collectivite, Organisation
from pipelines.did_you_mean import suggestion
from pipelines.disk import take_place
from pipelines.french import NO_BREAK, day, plain, typeset
from pipelines.ledger.closing import SUMS, close, closed, listed, names_in, seal_of, sums_of
from pipelines.ledger.frozen import last_release
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import read_state
from pipelines.ledger.workspace import Workspace
from pipelines.publication import DEMONSTRATION, FOLDERS, INTERNE, LETTER, LETTERS, PUBLIC
from pipelines.runs.pages import write_states
from pipelines.sql import parquet_scan
from pipelines.stages.publish.release import EXPORTS
from pipelines.stages.report.model import Edition
from pipelines.stages.report.tables import read_publication
from pipelines.stages.report.write import edition_of

CONTENTS, ACCOUNTS = "SOMMAIRE.txt", "comptes"
LINES = "lignes/intermediate"  # of a release: the lines behind its figures, a file a model


class CannotTransmit(RuntimeError):
    """Nothing can be prepared or recorded in the current state; the message says why and what to do."""


@dataclass(frozen=True)
class Transmission:
    """The folders ready to be sent, one per member, and what is missing from them."""

    release: str
    exercice: int
    profile: str
    folder: Path
    members: tuple[Collectivite, ...]
    kept: tuple[str, ...]  # the members whose letter somebody changed, which stays as it is
    has_accounts: bool  # false when none of the documents that the release was made of is the account of the year


def prepare(work: Workspace, exercice: int, profile: str) -> Transmission:
    """Write a folder for each member, from the current release of ``exercice``. Raises CannotTransmit."""
    from pipelines.stages.report.acts import is_untouched

    release = _release(work, exercice, profile)
    report, members = release / "report" / profile, tuple(work.organisation.collectivites)
    folder = work.home.transmissions / release.name / profile
    accounts = dict(_accounts(work, release, exercice))
    row = next(row for row in work.ledger.all_rows("releases") if row["release"] == release.name)
    tables = release / FOLDERS[profile]
    edition = edition_of(work.ledger, tables, profile, row["build"], release.name)
    drawn = _drawn_accounts(work, tables, exercice, profile, edition) if accounts else None
    approved_by = row["visas"].get("approved_by", "")
    pages = report / "collectivites"  # a body whose tables say nothing of each member has none
    letters = dict(_letters(work, tables, exercice, profile, edition, approved_by, pages.exists(), bool(accounts)))
    lines = release / EXPORTS / PUBLIC / "scdl" / f"budget_{exercice}.csv"  # in the national schema
    comptes = [(f"comptes_{exercice}.pdf", "les comptes de l’exercice, à lire")] if drawn else []
    comptes += [
        (name, "le compte de l’exercice, document budgétaire tel qu’il a été transmis") for name in sorted(accounts)
    ]
    comptes += [(lines.name, "les lignes des budgets et des comptes, pour un tableur")] if lines.exists() else []
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    kept, sent = [], _sent(work, release.name, profile)
    for member in members:
        name = folder_of(member)
        here = aside / name
        if name in sent and (folder / name).is_dir():  # what went stays as it went
            shutil.copytree(folder / name, here)
            continue
        (here / ACCOUNTS if accounts or lines.exists() else here).mkdir(parents=True)
        shutil.copyfile(report / f"rapport_activite_{exercice}.pdf", here / f"rapport_activite_{exercice}.pdf")
        if pages.exists():
            shutil.copyfile(pages / f"{name}.pdf", here / f"page_{name}.pdf")
        for file, original in accounts.items():
            shutil.copyfile(original, here / ACCOUNTS / file)
        if drawn:
            (here / ACCOUNTS / f"comptes_{exercice}.pdf").write_bytes(drawn)
        if lines.exists():
            shutil.copyfile(lines, here / ACCOUNTS / lines.name)
        (here / LETTER).write_bytes(letters[f"courriers/{name}.docx"])
        former = [path for letter in LETTERS if (path := folder / name / letter).exists()]
        changed = [path for path in former if not is_untouched(path.read_bytes())]
        kept += [member.nom] * bool(changed)
        for path in changed:
            shutil.copyfile(path, here / path.name)
        pieces = [(f"page_{name}.pdf", f"la page de la collectivité ({member.nom})")] if pages.exists() else []
        pieces += [(f"{ACCOUNTS}/{file}", what) for file, what in comptes]
        said = _contents(work, release.name, exercice, profile, member, pieces, bool(accounts))
        (here / CONTENTS).write_text(said, encoding="utf-8")
        sums = sums_of(here, (file for file in names_in(here) if file not in LETTERS))  # of what is sent as prepared
        (here / SUMS).write_text(listed(sums), encoding="utf-8")
    take_place(aside, folder)
    close(work.home, work.ledger, folder)
    return Transmission(release.name, exercice, profile, folder, members, tuple(kept), bool(accounts))


def enter_sending(
    work: Workspace, exercice: int, profile: str, sent_on: str, sent_by: str, today: str, to: Collection[str] = ()
) -> Transmission:
    """Enter in the ledger that what was prepared was sent on ``sent_on`` (ISO date), and how, to the members named in
    ``to``, or to all.

    The entry holds the fingerprints of everything in their folders, including the letters as signed. Raises
    CannotTransmit.
    """
    release = _release(work, exercice, profile)
    released = _frozen_at(work, release.name)
    if not released[:10] <= sent_on <= today:
        raise CannotTransmit(
            f"{day(sent_on)} n’est pas possible{NO_BREAK}: la version a été figée le {day(released)}, "
            "et la date d’envoi ne peut pas être future"
        )
    folder, members = work.home.transmissions / release.name / profile, _named(work.organisation, to)
    again = f"millesime transmit {exercice}" + (f" --profile {profile}" if profile == INTERNE else "")
    for member in members:
        here = folder / folder_of(member)
        if not (here / SUMS).exists():
            raise CannotTransmit(f"rien n’est prêt pour {member.nom}{NO_BREAK}: `{again}`, sans --sent")
        if wrong := _changed(work, here):
            raise CannotTransmit(
                f"{member.nom}{NO_BREAK}: {', '.join(wrong)} n’est pas tel qu’il a été préparé ; recommencer{NO_BREAK}: `{again}`"
            )
    names = [f"{name}/{file}" for name in map(folder_of, members) for file in names_in(folder / name)]
    files = sums_of(folder, names)
    recipients = {member.code: member.nom for member in members}
    work.ledger.record_sending(release.name, exercice, profile, recipients, sent_on, sent_by, files)
    close(work.home, work.ledger, folder, [folder / name for name in names])
    write_states(work, [exercice])
    return Transmission(release.name, exercice, profile, folder, members, (), True)


def _sent(work: Workspace, release: str, profile: str) -> set[str]:
    """The folders of a release that went to their members."""
    rows = work.ledger.all_rows("sendings")
    return {
        path.partition("/")[0]
        for row in rows
        if (row["release"], row["profile"]) == (release, profile)
        for path in row["files"]
    }


def _named(organisation: Organisation, names: Collection[str]) -> tuple[Collectivite, ...]:
    """The members with these names, as declared or as their folders are called; all of them when no name is given."""
    by_folder = {folder_of(member): member for member in organisation.collectivites}
    for name in names:
        if plain(name) not in by_folder:
            known = [member.nom for member in organisation.collectivites]
            raise CannotTransmit(f"« {name} » n’est le nom d’aucune collectivité{suggestion(name, known)}")
    return tuple(by_folder[name] for name in dict.fromkeys(map(plain, names))) or tuple(by_folder.values())


def _release(work: Workspace, exercice: int, profile: str) -> Path:
    """The current release, with its report. Raises CannotTransmit."""
    if not work.organisation.collectivites:
        raise CannotTransmit(
            f"organisation.yml ne déclare aucune collectivité{NO_BREAK}: il n’y a personne à qui envoyer"
        )
    release = last_release(work.home, work.ledger, exercice)
    if release is None:
        raise CannotTransmit(
            f"{exercice} n’est pas figé{NO_BREAK}: seule une version figée s’envoie (`millesime release {exercice} …`)"
        )
    withdrawals, frozen_at = work.ledger.all_rows("withdrawals"), _frozen_at(work, release.name)
    if profile == PUBLIC and any(row["withdrawn_at"] >= frozen_at for row in withdrawals):
        raise CannotTransmit(
            f"ce que la version {release.name} a de public a été retiré (`millesime withdraw`){NO_BREAK}: figer une autre version"
        )
    report = release / "report" / profile
    needed = [report / f"rapport_activite_{exercice}.pdf"]
    if (pages := report / "collectivites").exists():
        needed += [pages / f"{folder_of(member)}.pdf" for member in work.organisation.collectivites]
    if lacking := [path.relative_to(release).as_posix() for path in needed if not path.exists()]:
        other = f" ; --profile {INTERNE} envoie l’édition interne" if profile == PUBLIC else ""
        raise CannotTransmit(f"la version {release.name} n’a pas {', '.join(lacking)}{other}")
    return release


def _frozen_at(work: Workspace, name: str) -> str:
    return str(next(row["released_at"] for row in work.ledger.all_rows("releases") if row["release"] == name))


def _accounts(work: Workspace, release: Path, exercice: int) -> Iterator[tuple[str, Path]]:
    """(name, file) of the accounts of the year: the documents that count, as they were received."""
    import duckdb

    for model, lines in work.catalogue.lines_declared.items():
        listed = release / LINES / f"{model}.parquet"
        if not lines.jointes or not listed.exists():
            continue
        manifests = {data["delivery"]: Manifest.from_dict(data) for data in read_state(release)["deliveries"]}
        with duckdb.connect() as db:
            rows = db.execute(
                f"select distinct _livraison, _fichier from {parquet_scan(listed)} "
                f"where exercice = {exercice} and poids <> 0 and ({lines.jointes})"  # those that count
            ).fetchall()
        for delivery, name in sorted(rows):
            file = manifests[delivery].original(name)
            if (original := work.home.archive / file.sha256).exists():  # its retention period may be over
                yield file.name, original


def _drawn_accounts(work: Workspace, tables: Path, exercice: int, profile: str, edition: Edition) -> bytes | None:
    """The accounts of the year, to be read; None when the release publishes none."""
    from pipelines.stages.report.model import accounts
    from pipelines.stages.report.pdf import accounts_pdf

    with read_publication(tables, exercice, profile) as publication:
        model = accounts(publication, work.catalogue, work.organisation, work.home.contenu, edition)
    return accounts_pdf(model, work.home.cache) if model else None


def _letters(
    work: Workspace,
    tables: Path,
    exercice: int,
    profile: str,
    edition: Edition,
    approved_by: str,
    has_pages: bool,
    has_accounts: bool,
) -> Iterator[tuple[str, bytes]]:
    """The drafts of a release, to be signed by the person who signs the report, else by the one who approved it."""
    from pipelines.stages.report.acts import acts, enclosures

    pieces = enclosures(exercice, has_page=has_pages, has_accounts=has_accounts)
    with read_publication(tables, exercice, profile) as publication:
        yield from acts(
            publication,
            work.catalogue,
            work.organisation,
            edition,
            work.home.contenu,
            approved_by,
            [*pieces, "les empreintes de ces fichiers"],
            seal_of(work.home, work.ledger, edition.name),
        )


def folder_of(member: Collectivite) -> str:
    """The folder name of a member: that of its page in the report."""
    return plain(member.nom)


def _changed(work: Workspace, folder: Path) -> list[str]:
    """The files that are not as last prepared according to the ledger, that are gone, or that were added."""
    place, is_now = f"{folder.name}/", sums_of(folder, names_in(folder))
    kept = closed(work.home, work.ledger, folder.parent)
    was = {name.removeprefix(place): sha256 for name, sha256 in kept.items() if name.startswith(place)}
    return sorted(name for name in {*was, *is_now} if name not in LETTERS and was.get(name) != is_now.get(name))


def _contents(
    work: Workspace,
    release: str,
    exercice: int,
    profile: str,
    member: Collectivite,
    pieces: list[tuple[str, str]],
    has_accounts: bool,
) -> str:
    """The description of each file, for the reader of the folder."""
    organisation = work.organisation
    said = [
        (f"rapport_activite_{exercice}.pdf", "le rapport d’activité"),
        *pieces,
        (LETTER, "le courrier d’accompagnement"),
        (SUMS, "les empreintes des fichiers, que vérifie sha256sum -c SHA256SUMS ; le courrier n’y est pas"),
    ]
    lacking = [] if has_accounts else ["", "Le compte de l’exercice n’est pas dans ce dossier : il est à joindre."]
    mention = [DEMONSTRATION] * organisation.demonstration
    kind = "publique" if profile == PUBLIC else "interne, à ne pas lire en séance publique"
    text = [
        f"{organisation.nom} ({organisation.sigle})",
        f"Rapport d’activité de {exercice} : envoi à {member.nom}",
        f"Version {release}, édition {kind}. Code général des collectivités territoriales, article L. 5211-39.",
        *mention,
        "",
        *(f"- {name} : {what}" for name, what in said),
        *lacking,
    ]
    return typeset("\n".join(text)) + "\n"
