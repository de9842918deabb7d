"""For schemathesis: half of the ids that it makes up become ids of something that is there, and whatever is answered,
none of the markers that stand in everything foreign is in it."""

import json
import os

import schemathesis

MARKERS = [marker for marker in os.environ.get("STROWGER_FOREIGN_MARKERS", "").split(",") if marker]
# {"calls": [id, ...], ...}: of whatever is there, foreign or not.
KNOWN = json.loads(os.environ.get("STROWGER_KNOWN_IDS", "{}"))


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    known = KNOWN.get(ctx.operation.path.removeprefix("/api/v1/").split("/")[0])
    if not known or not path_parameters or "id" not in path_parameters:
        return path_parameters
    chance = sum(str(path_parameters["id"]).encode(errors="replace"))
    if chance % 2 == 0:
        path_parameters["id"] = known[chance // 2 % len(known)]
    return path_parameters


@schemathesis.check
def nothing_foreign(ctx, response, case):
    if any(marker.encode() in response.content for marker in MARKERS):
        raise AssertionError(f"{case.method} {case.path} shows what is foreign")
