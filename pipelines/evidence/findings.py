"""Gathers every finding of a home from the ledger and the lake, in one stable order.

They are about refused deliveries and lines, failed expectations, missing exports and what the last build found. This
module writes nothing; ``audit.constats``, ``millesime status`` and Dagster's checks show this list.
"""

import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pipelines.catalogue.needs import unsummable
from pipelines.catalogue.patterns import is_one_of
from pipelines.catalogue.rules import Rule, Rules, where
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import Registry
from pipelines.disk import Stamp, stamp
from pipelines.evidence.gaps import arrivals_of
from pipelines.evidence.parquet import select
from pipelines.evidence.printed import misprinted
from pipelines.evidence.progress_of_texts import unvalidated
from pipelines.french import day, enumeration, quantity
from pipelines.ledger.check_findings import check_finding
from pipelines.ledger.records import Finding, Manifest, Standing, Unread, Verdict
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home

END_OF_TIME = "9999-12-31"
HIDDEN = "valeur masquée : la table porte des données personnelles"  # the reading kept no value


def gather(work: Workspace, also: Iterable[Finding] = ()) -> list[Finding]:
    """Every current finding, the blocking ones first; ``also`` are those of the caller, who can see landing."""
    found = [
        *also,
        *_collection(work),
        *_fewer_files(work),
        *_same_files(work),
        *_lost_totals(work),
        *_unread(work),
        *_judgements(work),
        *_refused_lines(work),
        *_unread_cells(work),
        *_unsummable(work),
        *_parted(work),
        *_last_build(work.ledger),
        *_last_publication(work),
        *unvalidated(work),
        *misprinted(work),
    ]
    found = [
        finding for finding in found if finding.code not in work.rules or work.rules[finding.code].is_on
    ]  # one that is switched off finds nothing
    return in_order(found)


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """The blocking ones first."""
    rank = {"bloquant": 0, "alerte": 1, "information": 2}
    return sorted(found, key=lambda f: (rank[f.severity], f.exercice, f.code, f.ou, f.fichier or "", f.ligne or 0))


def of_year(standing: list[Standing], registry: Registry, exercice: int, today: str) -> list[Standing]:
    """Those of one exercice, or all of them."""
    return [one for one in on_day(standing, registry, today) if one.finding.exercice in (exercice, 0)]


def on_day(standing: list[Standing], registry: Registry, today: str) -> list[Standing]:
    """The findings that hold on ``today`` (ISO date): an export that may still come is not a finding yet.

    What is gathered does not depend on the date, so that what is published keeps its bytes.
    """
    return [one for one in standing if not (_may_still_come(one.finding) and _due(registry, one.finding) >= today)]


def _may_still_come(finding: Finding) -> bool:
    """True for an export that is missing, or is missing members, months or the end of an exercice which is not over."""
    late = ("COL-APPLICATION", "COL-COLLECTIVITE", "COL-FICHIERS", "COL-MANQUANT", "COL-MOIS", "COL-PERIME", "COL-TROU")
    return finding.code in late


def _due(registry: Registry, finding: Finding) -> str:
    """The day by which the export that a finding is about is expected; ``ou`` is an export or one of its tables."""
    system, _, name = finding.ou.partition("/")
    refs = [ref for ref in registry.exports() if ref.system.system == system]
    return next(
        ref.due(finding.exercice)
        for ref in refs
        if ref.export.name == name or name in (table.name for table in ref.export.tables)
    )


def blockers(standing: Iterable[Standing], today: str) -> list[Finding]:
    """The blocking findings that nobody has accepted."""
    return [one.finding for one in standing if one.finding.severity == "bloquant" and one.is_open(today)]


def stops_a_release(one: Standing, rules: Rules) -> bool:
    """True if a finding prevents freezing a year; a difference from the last release does not, since a release serves
    to change it."""
    return one.finding.code != "REL-ECART" and (one.finding.severity == "bloquant" or rules[one.finding.code].a_decider)


