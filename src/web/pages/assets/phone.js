// The agents' softphone. It shows what the server says and nothing else: after each `welcome` all is drawn anew. Offers have
// places of their own, so that no button moves when another call comes or goes.

import { showTimes } from './page.js'
import * as sound from './ring.js'
import { Socket } from './socket.js'
import { Voice } from './voice.js'

const ENDED_SHOWN_MS = 6000
const REST_MS = 1500
const GO_WITHIN_MS = 1500

const $ = id => document.getElementById(id)
const phone = $('phone')
const words = new Map(Array.from($('words').content.querySelectorAll('li'), item => [item.dataset.word, item.textContent]))
const word = (name, ...values) => values.reduce((text, value, index) => text.replace(`[${index}]`, value), words.get(name) ?? name)
const part = (element, name) => element.querySelector(`[data-part="${name}"]`)
const tabs = new BroadcastChannel('strowger-phone')
const title = document.title
// Of this agent: a browser may have several.
const LAST_CALL = `strowger-last-call ${phone.dataset.user}`

// How much the server's clock is ahead of this one.
let clockAhead = Date.parse(phone.dataset.at) - Date.now()
const now = () => Date.now() + clockAhead

let availability
let call
let wrapUp
let offers = new Map()
const slots = Array.from(document.querySelectorAll('.slot'), element => ({ element, offer: undefined, freeAt: 0, endedUntil: 0 }))

// ---- Names, asked for once

const names = new Map()

function named(kind, id) {
  const path = `${kind}/${id}`
  if (!names.has(path)) names.set(path, api('GET', path).then(found => found.name, () => ''))
  return names.get(path)
}

async function api(method, path, body) {
  const headers = body ? { 'content-type': 'application/json' } : {}
  const answer = await fetch(new URL(`api/v1/${path}`, document.baseURI), { method, headers, body: body && JSON.stringify(body) })
  // Whoever is signed out meanwhile signs in again, and comes back here.
  if (answer.status === 401) location.reload()
  const text = await answer.text()
  const document_ = text ? JSON.parse(text) : undefined
  if (!answer.ok) throw new Error(document_?.detail ?? document_?.title ?? answer.statusText)
  return document_
}

// ---- What is written where

function write(element, text) {
  if (element.textContent !== text) element.textContent = text
}

function state(element, shape, text) {
  element.className = `state ${shape}`
  write(element, text)
}

function complain(text) {
  write($('trouble'), text)
  $('trouble').hidden = !text
}

