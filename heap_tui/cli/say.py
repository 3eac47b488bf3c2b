"""Words on standard error, secrets redacted."""

import traceback

import click

from heap_tui.redact import redact


def tell(message: str, remedy: str) -> None:
    """Say on standard error what happened and what to do, secrets redacted."""
    click.echo(f"heap-tui: {redact(message)}", err=True)
    if remedy:
        click.echo(f"  {redact(remedy)}", err=True)


def tell_traceback(error: BaseException) -> None:
    """Say on standard error where `error` came from; for ``-v -v``."""
    click.echo(redact("".join(traceback.format_exception(error))), err=True)