def _collection(work: Workspace) -> list[Finding]:
    """Refused and missing exports; missing ones are reported whatever the date, so that the published copy does not change."""
    ledger, rules, found = work.ledger, work.rules, []
    received = {row["delivery"]: row["received_at"] for row in ledger.all_rows("deliveries")}
    for exercice in work.organisation.years:
        arrivals = arrivals_of(work, exercice, today=END_OF_TIME, landed={})
        for ref in work.exports(exercice):
            status = arrivals.export(ref)
            if status.state == "refused":
                found += _refused(work, ref.key, exercice)
            elif status.state == "late":
                found.append(_missing(rules["COL-MANQUANT"], ref.key, exercice, ref.owner, ref.due(exercice)))
            current = arrivals.current.get(ref.key)
            if current and not ref.export.optional and received[current.manifest.delivery] < f"{exercice}-12-31":
                found.append(_too_early(rules["COL-PERIME"], current.manifest, received[current.manifest.delivery]))
    return found


def _refused(work: Workspace, key: str, exercice: int) -> list[Finding]:
    """One finding per failed check in a delivery that a check stopped, or for the rule that refused it as a whole."""
    ledger = work.ledger
    refusal = ledger.last_refusal(key, exercice)
    manifest = ledger.delivery(refusal["delivery"]) if refusal["delivery"] else None
    if manifest is None or refusal["rule"]["code"] not in ("ATT-CRITIQUE", "ATT-ERREUR"):
        return [_refusal(key, exercice, refusal["rule"])]
    return [
        finding for verdict in ledger.verdicts_of(manifest.delivery) for finding in _failed(work, manifest, verdict)
    ]


def _refusal(key: str, exercice: int, rule: dict) -> Finding:
    return Finding(
        rule["code"],
        "bloquant",
        exercice,
        key,
        f"Livraison refusée : {rule['titre']}",
        rule["attendu"],
        rule["recu"],
        None,
        rule["aide"],
        rule["fichier"] or None,
        rule["ligne"],
    )


def _missing(rule: Rule, key: str, exercice: int, owner: str, due: str) -> Finding:
    return Finding(
        "COL-MANQUANT",
        "bloquant",
        exercice,
        key,
        f"{rule.titre} : {key} ({owner})",
        f"un export avant le {day(due)}",
        aide=rule.aide,
    )


def _too_early(rule: Rule, manifest: Manifest, received: str) -> Finding:
    """A delivery that came before its exercice was over, whose rows cannot cover all of it."""
    return Finding(
        "COL-PERIME",
        "alerte",
        manifest.exercice,
        manifest.export_key,
        f"{rule.titre} : {manifest.export_key}",
        f"un export fait après le 31/12/{manifest.exercice}",
        f"reçu le {day(received)}",
        aide=rule.aide,
        fichier=manifest.files[0].name,
    )


def _fewer_files(work: Workspace) -> list[Finding]:
    """The exports that came in fewer files than the year before (the year after, for the first): one may have been forgotten.

    Budget documents are excepted: their number varies from year to year, and they are expected one by one.
    """
    rule, current, found = work.rules["COL-FICHIERS"], work.ledger.current(), []
    for (key, exercice), delivery in sorted(current.items()):
        other = next((year for year in (exercice - 1, exercice + 1) if (key, year) in current), None)
        ref = next((ref for ref in work.registry.exports() if ref.key == key), None)
        if (
            exercice not in work.organisation.years
            or other is None
            or not ref
            or ref.export.format.type == "budget_xml"
        ):
            continue
        files, before = delivery.manifest.files, current[key, other].manifest.files
        if len(files) < len(before):
            found.append(
                Finding(
                    rule.code,
                    "alerte",
                    exercice,
                    key,
                    f"{rule.titre} : {key}",
                    f"{quantity(Decimal(len(before)), 0, 'fichiers')}, comme en {other}",
                    f"{quantity(Decimal(len(files)), 0, 'fichiers')} : {', '.join(file.name for file in files)}",
                    aide=rule.aide,
                )
            )
    return found


def _same_files(work: Workspace) -> list[Finding]:
    """The files that came twice under two names: their lines count twice, unless they are documents, identified by
    their content."""
    rule, refs, found = work.rules["COL-DOUBLE"], {ref.key: ref for ref in work.registry.exports()}, []
    for (key, exercice), delivery in sorted(work.ledger.current().items()):
        if exercice not in work.organisation.years or key not in refs or refs[key].export.by_document:
            continue
        names: dict[str, list[str]] = {}
        for file in delivery.manifest.files:
            names.setdefault(file.sha256, []).append(file.name)
        found += [
            Finding(
                rule.code,
                "alerte",
                exercice,
                key,
                f"{rule.titre} : {key}",
                "des fichiers différents",
                f"les mêmes octets dans {', '.join(same)}",
                aide=rule.aide,
                fichier=same[0],
            )
            for same in names.values()
            if len(same) > 1
        ]
    return found


