// Plays the steps of a test call one after the other: sounds as callers hear them, what is said by the voice of the browser.

const STEP_MS = 1200
const SOUND_MAX_MS = 8000

const page = document.getElementById('played')
let run = 0

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

async function sound(audio) {
  audio.currentTime = 0
  const over = new Promise(resolve => audio.addEventListener('ended', resolve, { once: true }))
  try {
    await audio.play()
    await Promise.race([over, pause(SOUND_MAX_MS)])
  } catch {
    // What can't be played is read.
    await pause(STEP_MS)
  }
  audio.pause()
}

async function voice(text) {
  const said = new SpeechSynthesisUtterance(text.textContent)
  said.lang = text.lang
  const over = new Promise(resolve => { said.onend = said.onerror = resolve })
  speechSynthesis.speak(said)
  // Without a voice nobody says when it is over.
  await Promise.race([over, pause(500 + 80 * text.textContent.length)])
}

async function play(steps, button) {
  const mine = ++run
  for (const step of steps) {
    step.setAttribute('aria-current', 'step')
    const [audio, text] = [step.querySelector('audio'), step.querySelector('q')]
    if (audio) await sound(audio)
    else if (text && 'speechSynthesis' in window) await voice(text)
    else await pause(STEP_MS)
    step.removeAttribute('aria-current')
    if (mine !== run) break
  }
  if (button.dataset.run === String(mine)) button.textContent = page.dataset.play
}

function stop() {
  run += 1
  window.speechSynthesis?.cancel()
  for (const audio of page.querySelectorAll('audio')) audio.pause()
  for (const button of page.querySelectorAll('.play')) button.textContent = page.dataset.play
}

for (const list of page?.querySelectorAll('.heard') ?? []) {
  if (list.children.length === 0) continue
  const button = document.createElement('button')
  Object.assign(button, { type: 'button', className: 'play', textContent: page.dataset.play })
  button.addEventListener('click', () => {
    const isPlaying = button.textContent === page.dataset.stop
    stop()
    if (isPlaying) return
    button.textContent = page.dataset.stop
    button.dataset.run = String(run + 1)
    play([...list.children], button)
  })
  list.before(button)
}
