"""dbt, without what it does and nobody asked for.

Its hundreds of classes are imported without the methods that read and write them: each is made when it is needed. This module is
therefore imported before dbt itself; run as a program, it is dbt's own command line.
"""

from functools import cached_property
from typing import Any

from mashumaro.config import BaseConfig

BaseConfig.lazy_compilation = True


def leave_details_unsaid() -> None:
    """From now on, dbt says nothing for debugging in this process: a dozen events per node, a third of its own work.

    It makes two messages of each event before it looks whether anybody listens, and the first as soon as there is an event
    (https://github.com/dbt-labs/dbt-core/issues/9030): here, when it is asked for.
    """
    from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    class Manager(EventManager):
        def fire_event(self, e: Any, level: Any = None, node: Any = None, force_warn_or_error_handling=False) -> None:
            if force_warn_or_error_handling or (level or e.level_tag()) not in (EventLevel.DEBUG, EventLevel.TEST):
                super().fire_event(e, level, node, force_warn_or_error_handling)

    def keep(event: Any, **said: Any) -> None:
        vars(event)["kept"] = said

    def message(event: Any) -> Any:
        BaseEvent.__init__(event, **vars(event)["kept"])
        return vars(event)["pb_msg"]

    DebugLevel.__init__ = keep  # type: ignore[method-assign]
    DebugLevel.pb_msg = cached_property(message)
    DebugLevel.pb_msg.__set_name__(DebugLevel, "pb_msg")
    ctx_set_event_manager(Manager())


if __name__ == "__main__":
    from dbt.cli.main import cli

    cli(prog_name="dbt")