def _lost_totals(work: Workspace) -> list[Finding]:
    """The tables whose files no longer announce what they contain, although another delivery of this or an adjacent exercice did.

    Either none announces anything, or fewer do than there are files, where before each did.
    """
    others: dict[tuple[str, int], list[dict]] = {}
    for row in work.ledger.all_rows("deliveries"):
        others.setdefault((f"{row['system']}/{row['export']}", row["exercice"]), []).append(row["manifest"])
    current, found = work.ledger.current(), []
    for ref in work.registry.exports():
        for exercice in work.organisation.years:
            if (ref.key, exercice) not in current:
                continue
            manifest = current[ref.key, exercice].manifest
            near = [one for year in (exercice - 1, exercice, exercice + 1) for one in others.get((ref.key, year), [])]
            for table in ref.export.tables:
                lost = ((one["exercice"], _lost(manifest, one, table.name)) for one in near)
                if first := next(((year, columns) for year, columns in lost if columns), None):
                    found.append(_lost_total(work.rules["TOTAL-ABSENT"], manifest, table, *first))
    return found


def _lost(manifest: Manifest, other: dict, table: str) -> list[str]:
    """The columns for which ``other`` (the data of a manifest) announced a total, and these files do not."""
    if table not in manifest.tables:
        return []
    ours = Counter(total["column"] for total in manifest.tables[table].totals)
    theirs = Counter(total["column"] for total in other["tables"].get(table, {}).get("totals", []))
    several, files = len(other["files"]), len(manifest.files)
    return [
        column
        for column, count in sorted(theirs.items())
        if not ours[column] or (count >= several > 1 and ours[column] < files)
    ]


def _lost_total(rule: Rule, manifest: Manifest, table: Table, exercice: int, columns: list[str]) -> Finding:
    source = f"{manifest.system}/{table.name}"
    titles = ", ".join(f"« {field.title} »" for field in table.fields if field.name in columns)
    return Finding(
        rule.code,
        "alerte",
        manifest.exercice,
        source,
        f"{rule.titre} : {source}",
        f"la ligne de total de chaque fichier ({titles}), comme dans une livraison de {exercice}",
        f"aucune, ou pas dans tous : {', '.join(file.name for file in manifest.files)}",
        aide=rule.aide,
        fichier=manifest.files[0].name,
    )


def _unread(work: Workspace) -> list[Finding]:
    found = []
    for (_, exercice), current in sorted(work.ledger.current().items()):
        if exercice in work.organisation.years:
            for one in unread_of(current.manifest, work.registry):
                found.append(unread(current.manifest, one, work.rules))
    return found


def unread_of(manifest: Manifest, registry: Registry) -> list[Unread]:
    """The sheets and archive members that hold something but that no declaration reads, or declares unneeded."""
    return [
        one
        for one in manifest.non_lus
        if one.lignes and not one.ecartee and not _is_read_elsewhere(manifest, one, registry)
    ]


def _is_read_elsewhere(manifest: Manifest, one: Unread, registry: Registry) -> bool:
    """True when another export that takes in the same file has a table for it, or declares it unneeded."""
    file, _, member = one.fichier.partition("/")
    for ref in registry.exports():
        is_near = ref.system.system == manifest.system or ref.export.files.startswith("/")
        if ref.key != manifest.export_key and is_near and ref.export.takes(file):
            if is_one_of(one.element or one.feuille or member, ref.export.unread):
                return True
            tables = [table for table in ref.export.tables if not member or table.reads_member(member)]
            if any(_reads(table, one) for table in tables):
                return True
    return False


def _reads(table: Table, one: Unread) -> bool:
    if one.element:
        records = (table.records or "").strip("/")  # or what leads to them
        return any(f"{records}{mark}".startswith(f"{one.element}{mark}") for mark in "/.")
    return table.reads_sheet(one.feuille) if one.feuille else True


