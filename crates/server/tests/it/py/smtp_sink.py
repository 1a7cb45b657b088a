"""A mail relay for tests: aiosmtpd that keeps every message in a directory and misbehaves on request.

Started by tests/it/mail with a directory and options; prints its port; ends when its standard input is closed.
The local part of the recipient says what it shall do: see `TRICKS` and `Sink`.
"""

import argparse
import asyncio
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

TRICKS = {
    "later": "450 4.2.0 <{}>: greylisted, come back later",
    "never": "550 5.1.1 <{}>: no such user",
}


class Sink:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.connections = 0
        self.count = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if not hasattr(session, "serial"):
            self.connections += 1
            session.serial = self.connections
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        trick = TRICKS.get(address.split("@")[0])
        if trick:
            return trick.format(address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        local = envelope.rcpt_tos[0].split("@")[0]
        if local == "full":
            return "452 4.3.1 <" + envelope.rcpt_tos[0] + "> out of room"
        if local == "spam":
            return "554 5.7.1 <" + envelope.rcpt_tos[0] + "> not wanted here"
        self.keep(server, session, envelope)
        if local == "vanish":
            server.transport.abort()
        session.leaves = local == "once"
        return "250 2.0.0 queued as 4F2A <" + envelope.rcpt_tos[0] + ">"

    async def handle_RSET(self, server, session, envelope):
        # As a relay that closed an idle connection: the next command on it meets nobody.
        if getattr(session, "leaves", False):
            server.transport.abort()
        return "250 2.0.0 OK"

    def keep(self, server, session, envelope):
        self.count += 1
        facts = {
            "connection": session.serial,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "login": getattr(session, "auth_data_login", None),
            "hello": session.host_name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
        }
        stem = self.directory / f"{self.count:04}"
        stem.with_suffix(".eml").write_bytes(envelope.content)
        stem.with_suffix(".json").write_text(json.dumps(facts))


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (user.encode(), password.encode())
        session.auth_data_login = data.login.decode() if good else None
        return AuthResult(success=good, handled=False)

    return check


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--tls", action="store_true", help="TLS from the first byte instead of STARTTLS")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    args = parser.parse_args()
    sink = Sink(args.directory)
    context = None
    if args.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert, args.key)
    starttls = context if context and not args.tls else None
    options = {"hostname": "sink.example.org", "tls_context": starttls, "require_starttls": starttls is not None}
    if args.user:
        options |= {"authenticator": authenticator(args.user, args.password), "auth_required": True}
        options |= {"auth_require_tls": starttls is not None}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(sink, **options), "127.0.0.1", 0, ssl=context if args.tls else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.close()


asyncio.run(main())
