"""What a receiver with the library of Standard Webhooks (PyPI: standardwebhooks) says of webhooks: one JSON line in, one out."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    asked = json.loads(line)
    try:
        Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
        print(json.dumps("believed"))
    except WebhookVerificationError:
        print(json.dumps("refused"))
