// Runs beside the page while a message is recorded: hands on what the microphone hears.

class Microphone extends AudioWorkletProcessor {
  process([input]) {
    if (input[0]) this.port.postMessage(input[0].slice());
    return true;
  }
}

registerProcessor("microphone", Microphone);
