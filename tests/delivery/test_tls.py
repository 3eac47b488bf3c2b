import asyncio
import ssl
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from heap_tui.delivery.tls import ssl_context
from heap_tui.errors import UsageError
from tests.fakes.loopback import Loopback


@dataclass(frozen=True)
class Files:
    """Two authorities and a client's certificate and key, as files."""

    ours: trustme.CA
    ours_file: str
    theirs: trustme.CA
    theirs_file: str
    certificate: str
    key: str


@pytest.fixture
def files(tmp_path: Path) -> Files:
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    theirs.cert_pem.write_to_path(tmp_path / "theirs.pem")
    client = ours.issue_cert("client@example.com")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    named = [str(tmp_path / name) for name in ("ours.pem", "theirs.pem", "client.pem", "client.key")]
    return Files(ours, named[0], theirs, named[1], named[2], named[3])


async def trusts(context: ssl.SSLContext, authority: trustme.CA) -> bool:
    """Whether a connection with `context` to a server of that authority comes about."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    async with Loopback(wait, server_context) as server:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        except ssl.SSLCertVerificationError:
            return False
        writer.close()
        await writer.wait_closed()
        return True


async def test_only_the_systems_authorities_are_trusted_by_default(files: Files) -> None:
    context = ssl_context(None, None, None, {})
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not await trusts(context, files.ours)


async def test_ca_file_and_ssl_cert_file_add_authorities(files: Files) -> None:
    by_key = ssl_context(files.ours_file, None, None, {})
    assert await trusts(by_key, files.ours)
    assert not await trusts(by_key, files.theirs)
    by_variable = ssl_context(None, None, None, {"SSL_CERT_FILE": files.theirs_file})
    assert await trusts(by_variable, files.theirs)
    assert not await trusts(by_variable, files.ours)
    both = ssl_context(files.ours_file, None, None, {"SSL_CERT_FILE": files.theirs_file})
    assert await trusts(both, files.ours)
    assert await trusts(both, files.theirs)


Paths = namedtuple("Paths", "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath")


async def test_ssl_cert_file_does_not_take_the_systems_authorities_away(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What OpenSSL itself would do with the variable: take its file instead of the system's.
    monkeypatch.setenv("SSL_CERT_FILE", files.ours_file)
    paths = Paths(files.ours_file, None, "SSL_CERT_FILE", files.theirs_file, "SSL_CERT_DIR", None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    context = ssl_context(None, None, None, {"SSL_CERT_FILE": files.ours_file})
    assert await trusts(context, files.ours)
    assert await trusts(context, files.theirs)


@pytest.mark.parametrize("name", ["missing.pem", "folder", "text.pem", "client.key"])
@pytest.mark.parametrize("origin", ["ca_file", "SSL_CERT_FILE", "client_cert"])
def test_a_file_that_cannot_be_used_is_a_usage_error_that_names_it(
    files: Files, tmp_path: Path, name: str, origin: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.pem").write_text("not PEM")
    path = str(tmp_path / name)
    with pytest.raises(UsageError) as caught:
        ssl_context(
            path if origin == "ca_file" else None,
            path if origin == "client_cert" else None,
            None,
            {"SSL_CERT_FILE": path} if origin == "SSL_CERT_FILE" else {},
        )
    assert origin in caught.value.message
    assert path in caught.value.message
    assert caught.value.remedy


def test_a_client_certificate_may_hold_its_key_or_have_it_beside(files: Files, tmp_path: Path) -> None:
    together = tmp_path / "together.pem"
    together.write_bytes(Path(files.certificate).read_bytes() + Path(files.key).read_bytes())
    ssl_context(None, str(together), None, {})
    ssl_context(None, files.certificate, files.key, {})


def test_a_client_certificate_without_its_key_is_a_usage_error(files: Files) -> None:
    with pytest.raises(UsageError, match="client_cert"):
        ssl_context(None, files.certificate, None, {})


def test_a_key_that_is_not_there_is_named(files: Files, tmp_path: Path) -> None:
    path = str(tmp_path / "missing.key")
    with pytest.raises(UsageError, match="client_key") as caught:
        ssl_context(None, files.certificate, path, {})
    assert path in caught.value.message


@pytest.mark.timeout(10)
def test_an_encrypted_key_is_a_usage_error_instead_of_a_question(files: Files, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(Path(files.key).read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    with pytest.raises(UsageError) as caught:
        ssl_context(None, files.certificate, str(encrypted), {})
    assert "encrypted" in caught.value.remedy
