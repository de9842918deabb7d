"""Compares TwiML with what Twilio's own builder makes of the same content, for tests/oracles/twilio.rs.

Needs the PyPI package twilio. Knows nothing of the Rust code. Reads JSON lines `{"content": …, "document": XML}`; without
content the document is only read. Writes for each `{"problem": null or text, "tree": …}`, the tree being [name, attributes,
text, children] as Python's XML parser sees it."""

import json
import sys
import xml.etree.ElementTree as ElementTree

from twilio.twiml.voice_response import Client, Dial, Gather, VoiceResponse


def speak(response, spoken):
    if "play" in spoken:
        response.play(spoken["play"])
    else:
        response.say(spoken["say"], language=spoken["language"])


def hold(response, content):
    if content["sorry"]:
        speak(response, content["sorry"])
    response.play(content["clip"])
    response.redirect(content["next"], method="POST")


def wait(response, content):
    gather = Gather(action=content["key"], method="POST", input="dtmf", num_digits=1, timeout=1)
    speak(gather, content["words"])
    gather.play(content["clip"])
    response.append(gather)
    response.redirect(content["next"], method="POST")


def connect(response, content):
    dial = Dial(action=content["over"], method="POST", timeout=content["seconds"], time_limit=4 * 3600,
                answer_on_bridge=True, caller_id=content["caller_id"])
    leg = {"status_callback": content["leg"], "status_callback_method": "POST",
           "status_callback_event": "initiated ringing answered completed"}
    kind, reach = content["reach"]
    if kind == "client":
        client = Client(**leg)
        client.identity(reach)
        client.parameter(name="offer", value=content["offer"])
        dial.append(client)
    elif kind == "number":
        dial.number(reach, url=content["screen"], method="POST", **leg)
    else:
        dial.sip(reach, **leg)
    response.append(dial)


def dial_devices(response, content):
    dial = Dial(action=content["over"], method="POST", timeout=content["seconds"], time_limit=4 * 3600,
                answer_on_bridge=True)
    for device in content["devices"]:
        leg = {"url": device["pick_up"], "method": "POST", "status_callback": device["leg"],
               "status_callback_method": "POST", "status_callback_event": "answered completed"}
        kind, reach = device["reach"]
        if kind == "client":
            client = Client(**leg)
            client.identity(reach)
            client.parameter(name="offer", value=device["offer"])
            dial.append(client)
        elif kind == "number":
            dial.number(reach, **leg)
        else:
            dial.sip(reach, **leg)
    response.append(dial)


def dial_outside(response, content):
    dial = Dial(action=content["over"], method="POST", timeout=30, time_limit=4 * 3600, caller_id=content["caller_id"])
    dial.number(content["number"])
    response.append(dial)


def screen(response, content):
    gather = Gather(action=content["pressed"], method="POST", num_digits=1, timeout=8)
    speak(gather, content["words"])
    response.append(gather)
    response.hangup()


def take_message(response, content):
    speak(response, content["greeting"])
    response.record(action=content["done"], method="POST", max_length=180, timeout=10, finish_on_key="#", play_beep=True,
                    trim="do-not-trim", recording_status_callback=content["status"],
                    recording_status_callback_event="completed absent", recording_status_callback_method="POST")
    response.redirect(content["empty"], method="POST")


def farewell(response, content):
    if content["words"]:
        speak(response, content["words"])
    response.hangup()


def reject(response, _content):
    response.reject(reason="busy")


def nothing(_response, _content):
    pass


BUILDERS = {builder.__name__: builder
            for builder in (hold, wait, connect, dial_devices, dial_outside, screen, take_message, farewell, reject, nothing)}


def tree(element):
    return [element.tag, element.attrib, element.text or "", [tree(child) for child in element]]


def compare(content, document):
    found = tree(ElementTree.fromstring(document.encode()))
    if content is None:
        return {"problem": None, "tree": found}
    response = VoiceResponse()
    BUILDERS[content["document"]](response, content)
    expected = tree(response.xml())
    problem = None if found == expected else f"found {found!s:.2000}, expected {expected!s:.2000}"
    return {"problem": problem, "tree": found}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(compare(question["content"], question["document"])))


main()
