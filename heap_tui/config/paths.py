"""Where the configuration and the state of each profile live."""

from collections.abc import Mapping
from pathlib import Path

from heap_tui.errors import UsageError
from heap_tui.i18n import _

_APP = "heap-tui"


def config_path(override: Path | None, environ: Mapping[str, str]) -> Path:
    """The configuration file: `override` (``--config``), else ``HEAP_TUI_CONFIG``, else the platform's place.

    Raises:
        UsageError: there is no home directory to put it in.
    """
    if named := override or _from(environ, "HEAP_TUI_CONFIG"):
        return named.expanduser()
    import platformdirs

    return _absolute(platformdirs.user_config_path(_APP), "HEAP_TUI_CONFIG") / "config.toml"


def state_dir(override: Path | None, environ: Mapping[str, str]) -> Path:
    """The state directory: `override` (``--state-dir``), ``HEAP_TUI_STATE_DIR`` or the platform's place.

    Raises:
        UsageError: there is no home directory to put it in.
    """
    if named := override or _from(environ, "HEAP_TUI_STATE_DIR"):
        return named.expanduser()
    import platformdirs

    return _absolute(platformdirs.user_state_path(_APP), "HEAP_TUI_STATE_DIR")


def profile_dir(state_dir: Path, profile_key: str | None) -> Path:
    """Where one profile keeps cursors, queue and dead letters; None: a run without a profile."""
    return state_dir / "no-profile" if profile_key is None else state_dir / "profiles" / profile_key


def _from(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(value) if (value := environ.get(name)) else None


def _absolute(path: Path, variable: str) -> Path:
    # Without HOME and without an entry in the user database the home directory stays a literal "~".
    if path.is_absolute():
        return path
    raise UsageError(
        _("This user has no home directory, so there is no place for {path}.").format(path=path.name),
        _("Set {variable} to a path.").format(variable=variable),
    )
