"""A small office whose tables are published: agents by statut and service, a service having one filière.

It has its own attacker, independent of the engine, who lists every possible office and keeps those that match what he can read.
"""

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np

from pipelines.stages.publish.secret.cells import Numbers, read_numbers
from pipelines.stages.publish.secret.profile import PublicProfile, write_public
from pipelines.stages.publish.secret.versions import Version
from pipelines.stages.publish.secret.words import Words
from tests.layers import ship

STATUTS = ["fonctionnaire", "contractuel"]
SERVICES = {"paie": "administrative", "reseau": "technique", "bureautique": "technique"}
KINDS = list(itertools.product(STATUTS, SERVICES))
THRESHOLD = 4

DECLARATION = """
populations:
  effectif:
    fact: marts.fct_effectifs
    measure: nb_agents
    axes:
      statut: {statut: statut}
      service: {service: service, filiere: filiere}
    groups:
      statut: {tous: "*"}
      filiere: {total: "*"}
tables:
  rpt_budget: {free: comptes publics}
  rpt_controles: {withheld: contrôle interne}
  rpt_filieres:
    parts:
      - population: effectif
        levels: {statut: statut, filiere: filiere}
        counts: {nb_agents: }
        shares: {part_pct: {of: [filiere]}}
  rpt_services:
    plain: [libelle]
    parts:
      - population: effectif
        levels: {service: service}
        shares: {part_pct: {of: [service]}}
        along: {phrase: part_pct}
        ranks: [rang]
        occupied: true
figures:
  columns: {plain: [unite, decimales], never: [nb_lignes]}
  rules:
    "rh.service.{service}": {table: rpt_services, column: part_pct, row: {service: "{service}"}}
    "rh.effectif.{statut}": {table: rpt_filieres, column: nb_agents, row: {statut: "{statut}", filiere: total}}
"""

TABLES = """
create schema marts; create schema rapport;
create table marts.fct_effectifs (exercice integer, statut varchar, service varchar, filiere varchar, nb_agents bigint);
insert into marts.fct_effectifs values {rows};
create table rapport.rpt_budget as select 2020 as exercice, 3 as montant_eur;
create table rapport.rpt_controles as select exercice, count(*) as nb_lignes from marts.fct_effectifs group by exercice;
create table rapport.rpt_filieres (exercice integer, statut varchar, filiere varchar, nb_agents bigint not null,
    part_pct integer, primary key (exercice, statut, filiere));
insert into rapport.rpt_filieres
with c as (
    select exercice, coalesce(statut, 'tous') as statut, coalesce(filiere, 'total') as filiere, sum(nb_agents) as n
    from marts.fct_effectifs group by grouping sets
        ((exercice, statut, filiere), (exercice, statut), (exercice, filiere), (exercice))
)
select c.exercice, c.statut, c.filiere, c.n, (200 * c.n + t.n) // nullif(2 * t.n, 0)
from c join c as t on t.exercice = c.exercice and t.statut = c.statut and t.filiere = 'total' order by all;
create table rapport.rpt_services as
with c as (select exercice, service, sum(nb_agents) as n from marts.fct_effectifs group by all having n > 0)
select exercice, service, upper(service) as libelle,
    (row_number() over (partition by exercice order by n desc, service))::integer as rang,
    ((200 * n + sum(n) over (partition by exercice)) // (2 * sum(n) over (partition by exercice)))::integer as part_pct,
    service || ' : ' || n || ' agents' as phrase
from c order by exercice, rang;
comment on column rapport.rpt_services.part_pct is 'Part des agents';
create table rapport.chiffres as
select 'rh.service.' || service as code, exercice, part_pct::decimal(20, 6) as valeur, '%' as unite, 0 as decimales,
    'calculé' as statut, null::varchar as code_manquant, 2::bigint as nb_lignes, 'rh' as domaine from rapport.rpt_services
union all select 'rh.effectif.' || statut, exercice, nb_agents, 'agents', 0, 'calculé', null, nb_agents, 'rh'
from rapport.rpt_filieres where filiere = 'total'
union all select 'finances.dette', 2020, 2, 'EUR', 0, 'calculé', null, 1, 'finances';
"""


# movements: who came and who left, and the hours that were paid
FLOWS = """
populations:
  effectif: {fact: marts.fct_effectifs, measure: nb_agents, axes: {statut: {statut: statut}}, groups: {statut: {tous: "*"}}}
  arrivees:
    {fact: marts.fct_mouvements, where: sens = 'arrivee', measure: nb_agents, axes: {statut: {statut: statut}},
     groups: {statut: {tous: "*"}}}
  departs:
    {fact: marts.fct_mouvements, where: sens = 'depart', measure: nb_agents, axes: {statut: {statut: statut}},
     groups: {statut: {tous: "*"}}}
  theorique: {combination: {effectif: 1, arrivees: -1, departs: 1}, previous: effectif}
  heures:
    {fact: marts.fct_heures, measure: heures, per_person: 1820, follows: effectif, axes: {statut: {statut: statut}},
     groups: {statut: {tous: "*"}}}
tables:
  rpt_variations:
    parts:
      - population: effectif
        levels: {statut: statut}
        counts: {nb_agents: , nb_arrivees: arrivees, nb_departs: departs, nb_theorique: theorique}
        shares: {variation_pct: {change_from: theorique}}
  rpt_etpr:
    parts:
      - {population: heures, levels: {statut: statut}, counts: {heures: }, scaled: {etpr: 1820}}
"""

