"""A small home for tests: three declared sources, four figures, and functions that receive, judge and publish."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.sources import Registry
from pipelines.cli.app import millesime
from pipelines.ledger.closing import close, close_delivery
from pipelines.ledger.records import CheckResult, Finding, Manifest, Verdict
from pipelines.ledger.state import LEDGER, files_of, write_state
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.ledger.workspace import open_workspace
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.landing import files_of as landed_files
from tests.deliveries import KEY, begin_ledger
from tests.layers import Layer, rules, ship
from tests.once import made_once

VENTES = """\
system: ventes
title: Ventes
owner: Régie
due: "02-15"
exports:
  - name: ventes
    title: Journal des ventes
    files: "ventes*.csv"
    format: {type: csv, encoding: utf-8, delimiter: ";"}
    tables:
      - name: ventes
        title: Ventes
        description: Une ligne par vente.
        primaryKey: [numero]
        header:
          2019: {numero: N°, jour: Jour, montant: Montant}
        fields:
          - name: numero
            title: Numéro
            constraints: {required: true}
          - name: jour
            title: Jour
            type: date
            format: "%d/%m/%Y"
            constraints: {required: true, minimum: "1990-01-01"}
          - name: montant
            title: Montant
            type: number
            decimalChar: ","
            constraints: {minimum: 0}
"""
PERSONNEL = """\
system: personnel
title: Personnel
owner: Ressources humaines
exports:
  - name: agents
    title: Agents
    files: "agents*.csv"
    format: {type: csv, encoding: cp1252, delimiter: ";"}
    tables:
      - name: agents
        title: Agents
        fields:
          - {name: login, title: Login, personal: pseudonymise, constraints: {required: true}}
          - {name: nom, title: Nom, personal: drop}
          - {name: entree, title: Entrée, type: date, format: "%d/%m/%Y"}
"""
FIGURES = """\
domaine: essai
titre: Essai
chiffres:
  - code: essai.ventes.total
    libelle: Total des ventes
    unite: EUR
    decimales: 2
    sources: [ventes/ventes]
    mesure: {fait: fct_factures, agregat: somme, colonne: montant_eur}
  - code: essai.agents.nombre
    libelle: Nombre d’agents
    unite: agents
    decimales: 0
    sources: [personnel/agents]
    mesure: {fait: fct_effectifs, agregat: nombre}
  - code: essai.ventes.par_agent
    libelle: Ventes par agent
    unite: EUR
    decimales: 2
    expression: ventes / agents
    operandes: {ventes: essai.ventes.total, agents: essai.agents.nombre}
"""
ORGANISATION = """\
nom: Syndicat d’essai
sigle: ESSAI
siren: "123456782"
demonstration: {demonstration}
exercices: {{premier: 2019, dernier: 2030}}
systemes: [ventes, personnel, absences]
personnes:
  - {{nom: A. Martin, fonction: contrôle de gestion}}
  - {{nom: C. Durand, fonction: ressources humaines}}
  - {{nom: A, fonction: préparation}}
  - {{nom: B, fonction: relecture}}
  - {{nom: C, fonction: approbation}}
