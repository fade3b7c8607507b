"""``run``, ``check``, ``init`` and ``demo``: what starts the work, and the exit code that it ends with."""

import json
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import load_organisation
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.cli.app import FROZEN, millesime
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.runs.arriving import Aside
from pipelines.runs.outcome import Ending
from pipelines.settings import Home
from tests.cli.conftest import AGENTS_2019, VENTES_2019, Bench, check


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list]:
    """Stand in for the orchestrator: what it is asked, and how the steps that failed ended, with their words."""

    def answer(work: Callable[[], None] = lambda: None, aside: Sequence[Aside] = (), **failed: str) -> list:
        asked: list = []

        def run_jobs(
            home: Home,
            exercices: list[int],
            sources: list[str] | None,
            say: Callable,
            *,
            whole: bool,
            wait: bool,
            before_publishing: Callable | None,
        ) -> object:
            asked.append((home.root, exercices, sources, *["whole"] * whole, *["wait"] * wait))
            monkeypatch.setenv("MILLESIME_HOME", str(home.root))  # as the orchestrator needs it
            say("collect")
            work()
            messages = {
                Ending[name]: types.SimpleNamespace(ending=Ending[name], message=said) for name, said in failed.items()
            }
            return types.SimpleNamespace(
                ended=lambda *ways: next((messages[w] for w in ways if w in messages), None),
                aside=list(aside),
                failed=list(failed),
            )

        monkeypatch.setitem(sys.modules, "pipelines.defs.run", types.SimpleNamespace(run_jobs=run_jobs))
        return asked

    return answer


def receive_all(bench: Bench) -> None:
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    bench.drop("2019/personnel/agents_2019.csv", AGENTS_2019, "cp1252")
    bench.receive("ventes/ventes", 2019, check("ok", True), check("alerte", False, severity="warning"))
    bench.receive("personnel/agents", 2019, check("ok", True))


def test_run_ends_with_a_summary_of_the_year_and_where_to_look(bench, jobs) -> None:
    def build() -> None:
        receive_all(bench)
        row = "('{}', 2019, 3::decimal(20, 6), 'EUR', 2, 'calculé', null, '{}', 'Un chiffre', 'essai', 'f')"
        states = {"ventes.total": "partiel", "agents.nombre": "complet", "ventes.par_agent": "partiel"}
        bench.publish(", ".join(row.format(f"essai.{code}", state) for code, state in states.items()))

    asked = jobs(build)
    result = bench.millesime("run", 2019)
    assert result.exit_code == 0, result.output
    assert asked == [(bench.home.root, [2019], None)]
    counted = {tuple(line.split()[:-1]): line.split()[-1] for line in result.stdout.splitlines() if line.strip()}
    assert counted[("Exports", "reçus")] == "2"
    assert counted[("Lignes", "lues")] == "7"
    assert (counted[("=", "acceptées")], counted[("+", "refusées")], counted[("+", "ignorées")]) == (
        "3",
        "2",
        "2",
    )
    assert (counted[("Contrôles", "réussis")], counted[("alertes",)], counted[("échecs",)]) == ("6", "1", "0")
    assert (counted[("Chiffres", "calculés")], counted[("dont", "partiels")]) == ("3", "2")
    assert f"millesime --home {bench.home.root} status 2019" in result.stdout
    assert "published/rapport/chiffres.parquet" in result.stdout and "millesime.duckdb" not in result.stdout
    assert [line.partition(" s  ")[2] for line in result.stderr.splitlines()] == [
        "démarrage de l’orchestrateur",
        "collect",
    ]


def test_several_years_are_one_run_and_one_column_each(bench, jobs) -> None:
    asked = jobs(lambda: receive_all(bench))
    result = bench.millesime("run", 2019, 2020, 2019)
    assert asked == [(bench.home.root, [2019, 2020], None)]
    assert result.exit_code == 3  # 2020 is late
    assert "Manque encore : personnel/agents 2020 (Ressources humaines), ventes/ventes 2020 (Régie)" in result.stderr


def test_source_narrows_the_collection_and_the_exit_code(bench, jobs) -> None:
    asked = jobs(lambda: receive_all(bench))
    assert bench.millesime("run", 2020, "--source", "ventes/ventes").exit_code == 3
    bench.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    bench.receive("ventes/ventes", 2020, check("ok", True))
    assert bench.millesime("run", 2020, "--source", "ventes").exit_code == 0
    assert {sources[0] for _, _, sources in asked} == {"ventes"}


def test_full_builds_all(bench, jobs) -> None:
    asked = jobs(lambda: receive_all(bench))
    assert bench.millesime("run", 2019, "--full").exit_code == 0
    assert asked == [(bench.home.root, [2019], None, "whole")]


