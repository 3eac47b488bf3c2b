"""What every command shares: the common options and the objects made from them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from heap_tui.i18n import LANGUAGES, _

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class App:
    """The common options, wherever on the command line they stood."""

    profile: str | None = None
    config_path: Path | None = None
    state_dir: Path | None = None
    lang: str | None = None
    quiet: bool = False
    verbose: int = 0
    log_format: str = "human"
    no_color: bool = False


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a common option in the shared `App`; one that was not given changes nothing."""
    app = ctx.ensure_object(App)
    if ctx.get_parameter_source(param.name or "") is not click.core.ParameterSource.DEFAULT:
        setattr(app, param.name or "", value)


def _options() -> list[Callable[[Command], Command]]:
    keep: dict[str, Any] = {"expose_value": False, "callback": _remember}
    return [
        click.option("--profile", metavar="NAME", help=_("Use this profile."), **keep),
        click.option(
            "--config",
            "config_path",
            envvar="HEAP_TUI_CONFIG",
            type=click.Path(path_type=Path, dir_okay=False),
            help=_("The configuration file."),
            **keep,
        ),
        click.option(
            "--state-dir",
            envvar="HEAP_TUI_STATE_DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help=_("Where cursors, queue and dead letters are kept."),
            **keep,
        ),
        click.option("--lang", type=click.Choice(LANGUAGES), help=_("Language (else the locale)."), **keep),
        click.option("--quiet", is_flag=True, help=_("No progress, only warnings and errors."), **keep),
        click.option("-v", "--verbose", count=True, help=_("Say more; twice: also tracebacks."), **keep),
        click.option("--log-format", type=click.Choice(["human", "json"]), help=_("Form of the log lines."), **keep),
        click.option("--no-color", is_flag=True, help=_("No colour (also by NO_COLOR)."), **keep),
    ]


def common_options(command: Command) -> Command:
    """Give a command the common options; `pass_app` hands their values over."""
    for option in reversed(_options()):
        command = option(command)
    return command


pass_app = click.make_pass_decorator(App, ensure=True)
