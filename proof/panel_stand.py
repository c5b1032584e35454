"""The set-up of the panel's proofs, and somebody who logs in and asks for pages."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from odzew.clock import Clock
from odzew.store.directory import Present
from proof import words
from proof.http import Connection, Reply
from proof.panel_past import PanelPast, make
from proof.stand import analyzed_for, opened

LOGIN: Final = "anna@account1.example"
PASSWORD: Final = "correct horse battery"
CLIENT: Final = "http://127.0.0.1:9999"
_csrf = re.compile(rb'name="csrf" value="([0-9a-f]{64})"').search
_cookie = re.compile(rb"\r\nset-cookie: ([^=]+)=([^;\r]*)", re.IGNORECASE).findall
