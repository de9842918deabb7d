// Records a message in the browser as a WAV file, and puts it into the form as if it had been chosen from the disk.

const SECONDS_MAX = 300;

/** A WAV file: mono, 16 bits. */
export function wav(pieces, rate) {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + length * 2));
  const text = (at, letters) => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, length * 2, true);
  let at = 44;
  for (const piece of pieces) {
    for (const sample of piece) {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}

/** Makes the record button of a message work. */
export function recorder(message) {
  const button = message.querySelector(".record");
  const told = message.querySelector(".recorded");
  const input = message.querySelector('input[type="file"]');
  const audio = message.querySelector("audio");
  const usual = button.textContent;
  let running;

  const start = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    try {
      await hear(stream);
    } catch (error) {
      stream.getTracks().forEach((track) => track.stop());
      throw error;
    }
  };

  const hear = async (stream) => {
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL("./microphone.js", import.meta.url));
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    const pieces = [];
    let samples = 0;
    node.port.onmessage = ({ data }) => {
      pieces.push(data);
      samples += data.length;
      told.textContent = `${Math.floor(samples / context.sampleRate)} s`;
      if (running && samples > SECONDS_MAX * context.sampleRate) stop();
    };
    context.createMediaStreamSource(stream).connect(node);
    running = { stream, context, pieces };
    button.textContent = button.dataset.stop;
    button.classList.add("rings");
  };

  const stop = async () => {
    const { stream, context, pieces } = running;
    running = undefined;
    stream.getTracks().forEach((track) => track.stop());
    const rate = context.sampleRate;
    await context.close();
    button.textContent = usual;
    button.classList.remove("rings");
    const files = new DataTransfer();
    files.items.add(new File([wav(pieces, rate)], "recording.wav", { type: "audio/wav" }));
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  if (navigator.mediaDevices?.getUserMedia && window.AudioWorkletNode) button.hidden = false;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      await (running ? stop() : start());
    } catch {
      told.textContent = button.dataset.refused;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  input.addEventListener("change", () => {
    if (!input.files.length) return;
    audio.src = URL.createObjectURL(input.files[0]);
    audio.hidden = false;
  });
}
