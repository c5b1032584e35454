"""From a host to a bound session: connect, TLS, bind. What goes wrong is told in words."""

from __future__ import annotations

import asyncio
import os
import ssl

from odzew.clock import Clock
from odzew.ingest.smpp.options import Host, SmppOptions
from odzew.ingest.smpp.session import Session, SessionEnded


async def connect(clock: Clock, options: SmppOptions, host: Host, session: Session, password: str) -> None:
    """Connects the session and has it bound. SessionEnded, SettingError or WireError say what went wrong; the session is over then."""
    await _reach(clock, options, host, session)
    try:
        session.ask_to_bind(password)
        async with clock.deadline(options.bind_seconds):
            await asyncio.shield(session.bound)
    except TimeoutError:
        raise SessionEnded(f"the bind was not answered within {options.bind_seconds:g} s") from None
    finally:
        if session.state != "bound":
            session.abort("it was not bound")


async def _reach(clock: Clock, options: SmppOptions, host: Host, session: Session) -> None:
    context = options.context()
    name = (options.tls_server_name or host.name) if context is not None else None
    try:
        async with clock.deadline(options.bind_seconds):
            await asyncio.get_running_loop().create_connection(lambda: session, host.name, host.port, ssl=context, server_hostname=name)
    except TimeoutError:
        raise SessionEnded(f"no connection within {options.bind_seconds:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise SessionEnded(f"the certificate is not accepted: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise SessionEnded(f"TLS failed: {error.reason or 'the network ended it'}") from None
    except (OSError, ValueError) as error:  # a name that cannot be one is a UnicodeError
        words = str(error)
        if isinstance(error, OSError) and error.errno:  # a name that is not found has a negative one, which the system does not know
            words = os.strerror(error.errno) if error.errno > 0 else error.strerror or words
        raise SessionEnded(f"no connection: {words or 'the network closed it'}") from None