def test_what_is_still_arriving_is_named_and_ends_with_3(bench, jobs) -> None:
    one = Aside("ventes/ventes", 2019, "landing/2019/ventes/ventes_2019.csv", "changé il y a moins de 5 s")
    asked = jobs(lambda: receive_all(bench), [one])
    done = bench.millesime("run", 2019, "--source", "ventes")
    assert done.exit_code == 3
    assert "ventes_2019.csv — changé il y a moins de 5 s" in done.stderr and "run 2019 --wait" in done.stderr
    done = bench.millesime("run", 2019, "--source", "ventes", "--wait", "--format", "json")
    assert json.loads(done.stdout)["aside"][0]["fichier"] == one.fichier
    assert asked[-1][-1] == "wait"


def test_a_refused_export_ends_with_1_and_is_named(bench, jobs) -> None:
    refusal = DeliveryRefused("FIC-ENTETE", fichier="v.csv", ligne=3, recu="N°;Jour", attendu="N°, Jour, Montant")
    jobs(lambda: bench.refuse("ventes/ventes", 2019, refusal, "abc"), REFUSED="v.csv FIC-ENTETE")
    result = bench.millesime("run", 2019)
    assert result.exit_code == 1
    told = result.stderr.splitlines()[-5:]
    assert told[:4] == [
        "Refusé pour 2019 :",
        "v.csv:3 FIC-ENTETE En-tête introuvable ou incomplet  [ventes/ventes]",
        "  reçu    N°;Jour",
        "  attendu N°, Jour, Montant",
    ]


def test_a_delivery_that_checks_stopped_ends_a_run_with_its_lines(filled, jobs) -> None:
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V1;05/01/2019;1,00\n")
    jobs(lambda: filled.receive("ventes/ventes", 2019, *[check(f"c{n}", False) for n in range(7)]))
    told = filled.millesime("run", 2019).stderr
    assert told.count("ventes_2019.csv ATT-CRITIQUE") == 5
    assert told.rstrip().endswith(f"… et 2 autres : millesime --home {filled.home.root} rejects 2019")


WRONG_SQL = """\
system: ventes
table: ventes
expectations:
  - key: montants
    type: unexpected_rows_expectation
    columns: [montant]
    kwargs: {unexpected_rows_query: "select _fichier, _ligne from {batch} where montan < 0"}
    severity: warning
    reason: Aucun montant n’est négatif.
    fix: Corriger le montant dans l’outil.
    counterexample: [{montant: -1}]
"""


def test_wrong_sql_of_a_suite_names_its_file_and_line(bench) -> None:
    suite = bench.home.root / "expectations" / "systems" / "ventes" / "ventes.yml"
    suite.parent.mkdir(parents=True)
    suite.write_text(WRONG_SQL, encoding="utf-8")
    result = bench.millesime("check", bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Erreur : {suite}:4 montants : DuckDB refuse sa requête : ")
    assert "la colonne « montan » n’existe pas ; il y a" in result.stderr


def test_an_open_blocker_ends_with_1_and_is_in_the_summary(bench, jobs) -> None:
    blocker = Finding("FIN-PROJET", "bloquant", 2019, "ventes/ventes", "Document sans vote", fichier="v.xml", ligne=3)
    jobs(lambda: (receive_all(bench), block(bench, blocker)))
    result = bench.millesime("run", 2019)
    assert result.exit_code == 1
    assert "Bloquant (1 ; " in result.stderr
    assert "FIN-PROJET ventes/ventes (v.xml:3) — Document sans vote" in result.stderr


def test_a_link_that_blocks_is_named_in_the_summary(bench, jobs) -> None:
    folder = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019).parent
    (folder / "lien.csv").symlink_to("ailleurs")
    jobs(lambda: receive_all(bench))
    result = bench.millesime("run", 2019)
    assert f"FIC-LIEN ventes ({folder / 'lien.csv'})" in result.stderr


def block(bench: Bench, finding: Finding) -> None:
    """The last build found it."""
    with open_ledger(bench.home) as ledger:
        ledger.record_build("b1", True, [], [])
        ledger.record_findings("b1", [finding])


def test_a_failed_build_ends_with_1_and_says_what_stays(bench, jobs) -> None:
    jobs(lambda: receive_all(bench), NOT_BUILT="the warehouse was not replaced: fct_ventes")
    result = bench.millesime("run", 2019)
    assert result.exit_code == 1
    assert "fct_ventes" in result.stderr
    assert "L’entrepôt et la publication précédents restent" in result.stderr


