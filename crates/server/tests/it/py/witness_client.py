"""Submits checkpoints to a witness with the client of aics-witness; one line of JSON for each: what came of it.

Standard input: {"url", "key", "steps": [{"note", "proofs": {"<old size>": ["<hash in Base64>"]}}]}.
"""

import base64
import json
import sys

from aics_witness.feeder import WitnessClient

task = json.load(sys.stdin)
with WitnessClient(task["url"], task["key"], max_attempts=1) as client:
    for step in task["steps"]:

        def proof(old, new, proofs=step["proofs"]):
            return [base64.b64decode(line) for line in proofs[str(old)]]

        try:
            told = {"cosigned": client.submit(step["note"], proof)}
        except Exception as error:  # the name of its class is the answer
            told = {"error": type(error).__name__, "status": getattr(error, "status", None)}
        print(json.dumps(told), flush=True)