function lasting(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = number => String(number).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

const clock = at => new Intl.DateTimeFormat(navigator.languages, { timeStyle: 'short' }).format(at)

function showCaller(element, { from, contact, channel_name }) {
  write(part(element, 'caller'), contact?.name ?? from ?? '')
  write(part(element, 'number'), contact ? from : '')
  write(part(element, 'channel'), channel_name ?? '')
}

// ---- Availability

function showAvailability() {
  const isAway = availability?.state === 'away' && !(availability.until && Date.parse(availability.until) <= now())
  const about = [availability?.reason, availability?.until && word('away-until', clock(Date.parse(availability.until)))]
  const text = isAway ? [word('is-away'), ...about.filter(Boolean)].join(' · ') : word('available')
  state($('availability'), isAway ? 'warn' : 'good', availability ? text : '')
  $('available').disabled = !isAway || !socket.isOpen()
  $('away-form').querySelector('button').disabled = !socket.isOpen()
}

$('available').addEventListener('click', () => say({ type: 'availability', state: 'available' }))

$('away-form').addEventListener('submit', event => {
  event.preventDefault()
  const form = event.target.elements
  const frame = { type: 'availability', state: 'away' }
  if (form.reason.value.trim()) frame.reason = form.reason.value.trim()
  const until = backAt(form.back.value, form.at.value)
  if (until) frame.until = until.toISOString()
  if (say(frame)) $('away').open = false
})

$('away-form').elements.back.addEventListener('change', event => {
  $('back-at').hidden = event.target.value !== 'at'
})

// The next time that the clock shows this.
function backAt(choice, time) {
  if (choice === '') return undefined
  if (choice !== 'at') return new Date(now() + Number(choice) * 60_000)
  if (!time) return undefined
  const [hours, minutes] = time.split(':').map(Number)
  const at = new Date()
  at.setHours(hours, minutes, 0, 0)
  if (at <= new Date()) at.setDate(at.getDate() + 1)
  return at
}

// ---- Offers

function addOffer(offer) {
  if (offers.has(offer.offer_id)) return
  offers.set(offer.offer_id, offer)
  place()
  announce(offer)
}

function announce(offer) {
  const who = offer.contact?.name ?? offer.from
  write($('announced'), word('offered', who))
  offer.notification = sound.notify(word('offered', who), offer.contact ? offer.from : '', offer.offer_id)
}

// Oldest first, into places that are free; whoever is in one stays there.
function place() {
  const shown = new Set(slots.map(slot => slot.offer?.offer_id))
  const waiting = [...offers.values()].filter(offer => !shown.has(offer.offer_id))
  for (const offer of waiting) {
    const free = slots.filter(slot => !slot.offer && slot.freeAt <= Date.now()).sort((a, b) => a.freeAt - b.freeAt)[0]
    if (!free) break
    Object.assign(free, { offer, endedUntil: 0 })
    showCaller(free.element, offer)
    write(part(free.element, 'ended'), '')
  }
  const more = [...offers.keys()].filter(id => !slots.some(slot => slot.offer?.offer_id === id)).length
  write($('more-offers'), more > 0 ? word('more', more) : offers.size === 0 ? word('no-offers') : '')
  showOffers()
}

function showOffers() {
  for (const { element, offer } of slots) {
    const rings = Boolean(offer)
    element.classList.toggle('taken', rings)
    for (const button of element.querySelectorAll('button')) button.disabled = !rings || !socket.isOpen() || Boolean(offer.isAnswered)
    if (!rings) write(part(element, 'left'), '')
  }
  // Without a connection nothing can be taken, and nobody knows whether the caller is still there.
  const ringing = socket.isOpen() ? [...offers.values()].filter(offer => !offer.isAnswered) : []
  sound.ring(ringing.length > 0)
  $('silent').hidden = !sound.isSilent()
  document.title = ringing.length > 0 ? `☎ ${word('offered', ringing[0].contact?.name ?? ringing[0].from)}` : title
  expectLeg()
}

// Only the leg of a call that they have accepted is taken without asking.
function expectLeg() {
  if (!voice) return
  const isAccepted = [...offers.values()].some(offer => offer.isAnswered === 'accept')
  voice.isExpected = isAccepted || (call?.state === 'connecting' && !call.isOver)
}

// Its place says for a while what became of it, with nothing in it that can be clicked.
async function endOffer(id, cause, by) {
  const offer = offers.get(id)
  offers.delete(id)
  offer?.notification?.close()
  const slot = slots.find(slot => slot.offer?.offer_id === id)
  if (slot) {
    Object.assign(slot, { offer: undefined, freeAt: Date.now() + REST_MS, endedUntil: Date.now() + ENDED_SHOWN_MS })
    setTimeout(place, REST_MS)
  }
  place()
  const text = await ended(cause, by)
  if (slot && !slot.offer) write(part(slot.element, 'ended'), text)
  write($('announced'), text)
}

async function ended(cause, by) {
  if (cause === 'taken' && by === phone.dataset.user) return word('taken-here')
  if (cause === 'taken') return word('taken-by', await named('users', by))
  return word(cause.replaceAll('_', '-'))
}

for (const slot of slots) {
  slot.element.addEventListener('click', ({ target }) => {
    const does = target.closest('button')?.dataset.does
    if (does && slot.offer) answer(slot.offer, does)
  })
}

function answer(offer, does) {
  sound.unlock()
  if (offer.leg) return answerDevice(offer, does)
  if (!say({ type: does, offer_id: offer.offer_id, ref: `${does} ${offer.offer_id}` })) return undefined
  offer.isAnswered = does
  return showOffers()
}

// ---- The call

function startCall(started) {
  if (call && call.call_id !== started.call_id) saveNote().catch(failed)
  const known = call?.call_id === started.call_id ? call : {}
  const offer = [...offers.values()].find(offer => offer.call_id === started.call_id)
  const about = offer && { from: offer.from, contact: offer.contact, channel_name: offer.channel_name }
  call = { ...about, ...known, ...started }
  if (!started.since) call.since = new Date(now()).toISOString()
  wrapUp = undefined
  sessionStorage.setItem(LAST_CALL, JSON.stringify(call))
  showCall()
}

async function endCall(id) {
  if (call?.call_id !== id) return
  const talked = call.state === 'talking'
  call = { ...call, state: talked ? 'ended' : 'failed', isOver: true }
  sessionStorage.setItem(LAST_CALL, JSON.stringify(call))
  showCall()
  await lookAtWrapUp()
  refreshLists()
}

// Whether there is something to write down, and for how long.
async function lookAtWrapUp() {
  const doing = await api('GET', `users/${phone.dataset.user}/availability`).catch(() => undefined)
  if (!doing || (call && !call.isOver)) return
  setWrapUp(doing.occupation, doing.wraps_up_until)
}

let wrapUpTimer

function setWrapUp(occupation, until) {
  clearTimeout(wrapUpTimer)
  wrapUp = occupation === 'wrapping_up' ? (until ?? true) : undefined
  if (wrapUp && until) wrapUpTimer = setTimeout(lookAtWrapUp, Math.max(1000, Date.parse(until) - now() + 500))
  showCall()
}

function showCall() {
  const element = $('call')
  const isLive = Boolean(call) && !call.isOver
  element.dataset.state = isLive ? call.state : wrapUp ? 'wrap-up' : 'none'
  showCaller(element, call ?? {})
  const shown = part(element, 'state')
  if (isLive) state(shown, 'busy', word(call.state === 'talking' ? 'is-talking' : 'is-connecting'))
  else if (wrapUp) state(shown, 'busy', word('wraps-up'))
  else state(shown, '', word(call ? (call.state === 'failed' ? 'connecting-failed' : 'call-over') : 'no-call'))
  const isOpen = socket.isOpen()
  $('hang-up').disabled = !isLive || !isOpen
  $('ready').disabled = !wrapUp || !isOpen
  $('close-ticket').disabled = !call?.ticket_id || isLive || call.isClosed
  $('hand-on-form').querySelector('button').disabled = call?.state !== 'talking' || !isOpen
  $('note-form').querySelector('button').disabled = !(note.ticket_id ?? call?.ticket_id) || note.isBeingSaved
  $('ticket').hidden = !call?.ticket_id
  if (call?.ticket_id) $('ticket').href = new URL(`tickets/${call.ticket_id}`, document.baseURI)
  expectLeg()
  tick()
}

$('hang-up').addEventListener('click', () => {
  if (say({ type: 'hang_up', call_id: call.call_id })) $('hang-up').disabled = true
})

$('ready').addEventListener('click', () => {
  if (!say({ type: 'ready' })) return
  setWrapUp('free')
  tabs.postMessage('ready')
})

$('close-ticket').addEventListener('click', async () => {
  const { ticket_id } = call
  $('close-ticket').disabled = true
  try {
    await saveNote()
    await api('PATCH', `tickets/${ticket_id}`, { status: 'closed' })
    if (call.ticket_id === ticket_id) call.isClosed = true
    write($('note-said'), word('ticket-closed'))
    if (wrapUp) $('ready').click()
  } catch (error) {
    complain(word('not-done', error.message))
  }
  showCall()
})

// ---- Notes

let note = { isBeingSaved: false }

$('note-form').elements.text.addEventListener('input', () => {
  note.ticket_id ??= call?.ticket_id
  write($('note-said'), '')
})

$('note-form').addEventListener('submit', event => {
  event.preventDefault()
  saveNote().catch(failed)
})

// On the ticket about which it was begun, also when the next call is there already.
async function saveNote() {
  const { text } = $('note-form').elements
  const ticket_id = note.ticket_id ?? call?.ticket_id
  const typed = text.value
  if (!typed.trim() || !ticket_id || note.isBeingSaved) return
  note.isBeingSaved = true
  showCall()
  try {
    await api('POST', `tickets/${ticket_id}/notes`, { text: typed.trim() })
    // What was typed meanwhile stays.
    text.value = text.value.startsWith(typed) ? text.value.slice(typed.length) : text.value
    note.ticket_id = text.value ? call?.ticket_id : undefined
    write($('note-said'), word('note-saved'))
  } finally {
    note.isBeingSaved = false
    showCall()
  }
}

// ---- Handing on

$('hand-on').addEventListener('toggle', async () => {
  if (!$('hand-on').open) return
  try {
    const [users, teams] = await Promise.all([api('GET', 'users?limit=500'), api('GET', 'teams?limit=500')])
    const others = users.items.filter(user => user.id !== phone.dataset.user)
    const { to } = $('hand-on-form').elements
    const chosen = to.value
    $('to-agents').replaceChildren(...others.sort(byName).map(user => choice(`agent ${user.id}`, user.name)))
    $('to-teams').replaceChildren(...teams.items.sort(byName).map(team => choice(`team ${team.id}`, team.name)))
    if ([...to.options].some(option => option.value === chosen)) to.value = chosen
  } catch (error) {
    failed(error)
  }
})

const byName = (a, b) => a.name.localeCompare(b.name)

function choice(value, text) {
  const option = document.createElement('option')
  Object.assign(option, { value, textContent: text })
  return option
}

$('hand-on-form').elements.to.addEventListener('change', event => {
  $('to-number').hidden = event.target.value !== 'number'
  $('hand-on-form').elements.number.required = event.target.value === 'number'
})

$('hand-on-form').addEventListener('submit', event => {
  event.preventDefault()
  const form = event.target.elements
  const [kind, id] = form.to.value.split(' ')
  const to = kind === 'number' ? { number: form.number.value.replaceAll(/[\s()/-]/g, '') } : { [kind]: id }
  if (call && say({ type: 'transfer', call_id: call.call_id, to })) $('hand-on').open = false
})

// ---- What the server says

function hear(frame) {
  switch (frame.type) {
    case 'welcome': return welcome(frame)
    case 'offer': return addOffer(frame)
    case 'offer_ended':
    case 'offer_lost': return endOffer(frame.offer_id, frame.cause, frame.by)
    case 'offer_won': return won(frame)
    case 'call': return frame.state === 'ended' ? endCall(frame.call_id) : startCall(frame)
    case 'ticket':
      if (call?.call_id === frame.call_id) startTicket(frame.ticket_id)
      return undefined
    case 'availability':
      availability = frame
      return showAvailability()
    case 'softphone_token': return frame.kind === 'twilio' ? voice?.useToken(frame.token).catch(failed) : undefined
    case 'notification': return countUnread()
    case 'error': return refused(frame)
    default: return undefined
  }
}

function welcome(frame) {
  complain('')
  availability = frame.availability
  for (const id of offers.keys()) {
    if (!offers.get(id).leg && !frame.offers.some(offer => offer.offer_id === id)) endOffer(id, 'withdrawn')
  }
  for (const offer of frame.offers) addOffer(offer)
  for (const offer of offers.values()) offer.isAnswered = false
  const isOver = call && !call.isOver && frame.call?.call_id !== call.call_id
  if (frame.call) startCall(frame.call)
  else if (isOver) endCall(call.call_id)
  else call ??= lastCall(frame.occupation)
  if (!frame.call) setWrapUp(frame.occupation, frame.wraps_up_until)
  showAvailability()
  place()
  sayMedia()
}

// What is left to be done after a call outlives a reload.
function lastCall(occupation) {
  const last = JSON.parse(sessionStorage.getItem(LAST_CALL) ?? 'null')
  return occupation === 'wrapping_up' && last ? { ...last, state: 'ended', isOver: true } : undefined
}

function won({ offer_id, call_id }) {
  const offer = offers.get(offer_id)
  if (offer) startCall({ call_id, state: 'connecting', from: offer.from, contact: offer.contact, channel_name: offer.channel_name })
  endOffer(offer_id, 'taken', phone.dataset.user)
}

function startTicket(ticket_id) {
  call = { ...call, ticket_id }
  sessionStorage.setItem(LAST_CALL, JSON.stringify(call))
  write($('note-said'), '')
  showCall()
}

// What is told meanwhile is counted where the pages lead to it.
function countUnread() {
  const shown = $('unread')
  const count = part(shown, 'count')
  if (!count.textContent.endsWith('+')) write(count, String(Number(count.textContent) + 1))
  shown.hidden = false
}

function refused({ code, detail, ref }) {
  for (const offer of offers.values()) {
    if (String(ref).endsWith(offer.offer_id)) offer.isAnswered = false
  }
  const known = code.replaceAll('_', '-')
  complain(words.has(known) ? word(known) : word('not-done', detail))
  showOffers()
  showCall()
}

function say(frame) {
  complain('')
  if (socket.say(frame)) return true
  complain(word('trying-again'))
  return false
}

// ---- Speaking here, where the operator has put the telephone company's script

const voice = phone.dataset.voice ? new Voice(new URL(phone.dataset.voice, document.baseURI), showVoice, deviceRings) : undefined

function failed(error) {
  complain(word('not-done', error.message))
}

function showVoice(gone) {
  const device = [...offers.values()].find(offer => offer.leg && offer.leg === gone)
  if (device) endOffer(device.offer_id, 'caller-hung-up')
  $('mute').disabled = !voice.leg
  if (!voice.leg) $('mute').setAttribute('aria-pressed', 'false')
  sayMedia()
}

// A channel that rings devices rings this one without an offer.
function deviceRings(leg) {
  const from = leg.parameters?.From ?? ''
  addOffer({ offer_id: `device ${from}`, from, leg, expires_at: new Date(now() + 60_000).toISOString() })
}

function answerDevice({ offer_id, leg }, does) {
  endOffer(offer_id, does === 'accept' ? 'taken' : 'declined', phone.dataset.user)
  if (does === 'accept') voice.accept(leg)
  else leg.reject()
}

$('mute')?.addEventListener('click', () => $('mute').setAttribute('aria-pressed', String(voice.mute())))

// ---- Microphone and sounds

let media

// Of a telephone that is not here nothing is known here.
function sayMedia() {
  if (phone.dataset.reach !== 'client' || (!media && !voice)) return
  socket.say({ type: 'media', registered: voice?.isRegistered ?? true, microphone: media?.microphone ?? true })
}

function showMicrophone(works, name) {
  media = { microphone: works }
  state($('microphone'), works ? 'good' : 'bad', word(name))
  $('other-device').hidden = works
  sayMedia()
}

$('check-microphone').addEventListener('click', async () => {
  state($('microphone'), 'busy', word('speak-now'))
  $('check-microphone').disabled = true
  try {
    const isHeard = await sound.listen(4, level => { $('level').value = level })
    showMicrophone(isHeard, isHeard ? 'microphone-works' : 'microphone-silent')
    showOutputs()
  } catch {
    showMicrophone(false, 'microphone-fails')
  } finally {
    $('check-microphone').disabled = false
  }
})

$('other-device').addEventListener('click', () => showMicrophone(true, 'microphone-works'))

$('play-tone').addEventListener('click', async () => {
  await touched()
  sound.tone()
})

$('notify').addEventListener('click', async () => {
  await Notification.requestPermission()
  $('notify').hidden = true
})

async function showOutputs() {
  const all = await sound.outputs()
  $('outputs').hidden = all.length === 0
  const options = all.map(({ id, label, isChosen }) => Object.assign(choice(id, label), { selected: isChosen }))
  $('outputs').querySelector('select').replaceChildren(...options)
}

$('outputs').addEventListener('change', event => sound.useOutput(event.target.value))

let takesTurns = false

async function touched() {
  await sound.unlock()
  if (!takesTurns && !sound.isSilent()) {
    takesTurns = true
    $('elsewhere').hidden = !navigator.locks
    sound.takeTurns(() => { $('elsewhere').hidden = true })
  }
  showOffers()
}

for (const event of ['pointerdown', 'keydown']) document.addEventListener(event, touched, { once: true, capture: true })

// ---- Lists

async function refreshLists() {
  const answer = await fetch(new URL('phone', document.baseURI)).catch(() => undefined)
  if (!answer?.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const at = page.getElementById('phone')?.dataset.at
  if (at) clockAhead = Date.parse(at) - Date.now()
  const fresh = page.getElementById('lists')
  // Nothing moves under the pointer.
  if (!fresh || $('lists').matches(':hover, :focus-within')) return
  $('lists').replaceChildren(...fresh.childNodes)
  showTimes($('lists'))
}

phone.addEventListener('submit', async event => {
  if (!event.target.matches('.called-back')) return
  event.preventDefault()
  const id = event.target.action.split('/').pop()
  const button = event.target.querySelector('button')
  button.disabled = true
  try {
    await api('POST', `calls/${id}/called_back`)
    button.blur()
    const said = document.createElement('span')
    said.className = 'state good'
    said.textContent = button.textContent
    event.target.replaceWith(said)
  } catch (error) {
    button.disabled = false
    complain(word('not-done', error.message))
  }
})

// ---- Keys: a accepts the oldest call, d declines it

let goSince = -Infinity

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
  if (event.target.matches('input, select, textarea') || document.querySelector('dialog[open]')) return
  if (event.key === 'g') goSince = event.timeStamp
  const does = { a: 'accept', d: 'decline' }[event.key]
  const first = [...offers.values()].find(offer => !offer.isAnswered)
  if (does && first && event.timeStamp - goSince > GO_WITHIN_MS) answer(first, does)
})

