"""Makes webhooks as SignalWire, Somleng and Telnyx would send them, for tests/oracles/twilio.rs to check.

SignalWire's are signed by its own SDK (PyPI: signalwire), or by the rule that repeated names keep the order in which they
were submitted; Telnyx's by the PyPI package cryptography; Somleng's by the one line of Ruby that it has for it. Knows
nothing of the Rust code. Writes JSON lines as twilio_sign.py does, with the time at which each webhook is looked at."""

import base64
import hashlib
import hmac
import json
import random
import string
from urllib.parse import parse_qsl, quote, quote_plus

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signalwire.request_validator import RequestValidator

WEBHOOKS = 4500
WORDS = ["", "a", "0", "+4312345", "in-progress", "Zoë", "日本語", "😀 & =?", "%41", "a b+c", "v3:9X2v-aiQ", "'\"<>"]
NAMES = ["CallSid", "CALLSID", "From", "To", "Reason", "ReasonConferenceEnded", "Digits", "Ä", "😀", "x y"]
HOSTS = ["https://calls.example.org", "http://127.0.0.1:8080", "https://calls.example.org:8443/prefix", "https://calls.example.org/a/b"]
ID = "f5586561-8ff0-4291-a51b-c7dfe4139ff9"
SEEDS = [hashlib.sha256(word).digest() for word in (b"one", b"two")]


def public_key(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


ACCOUNTS = [
    {"kind": "signalwire", "space": "example", "project": ID, "signing_key": "PSKtest1234567890abcdef"},
    {"kind": "signalwire", "space": "example", "project": ID, "signing_keys": ["new one", "old öne"]},
    {"kind": "somleng", "account_sid": ID, "api_base": "https://somleng.example.org", "auth_tokens": ["12345", "öld"]},
    {"kind": "texml", "account_sid": ID, "public_key": public_key(SEEDS[0])},
    {"kind": "texml", "account_sid": ID, "public_key": public_key(SEEDS[1])},
]


def encoded(rng, text):
    return rng.choice([quote_plus, quote])(text, safe="")


def random_form(rng, repeated):
    names = rng.choices(NAMES, k=rng.randint(1, 12))
    names = names if repeated else list(dict.fromkeys(names))
    return "&".join(f"{encoded(rng, name)}={encoded(rng, rng.choice(WORDS) + rng.choice(WORDS))}" for name in names)


def hmac_sha1(secret, text):
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def pairs_of(webhook):
    return parse_qsl(webhook["body"], keep_blank_values=True)


def submitted(secret, address, pairs):
    """Sorted by name only, so that the values of one name stay in their order."""
    return hmac_sha1(secret, address + "".join(name + value for name, value in sorted(pairs, key=lambda pair: pair[0])))


def signalwire(rng, account, webhook):
    secret = rng.choice(account.get("signing_keys") or [account["signing_key"]])
    address = webhook["public_url"] + webhook["target"]
    pairs = pairs_of(webhook)
    if len({name for name, _ in pairs}) == len(pairs):
        validator = RequestValidator(secret)
        signature = validator.build_signature_with_compatibility(address, dict(pairs))
        assert validator.validate(address, dict(pairs), signature)
    else:
        signature = submitted(secret, address, pairs)
    webhook["headers"][rng.choice(["X-SignalWire-Signature", "X-SignalWire-Signature", "X-Twilio-Signature"])] = signature


def somleng(rng, account, webhook):
    """`uri.to_s + payload.sort.join`"""
    pairs = sorted((name.encode(), value.encode()) for name, value in pairs_of(webhook))
    address = webhook["public_url"] + webhook["target"]
    text = address + b"".join(name + value for name, value in pairs).decode()
    webhook["headers"]["X-Twilio-Signature"] = hmac_sha1(rng.choice(account["auth_tokens"]), text)


def telnyx(rng, account, webhook):
    seed = next(seed for seed in SEEDS if public_key(seed) == account["public_key"])
    sent = rng.randint(1_600_000_000, 1_900_000_000)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(f"{sent}|{webhook['body']}".encode())
    webhook["headers"]["telnyx-timestamp"] = str(sent)
    webhook["headers"]["telnyx-signature-ed25519"] = base64.b64encode(signature).decode()
    webhook["now"] = sent + rng.choice([-300, -1, 0, 1, 17, 300])


SIGN = {"signalwire": signalwire, "somleng": somleng, "texml": telnyx}


def changed(rng, text, letters):
    places = [at for at, letter in enumerate(text) if letter in letters]
    if not places:
        return None
    at = rng.choice(places)
    return text[:at] + rng.choice([letter for letter in letters if letter != text[at]]) + text[at + 1:]


def meaning(body):
    """What a change of has to change, too, to be one: `%c3` is `%C3`."""
    return parse_qsl(body, keep_blank_values=True)


def tampered(rng, account, webhook):
    letters = string.ascii_letters + string.digits
    body = changed(rng, webhook["body"], letters)
    telnyx = account["kind"] == "texml"
    if body and (telnyx or sorted(meaning(body)) != sorted(meaning(webhook["body"]))):
        yield "body", {**webhook, "body": body}
    if not telnyx:
        for field in ("public_url", "target"):
            yield field, {**webhook, field: changed(rng, webhook[field], letters)}
    for name, value in webhook["headers"].items():
        if name == "Content-Type":
            continue
        # The last letter before `=` has bits that mean nothing.
        end = len(value.rstrip("=")) - 1 if value.endswith("=") else len(value)
        other = changed(rng, value[:end], string.digits if name == "telnyx-timestamp" else letters) + value[end:]
        yield ("time" if name == "telnyx-timestamp" else "signature"), {**webhook, "headers": {**webhook["headers"], name: other}}
        yield "missing", {**webhook, "headers": {key: kept for key, kept in webhook["headers"].items() if key != name}}
    if telnyx:
        sent = int(webhook["headers"]["telnyx-timestamp"])
        yield "clock", {**webhook, "now": sent + rng.choice([-301, 301, 86_400])}


def main():
    rng = random.Random(1889)
    print(json.dumps({"accounts": ACCOUNTS}))
    for number in range(WEBHOOKS):
        index = number % len(ACCOUNTS)
        account = ACCOUNTS[index]
        webhook = {"public_url": rng.choice(HOSTS), "target": f"/hooks/main/{rng.getrandbits(128):032x}/voice", "method": "POST",
                   "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, "now": 1_800_000_000,
                   "body": random_form(rng, repeated=rng.random() < 0.3)}
        SIGN[account["kind"]](rng, account, webhook)
        copies = [[what, copy] for what, copy in tampered(rng, account, webhook)]
        print(json.dumps({"account": index, "webhook": webhook, "tampered": copies}))


main()
