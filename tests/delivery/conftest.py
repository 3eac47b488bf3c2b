import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.fakes.authority import Authority


@pytest.fixture
def nothing_leaks() -> Iterator[None]:
    """Collect what a test left, so that an unclosed socket or session fails the test that left it."""
    yield
    gc.collect()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    return Authority(ca, str(tmp_path / "ca.pem"), str(tmp_path / "client.pem"))
