"""Makes webhooks as Twilio would send them, signed by Twilio's own SDK, for tests/oracles/twilio.rs to check.

Needs the PyPI package twilio. Knows nothing of the Rust code. Writes JSON lines: first the accounts with their secrets,
then one webhook per line, each with copies of which one byte was changed. The SDK has confirmed that it accepts the
webhook and refuses every copy."""

import json
import random
import string
import sys
from urllib.parse import parse_qsl, quote, quote_plus

from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator

WEBHOOKS = 4000
WORDS = ["", "a", "0", "+4312345", "in-progress", "Zoë", "Ĝis la revido", "日本語", "😀 & =?", "%41", "a b+c", "\n", "'\"<>", "&amp;"]
NAMES = ["CallSid", "CALLSID", "callSid", "From", "To", "Reason", "ReasonConferenceEnded", "Digits", "Ä", "日", "😀", "x y"]
HOSTS = ["https://calls.example.org", "https://Calls.Example.org:8443", "http://127.0.0.1:8080", "https://calls.example.org/prefix",
         "http://calls.example.org", "https://calls.example.org:443", "https://calls.example.org:8443/a/b"]
KEYS = {"webhooks_sharedkey_a": "first shared secret", "webhooks_sharedkey_b": "zweites Gehëimnis"}
ACCOUNTS = [
    {"auth_token": "12345"},
    {"auth_tokens": ["new one", "old öne"]},
    {"shared_keys": KEYS, "shared_keys_only": True},
    {"auth_token": "beside shared keys", "shared_keys": KEYS},
]


class Parameters:
    """A form as web frameworks hand it to the SDK."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __bool__(self):
        return bool(self.pairs)

    def __iter__(self):
        return (name for name, _ in self.pairs)

    def getall(self, name):
        return [value for key, value in self.pairs if key == name]


def parameters(webhook):
    """What the SDK wants besides the address: nothing, the form, or the text of a JSON body."""
    if webhook["method"] == "GET":
        return {}
    if webhook["headers"].get("Content-Type", "").startswith("application/json"):
        return webhook["body"]
    return Parameters(parse_qsl(webhook["body"], keep_blank_values=True))


def accepts(secret, webhook):
    """What Twilio's validator says."""
    address = webhook["public_url"] + webhook["target"]
    algorithm = webhook.get("algorithm", HMAC_SHA1)
    signature = webhook["headers"]["X-Twilio-Signature"]
    try:
        return RequestValidator(secret).validate(address, parameters(webhook), signature, algorithm)
    except (ValueError, TypeError):  # what is no address, and JSON without its hash
        return False


def signed_address(rng, public_url, target):
    """The address as Twilio signs it, which may lack its port, or name the scheme's own."""
    scheme, rest = public_url.split("://")
    host, slash, path = rest.partition("/")
    bare, colon, port = host.partition(":")
    default = "443" if scheme == "https" else "80"
    host = rng.choice([host, bare, host if colon else f"{host}:{default}"])
    return f"{scheme}://{host}{slash}{path}{target}"


def encoded(rng, text):
    """Percent-encoded in one of the ways that mean the same."""
    text = rng.choice([quote_plus, quote])(text, safe="")
    return text.replace("%C3", "%c3") if rng.random() < 0.2 else text


def random_form(rng):
    pairs = [(rng.choice(NAMES), rng.choice(WORDS) + rng.choice(WORDS)) for _ in range(rng.randint(0, 12))]
    if rng.random() < 0.3 and pairs:
        pairs += rng.choices(pairs, k=2)
    return "&".join(f"{encoded(rng, name)}={encoded(rng, value)}" for name, value in pairs)