FLOW_TABLES = """
create schema marts; create schema rapport;
create table marts.fct_effectifs (exercice integer, statut varchar, nb_agents bigint);
insert into marts.fct_effectifs values (2019, 'f', 13), (2019, 'c', 12), (2020, 'f', 13), (2020, 'c', 14);
create table marts.fct_mouvements (exercice integer, sens varchar, statut varchar, nb_agents bigint);
insert into marts.fct_mouvements values (2019, 'depart', 'c', 9), (2019, 'arrivee', 'f', 8),
    (2020, 'arrivee', 'f', 1), (2020, 'depart', 'f', 1), (2020, 'arrivee', 'c', 2);
create table marts.fct_heures (exercice integer, statut varchar, heures decimal(18, 2));
insert into marts.fct_heures values (2020, 'f', 23478), (2020, 'c', 22768), (2020, 'np', 1511);
create table rapport.rpt_variations as
with lignes as (select exercice, statut from (values (2019), (2020)) e(exercice), (values ('f'), ('c'), ('tous')) s(statut)),
s as (select exercice, coalesce(statut, 'tous') as statut, sum(nb_agents) as n from marts.fct_effectifs
    group by grouping sets ((exercice, statut), (exercice))),
m as (select exercice, coalesce(statut, 'tous') as statut, coalesce(sum(nb_agents) filter (sens = 'arrivee'), 0) as a,
    coalesce(sum(nb_agents) filter (sens = 'depart'), 0) as d from marts.fct_mouvements
    group by grouping sets ((exercice, statut), (exercice)))
select exercice, statut, n::bigint as nb_agents, coalesce(a, 0)::bigint as nb_arrivees,
    coalesce(d, 0)::bigint as nb_departs, (n - coalesce(a, 0) + coalesce(d, 0))::bigint as nb_theorique,
    round(100.0 * (nb_agents - nb_theorique) / nb_theorique, 1)::decimal(6, 1) as variation_pct
from lignes join s using (exercice, statut) left join m using (exercice, statut);
create table rapport.rpt_etpr as
select exercice, coalesce(statut, 'tous') as statut, sum(heures)::decimal(18, 2) as heures,
    round(sum(heures) / 1820, 2)::decimal(18, 2) as etpr
from marts.fct_heures group by grouping sets ((exercice, statut), (exercice));
"""


class AnyText(Words):
    """For the tests of numbers: every text may be published."""

    def unknown(self, table: str, column: str, texts: Iterable[str]) -> list[str]:
        return []


Office = dict[tuple[str, str], int]  # (statut, service) → agents
Printed = Mapping[tuple[str, ...], int | None]  # what a public table prints, by its key


