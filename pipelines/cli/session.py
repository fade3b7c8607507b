"""What every command starts from: the home, its organisation, its ledger, and names typed by hand.

Nothing is read before it is needed.
"""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import settings
from pipelines.characters import in_one_line
from pipelines.did_you_mean import suggestion

if TYPE_CHECKING:
    from pipelines.catalogue.load import Catalogue
    from pipelines.catalogue.organisation import Organisation
    from pipelines.catalogue.sources import ExportRef, Registry
    from pipelines.ledger.store import Ledger
    from pipelines.ledger.workspace import Workspace
    from pipelines.settings import Home

WRITE_NOTHING = {"status", "rejects", "findings", "figures", "explain"}  # they put nothing aside either


@dataclass
class Session:
    """One call of ``millesime``."""

    chosen: Path | None = None  # --home
    debug: bool = False
    usual: Path = field(default_factory=settings.usual_root)  # where `millesime` works without options
    _organisations: dict[Path, "Organisation"] = field(default_factory=dict)

    @property
    def home(self) -> "Home":
        """The home that was chosen: ``--home``, else the usual one."""
        return settings.home_at(self.chosen or self.usual)

    @property
    def catalogue(self) -> "Catalogue":
        """What is declared for the home."""
        from pipelines.catalogue.load import load_catalogue

        return load_catalogue(self.home)

    @property
    def registry(self) -> "Registry":
        """The declared sources, including the organisation's own."""
        return self.organisation.applied(self.catalogue.registry)

    @property
    def organisation(self) -> "Organisation":
        """The home's organisation. Raises LedgerLost if the home's ledger is missing, damaged or not its own."""
        from pipelines.catalogue.organisation import load_organisation
        from pipelines.ledger.lost_ledger import refuse_lost
        from pipelines.private import work_in

        if self.home.root not in self._organisations:
            context = click.get_current_context(silent=True)
            if context and context.info_name not in WRITE_NOTHING:
                work_in(self.home)
            refuse_lost(self.home)
            self._organisations[self.home.root] = load_organisation(self.home, self.catalogue)
        return self._organisations[self.home.root]

    def work(self, ledger: "Ledger") -> "Workspace":
        """The home with this ledger."""
        from pipelines.ledger.workspace import Workspace

        return Workspace(self.home, ledger, self.catalogue, self.organisation)

    @property
    def command(self) -> str:
        """How to call ``millesime`` again on the same home: the beginning of every hint."""
        if self.home.root == self.usual:
            return "millesime"
        return f"millesime --home {typed(self.home.root)}"

    def landing_year(self, path: Path) -> int | None:
        """The exercice of a file that is in landing."""
        landing, here = self.home.landing.resolve(), path.resolve()
        first = here.relative_to(landing).parts[0] if here.is_relative_to(landing) else ""
        return int(first) if first.isdecimal() and len(first) == 4 else None

    @contextmanager
    def ledger(self) -> Iterator["Ledger"]:
        """The home's ledger for reading; an empty one elsewhere when the home has none yet. Raises LedgerLost."""
        import tempfile

        from pipelines.ledger.lost_ledger import refuse_lost
        from pipelines.ledger.store import open_ledger
        from pipelines.settings import Home

        refuse_lost(self.home)
        if self.home.ledger_file.exists():
            with open_ledger(self.home) as ledger:
                yield ledger
        else:
            with tempfile.TemporaryDirectory(prefix="millesime-") as folder, open_ledger(Home(Path(folder))) as ledger:
                yield ledger

    @contextmanager
    def writing(self) -> Iterator["Ledger"]:
        """The home's ledger, while no other command may write in the home. Raises Busy."""
        from pipelines.ledger.store import open_ledger
        from pipelines.locking import only_writer

        with only_writer(self.home), open_ledger(self.home) as ledger:
            yield ledger

    def lag(self) -> str | None:
        """What the home has accepted but not published, in French; None if there is nothing, or if nothing is published yet."""
        from pipelines.evidence.published import publication_status

        if not self._organisations or not self.home.published.is_symlink():  # no home was read, or nothing is published
            return None
        with self.ledger() as ledger:
            status = publication_status(ledger)
        return status.lag if status else None

    def exercice(self, year: int) -> int:
        """``year``, when it is one of the organisation's."""
        years = self.organisation.years
        if year not in years:
            raise click.UsageError(
                f"l’exercice {year} ne fait pas partie de ceux de l’organisation : {years[0]} à {years[-1]}"
            )
        return year

    def releases(self) -> list[str]:
        """The names of the frozen versions."""
        from pipelines.ledger.lost_ledger import refuse_lost
        from pipelines.ledger.state import frozen_names

        refuse_lost(self.home)
        return frozen_names(self.home.releases)

    def release(self, name: str) -> Path:
        """The folder of a frozen version."""
        known = self.releases()
        if name not in known:
            there = f"il y a {', '.join(known)}" if known else "rien n’est figé"
            raise click.UsageError(f"aucune version « {name} »{suggestion(name, known)} ; {there}")
        return self.home.releases / name

    def export(self, name: str) -> "ExportRef":
        """The export named by ``system/export``; ``system`` alone will do when the system has only one."""
        refs = self.registry.exports()
        found = [ref for ref in refs if name in (ref.key, ref.system.system)]
        if len(found) > 1:
            raise click.UsageError(f"{name} a plusieurs exports : {', '.join(ref.key for ref in found)}")
        if not found:
            names = [ref.key if "/" in name else ref.system.system for ref in refs]
            raise click.UsageError(f"aucun export « {name} » n’est déclaré{suggestion(name, names)}")
        return found[0]

    def without_system(self) -> str:
        """A sentence for an organisation that uses no system at all; otherwise nothing."""
        if any(map(self.organisation.subscribes, self.registry.systems)):
            return ""
        file = shown(self.home.organisation_file)
        return f"L’organisation n’utilise aucun système : indiquer les siens dans {file} (systemes, applications)."

    def systems(self, names: Iterable[str]) -> list[str] | None:
        """The systems named by ``--source`` (``system`` or ``system/export``); None when it names none."""
        known = self.registry.systems
        chosen = []
        for name in names:
            system = name.partition("/")[0]
            if system not in known:
                raise click.UsageError(f"aucun système « {system} » n’est déclaré{suggestion(system, known)}")
            exports = [ref.key for ref in self.registry.exports()]
            if "/" in name and name not in exports:
                raise click.UsageError(f"aucun export « {name} » n’est déclaré{suggestion(name, exports)}")
            if not self.organisation.subscribes(system):
                raise click.UsageError(f"l’organisation n’utilise pas le système « {system} » : voir organisation.yml")
            chosen.append(system)
        return list(dict.fromkeys(chosen)) or None