def test_a_collection_that_broke_is_not_taken_for_a_success(bench, jobs) -> None:
    jobs(lambda: receive_all(bench), BROKEN="a collection failed")
    result = bench.millesime("run", 2019)
    assert result.exit_code == 1
    assert "a collection failed" in result.stderr


def test_a_home_taken_meanwhile_ends_with_4(bench, jobs) -> None:
    jobs(lambda: receive_all(bench), BUSY="/x is being written by process 12")
    assert bench.millesime("run", 2019).exit_code == 4


def test_a_frozen_year_that_would_change_is_reported(bench, jobs) -> None:
    jobs(lambda: receive_all(bench), FROZEN="2018-v1 says otherwise")
    result = bench.millesime("run", 2019)
    assert (result.exit_code, "2018-v1 says otherwise" in result.stderr) == (FROZEN, True)


# check ------------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give by hand what Great Expectations would answer."""

    def answer(*results: object) -> None:
        judge = types.SimpleNamespace(judge=lambda *_: list(results))
        monkeypatch.setitem(sys.modules, "pipelines.stages.validate.judge", judge)

    return answer


def contents(home: Home) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.root.rglob("*") if path.is_file()}


def test_check_judges_and_loads_nothing(filled, judged) -> None:
    judged(check("ok", True), check("alerte", False, severity="warning"))
    path = filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019.replace("2019", "2020"))
    before = contents(filled.home)
    result = filled.millesime("check", path)
    assert result.exit_code == 0, result.output
    assert "ventes/ventes : 4 lignes lues = 2 acceptées + 1 refusée + 1 ignorée ; contrôles : " in result.stdout
    assert "ventes_2020.csv:3:3 LIG-TYPE" in result.stdout
    assert "ATT-ALERTE" in result.stdout
    assert "serait acceptée" in result.stdout
    assert contents(filled.home) == before


def test_check_judges_the_declarations_and_the_prose_of_the_year(bench, judged) -> None:
    judged(check("ok", True))
    path = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    for year, said in ((2020, "rien de 2020 ne se lit"), (2019, "{{ exercise }}")):
        text = bench.home.contenu / str(year) / "edito.md"
        text.parent.mkdir(parents=True)
        text.write_text(f"\n{said if year == 2019 else '{{ f('}\n", encoding="utf-8")
        result = bench.millesime("check", path)
        assert (result.exit_code, "edito.md" in result.stderr) == ((0, False) if year == 2020 else (2, True)), (
            result.output
        )
    assert "2019/edito.md:2 le nom « exercise » n’existe pas ; vouliez-vous dire « exercice » ?" in result.stderr


def test_check_of_a_home_without_ledger_makes_none(bench, judged, tmp_path: Path) -> None:
    judged(check("ok", True))
    path = tmp_path / "ventes_2019.csv"
    path.write_text(VENTES_2019, encoding="utf-8")
    assert bench.millesime("check", path).exit_code == 0  # the export by its pattern, the exercice by its name
    assert not bench.home.ledger_file.exists()