@dataclass
class Publisher:
    """Publishes offices in a folder, one after the other; ``disclosed`` grows as the ledger's would."""

    root: Path
    tables: str = TABLES

    def __post_init__(self) -> None:
        self.layer = ship(self.root / "shipped")
        self.layer.write("catalogue/secrecy.yml", DECLARATION)
        self.disclosed: list[tuple[str, Decimal]] = []
        self.number = 0
        self.versions: list[Version] = []

    def warehouse(self, office: Office, change: str = "", exercice: int = 2020) -> Path:
        """A warehouse with the office's tables, then changed by SQL."""
        self.number += 1
        path = self.root / f"warehouse{self.number}.duckdb"
        rows = ", ".join(
            f"({exercice}, '{statut}', '{service}', '{SERVICES[service]}', {n})"
            for (statut, service), n in office.items()
        )
        with duckdb.connect(str(path)) as db:
            db.execute(self.tables.format(rows=rows) + change)
        return path

    def numbers(self, office: Office, change: str = "", threshold: int = THRESHOLD) -> Numbers:
        """What the tables print under secrecy, read from a warehouse."""
        with duckdb.connect() as db:
            db.execute(f"attach '{self.warehouse(office, change)}' as source (read_only)")
            return read_numbers(db, self.layer.catalogue().secrecy, threshold)

    def publish(self, office: Office, change: str = "", threshold: int = THRESHOLD) -> PublicProfile:
        """Publish it; the folder is ``self.folder``."""
        warehouse = self.warehouse(office, change)
        self.folder = self.root / f"public{self.number}"
        self.folder.mkdir()
        secrecy = self.layer.catalogue().secrecy.counting({"finances.dette": "choses"})
        profile = write_public(
            warehouse,
            "",
            self.folder,
            secrecy,
            threshold,
            self.disclosed,
            {},
            AnyText(frozenset()),
            self.folder.parent / "secret.json",
            self.versions,
        )
        last = {version.exercice: version for version in self.versions}
        self.versions += [version for version in profile.versions if last.get(version.exercice) != version]
        self.disclosed = sorted({*self.disclosed, *profile.disclosed})
        return profile

    def ask(self, query: str) -> list[tuple]:
        """Query the last public database, attached as ``p``."""
        with duckdb.cursor() as db:  # a database of its own costs ten times what it reads
            db.execute(f"attach '{self.folder / 'rapport_public.duckdb'}' as p (read_only)")
            try:
                return db.execute(query).fetchall()
            finally:
                db.execute("detach p")

    @property
    def counts(self) -> dict[tuple[str, str], int | None]:
        """(statut, filière) → the number that anybody can read."""
        return {(s, f): n for s, f, n in self.ask("select statut, filiere, nb_agents from p.rapport.rpt_filieres")}

    @property
    def shares(self) -> dict[tuple[str, ...], int | None]:
        """(statut, filière) or (service,) → the percentage that anybody can read."""
        shares = {(s, f): n for s, f, n in self.ask("select statut, filiere, part_pct from p.rapport.rpt_filieres")}
        return shares | {(s,): n for s, n in self.ask("select service, part_pct from p.rapport.rpt_services")}


def office(*numbers: int) -> Office:
    """Agents of each kind, in the order of KINDS: fonctionnaires of each service, then contractuels."""
    return dict(zip(KINDS, numbers, strict=True))


def count(of: Office, statut: str = "tous", filiere: str = "total", service: str | None = None) -> int:
    """How many agents an office has of a kind."""
    return sum(
        n
        for (s, v), n in of.items()
        if statut in (s, "tous") and filiere in (SERVICES[v], "total") and service in (v, None)
    )


def share(of: Office, key: tuple[str, ...]) -> int | None:
    """The percentage that the tables print, half-up."""
    part, whole = _part(of, key)
    return (200 * part + whole) // (2 * whole) if whole else None


@functools.cache
def offices_of(total: int) -> np.ndarray:
    """Every office of ``total`` agents, one a row, the kinds in columns."""
    cells = total + len(KINDS) - 1
    chosen = itertools.chain.from_iterable(itertools.combinations(range(cells), len(KINDS) - 1))
    bars = np.fromiter(chosen, np.int16).reshape(-1, len(KINDS) - 1)
    return np.diff(np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, cells))), axis=1) - 1


def possible(publisher: Publisher, most: int) -> list[Office]:
    """The offices of at most ``most`` agents that give all that can be read."""
    rows = possible_rows(publisher.counts, publisher.shares, most)
    return [dict(zip(KINDS, numbers, strict=True)) for numbers in rows.tolist()]


def possible_rows(numbers: Printed, shares: Printed, most: int) -> np.ndarray:
    """The same, one a row, the kinds in columns."""
    total = numbers.get(("tous", "total"))
    totals = range(most + 1) if total is None else [total]
    return np.concatenate([_agreeing(offices_of(one), numbers, shares) for one in totals])


def _agreeing(offices: np.ndarray, numbers: Printed, shares: Printed) -> np.ndarray:
    by_kind: Office = dict(zip(KINDS, offices.T, strict=True))
    agrees = np.full(len(offices), True)
    for key, printed in numbers.items():
        agrees &= count(by_kind, *key) == printed if printed is not None else True
    for key, printed in shares.items():
        if len(key) == 1:
            agrees &= count(by_kind, service=key[0]) > 0  # the line is there
        if printed is not None:
            part, whole = _part(by_kind, key)
            agrees &= (whole > 0) & ((200 * part + whole) // np.maximum(1, 2 * whole) == printed)
    return offices[agrees]


def pairs(
    before: np.ndarray, after: np.ndarray, real: tuple[Office, Office]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each office of ``before`` with those of ``after`` that may follow it, for a reader of both versions: he knows that
    nobody came, or that nobody left, where it is so.
    """
    gaps = [real[1][kind] - real[0][kind] for kind in KINDS]
    for one in np.random.default_rng(1).permutation(before):
        follow = after
        if min(gaps) >= 0:
            follow = follow[(follow >= one).all(axis=1)]
        if max(gaps) <= 0:
            follow = follow[(follow <= one).all(axis=1)]
        if len(follow):
            yield one, follow


def _part(of: Office, key: tuple[str, ...]) -> tuple:
    return (count(of, service=key[0]), count(of)) if len(key) == 1 else (count(of, *key), count(of, key[0]))