def random_webhook(rng, account):
    webhook = {"public_url": rng.choice(HOSTS), "target": f"/hooks/main/{rng.getrandbits(128):032x}/{rng.choice(['voice', 'status'])}",
               "headers": {}, "body": "", "method": rng.choice(["POST", "POST", "POST", "GET"])}
    form = random_form(rng)
    if webhook["method"] == "GET":
        webhook["target"] += "?" + form if form else ""
    elif rng.random() < 0.2:
        webhook["body"] = json.dumps({rng.choice(NAMES): rng.choice(WORDS)}, ensure_ascii=rng.random() < 0.5)
        webhook["headers"]["Content-Type"] = "application/json"
        query = rng.choice(["", "foo=1&bar=%C3%A4&"])
        webhook["target"] += f"?{query}bodySHA256={RequestValidator('').compute_hash(webhook['body'])}"
    else:
        webhook["body"] = form
        webhook["headers"]["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        webhook["target"] += rng.choice(["", "", "?foo=1&bar=2", "?a=%C3%A4+b&empty="])
    secret = secret_for(rng, account, webhook)
    address = signed_address(rng, webhook["public_url"], webhook["target"])
    signed = parameters(webhook)
    signed = {} if isinstance(signed, str) else signed
    webhook["headers"]["X-Twilio-Signature"] = RequestValidator(secret).compute_signature(address, signed, webhook.get("algorithm"))
    return webhook, secret


def secret_for(rng, account, webhook):
    """One that the account accepts; for a shared key the webhook names the key and its algorithm."""
    tokens = account.get("auth_tokens", [account["auth_token"]] if "auth_token" in account else [])
    key = rng.choice(list(account.get("shared_keys", {None: None})))
    if key is None or (tokens and rng.random() < 0.5):
        return rng.choice(tokens)
    webhook["algorithm"] = rng.choice([HMAC_SHA1, HMAC_SHA256, HMAC_SHA256])
    webhook["headers"]["X-Twilio-Webhooks-Signature-Settings"] = f"key={key},algorithm={webhook['algorithm']}"
    return account["shared_keys"][key]


def changed(rng, text, letters=string.ascii_letters + string.digits):
    """`text` with one of its letters exchanged; none, if it has none."""
    places = [at for at, letter in enumerate(text) if letter in letters]
    if not places:
        return None
    at = rng.choice(places)
    return text[:at] + rng.choice([letter for letter in letters if letter != text[at]]) + text[at + 1:]


def tampered(rng, webhook):
    """Copies with one change each."""
    for field in ("public_url", "target", "body"):
        yield field, {**webhook, field: changed(rng, webhook[field])}
    signature = changed(rng, webhook["headers"]["X-Twilio-Signature"])
    yield "signature", {**webhook, "headers": {**webhook["headers"], "X-Twilio-Signature": signature}}
    if webhook["method"] == "POST":
        yield "method", {**webhook, "method": "GET"}
    settings = webhook["headers"].get("X-Twilio-Webhooks-Signature-Settings")
    if settings:
        for name, other in (("algorithm", settings[:-1] + ("6" if settings.endswith("1") else "1")), ("key", changed(rng, settings[:24]) + settings[24:])):
            yield name, {**webhook, "headers": {**webhook["headers"], "X-Twilio-Webhooks-Signature-Settings": other}}


def is_tampered(secret, what, copy):
    """Whether the SDK refuses it, too: a change may mean the same, as in `%c3`. Keys are for our side to look up."""
    if None in copy.values():
        return False
    return what in ("algorithm", "key") or not accepts(secret, copy)


def main():
    rng = random.Random(1878)
    print(json.dumps({"accounts": ACCOUNTS}))
    for number in range(WEBHOOKS):
        account = number % len(ACCOUNTS)
        webhook, secret = random_webhook(rng, ACCOUNTS[account])
        if not accepts(secret, webhook):
            sys.exit(f"the SDK does not accept what it signed: {webhook}")
        copies = [[what, copy] for what, copy in tampered(rng, webhook) if is_tampered(secret, what, copy)]
        print(json.dumps({"account": account, "webhook": webhook, "tampered": copies}))


main()
