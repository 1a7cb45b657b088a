"""Reads one stored message as a stranger would: Python's email package, and dkimpy for its signatures.

Arguments: the message's file, then `name=record` for every TXT record that its DNS would hold. Prints one JSON object.
"""

import email
import email.policy
import json
import sys

import dkim

records = dict(pair.split("=", 1) for pair in sys.argv[2:])
raw = open(sys.argv[1], "rb").read()
message = email.message_from_bytes(raw, policy=email.policy.default)


def dns(name, timeout=5):
    return records.get(name.decode().rstrip("."), "").encode() or None


def verify(data, index):
    try:
        return dkim.DKIM(data).verify(idx=index, dnsfunc=dns)
    except dkim.DKIMException as error:
        return str(error)


signatures = len(message.get_all("DKIM-Signature", []))
forged = b"From: Somebody <somebody@example.net>\r\n" + raw
print(
    json.dumps(
        {
            "subject": str(message["Subject"]),
            "from": str(message["From"]),
            "to": str(message["To"]),
            "date": str(message["Date"]),
            "id": str(message["Message-ID"]),
            "language": str(message["Content-Language"]),
            "auto": str(message["Auto-Submitted"]),
            "type": message.get_content_type(),
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
            "defects": [str(d) for part in message.walk() for d in part.defects],
            "dkim": [verify(raw, index) for index in range(signatures)],
            "dkim_of_forged": [verify(forged, index) for index in range(signatures)],
        }
    )
)
