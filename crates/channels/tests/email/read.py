"""Reads a mail from standard input, strictly, and prints what is in it as JSON."""

import email
import email.policy
import hashlib
import json
import sys

mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)


def part(it):
    """A part with its parts; of a text its words, of a file its digest."""
    told = {
        "type": it.get_content_type(),
        "defects": [repr(defect) for defect in it.defects],
    }
    if it.is_multipart():
        told["parts"] = [part(inner) for inner in it.iter_parts()]
        return told
    payload = it.get_payload(decode=True)
    if it.get_content_disposition() is None and it.get_content_maintype() == "text":
        told["text"] = it.get_content().replace("\r\n", "\n")
    else:
        told["disposition"] = it.get_content_disposition()
        told["name"] = it.get_filename()
        told["sha256"] = hashlib.sha256(payload).hexdigest()
    if it["Content-ID"]:
        told["id"] = it["Content-ID"]
    return told


fields = {}
for name, value in mail.items():
    fields.setdefault(name.lower(), []).append(str(value))
print(json.dumps({"fields": fields, "content": part(mail)}))