def shown(path: Path) -> str:
    """A path, as short as possible and on one line whatever it contains."""
    return in_one_line(_short(path))


def typed(path: Path) -> str:
    """A path as it is to be typed in a command."""
    return shlex.quote(_short(path))


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd())) or "."
    except ValueError:
        return str(path)


def on_home(command: Callable) -> Callable:
    """A command on a home: it is given the session first, and what it returns is its exit code."""
    return global_options(click.pass_obj(command))


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """Of these errors, only the sentence is shown; the exit code is 1. Around some lines, or a command."""
    try:
        yield
    except errors as error:
        raise click.ClickException(str(error)) from None


def global_options(function: Callable) -> Callable:
    """``--home`` and ``--debug``, which may come before or after the command's name."""
    home = click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        is_eager=True,  # whose exercices and names the other arguments are
        expose_value=False,
        callback=_remember("chosen"),
        metavar="DOSSIER",
        help="Le dossier de l’organisation ; par défaut MILLESIME_HOME, sinon celui où l’on se trouve.",
    )
    debug = click.option(
        "--debug",
        is_flag=True,
        default=None,
        expose_value=False,
        callback=_remember("debug"),
        help="Montrer le détail des erreurs.",
    )
    return home(debug(function))


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        session = ctx.ensure_object(Session)
        if value is not None:
            setattr(session, name, value)

    return callback