// ---- Time

function tick() {
  for (const slot of slots) {
    const { element, offer } = slot
    if (offer) write(part(element, 'left'), lasting(Date.parse(offer.expires_at) - now()))
    else if (slot.endedUntil && slot.endedUntil <= Date.now()) clear(slot)
  }
  const seconds = part($('call'), 'seconds')
  if (call && !call.isOver) write(seconds, lasting(now() - Date.parse(call.since)))
  else if (typeof wrapUp === 'string') write(seconds, lasting(Date.parse(wrapUp) - now()))
  else write(seconds, '')
  // An absence may end by itself.
  if (availability?.until) showAvailability()
}

function clear(slot) {
  slot.endedUntil = 0
  showCaller(slot.element, {})
  write(part(slot.element, 'ended'), '')
}

function connected(isOpen) {
  state($('link'), isOpen ? 'good' : 'bad', word(isOpen ? 'connected' : 'trying-again'))
  if (!isOpen) {
    showOffers()
    showCall()
    showAvailability()
    // Whoever is signed out meanwhile signs in again, and comes back here.
    api('GET', 'me').catch(() => {})
  }
}

tabs.onmessage = ({ data }) => data === 'ready' && setWrapUp('free')
$('live').hidden = false
$('needs-script').hidden = true
$('notify').hidden = !sound.mayAskToNotify()
const socket = new Socket(hear, connected)
setInterval(tick, 1000)
setInterval(refreshLists, 60_000)
showOutputs()