def unread(manifest: Manifest, one: Unread, rules: Rules) -> Finding:
    """One sheet, archive member or element name that no declaration reads."""
    rule, member = rules["FIC-NON-LU"], one.fichier.partition("/")[2]
    key, name = ("sheet", one.feuille) if one.feuille else ("member", member)
    place, what, reads = where(one.fichier, one.feuille), "ligne", f'une table avec {key}: "{name}"'
    if one.element:
        name, what, reads = (
            one.element,
            "enregistrement",
            f'une colonne ou une table (records: "{one.element}") qui les lit',
        )
        place = f"{place}, éléments « {one.element} »"
    s = "s" if one.lignes > 1 else ""
    return Finding(
        rule.code,
        "alerte",
        manifest.exercice,
        manifest.export_key,
        f"{rule.titre} : {place}{' (masquée)' if one.cachee else ''}",
        f'{reads}, ou unread: ["{name}"] à l’export {manifest.export_key}',
        f"{one.lignes} {what}{s} non {'lus' if one.element and s else 'lu' if one.element else f'lue{s}'}",
        aide=rule.aide,
        fichier=place,
    )


def _judgements(work: Workspace) -> list[Finding]:
    found = []
    for (_, exercice), current in sorted(work.ledger.current().items()):
        for identity in current.verdicts if exercice in work.organisation.years else []:
            verdict = work.ledger.verdict(identity)
            found += _failed(work, current.manifest, verdict)
    return found


def _failed(work: Workspace, manifest: Manifest, verdict: Verdict) -> list[Finding]:
    """The checks of a table that did not succeed; one that could not run says where it is declared."""
    found = []
    for result in (one for one in verdict.results if one.success is not True):
        finding = check_finding(manifest, verdict, result, work.rules)
        place = _declared_at(work, finding.ou, result.key) if result.success is None else None
        if place:
            finding = replace(finding, recu=result.error, aide=f"{finding.aide} Le contrôle est déclaré à {place}.")
        found.append(finding)
    return found


def _declared_at(work: Workspace, table: str, key: str) -> str | None:
    """``file:line`` of the expectation ``key`` of a table (``system/table``); None when no suite file declares it."""
    for system, one in work.registry.tables():
        if f"{system.system}/{one.name}" == table:
            suites = work.catalogue.suites_of(system.system, one)
            places = [s.at(index) for s in suites for index, said in enumerate(s.expectations) if said.key == key]
            return places[-1] if places else None
    return None


def _refused_lines(work: Workspace) -> list[Finding]:
    found = []
    for (_, exercice), current in sorted(work.ledger.current().items()):
        if exercice in work.organisation.years:
            for row in refused_lines(work.home, current.manifest):
                found.append(refused_line(current.manifest, row, work.rules))
    return found


def refused_lines(home: Home, manifest: Manifest) -> list[dict]:
    """The reasons for refusal of a delivery: systeme, table, fichier, ligne, colonne, position, regle, attendu, recu."""
    rows = []
    for name, counts in manifest.tables.items():
        if counts.refusees:
            file = Path(home.lake / counts.parquet).with_suffix(".refus.parquet")
            rows += [{"systeme": manifest.system, "table": name, **row} for row in _reasons(file, stamp(file))]
    return rows


@functools.lru_cache(maxsize=1000)
def _reasons(file: Path, _stamp: Stamp) -> list[dict]:
    """The reasons in one file, read once: a run gathers its findings several times."""
    found = select(
        file,
        "select _fichier, _feuille, _ligne as ligne, colonne, position, regle, attendu, recu from {lake} order by all",
    )
    return [{"fichier": where(row.pop("_fichier"), row.pop("_feuille")), **row} for row in found]


def refused_line(manifest: Manifest, row: dict, rules: Rules) -> Finding:
    """One reason for refusal, as ``refused_lines`` gives it."""
    rule = rules[row["regle"]]
    column = f", colonne « {row['colonne']} »" if row["colonne"] else ""
    return Finding(
        rule.code,
        "alerte",
        manifest.exercice,
        f"{row['systeme']}/{row['table']}",
        f"Ligne refusée : {rule.titre}{column}",
        row["attendu"],
        HIDDEN if row["recu"] is None and rule.code != "LIG-OBLIGATOIRE" else row["recu"],
        None,
        rule.aide,
        row["fichier"],
        row["ligne"],
        row["colonne"],
    )


