"""A certificate authority that lives as long as a test."""

import ssl
from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Authority:
    """A certificate authority, its file, and a server's and a client's certificate."""

    ca: trustme.CA
    ca_file: str
    client_file: str

    def server(self, *, asks_client: bool = False, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        self.ca.issue_cert("127.0.0.1", "heap.invalid").configure_cert(context)
        if asks_client:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context
