"""The preflight against real servers on loopback."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server

import pytest
import trustme

from heap_tui.config.model import DeliverySettings
from heap_tui.errors import ExitCode
from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from heap_tui.setup.checks import Preflight, Target, preflight
from heap_tui.setup.findings import Finding, State
from heap_tui.setup.resolve import resolve
from tests.fakes.tls_server import endpoint, server_context

TOKEN = "tok-5f2c1b7e9a"


async def check(
    url: str, token: str | None = None, environ: Mapping[str, str] | None = None, **settings: object
) -> Preflight:
    told: list[Finding] = []
    delivery = DeliverySettings(**settings)  # type: ignore[arg-type]
    report = await preflight(Target(url, token, delivery, environ or {}), told.append)
    assert tuple(told) == report.findings
    assert TOKEN not in repr(report)
    return report


def states(report: Preflight) -> dict[str, State]:
    return {finding.check: finding.state for finding in report.findings}


def found(report: Preflight, name: str) -> Finding:
    return next(finding for finding in report.findings if finding.check == name)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


async def test_the_sandbox_passes_with_its_token_and_gets_no_event() -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        report = await check(server.url, TOKEN)
        assert report.exit_code is ExitCode.OK
        assert states(report) == {
            "endpoint": State.OK,
            "dns": State.OK,
            "tcp": State.OK,
            "tls": State.SKIPPED,
            "credentials": State.OK,
        }
        assert server.report().events == 0


async def test_a_wrong_token_halts_and_says_what_to_do() -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        report = await check(server.url, TOKEN + "x")
    assert report.exit_code is ExitCode.HALTED
    assert "401" in found(report, "credentials").detail
    assert "heap-tui setup" in found(report, "credentials").remedy


async def test_a_missing_token_is_named_as_missing() -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        report = await check(server.url)
    assert "--token-stdin" in found(report, "credentials").remedy


async def test_a_closed_port_is_no_answer_and_the_rest_is_skipped() -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    report = await check(f"http://127.0.0.1:{port}/")
    assert report.exit_code is ExitCode.STOPPED
    assert states(report)["tcp"] is State.FAILED
    assert states(report)["credentials"] is State.SKIPPED


async def test_an_address_that_is_none_fails_first() -> None:
    report = await check("heap.example/x")
    assert report.exit_code is ExitCode.USAGE
    assert list(states(report).values()) == [State.FAILED] + [State.SKIPPED] * 4


async def test_a_name_that_does_not_resolve_is_no_answer() -> None:
    def nobody(host: str, _port: int) -> tuple[str, ...]:
        raise OSError(-2, f"{host} is not known")

    target = Target("https://heap.example/x", None, DeliverySettings(), {}, nobody)
    report = await preflight(target, lambda _finding: None)
    assert report.exit_code is ExitCode.STOPPED
    assert "heap.example" in found(report, "dns").detail


async def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    hanging = threading.Event()

    def never(_host: str, _port: int) -> tuple[str, ...]:
        hanging.wait(30)
        return ()

    with pytest.raises(TimeoutError):
        await resolve("heap.example", 443, 0.01, never)
    hanging.set()


async def test_the_first_address_that_answers_is_taken() -> None:
    # Nothing listens on 127.0.0.2 at that port: the sandbox is on 127.0.0.1 only.
    with SandboxServer() as server:
        target = Target(server.url, None, DeliverySettings(), {}, lambda *_where: ("127.0.0.2", "127.0.0.1"))
        report = await preflight(target, lambda _finding: None)
    assert report.exit_code is ExitCode.OK


async def test_a_certificate_of_a_named_authority_passes_and_its_end_is_shown(
    authority: trustme.CA, ca_file: str
) -> None:
    ends = datetime.now(UTC) + timedelta(days=90)
    with endpoint(tls=server_context(authority, not_after=ends)) as url:
        report = await check(url, TOKEN, ca_file=ca_file)
    assert report.exit_code is ExitCode.OK
    assert ends.date().isoformat() in found(report, "tls").detail


async def test_the_environment_names_an_authority_too(authority: trustme.CA, ca_file: str) -> None:
    with endpoint(tls=server_context(authority)) as url:
        report = await check(url, environ={"SSL_CERT_FILE": ca_file})
    assert report.exit_code is ExitCode.OK


async def test_an_unknown_authority_halts(authority: trustme.CA) -> None:
    with endpoint(tls=server_context(authority)) as url:
        report = await check(url, TOKEN)
    assert report.exit_code is ExitCode.HALTED
    assert states(report)["tls"] is State.FAILED
    assert "ca_file" in found(report, "tls").remedy


async def test_a_certificate_for_another_name_halts(authority: trustme.CA, ca_file: str) -> None:
    with endpoint(tls=server_context(authority, "heap.example")) as url:
        report = await check(url, ca_file=ca_file)
    assert report.exit_code is ExitCode.HALTED


async def test_a_certificate_that_ended_halts(authority: trustme.CA, ca_file: str) -> None:
    ended = datetime.now(UTC) - timedelta(days=1)
    with endpoint(tls=server_context(authority, not_after=ended)) as url:
        report = await check(url, ca_file=ca_file)
    assert report.exit_code is ExitCode.HALTED
    assert "expired" in found(report, "tls").detail


async def test_a_certificate_that_ends_soon_is_a_warning(authority: trustme.CA, ca_file: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=5)
    with endpoint(tls=server_context(authority, not_after=soon)) as url:
        report = await check(url, ca_file=ca_file)
    assert report.exit_code is ExitCode.OK
    assert states(report)["tls"] is State.WARNING


async def test_plain_http_where_tls_is_expected_fails() -> None:
    with endpoint() as url:
        report = await check(url.replace("http:", "https:"), connect_timeout_s=2)
    assert report.exit_code is ExitCode.STOPPED
    assert states(report)["tls"] is State.FAILED


async def test_a_redirect_is_not_followed_and_halts() -> None:
    with endpoint(302, headers={"Location": "https://other.example/x?token=abc123"}) as url:
        report = await check(url, TOKEN)
    assert report.exit_code is ExitCode.HALTED
    finding = found(report, "credentials")
    assert "other.example" in finding.remedy
    assert "abc123" not in repr(report)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, ExitCode.HALTED),
        (404, ExitCode.HALTED),
        (400, ExitCode.REFUSED),
        (429, ExitCode.REFUSED),
        (503, ExitCode.REFUSED),
    ],
)
async def test_only_a_success_passes(status: int, code: ExitCode) -> None:
    with endpoint(status, b'{"error": "no"}') as url:
        report = await check(url)
    assert report.exit_code is code
    finding = found(report, "credentials")
    assert finding.state is State.FAILED
    assert str(status) in finding.detail
    assert finding.remedy


async def test_a_success_that_reports_refusals_is_a_warning() -> None:
    with endpoint(200, b'{"errors": ["no such app"]}') as url:
        report = await check(url)
    assert report.exit_code is ExitCode.OK
    assert states(report)["credentials"] is State.WARNING
    assert "no such app" in found(report, "credentials").detail


async def test_behind_a_proxy_the_proxy_is_what_is_connected_to() -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    report = await check("https://heap.example/x", proxy=f"http://user:pass@127.0.0.1:{port}")
    assert "127.0.0.1" in found(report, "dns").detail
    assert states(report)["tcp"] is State.FAILED
    assert "pass" not in repr(report)


async def test_a_missing_authority_file_is_named() -> None:
    report = await check("https://heap.example/x", ca_file="/gone.pem")
    assert report.exit_code is ExitCode.USAGE
    assert "/gone.pem" in found(report, "endpoint").detail


async def test_an_endpoint_that_does_not_answer_is_bounded() -> None:
    with SandboxServer(SandboxOptions(latency_ms=60_000)) as server:
        report = await check(server.url, timeout_s=0.2)
    assert report.exit_code is ExitCode.STOPPED


async def test_the_preflight_can_be_cancelled() -> None:
    with SandboxServer(SandboxOptions(latency_ms=60_000)) as server:
        task = asyncio.ensure_future(check(server.url))
        while server.report().bytes == 0 and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_without_a_known_token_nothing_is_sent() -> None:
    with SandboxServer() as server:
        target = Target(server.url, None, DeliverySettings(), {}, credentials=False)
        report = await preflight(target, lambda _finding: None)
        assert states(report)["credentials"] is State.SKIPPED
        assert server.report().requests == 0
