"""Compares access tokens with those that Twilio's own SDK makes, for tests/oracles/twilio.rs.

Needs the PyPI package twilio. Knows nothing of the Rust code. Reads JSON lines `{"account", "key", "secret", "identity", "now",
"token"}`, writes for each `{"problem": null or text}`."""

import json
import sys
from unittest import mock

import jwt
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

UNCHECKED = {"verify_exp": False, "verify_nbf": False}


def read(token, secret):
    """The signature is checked; that the day of the test is over matters to nobody."""
    return jwt.get_unverified_header(token), jwt.decode(token, secret, algorithms=["HS256"], options=UNCHECKED)


def compare(asked):
    with mock.patch("time.time", lambda: asked["now"]):
        made = AccessToken(asked["account"], asked["key"], asked["secret"], identity=asked["identity"], nbf=asked["now"])
        made.add_grant(VoiceGrant(incoming_allow=True))
        expected = read(made.to_jwt(), asked["secret"])
    try:
        found = read(asked["token"], asked["secret"])
    except jwt.InvalidTokenError as error:
        return {"problem": str(error)}
    return {"problem": None if found == expected else f"found {found}, expected {expected}"}


for line in sys.stdin:
    print(json.dumps(compare(json.loads(line))))