def test_check_ends_with_1_when_the_delivery_would_be_refused(bench, judged) -> None:
    path = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    judged(check("cle", False))
    result = bench.millesime("check", path)
    assert result.exit_code == 1
    assert "serait refusée" in result.stdout
    path.write_text("N°;Jour\nV1;02/01/2019\n", encoding="utf-8")
    result = bench.millesime("check", path)
    assert result.exit_code == 1
    assert "FIC-ENTETE" in result.stderr
    assert "Montant" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_gives_json_when_the_file_itself_is_refused(bench) -> None:
    path = bench.drop("2019/ventes/ventes_2019.csv", "Autre;chose\n1;2\n")
    result = bench.millesime("check", path, "--format", "json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["accepted"], said["tables"]) == (1, False, {})
    (reject,) = said["rejets"]
    assert (reject["regle"], reject["fichier"], reject["blocking"]) == ("FIC-ENTETE", "ventes_2019.csv", True)


def test_beyond_a_number_the_refused_lines_of_a_table_are_counted_by_column(filled, judged, monkeypatch) -> None:
    monkeypatch.setattr("pipelines.evidence.rejects.MOST_REASONS", 24)
    many = VENTES_2019 + "V4;05/01/2019;x\n" * 29
    path = filled.drop("2019/ventes/ventes_2019.csv", many)
    judged(check("ok", True))
    # twenty are shown; left are four lines, what counts the others, and the share that was refused
    assert "… et plus de 6 autres." in filled.millesime("check", path).stdout
    said = json.loads(filled.millesime("check", path, "--format", "json").stdout)["rejets"]
    *listed, last = [one for one in said if one["regle"] == "LIG-TYPE"]
    assert [one["ligne"] for one in listed] == [3, *range(5, 28)]
    assert (last["ligne"], last["colonne"], last["recu"]) == (None, "Montant", "6 autres lignes, non détaillées")
    filled.receive("ventes/ventes", 2019, check("ok", True))
    assert "plus de 25 lignes refusées" in filled.millesime("rejects", 2019).stdout


def test_check_refuses_the_bytes_of_another_exercice(filled, judged) -> None:
    judged(check("ok", True))
    path = filled.drop("2020/ventes/ventes_2020.csv", VENTES_2019)
    result = filled.millesime("check", path)
    assert result.exit_code == 1
    assert "FIC-DEJA-VU" in result.stderr


def test_check_asks_when_it_cannot_guess(bench, judged, tmp_path: Path) -> None:
    judged(check("ok", True))
    path = tmp_path / "export.csv"
    path.write_text(VENTES_2019, encoding="utf-8")
    result = bench.millesime("check", path)
    assert (result.exit_code, "--source" in result.stderr) == (2, True)
    result = bench.millesime("check", path, "--source", "ventes")
    assert (result.exit_code, "--exercice" in result.stderr) == (2, True)
    result = bench.millesime("check", path, "--source", "ventes", "--exercice", 2019)
    assert result.exit_code == 0
    assert "n’a pas le nom que la collecte attend : ventes*.csv" in result.stderr


def test_check_with_the_real_judge(bench) -> None:
    path = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V1;05/01/2019;1,00\n")
    result = bench.millesime("check", path)
    assert result.exit_code == 1, result.output
    assert "ventes_2019.csv:2 ATT-CRITIQUE" in result.stdout
    assert "ventes_2019.csv:5 ATT-CRITIQUE" in result.stdout


# init and demo ----------------------------------------------------------------------------------------------


def init(home: Path, *more: str) -> object:
    arguments = [
        "init",
        str(home),
        "--name",
        'Syndicat « d\'essai » : "A"',
        "--sigle",
        "SE",
        "--siren",
        "123456782",
    ]
    return CliRunner().invoke(millesime, [*arguments, "--first", "2020", *more])


def test_init_makes_a_home_that_loads(declared, tmp_path: Path) -> None:
    root = tmp_path / "neuf"
    result = init(root, "--last", "2022", "--system", "ventes", "--system", "absences")
    assert result.exit_code == 0, result.output
    organisation = load_organisation(Home(root), load_catalogue(Home(root)))
    assert organisation.nom == 'Syndicat « d\'essai » : "A"'
    assert organisation.years == [2020, 2021, 2022]
    assert organisation.systemes == ["ventes", "absences"]
    assert (root / "landing" / "2021").is_dir()
    assert (root / "landing").stat().st_mode & 0o077 == 0
    assert "max_concurrent_runs: 1" in (root / "dagster" / "dagster.yaml").read_text()
    assert CliRunner().invoke(millesime, ["--home", str(root), "status", "2020"]).exit_code == 3


def test_a_bare_home_prints_nothing_of_the_shipped_tools(tmp_path: Path) -> None:
    root = tmp_path / "neuf"
    assert init(root, "--bare").exit_code == 0
    made = load_catalogue(Home(root))
    assert [one.id for one in made.chapters] == ["edito", "annee-en-une-page", "perspectives", "conseil"]
    assert made.summary is None


def test_init_takes_the_home_of_the_session_and_no_system_by_default(declared, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MILLESIME_HOME", str(tmp_path / "env"))
    arguments = ["init", "--name", "N", "--sigle", "S", "--siren", "123456782", "--first", "2020"]
    assert CliRunner().invoke(millesime, arguments).exit_code == 0
    assert load_organisation(Home(tmp_path / "env"), load_catalogue()).systemes == []


@pytest.mark.parametrize(("command", "code"), [("run", 2), ("status", 0)])
def test_a_home_without_any_system_says_so(declared, tmp_path: Path, command: str, code: int) -> None:
    root = tmp_path / "neuf"
    init(root)
    said = CliRunner().invoke(millesime, ["--home", str(root), command, "2020"])
    assert said.exit_code == code
    assert f"L’organisation n’utilise aucun système : indiquer les siens dans {root}/organisation.yml" in said.output
    assert not (root / "warehouse").exists()


def test_the_commented_examples_of_a_new_home_are_right(declared, tmp_path: Path) -> None:
    root = tmp_path / "neuf"
    init(root)
    path = Home(root).organisation_file
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.removeprefix("# ") for line in lines if not line.endswith(": []") and not _is_prose(line))
    path.write_text(text, encoding="utf-8")
    organisation = load_organisation(Home(root), load_catalogue(Home(root)))
    assert [c.nom for c in organisation.collectivites] == ["Crac’h", "Auray Quiberon Terre Atlantique"]
    assert [a.libelle for a in organisation.applications] == ["Exemple"]
    assert [(b.siret[:9], b.type) for b in organisation.budgets] == [(organisation.siren, "principal")]


def _is_prose(line: str) -> bool:
    return line.startswith("# ") and line.endswith((".", "`)."))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--system", "vente"], "vouliez-vous dire « ventes » ?"),
        (["--last", "2019"], "vient avant"),
        (["--siren", "12"], "siren"),
    ],
)
def test_init_refuses_what_would_not_load_and_leaves_nothing(declared, tmp_path: Path, more: list, said: str) -> None:
    result = init(tmp_path / "neuf", *more)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "neuf" / "organisation.yml").exists()


