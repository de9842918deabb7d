// Rings: a tone made here, in one tab only, and a notification if the agent wants them.

const RING_EVERY_MS = 3000
const RINGS_IN = 'strowger-rings'
const OUTPUT = 'strowger-output'

let context
let timer
let isRinging = false
let isOurs = !navigator.locks

// Browsers make a sound only after somebody has touched the page.
export function unlock() {
  context ??= new AudioContext()
  const output = localStorage.getItem(OUTPUT)
  if (output && context.setSinkId) context.setSinkId(output).catch(() => localStorage.removeItem(OUTPUT))
  return context.resume()
}

export function isSilent() {
  return context?.state !== 'running'
}

// Of all tabs that can make a sound one has the right to; when it closes, the next one has. `changed` is told when it is ours.
export function takeTurns(changed) {
  if (!navigator.locks) return changed()
  navigator.locks.request(RINGS_IN, () => {
    isOurs = true
    changed()
    update()
    return new Promise(() => {})
  })
}

export function isOurTurn() {
  return isOurs
}

export function ring(shouldRing) {
  isRinging = shouldRing
  update()
}

function update() {
  const sounds = isRinging && isOurs && !isSilent()
  if (sounds && !timer) {
    tone()
    timer = setInterval(tone, RING_EVERY_MS)
  } else if (!sounds) {
    clearInterval(timer)
    timer = undefined
  }
}

// Two short rings of two tones, as telephones do, that neither begin nor end with a click.
export function tone() {
  if (isSilent()) return
  for (const start of [0, 0.6]) {
    const gain = context.createGain()
    gain.connect(context.destination)
    const at = context.currentTime + start
    gain.gain.setValueAtTime(0, at)
    gain.gain.linearRampToValueAtTime(0.12, at + 0.03)
    gain.gain.setValueAtTime(0.12, at + 0.37)
    gain.gain.linearRampToValueAtTime(0, at + 0.4)
    for (const frequency of [400, 450]) {
      const oscillator = context.createOscillator()
      oscillator.frequency.value = frequency
      oscillator.connect(gain)
      oscillator.start(at)
      oscillator.stop(at + 0.42)
    }
  }
}

export async function useOutput(id) {
  localStorage.setItem(OUTPUT, id)
  await context?.setSinkId?.(id)
}

// Where sounds can come out; none, where the browser lets nobody choose.
export async function outputs() {
  if (!('setSinkId' in AudioContext.prototype) || !navigator.mediaDevices) return []
  const devices = await navigator.mediaDevices.enumerateDevices()
  const chosen = localStorage.getItem(OUTPUT) ?? ''
  const sinks = devices.filter(device => device.kind === 'audiooutput' && device.deviceId && device.label)
  return sinks.map(({ deviceId, label }) => ({ id: deviceId, label, isChosen: deviceId === chosen }))
}

export function mayAskToNotify() {
  return 'Notification' in window && Notification.permission === 'default'
}

// The same call from several tabs is one notification.
export function notify(title, body, tag) {
  if (!('Notification' in window) || Notification.permission !== 'granted' || !isOurs) return undefined
  const notification = new Notification(title, { body, tag })
  notification.onclick = () => {
    window.focus()
    notification.close()
  }
  return notification
}

// Listens to the microphone for a while: `heard` is told how loud it is, from 0 to 1. Answers whether anything was heard.
export async function listen(seconds, heard) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
  try {
    await unlock()
    return (await loudest(stream, seconds, heard)) > 0.02
  } finally {
    heard(0)
    for (const track of stream.getTracks()) track.stop()
  }
}

async function loudest(stream, seconds, heard) {
  const analyser = context.createAnalyser()
  const source = context.createMediaStreamSource(stream)
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let most = 0
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    analyser.getFloatTimeDomainData(samples)
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
    const level = Math.min(1, Math.sqrt(power) * 4)
    most = Math.max(most, level)
    heard(level)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  source.disconnect()
  return most
}
