"""The TLS settings of a connection: whom we trust, and who we are."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import truststore

from heap_tui.errors import UsageError
from heap_tui.i18n import _


def ssl_context(
    ca_file: str | None, client_cert: str | None, client_key: str | None, environ: Mapping[str, str]
) -> ssl.SSLContext:
    """A verifying context: the operating system's trust store, plus what is named.

    Args:
        ca_file: PEM file of further authorities; ``SSL_CERT_FILE`` in `environ` adds likewise.
        client_cert: PEM file of a client certificate, with its key or with the key in `client_key`.
        client_key: PEM file of the client certificate's key.
        environ: asked for ``SSL_CERT_FILE``.

    Raises:
        UsageError: a file is missing or not PEM.
    """
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for origin, name in (("ca_file", ca_file), ("SSL_CERT_FILE", environ.get("SSL_CERT_FILE"))):
        if name:
            with _usable(origin, name):
                context.load_verify_locations(cafile=name)
    if environ.get("SSL_CERT_FILE"):
        _keep_system_store(context)
    if client_cert:
        _load_client(context, client_cert, client_key)
    return context


def _load_client(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    if key is not None and Path(certificate).exists() and not Path(key).exists():
        raise _missing("client_key", key)
    with _usable("client_cert", certificate):
        # Without a password OpenSSL would ask the terminal for that of an encrypted key, and wait.
        context.load_cert_chain(certificate, key, password="")


def _keep_system_store(context: ssl.SSLContext) -> None:
    """OpenSSL takes SSL_CERT_FILE instead of the system's store; ours adds, so the store is loaded by its path."""
    paths = ssl.get_default_verify_paths()
    if paths.openssl_cafile and Path(paths.openssl_cafile).is_file():
        context.load_verify_locations(cafile=paths.openssl_cafile)
    if paths.openssl_capath and Path(paths.openssl_capath).is_dir() and not os.environ.get("SSL_CERT_DIR"):
        context.load_verify_locations(capath=paths.openssl_capath)


@contextmanager
def _usable(origin: str, name: str) -> Iterator[None]:
    """Turn what reading the file `name` fails with into a `UsageError`; `origin` is the key that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise _missing(origin, name) from error
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            _("{origin}: {name} cannot be used ({error}).").format(origin=origin, name=name, error=error),
            _("It must be a PEM file that this user may read; a client certificate needs its key, too, not encrypted."),
        ) from error


def _missing(origin: str, name: str) -> UsageError:
    return UsageError(
        _("{origin}: the file {name} does not exist.").format(origin=origin, name=name),
        _("Correct the path."),
    )
