import ssl
from dataclasses import replace

import pytest

from heap_tui.delivery.answers import FailureKind
from heap_tui.delivery.tls import ssl_context
from tests.fakes.authority import Authority
from tests.fakes.exchange import HASTY, SETTINGS, Reader, Writer, answered, failure, post, silent
from tests.fakes.loopback import Loopback, Scripted, answer

pytestmark = pytest.mark.usefixtures("nothing_leaks")


async def test_an_untrusted_certificate_is_a_certificate_failure(authority: Authority) -> None:
    async with Loopback(Scripted([answer(200)]), authority.server()) as server:
        outcome = failure(await post(SETTINGS, server.url))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.CERTIFICATE, False)
    assert "certificate" in outcome.detail


async def test_an_authority_that_is_named_is_trusted(authority: Authority) -> None:
    tls = ssl_context(authority.ca_file, None, None, {})
    async with Loopback(Scripted([answer(200)]), authority.server()) as server:
        assert answered(await post(replace(SETTINGS, tls=tls), server.url)).status == 200


async def test_a_certificate_for_another_host_is_a_certificate_failure(authority: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.ca.issue_cert("other.example").configure_cert(context)
    tls = ssl_context(authority.ca_file, None, None, {})
    async with Loopback(Scripted([answer(200)]), context) as server:
        assert failure(await post(replace(SETTINGS, tls=tls), server.url)).kind is FailureKind.CERTIFICATE


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_is_shown_when_there_is_one(authority: Authority, version: ssl.TLSVersion) -> None:
    with_certificate = replace(SETTINGS, tls=ssl_context(authority.ca_file, authority.client_file, None, {}))
    without = replace(SETTINGS, tls=ssl_context(authority.ca_file, None, None, {}))
    async with Loopback(Scripted([answer(200)]), authority.server(asks_client=True, version=version)) as server:
        assert answered(await post(with_certificate, server.url)).status == 200
        # Under TLS 1.3 the client learns only after its handshake that the server wanted a certificate.
        assert failure(await post(without, server.url)).kind in (
            FailureKind.TLS,
            FailureKind.RESET,
            FailureKind.CONNECT,
        )


async def test_a_server_without_tls_is_a_failure_that_delivered_nothing() -> None:
    async def plain(reader: Reader, writer: Writer) -> None:
        await reader.read(100)
        writer.write(answer(400))
        await writer.drain()

    async with Loopback(plain) as server:
        outcome = failure(await post(SETTINGS, server.url.replace("http:", "https:")))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.TLS, False)


async def test_a_handshake_without_an_answer_is_a_timeout_that_delivered_nothing() -> None:
    async with Loopback(silent) as server:
        outcome = failure(await post(HASTY, server.url.replace("http:", "https:")))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.TIMEOUT, False)
