"""A reader of the public tables who wants to know about few persons. Written from the rule, not from the engine.

They know the agents as kinds (statut, CDI, cadre d'emplois, sexe, tranche, temps, service), each public line as a sum of
them, a line that is not there as nobody, a mean age as a sum between the bounds of the bands, and that the permanent
agents of a year are those of the year before, with who came, without who left. By integer programming, they look for
groups of agents, however they are cut out, that can be shown to be 1 to threshold − 1.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from tests.stages.publish.secret.body import CADRES, CAME, SERVICES, THRESHOLD, WENT, Agent, Year

STATUTS = ("fonctionnaire", "contractuel_permanent", "contractuel_permanent_cdi", "contractuel_non_permanent")
PERMANENTS = STATUTS[:3]
BANDS = {0: (20, 29), 30: (30, 49), 50: (50, 69)}
KINDS = list(itertools.product(STATUTS, CADRES, "FM", BANDS, (True, False), SERVICES))
MOVES = [
    (way, statut, reason, sexe)
    for way, reasons in (("arrivee", CAME), ("depart", WENT))
    for statut in reasons
    for reason in reasons[statut]
    for sexe in "FM"
] + [("changement_statut", "fonctionnaire", "nomination", sexe) for sexe in "FM"]
# table → its columns that tell agents apart
STOCKS = {
    "rpt_rh__effectifs": ["code_statut"],
    "rpt_rh__genres": ["code_statut", "sexe"],
    "rpt_rh__categories": ["categorie_hierarchique"],
    "rpt_rh__pyramide": ["tranche_age_ans", "sexe"],
    "rpt_rh__filieres": ["code_filiere", "code_statut"],
    "rpt_rh__ages_moyens": ["code_statut"],
    "rpt_rh__temps_travail": ["code_statut", "code_temps"],
    "rpt_rh__cadres_emplois": ["code_cadre_emplois"],
    "rpt_rh__services": ["service"],
    "rpt_rh__variations": ["code_statut"],
}
OF_ALL = ("rpt_rh__effectifs", "rpt_rh__services")  # the others are of permanent posts alone


def kind_of(agent: Agent) -> tuple:
    """The kind of an agent."""
    statut = "contractuel_permanent_cdi" if agent.cdi else agent.statut
    band = next(band for band, (low, high) in BANDS.items() if low <= agent.tranche <= high)
    return statut, agent.cadre, agent.sexe, band, agent.complet, agent.service


def is_of(kind: tuple, column: str, value: object, merged: bool = False) -> bool:
    """True if a kind is counted in a line where a column has this value."""
    statut, cadre, sexe, band, complet, service = kind
    filiere, categorie = CADRES[cadre]
    if value in ("tous", "total"):
        return True
    match column:
        case "code_statut":
            return statut == value or (value == "contractuel_permanent" and statut == "contractuel_permanent_cdi")
        case "sexe":
            return value in (sexe, "E")
        case "categorie_hierarchique":
            return categorie in str(value).split("-")
        case "tranche_age_ans":
            return band == value or (merged and value == 0 and band == 30)
        case "code_filiere":
            return filiere == value
        case "service":
            return service == value
        case "code_temps":
            return complet == (value == "complet")
        case _:
            return cadre == value


@dataclass
class Reader:
    """What somebody knows who has read a public database, and looked at which tables say nothing of which exercices."""

    public: Path
    withheld: dict[str, list[int]]
    years: dict[int, Year]  # the truth: to ask only about groups that are small

    def __post_init__(self) -> None:
        self.exercices = sorted(self.years)
        self.place = {}
        for exercice in self.exercices:
            for what in [("stock", kind) for kind in KINDS] + [("move", move) for move in MOVES]:
                self.place[exercice, *what] = len(self.place)
        self.rows: list[tuple[list[tuple[int, float]], float, float]] = []
        self.printed: dict[tuple, float] = {}
        with duckdb.connect(str(self.public), read_only=True) as db:
            self.there = {name for (name,) in db.execute("select table_name from duckdb_tables()").fetchall()}
            for exercice in self.exercices:
                for table, columns in STOCKS.items():
                    if self.is_public(table, exercice):
                        self._read_stock(db, table, columns, exercice)
                self._read_moves(db, exercice)
        for before, after in itertools.pairwise(self.exercices):
            self._link(before, after)

    def is_public(self, table: str, exercice: int) -> bool:
        """True if a table says something of an exercice."""
        return table in self.there and exercice not in self.withheld.get(table, [])

    def _equal(self, places: list[int], value: float) -> None:
        self.rows.append(([(place, 1.0) for place in places], value, value))

    def _read_stock(self, db, table: str, columns: list[str], exercice: int) -> None:
        cursor = db.execute(f"from rapport.{table} where exercice = {exercice}")
        names = [name for name, *_ in cursor.description]
        lines = [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]
        known = [kind for kind in KINDS if table in OF_ALL or kind[0] in PERMANENTS]
        covered = set()
        for line in lines:
            merged = line.get("libelle_tranche") == "Moins de 50 ans"
            kinds = [kind for kind in known if all(is_of(kind, c, line[c], merged) for c in columns)]
            covered |= set(kinds)
            places = [self.place[exercice, "stock", kind] for kind in kinds]
            self._equal(places, line["nb_agents"])
            self.printed[table, exercice, *(line[c] for c in columns)] = line["nb_agents"]
            if mean := line.get("age_moyen_ans"):
                total, near = float(mean) * line["nb_agents"], 0.005 * line["nb_agents"] + 0.01
                ages = [(BANDS[kind[3]], place) for kind, place in zip(kinds, places, strict=True)]
                self.rows.append(([(place, low + 2.5) for (low, _), place in ages], -np.inf, total + near))
                self.rows.append(([(place, high - 1.5) for (_, high), place in ages], total - near, np.inf))
        if lines and table != "rpt_rh__effectifs":  # the public form may leave the CDI out
            self._equal([self.place[exercice, "stock", kind] for kind in known if kind not in covered], 0)

    def _read_moves(self, db, exercice: int) -> None:
        if self.is_public("rpt_rh__mouvements", exercice):
            found = db.execute(
                f"select sens_mouvement, code_motif, nb_agents from rapport.rpt_rh__mouvements where exercice = {exercice}"
            ).fetchall()
            told = {(way, reason): n for way, reason, n in found}
            for way, reason in {(way, reason) for way, _, reason, _ in MOVES if way != "changement_statut"}:
                places = [self.place[exercice, "move", m] for m in MOVES if (m[0], m[2]) == (way, reason)]
                self._equal(places, told.get((way, reason), 0))
                self.printed["rpt_rh__mouvements", exercice, way, reason] = told.get((way, reason), 0)
        if self.is_public("rpt_rh__variations", exercice):
            for statut, came, went, named in db.execute(
                "select code_statut, nb_arrivees, nb_departs, nb_nommes_stagiaires from rapport.rpt_rh__variations "
                f"where exercice = {exercice}"
            ).fetchall():
                for way, value in (("arrivee", came), ("depart", went), ("changement_statut", named)):
                    every = statut == "tous" or way == "changement_statut"
                    moves = [m for m in MOVES if m[0] == way and (every or m[1] == statut)]
                    self._equal([self.place[exercice, "move", m] for m in moves], value)

    def _link(self, before: int, after: int) -> None:
        for statut, sexe in itertools.product(("fonctionnaire", "contractuel_permanent"), "FM"):
            terms = []
            for exercice, sign in ((after, 1.0), (before, -1.0)):
                kinds = [k for k in KINDS if k[2] == sexe and is_of(k, "code_statut", statut)]
                terms += [(self.place[exercice, "stock", kind], sign) for kind in kinds]
            for move in MOVES:
                way, of, _, of_sexe = move
                if of_sexe != sexe:
                    continue
                if way == "changement_statut":
                    terms.append((self.place[after, "move", move], -1.0 if statut == "fonctionnaire" else 1.0))
                elif of == statut:
                    terms.append((self.place[after, "move", move], -1.0 if way == "arrivee" else 1.0))
            self.rows.append((terms, 0, 0))

    def small_groups(self, most: int, seed: int) -> Iterator[tuple[str, list[int]]]:
        """Groups of 1 to threshold − 1 persons, in truth: what it would be to name them; the simplest first."""
        dims = {
            "code_statut": [*STATUTS, "tous"],
            "sexe": ["F", "M", "E"],
            "categorie_hierarchique": ["A", "B", "C", "B-C", "A-B-C"],
            "tranche_age_ans": [0, 30, 50, None],
            "code_filiere": ["administrative", "technique", "total"],
            "service": [*SERVICES, None],
        }
        choices = [*itertools.product(*dims.values())]
        choices.sort(key=lambda values: sum(value not in ("tous", "E", "A-B-C", None, "total") for value in values))
        found = []
        for exercice in self.exercices:
            agents = [kind_of(agent) for agent in self.years[exercice].agents]
            for values in choices:
                asked = [(c, v) for c, v in zip(dims, values, strict=True) if v is not None]
                if 0 < sum(all(is_of(kind, c, v) for c, v in asked) for kind in agents) < THRESHOLD:
                    kinds = [kind for kind in KINDS if all(is_of(kind, c, v) for c, v in asked)]
                    found.append((f"{exercice} {values}", [self.place[exercice, "stock", kind] for kind in kinds]))
            for way, reasons in itertools.product(
                ("arrivee", "depart", "changement_statut"), [None, *{m[2] for m in MOVES}]
            ):
                moves = [m for m in MOVES if m[0] == way and reasons in (None, m[2])]
                true = sum(m[0] == way and reasons in (None, m[2]) for m in self.years[exercice].moves)
                if moves and 0 < true < THRESHOLD:
                    found.insert(0, (f"{exercice} {way} {reasons}", [self.place[exercice, "move", m] for m in moves]))
        if len(found) > most:
            first = found[: most // 2]
            found = first + random.Random(seed).sample(found[most // 2 :], most - len(first))
        yield from found

    def shown(self, most: int = 40, seed: int = 0) -> list[str]:
        """The groups that can be shown to be fewer persons than the threshold."""
        places = [(n, place, by) for n, (terms, _, _) in enumerate(self.rows) for place, by in terms]
        lines, columns, weights = zip(*places, strict=True)
        size = len(self.place)
        constraints = LinearConstraint(
            csr_array((weights, (lines, columns)), shape=(len(self.rows), size)),
            [low for _, low, _ in self.rows],
            [high for _, _, high in self.rows],
        )

        def reached(group: list[int], sign: int) -> float:
            costs = np.zeros(size)
            costs[group] = sign
            found = milp(
                costs,
                integrality=np.ones(size),
                bounds=Bounds(0, np.inf),
                constraints=constraints,
                options={"time_limit": 20.0} if sign > 0 else {"mip_rel_gap": 0.2, "time_limit": 20.0},
            )
            return abs(costs @ found.x) if found.x is not None else (0 if sign > 0 else np.inf)

        return [
            name
            for name, group in self.small_groups(most, seed)
            if reached(group, -1) < THRESHOLD - 0.5 and reached(group, 1) > 0.5
        ]


def moved_little(before: Reader, after: Reader) -> list[tuple]:
    """The numbers that two versions print, and that differ by fewer persons than the threshold."""
    both = before.printed.keys() & after.printed.keys()
    return sorted(key for key in both if 0 < abs(before.printed[key] - after.printed[key]) < THRESHOLD)