def test_init_proposes_the_members_of_the_official_list_for_a_person_to_confirm(tmp_path: Path) -> None:
    auray, orly = "200043123", "94054"
    assert init(tmp_path / "communaute", "--siren", auray, "--member", orly).exit_code == 0
    text = Home(tmp_path / "communaute").organisation_file.read_text(encoding="utf-8")
    assert "PROPOSITION" in text
    home = Home(tmp_path / "communaute")
    members = load_organisation(home, load_catalogue(home)).collectivites
    assert len(members) == 25  # 24 communes, and the one that was named
    belz = next(one for one in members if one.code_insee == "56013")
    assert (belz.nom, belz.siren, belz.population, belz.annee_population) == ("Belz", "215600131", 3893, 2023)
    assert init(tmp_path / "syndicat", "--member", auray, "--member", orly).exit_code == 0
    home = Home(tmp_path / "syndicat")
    members = load_organisation(home, load_catalogue(home)).collectivites
    assert [one.type for one in members] == ["commune", "communauté de communes"]
    refused = init(tmp_path / "inconnu", "--member", "259400117")
    assert (refused.exit_code, "259400117" in refused.stderr) == (2, True)


def test_init_for_the_three_national_flows(tmp_path: Path) -> None:
    root = tmp_path / "flux"
    made = init(root, "--flux-nationaux", "--system", "dsn")
    assert made.exit_code == 0, made.output
    assert "findings 2020" in made.stdout
    organisation = load_organisation(Home(root), load_catalogue(Home(root)))
    assert organisation.systemes == ["budget", "dsn", "pes"]


def test_init_for_a_commune(tmp_path: Path) -> None:
    """It has no members, and its name takes no article."""
    arguments = ["--name", "Commune de Belz", "--sigle", "Belz", "--siren", "215600131", "--first", "2020"]
    made = CliRunner().invoke(millesime, ["init", str(tmp_path / "belz"), *arguments])
    assert made.exit_code == 0, made.output
    home = Home(tmp_path / "belz")
    organisation = load_organisation(home, load_catalogue(home))
    assert (organisation.du_sigle, organisation.collectivites) == ("de Belz", [])


def test_init_never_touches_an_existing_home(bench) -> None:
    before = contents(bench.home)
    result = init(bench.home.root)
    assert result.exit_code == 2
    assert "existe" in result.stderr
    assert contents(bench.home) == before


def test_demo_makes_the_home_and_runs_the_main_job(jobs, tmp_path: Path) -> None:
    asked = jobs()
    result = CliRunner().invoke(millesime, ["demo", str(tmp_path / "d"), "--through", "2019"])
    assert sorted(path.name for path in (tmp_path / "d" / "landing").iterdir()) == ["2018", "2019"]
    assert asked == [(tmp_path / "d", [2018, 2019], None)]
    assert "DÉMONSTRATION" in result.stdout, result.output
    assert "inventées" in result.stdout
    assert (tmp_path / "d" / "dagster" / "dagster.yaml").exists()


def test_demo_may_only_make_the_home(jobs, tmp_path: Path) -> None:
    asked, made = jobs(), ["demo", str(tmp_path / "d"), "--no-run", "--through", "2018"]
    assert CliRunner().invoke(millesime, made).exit_code == 0
    assert (tmp_path / "d" / "landing" / "2018").is_dir() and not asked


def test_demo_refuses_another_organisation_s_home(jobs, bench) -> None:
    result = CliRunner().invoke(millesime, ["demo", str(bench.home.root)])
    assert result.exit_code == 2
    assert "d’une autre organisation" in result.stderr
    assert not bench.home.dagster.exists()
