"""A peer: syslog-ng with its http destination and a reliable disk buffer.

Its file source reads the NDJSON line by line, unparsed; flow control makes it wait instead of dropping. The
fetch limit, the window and the buffer are set well above the defaults, which hold it back.
"""

import shutil
from pathlib import Path

from tests.benchmarks.process import BenchmarkError

_CONFIG = """\
@version: current
options {{ stats-freq(0); log-msg-size(1MiB); keep-hostname(yes); use-dns(no); dns-cache(no); }};
source lines {{
    file("{source}" flags(no-parse) follow-freq(0.1) log-fetch-limit(1000) log-iw-size(100000));
}};
destination endpoint {{
    http(
        url("{url}") method("POST") headers("Content-Type: application/json")
        body("$MSG") body-prefix("{{\\"events\\":[") delimiter(",") body-suffix("]}}")
        batch-lines({batch_size}) batch-timeout(100) workers({workers}) timeout(30)
        disk-buffer(reliable(yes) disk-buf-size(2GiB) mem-buf-size(64MiB) dir("{directory}"))
    );
}};
log {{ source(lines); destination(endpoint); flags(flow-control); }};
"""


def command(directory: Path, source: Path, url: str, batch_size: int, workers: int) -> list[str]:
    """Write its configuration into `directory`; return how to start it there, in the foreground."""
    program = shutil.which("syslog-ng", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise BenchmarkError("syslog-ng is not installed (Debian: syslog-ng-core and syslog-ng-mod-http)")
    config = directory / "syslog-ng.conf"
    config.write_text(
        _CONFIG.format(source=source, url=url, batch_size=batch_size, workers=workers, directory=directory)
    )
    return [
        program,
        "--foreground",
        "--no-caps",
        f"--cfgfile={config}",
        f"--persist-file={directory / 'persist'}",
        f"--pidfile={directory / 'pid'}",
        f"--control={directory / 'ctl'}",
    ]
