"""Gathers every finding of a home from the ledger and the lake, in one stable order.

They are about refused deliveries and lines, failed expectations, missing exports and what the last build found. This
module writes nothing; ``audit.constats``, ``millesime status`` and Dagster's checks show this list.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.needs import unsummable
from pipelines.catalogue.patterns import is_one_of
from pipelines.catalogue.rules import Rules, where
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.disk import Stamp, stamp
from pipelines.evidence.gaps import arrivals_of
from pipelines.evidence.misprinted import misprinted
from pipelines.evidence.parquet import select
from pipelines.evidence.progress_of_texts import unvalidated
from pipelines.french import day, enumeration, how_many, quantity
from pipelines.ledger.check_findings import check_finding
from pipelines.ledger.records import ACROSS, UNDECLARED, Finding, Manifest, Standing, Unread, Verdict
from pipelines.ledger.store import Current, Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.sql import refused_print

Found = tuple[str, str, int, str, str, str]  # rule, system/table, exercice, effect, reason (French), fingerprint
END_OF_TIME = "9999-12-31"
# an export that is missing, or is missing members, months or the end of an exercice which is not over
LATE = ("COL-APPLICATION", "COL-COLLECTIVITE", "COL-FICHIERS", "COL-MANQUANT", "COL-MOIS", "COL-PERIME", "COL-TROU")
HIDDEN = "valeur masquée : la table porte des données personnelles"  # the reading kept no value


def gather(work: Workspace, also: Iterable[Finding] = ()) -> list[Finding]:
    """Every current finding, the blocking ones first; ``also`` are those of the caller, who can see landing."""
    found = _of_deliveries(work, also)
    for manifest in (current.manifest for current in _deliveries(work)):
        found += [refused_line(manifest, row, work.rules) for row in refused_lines(work.home, manifest)]
    found += [
        *_unread_cells(work),
        *_unsummable(work),
        *_last_build(work.ledger),
        *_last_publication(work),
        *unvalidated(work),
        *misprinted(work),
    ]
    rules = work.rules  # one that is switched off finds nothing
    return in_order(finding for finding in found if finding.code not in rules or rules[finding.code].is_on)


def about_inputs(work: Workspace, also: Iterable[Finding]) -> list[Found]:
    """What takes something away from figures and that no warehouse can find, for each table that it is about.

    ``also`` are findings about landing. Refused lines are not here: the build reads them by itself.
    """
    found = []
    for finding in _of_deliveries(work, also):
        if finding.effet == "rien" or (finding.code in work.rules and not work.rules[finding.code].is_on):
            continue
        for ref in work.registry.exports():
            for table in ref.export.tables:
                source = f"{ref.system.system}/{table.name}"
                if finding.ou in (source, ref.key, ref.system.system):
                    expected = finding.attendu.rstrip(".")  # of a check, whose rule says nothing of it
                    failed = "alerte d’un contrôle" if finding.code == "ATT-ALERTE" else "contrôle en échec"
                    why = work.rules[finding.code].titre if finding.cle is None else f"{failed} : {expected}"
                    found.append((finding.code, source, finding.exercice, finding.effet, why, finding.empreinte or ""))
    return found


def _of_deliveries(work: Workspace, also: Iterable[Finding]) -> list[Finding]:
    """The findings about what came, or did not, with what they take away from figures."""
    deliveries = _deliveries(work)
    found = [
        *also,
        *_collection(work),
        *_fewer_files(work),
        *_same_files(work),
        *_lost_totals(work),
        *_cut_short(work),
    ]
    for manifest in (current.manifest for current in deliveries):
        found += [unread(manifest, one, work.rules) for one in unread_of(manifest, work.registry)]
    for current in deliveries:
        for identity in current.verdicts:
            found += _failed(work, current.manifest, work.ledger.verdict(identity))
    found += _parted(work)
    return [_stated(finding, work.rules) for finding in found]


def _deliveries(work: Workspace) -> list[Current]:
    """The current delivery of each export in each exercice of the organisation, in order."""
    current = sorted(work.ledger.current().items())
    return [one for (_, exercice), one in current if exercice in work.organisation.years]


def _stated(finding: Finding, rules: Rules) -> Finding:
    """A finding with its effect, that of its rule unless its check says its own, and the fingerprint of what it says."""
    rule = rules.get(finding.code)
    effect = rule.retire if rule and finding.effet == "rien" else finding.effet
    said = [finding.id, finding.attendu, finding.recu, finding.ecart]
    return replace(finding, effet=effect, empreinte=fingerprint(said)[:32])


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
    found = []
    for one in standing:
        ref = export_about(registry, one.finding) if one.finding.code in LATE else None
        if ref is None or ref.due(one.finding.exercice) < today:
            found.append(one)
    return found


def export_about(registry: Registry, finding: Finding) -> ExportRef | None:
    """The export that a finding is about: ``ou`` is an export, or one of its tables, or something else."""
    system, _, name = finding.ou.partition("/")
    exports = [ref for ref in registry.exports() if ref.system.system == system]
    named = (ref for ref in exports if name in (ref.export.name, *(table.name for table in ref.export.tables)))
    return next(named, None)


def blockers(standing: Iterable[Standing], today: str) -> list[Finding]:
    """The blocking findings that nobody has accepted."""
    return [one.finding for one in standing if one.finding.severity == "bloquant" and one.is_open(today)]


def stops_a_release(one: Standing, rules: Rules) -> bool:
    """True if a finding prevents freezing a year: it blocks, its rule wants a decision, or nobody knows what it takes away.

    A difference from the last release does not, since a release serves to change it.
    """
    finding = one.finding
    if finding.code == "REL-ECART":
        return False
    return finding.severity == "bloquant" or rules[finding.code].a_decider or finding.effet == "réserve"


def _collection(work: Workspace) -> list[Finding]:
    """Refused and missing exports; missing ones are reported whatever the date, so that the published copy does not change."""
    rules, found = work.rules, []
    received = {row["delivery"]: row["received_at"] for row in work.ledger.all_rows("deliveries")}
    for exercice in work.organisation.years:
        arrivals = arrivals_of(work, exercice, today=END_OF_TIME, landed={})
        for ref in work.exports(exercice):
            status = arrivals.export(ref)
            if status.state == "refused":
                found += _refused(work, ref.key, exercice)
            elif status.state == "late":
                about, expected = f"{ref.key} ({ref.owner})", f"un export avant le {day(ref.due(exercice))}"
                missing = Finding.of(rules["COL-MANQUANT"], exercice, ref.key, about, expected, severity="bloquant")
                found.append(missing)
            current = arrivals.current.get(ref.key)
            if current and not ref.export.optional:
                came = received[current.manifest.delivery]
                if came < f"{exercice}-12-31":  # before its exercice was over: its rows cannot cover all of it
                    expected, said = f"un export fait après le 31/12/{exercice}", f"reçu le {day(came)}"
                    rule, file = rules["COL-PERIME"], current.manifest.files[0].name
                    found.append(Finding.of(rule, exercice, ref.key, ref.key, expected, said, fichier=file))
    return found


def _refused(work: Workspace, key: str, exercice: int) -> list[Finding]:
    """One finding per failed check in a delivery that a check stopped, or for the rule that refused it as a whole."""
    ledger = work.ledger
    refusal = ledger.last_refusal(key, exercice)
    manifest = ledger.delivery(refusal["delivery"]) if refusal["delivery"] else None
    rule = refusal["rule"]
    if manifest is None or rule["code"] not in ("ATT-CRITIQUE", "ATT-ERREUR"):
        said = {name: rule[name] for name in ("attendu", "recu", "aide", "ligne")}
        about, file = f"Livraison refusée : {rule['titre']}", rule["fichier"] or None
        return [Finding(rule["code"], "bloquant", exercice, key, about, **said, fichier=file)]
    verdicts = ledger.verdicts_of(manifest.delivery)
    return [finding for verdict in verdicts for finding in _failed(work, manifest, verdict)]


def _fewer_files(work: Workspace) -> list[Finding]:
    """The exports that came in fewer files or sheets than the year before (the year after, for the first): one may have been forgotten.

    Documents are excepted: their number varies from year to year.
    """
    rule, current, found = work.rules["COL-FICHIERS"], work.ledger.current(), []
    counted = {ref.key: ref.export for ref in work.registry.exports() if not ref.export.by_document}
    for (key, exercice), delivery in sorted(current.items()):
        other = next((year for year in (exercice - 1, exercice + 1) if (key, year) in current), None)
        if exercice not in work.organisation.years or other is None or key not in counted:
            continue
        files, before = delivery.manifest.files, current[key, other].manifest.files
        if len(files) < len(before):
            expected = f"{quantity(Decimal(len(before)), 0, 'fichiers')}, comme en {other}"
            came = f"{quantity(Decimal(len(files)), 0, 'fichiers')} : {', '.join(file.name for file in files)}"
            found.append(Finding.of(rule, exercice, key, key, expected, came))
            continue
        for table in counted[key].tables:
            parts, usual = (_parts(work.home, one.manifest, table) for one in (delivery, current[key, other]))
            if len(parts) < len(usual):
                source = f"{delivery.manifest.system}/{table.name}"
                expected = f"des lignes dans {quantity(Decimal(len(usual)), 0, 'feuilles')}, comme en {other}"
                came = f"{quantity(Decimal(len(parts)), 0, 'feuilles')} : {' ; '.join(parts)}"
                found.append(Finding.of(rule, exercice, source, source, expected, came, cle="feuilles"))
    return found


def _parts(home: Home, manifest: Manifest, table: Table) -> list[str]:
    """The files and sheets that have a line of a table which is read from several."""
    if not table.tells_parts_apart or table.name not in manifest.tables:
        return []
    file = home.lake / manifest.tables[table.name].parquet
    if not file.exists():  # its rows were removed after their retention
        return []
    parts = select(file, "select distinct concat_ws(', ', _fichier, _feuille) as part from {parquet} order by all")
    return [row["part"] for row in parts]


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
        for same in names.values():
            if len(same) > 1:
                came = f"les mêmes octets dans {', '.join(same)}"
                found.append(Finding.of(rule, exercice, key, key, "des fichiers différents", came, fichier=same[0]))
    return found


def _lost_totals(work: Workspace) -> list[Finding]:
    """The tables whose files no longer announce what they contain, although another delivery of this or an adjacent exercice did.

    Either none announces anything, or fewer do than there are files, where before each did.
    """
    rule, found = work.rules["TOTAL-ABSENT"], []
    for ref, manifest, near in _with_those_near(work):
        for table in ref.export.tables:
            lost = ((one["exercice"], _lost(manifest, one, table.name)) for one in near)
            year, columns = next(((year, columns) for year, columns in lost if columns), (0, []))
            if columns:
                source = f"{manifest.system}/{table.name}"
                titles = ", ".join(f"« {field.title} »" for field in table.fields if field.name in columns)
                expected = f"le total de chaque fichier ({titles}), comme dans une livraison de {year}"
                came = f"aucune, ou pas dans tous : {', '.join(file.name for file in manifest.files)}"
                place = {"fichier": manifest.files[0].name}
                found.append(Finding.of(rule, manifest.exercice, source, source, expected, came, **place))
    return found


def _with_those_near(work: Workspace) -> Iterator[tuple[ExportRef, Manifest, list[dict]]]:
    """Each current delivery, with (the data of) the manifests of all that came for this or an adjacent exercice."""
    others: dict[tuple[str, int], list[dict]] = {}
    for row in work.ledger.all_rows("deliveries"):
        others.setdefault((f"{row['system']}/{row['export']}", row["exercice"]), []).append(row["manifest"])
    current = work.ledger.current()
    for ref in work.registry.exports():
        for exercice in work.organisation.years:
            if (ref.key, exercice) in current:
                years = (exercice - 1, exercice, exercice + 1)
                near = [one for year in years for one in others.get((ref.key, year), [])]
                yield ref, current[ref.key, exercice].manifest, near


def _lost(manifest: Manifest, other: dict, table: str) -> list[str]:
    """The columns for which ``other`` (the data of a manifest) announced a total, and these files do not."""
    if table not in manifest.tables:
        return []
    ours, theirs = (
        Counter((total["column"], total["kind"] == ACROSS) for total in totals if total["kind"] != UNDECLARED)
        for totals in (manifest.tables[table].totals, other["tables"].get(table, {}).get("totals", []))
    )
    several, files = len(other["files"]), len(manifest.files)
    return [
        one[0] for one, count in sorted(theirs.items()) if not ours[one] or (count >= several > 1 and ours[one] < files)
    ]


def _cut_short(work: Workspace) -> list[Finding]:
    """The text files whose last line has no line break, as when a copy is cut short: its last value may be cut too.

    Nothing is said where the deliveries of an adjacent exercice were all so: the tool writes none.
    """
    rule, found = work.rules["FIC-FIN"], []
    for _, manifest, near in _with_those_near(work):
        cut = sorted(name for name, ends in manifest.fins.items() if not ends)
        known = [one for one in near if one["delivery"] != manifest.delivery and one.get("fins")]
        whole = next((one["exercice"] for one in known if all(one["fins"].values())), None)
        if not cut:
            continue
        if whole is not None:
            usual = f", comme dans une livraison de {whole}"
        elif any(manifest.fins.values()):
            usual = ", comme dans les autres fichiers"
        elif any(one["exercice"] != manifest.exercice and not any(one["fins"].values()) for one in known):
            continue
        else:
            usual = ""
        expected = f"une dernière ligne terminée par un saut de ligne{usual}"
        came, key = f"aucun saut de ligne à la fin de {', '.join(cut)}", manifest.export_key
        found.append(Finding.of(rule, manifest.exercice, key, key, expected, came, fichier=cut[0]))
    return found


def unread_of(manifest: Manifest, registry: Registry) -> list[Unread]:
    """The sheets and archive members that hold something but that no declaration reads, or declares unneeded."""
    wanted = [one for one in manifest.non_lus if one.lignes and not one.ecartee]
    return [one for one in wanted if not _is_read_elsewhere(manifest, one, registry)]


def _is_read_elsewhere(manifest: Manifest, one: Unread, registry: Registry) -> bool:
    """True when another export that takes in the same file has a table for it, or declares it unneeded."""
    file, _, member = one.fichier.partition("/")
    for ref in (any_year.of(manifest.exercice) for any_year in registry.exports()):
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
        name, what = one.element, "enregistrement"
        reads = f'une colonne ou une table (records: "{name}") qui les lit'
        place = f"{place}, éléments « {one.element} »"
    s = "s" if one.lignes > 1 else ""
    expected = f'{reads}, ou unread: ["{name}"] à l’export {manifest.export_key}'
    came = f"{one.lignes} {what}{s} non {'lus' if one.element and s else 'lu' if one.element else f'lue{s}'}"
    about = f"{place}{' (masquée)' if one.cachee else ''}"
    return Finding.of(rule, manifest.exercice, manifest.export_key, about, expected, came, fichier=place)


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


def refused_lines(home: Home, manifest: Manifest, most: int | None = None) -> list[dict]:
    """The reasons for refusal of a delivery: systeme, table, fichier, ligne, colonne, position, regle, attendu, recu, empreinte.

    ``most``: in each table, those beyond it are counted, by column and by rule, in reasons without a line; none has its print.
    """
    rows = []
    for name, counts in manifest.tables.items():
        if counts.refusees:
            file = Path(home.lake / counts.parquet).with_suffix(".refus.parquet")
            over = "over (partition by _fichier, _feuille, _ligne)"
            said = "null" if most else refused_print(manifest.system, name, manifest.exercice, over)
            reasons = _reasons(file, said, stamp(file), most)
            others = _more_reasons(file, reasons) if most else []
            rows += [{"systeme": manifest.system, "table": name, **row} for row in reasons + others]
    return rows


@functools.lru_cache(maxsize=1000)
def _reasons(file: Path, said: str, _stamp: Stamp, most: int | None) -> list[dict]:
    """The reasons in one file, read once: a run gathers its findings several times."""
    found = select(
        file,
        "select _fichier, _feuille, _ligne as ligne, colonne, position, regle, attendu, recu, "
        f"{said} as empreinte from {{parquet}} order by all {f'limit {most}' if most else ''}",
    )
    return [{"fichier": where(row.pop("_fichier"), row.pop("_feuille")), **row} for row in found]


def _more_reasons(file: Path, listed: list[dict]) -> list[dict]:
    """How many reasons there are beside those that are listed, by column and by rule."""
    told = Counter((row["fichier"], row["colonne"], row["position"], row["regle"]) for row in listed)
    kinds = select(
        file,
        "select _fichier, _feuille, colonne, position, regle, min(attendu) as attendu, count(*) as nb from {parquet} "
        "group by all order by all",
    )
    found = []
    for row in kinds:
        fichier = where(row.pop("_fichier"), row.pop("_feuille"))
        others = row.pop("nb") - told[fichier, row["colonne"], row["position"], row["regle"]]
        if others:
            said = f"{how_many(others, 'autres lignes')}, non détaillées"
            found.append({**row, "fichier": fichier, "ligne": None, "recu": said})
    return found


def refused_line(manifest: Manifest, row: dict, rules: Rules) -> Finding:
    """One reason for refusal, as ``refused_lines`` gives it."""
    rule = rules[row["regle"]]
    column = f", colonne « {row['colonne']} »" if row["colonne"] else ""
    came = HIDDEN if row["recu"] is None and rule.code != "LIG-OBLIGATOIRE" else row["recu"]
    source, message = f"{row['systeme']}/{row['table']}", f"Ligne refusée : {rule.titre}{column}"
    place = {"fichier": row["fichier"], "ligne": row["ligne"], "cle": row["colonne"]}
    said = {"attendu": row["attendu"], "recu": came, "aide": rule.aide, "empreinte": row["empreinte"]}
    return Finding(rule.code, "alerte", manifest.exercice, source, message, **said, **place, effet="manque")


def _unread_cells(work: Workspace) -> list[Finding]:
    """The cells that are not as declared and that no figure needs: one finding per column of a file."""
    rule, found = work.rules["LIG-INFORMATIF"], []
    for current in _deliveries(work):
        for name, counts in current.manifest.tables.items():
            if ".illisibles.parquet" not in counts.compagnons:
                continue
            rows = select(
                (work.home.lake / counts.parquet).with_suffix(".illisibles.parquet"),
                "select _fichier as fichier, colonne, min(_ligne) as ligne, count(*) as nb, min(attendu) as attendu, "
                "arg_min(recu, _ligne) as recu from {parquet} group by all order by all",
            )
            for row in rows:
                about = f"« {row['colonne']} » ({quantity(Decimal(row['nb']), 0, 'valeurs')})"
                place = {"fichier": row["fichier"], "ligne": row["ligne"], "cle": row["colonne"]}
                source, exercice = f"{current.manifest.system}/{name}", current.manifest.exercice
                found.append(Finding.of(rule, exercice, source, about, row["attendu"], row["recu"], **place))
    return found


def _unsummable(work: Workspace) -> list[Finding]:
    """The home's own tables and measures that readers cannot add up: nothing says what a row is, or how they add."""
    found = []
    for code, entry, column in unsummable(work.catalogue):
        named = f"{entry.name}.{column}" if column else entry.name
        asked = "une colonne role_ligne : {{ role_ligne() }}"
        if column:
            asked = f"additif, pour {column} dans catalogue/fields.yml"
        found.append(Finding.of(work.rules[code], 0, entry.name, named, asked, cle=column))
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
            expected = "des personnes que la clé relie d’un export et d’un exercice à l’autre"
            came = f"des personnes généralisées en {enumeration([str(year) for year in sorted(years)])}"
            found.append(Finding.of(rule, exercice, key, key, expected, came, cle=identity[:12]))
    return found


def _last_build(ledger: Ledger) -> list[Finding]:
    build = ledger.last_build()
    if build is None:
        return []
    released = {row["exercice"] for row in ledger.all_rows("releases") if row["build"] == build["build"]}
    found = ledger.findings_of(build["build"])
    return [f for f in found if not (f.code == "REL-ECART" and f.exercice in released)]


def _last_publication(work: Workspace) -> list[Finding]:
    """The findings of the publication about itself, except alerts explained since, and what no rule is about any longer."""
    publication = work.ledger.last_publication()
    found = work.ledger.findings_of(publication["publication"]) if publication else []
    known = [one for one in found if one.code in work.rules]
    return [one for one in known if not (one.code == "RAP-NOTE" and (work.home.contenu / one.cle).is_file())]