def _unread_cells(work: Workspace) -> list[Finding]:
    """The cells that are not as declared and that no figure needs: one finding per column of a file."""
    rule, found = work.rules["LIG-INFORMATIF"], []
    for (_, exercice), current in sorted(work.ledger.current().items()):
        for name, counts in current.manifest.tables.items() if exercice in work.organisation.years else []:
            if ".illisibles.parquet" not in counts.compagnons:
                continue
            rows = select(
                (work.home.lake / counts.parquet).with_suffix(".illisibles.parquet"),
                "select _fichier as fichier, colonne, min(_ligne) as ligne, count(*) as nb, min(attendu) as attendu, "
                "arg_min(recu, _ligne) as recu from {parquet} group by all order by all",
            )
            found += [
                Finding(
                    rule.code,
                    "alerte",
                    exercice,
                    f"{current.manifest.system}/{name}",
                    f"{rule.titre} : « {row['colonne']} » ({quantity(Decimal(row['nb']), 0, 'valeurs')})",
                    row["attendu"],
                    row["recu"],
                    aide=rule.aide,
                    fichier=row["fichier"],
                    ligne=row["ligne"],
                    cle=row["colonne"],
                )
                for row in rows
            ]
    return found


def _unsummable(work: Workspace) -> list[Finding]:
    """The home's own tables and measures that readers cannot add up: nothing says what a row is, or how they add."""
    found = []
    for code, entry, column in unsummable(work.catalogue):
        rule = work.rules[code]
        named = f"{entry.name}.{column}" if column else entry.name
        asked = (
            f"additif, pour {column} dans catalogue/fields.yml"
            if column
            else "une colonne role_ligne : {{ role_ligne() }}"
        )
        found.append(
            Finding(code, "alerte", 0, entry.name, f"{rule.titre} : {named}", asked, aide=rule.aide, cle=column)
        )
    return found


def _parted(work: Workspace) -> list[Finding]:
    """The deliveries that came after the persons of their exercice, or of one that figures compare with it, were
    generalised: a person in both counts twice.
    """
    rule, refs = work.rules["COL-PERSONNES"], {ref.key: ref for ref in work.registry.exports()}
    received = {row["delivery"]: row["received_at"] for row in work.ledger.all_rows("deliveries")}
    made = [row for row in work.ledger.all_rows("removals") if row["successor"]]
    successors, found = {row["successor"] for row in made}, []
    for (key, exercice), current in sorted(work.ledger.current().items()):
        identity = current.manifest.delivery
        if key not in refs or exercice not in work.organisation.years or identity in successors:
            continue
        fields = [one for table in refs[key].export.tables for one in table.fields if one.personal == "pseudonymise"]
        reach = 1 if any(one.across_years for one in fields) else 0
        years = {
            row["exercice"]
            for row in made
            if row["export"] == key and abs(row["exercice"] - exercice) <= reach
            if row["exercice"] == exercice or row["removed_at"] < received[identity]
        }
        if fields and years:
            found.append(
                Finding(
                    rule.code,
                    "alerte",
                    exercice,
                    key,
                    f"{rule.titre} : {key}",
                    "des personnes que la clé relie d’un export et d’un exercice à l’autre",
                    f"des personnes généralisées en {enumeration([str(year) for year in sorted(years)])}",
                    aide=rule.aide,
                    cle=identity[:12],
                )
            )
    return found


def _last_build(ledger: Ledger) -> list[Finding]:
    build = ledger.last_build()
    if build is None:
        return []
    released = {row["exercice"] for row in ledger.all_rows("releases") if row["build"] == build["build"]}
    found = ledger.findings_of(build["build"])
    return [f for f in found if not (f.code == "REL-ECART" and f.exercice in released)]


def _last_publication(work: Workspace) -> list[Finding]:
    """The findings of the publication about itself, except alerts that have been explained since."""
    publication = work.ledger.last_publication()
    found = work.ledger.findings_of(publication["publication"]) if publication else []
    return [one for one in found if not (one.code == "RAP-NOTE" and (work.home.contenu / one.cle).is_file())]