"""
VENTES_2019 = "N°;Jour;Montant\nV1;02/01/2019;10,50\nV2;03/01/2019;=1+1\nV3;04/01/2019;4,00\n"
AGENTS_2019 = "Login;Nom;Entrée\nadurand;Durand;01/02/2010\nbpetit;Petit;31/02/2015\n"


@dataclass
class Bench:
    """A home and what a test does to it."""

    home: Home

    @property
    def catalogue(self) -> Catalogue:
        """What is declared for it."""
        return load_catalogue(self.home)

    @property
    def registry(self) -> Registry:
        """Its sources."""
        return self.catalogue.registry

    def millesime(self, *arguments: object) -> Result:
        """Run the command line on this home."""
        return CliRunner().invoke(
            millesime, ["--home", str(self.home.root), *map(str, arguments)], prog_name="millesime"
        )

    def drop(self, path: str, text: str, encoding: str = "utf-8") -> Path:
        """Put a file in landing."""
        target = self.home.landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode(encoding))
        return target

    def receive(self, key: str, year: int, *results: CheckResult) -> Manifest:
        """Read what lies in landing and accept it, the checks' results given by hand."""
        ref = self.registry.export_of(key)
        begin_ledger(self.home)  # it is there before anything that it speaks of
        manifest = ingest(self.home, ref, year, landed_files(self.home.landing, ref, year), KEY)
        verdicts = [
            Verdict(f"{manifest.delivery[:16]}{table}", manifest.delivery, table, "suite", list(results))
            for table in manifest.tables
        ]
        with self.ledger() as ledger:
            close_delivery(self.home, ledger, manifest)
            ledger.record_delivery(manifest)
            for verdict in verdicts:
                ledger.record_verdict(verdict)
            if all(verdict.accepted for verdict in verdicts):
                ledger.record_acceptance(manifest, verdicts)
            else:
                self._refuse(ledger, manifest, DeliveryRefused("ATT-CRITIQUE", fichier=manifest.files[0].name))
        return manifest

    def refuse(self, key: str, year: int, refusal: DeliveryRefused, *sha256s: str) -> None:
        """Record that a delivery could not be read."""
        files = [{"name": refusal.fichier, "sha256": sha} for sha in sha256s]
        with self.ledger() as ledger:
            ledger.record_refusal(key, year, files, refusal.as_dict(rules()))

    def _refuse(self, ledger: Ledger, manifest: Manifest, refusal: DeliveryRefused) -> None:
        files = [{"name": file.name, "sha256": file.sha256} for file in manifest.files]
        ledger.record_refusal(
            manifest.export_key, manifest.exercice, files, refusal.as_dict(rules()), manifest.delivery
        )

    def publish(self, rows: str, *findings: Finding, lacks: str = "", public: str = "") -> None:
        """Publish these rows of ``chiffres`` and of ``rpt_manques`` (SQL values), as made of what is accepted now; ``public``
        is the manifest of a public profile.
        """
        import duckdb

        begin_ledger(self.home)  # it is there before anything that it speaks of
        folder = self.home.builds / "aside" / "rapport"
        folder.mkdir(parents=True)
        columns = "code, exercice, valeur, unite, decimales, statut, code_manquant, etat, libelle, domaine, formule"
        with duckdb.connect() as db:
            unknown = "null::decimal(20, 6) as part_manquante, null::decimal(20, 2) as montant_manquant_eur"
            db.execute(
                f"copy (select *, {unknown} from (values {rows}) as t({columns})) to '{folder}/chiffres.parquet'"
            )
            if lacks:
                columns = "code_chiffre, exercice, source, nature_morceau, piece, motif, nb_perdues, montant_perdu_eur"
                db.execute(
                    f"copy (select *, 'manque' as effet from (values {lacks}) as t({columns})) to '{folder}/rpt_manques.parquet'"
                )
        if public:
            (folder.parent / "public").mkdir()
            (folder.parent / "public" / "manifest.json").write_text(public, encoding="utf-8")
        with self.ledger() as ledger:
            ledger.record_build("b1", True, [c.manifest.delivery for c in ledger.current().values()], [])
            head = asdict(ledger.settled_head())
            content = {"build": "b1", "ledger": head, "files": files_of(folder.parent), "tables": {}}
            state = write_state(folder.parent, content)
            target = folder.parent.rename(self.home.builds / state[:32])
            self.home.published.symlink_to(target)
            ledger.record_findings("b1", list(findings))
            ledger.record_publication(state[:32], "b1", state)
            ledger.copy_to(target / LEDGER)
            close(self.home, ledger, target)

    def ledger(self):
        """The home's ledger."""
        return open_ledger(self.home)

    def work(self):
        """What a step works on."""
        return open_workspace(self.home)


@pytest.fixture
def declared(shipped: Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layer:
    """Sources, figures, models and a key of the test's own."""
    (tmp_path / "key").write_bytes(KEY)
    monkeypatch.setenv("MILLESIME_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("MILLESIME_HOME", str(tmp_path / "nowhere"))
    return _declare(shipped)


def _declare(layer: Layer) -> Layer:
    layer.take("catalogue/shapes", "catalogue/systems/absences.yml")
    layer.take("expectations/shapes", "expectations/systems/absences")
    layer.write("catalogue/systems/ventes.yml", VENTES)
    layer.write("catalogue/systems/personnel.yml", PERSONNEL)
    layer.write("catalogue/figures/essai.yml", FIGURES)
    for fact, table in {"fct_factures": "ventes__ventes", "fct_effectifs": "personnel__agents"}.items():
        layer.fact(fact, table)
    return layer


@pytest.fixture
def make_bench(declared: Layer, tmp_path: Path) -> Callable[..., Bench]:
    """Make a home."""

    def make(name: str = "home", *, demonstration: bool = False) -> Bench:
        return _organised(tmp_path / name, demonstration=demonstration)

    return make


def _organised(root: Path, *, demonstration: bool = False) -> Bench:
    home = Home(root)
    home.root.mkdir()
    text = ORGANISATION.format(demonstration=str(demonstration).lower())
    home.organisation_file.write_text(text, encoding="utf-8")
    return Bench(home)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """An empty home."""
    return make_bench()


@pytest.fixture
def filled(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Both exports of 2019 accepted, a line refused in each."""
    shutil.copytree(made_once(tmp_path_factory, "filled", _fill), bench.home.root, dirs_exist_ok=True)
    return bench


def _fill(root: Path) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILLESIME_SHIPPED", str(_declare(ship(root.with_name("shipped"))).root))
        bench = _organised(root)
        bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
        bench.drop("2019/personnel/agents_2019.csv", AGENTS_2019, "cp1252")
        bench.receive("ventes/ventes", 2019, check("ok", True), check("alerte", False, severity="warning"))
        bench.receive("personnel/agents", 2019, check("ok", True))


def check(key: str, success: bool | None, *, severity: str = "critical") -> CheckResult:
    """The result of a check."""
    return CheckResult(key, "type", None, severity, success, None, None, f"La règle {key}.", f"Corriger {key}.")
