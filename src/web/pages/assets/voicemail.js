// Where a message is being played is seen on its waveform, and chosen there with the mouse. The player itself has keys.

for (const box of document.querySelectorAll(".voicemail")) {
  const audio = box.querySelector("audio");
  const wave = box.querySelector(".wave");
  const playhead = wave?.querySelector(".playhead");
  if (!playhead) continue;
  const width = wave.viewBox.baseVal.width;
  const seconds = () => (Number.isFinite(audio.duration) ? audio.duration : Number(box.dataset.seconds)) || 1;
  audio.addEventListener("timeupdate", () => {
    const x = String((audio.currentTime / seconds()) * width);
    playhead.setAttribute("x1", x);
    playhead.setAttribute("x2", x);
  });
  wave.addEventListener("click", async (event) => {
    const place = wave.getBoundingClientRect();
    const at = ((event.clientX - place.left) / place.width) * seconds();
    if (audio.readyState === 0) await audio.play().catch(() => {});
    audio.currentTime = at;
  });
}
