// Keeps the live board as it is on the server. Rows keep their places: calls in order of arrival, agents by name. A call
// that is over stays in its row while the pointer or the focus is in the table, so that nothing moves under it.

import { showTimes } from './page.js'

const board = document.getElementById('board')
const words = new Map(Array.from(document.getElementById('states').content.querySelectorAll('li'), item => [item.dataset.state, item]))
const calls = document.getElementById('calls')
const agents = document.getElementById('agents')
const stale = document.getElementById('stale')
let clockAhead = Date.parse(board.dataset.at) - Date.now()
let told

function lasting(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const two = number => String(number).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

function secondsSince(instant) {
  return (Date.now() + clockAhead - Date.parse(instant)) / 1000
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text
}

function figure(name, text) {
  for (const element of board.querySelectorAll(`[data-figure="${name}"]`)) write(element, text)
}

function cell(row, name) {
  return row.querySelector(`[data-cell="${name}"]`)
}

function setState(row, state) {
  if (row.dataset.state === state) return
  row.dataset.state = state
  const word = words.get(state)
  const element = cell(row, 'state')
  element.className = `state ${word?.dataset.shape ?? ''}`
  write(element, word?.textContent ?? state)
}

function setSince(row, instant) {
  const ticks = row.querySelector('.ticks')
  ticks.dataset.since = instant ?? ''
  if (!instant) write(ticks, '')
}

function setNames(element, names) {
  const parts = names.flatMap((name, index) => {
    const part = document.createElement('bdi')
    part.textContent = name
    return index > 0 ? [', ', part] : [part]
  })
  if (element.textContent !== names.join(', ')) element.replaceChildren(...parts)
}

function namesOf(call) {
  if (call.agent) return [call.agent.name]
  if (call.outside) return [call.outside]
  const names = call.ringing.map(person => person.name)
  return names.length > 4 ? [...names.slice(0, 4), `+${names.length - 4}`] : names
}

function fillCall(row, call) {
  setState(row, call.state)
  setSince(row, call.since ?? call.arrived_at)
  write(cell(row, 'caller'), call.contact?.name ?? '')
  write(cell(row, 'number'), call.from)
  write(cell(row, 'channel'), call.channel.name)
  setNames(cell(row, 'with'), namesOf(call))
}

function fillAgent(row, agent) {
  setState(row, agent.state)
  setSince(row, agent.since)
  write(cell(row, 'name'), agent.name)
  write(cell(row, 'about'), agent.reason ?? agent.caller ?? '')
  const until = cell(row, 'until')
  if ((agent.until ?? '') === (until.getAttribute('datetime') ?? '')) return
  write(until, '')
  until.removeAttribute('title')
  delete until.dataset.shown
  if (agent.until) until.setAttribute('datetime', agent.until)
  else until.removeAttribute('datetime')
  showTimes(row)
}

// Each row is found by its key; new ones come in where they belong.
function fillRows(body, template, items, keyOf, fill) {
  const rows = new Map(Array.from(body.rows, row => [row.dataset.key, row]))
  let before = null
  for (const item of items) {
    let row = rows.get(keyOf(item))
    rows.delete(keyOf(item))
    if (!row) {
      row = document.getElementById(template).content.querySelector('tr').cloneNode(true)
      row.dataset.key = keyOf(item)
      before ? before.after(row) : body.prepend(row)
    }
    fill(row, item)
    before = row
  }
  for (const row of rows.values()) leave(body, row)
}

function leave(body, row) {
  const table = body.closest('table')
  if (body === calls && table.matches(':hover, :focus-within')) {
    setState(row, 'over')
    setSince(row, null)
    table.addEventListener('pointerleave', () => row.remove(), { once: true })
  } else {
    row.remove()
  }
}

function fillFigures(now) {
  const today = now.today
  figure('free', String(now.agents.filter(agent => agent.state === 'free' || agent.state === 'ringing').length))
  figure('talking', String(now.calls.filter(call => call.state === 'talking').length))
  figure('in-line', String(inLine(now).length))
  for (const name of ['answered', 'missed', 'voicemail', 'abandoned']) figure(name, String(today[name]))
  figure('median', today.median_answer_seconds === null ? '–' : lasting(today.median_answer_seconds))
  const level = today.service_level
  figure('level', level.percent === null ? '–' : `${level.percent} %`)
  const numbers = [level.within_seconds, level.short_seconds, level.answered, level.of]
  const text = numbers.reduce((text, number, index) => text.replace(`[${index}]`, number), board.dataset.level)
  write(document.getElementById('level'), text)
  figure('more', String(now.more_agents))
}

function inLine(now) {
  return now.calls.filter(call => call.state === 'ringing' || call.state === 'waiting')
}

function show(now) {
  told = now
  clockAhead = Date.parse(now.at) - Date.now()
  fillRows(calls, 'call-row', now.calls, call => call.call_id, fillCall)
  fillRows(agents, 'agent-row', now.agents, agent => agent.id, fillAgent)
  document.getElementById('no-calls').hidden = now.calls.length > 0
  document.getElementById('no-agents').hidden = now.agents.length > 0
  fillFigures(now)
  tick()
}

function tick() {
  for (const element of board.querySelectorAll('.ticks')) {
    if (element.dataset.since) write(element, lasting(secondsSince(element.dataset.since)))
  }
  if (told) {
    const waits = inLine(told).map(call => secondsSince(call.arrived_at))
    figure('longest', waits.length ? lasting(Math.max(...waits)) : '–')
  }
}

// The server says what is so every 15 seconds at least: a line that says nothing is dead, without a word after a sleep or on
// another network.
const SILENT_MAX_MS = 40_000
let tries = 0
let source
let heardAt
let timer

function connect() {
  clearTimeout(timer)
  timer = undefined
  heardAt = Date.now()
  const path = board.dataset.channel ? `?channel=${board.dataset.channel}` : ''
  source = new EventSource(new URL(`api/v1/board/stream${path}`, document.baseURI))
  source.addEventListener('board', event => {
    tries = 0
    heardAt = Date.now()
    stale.hidden = true
    show(JSON.parse(event.data))
  })
  source.addEventListener('error', lost)
}

function lost() {
  source.close()
  if (timer !== undefined) return
  write(stale, board.dataset.stale)
  stale.hidden = false
  tries += 1
  timer = setTimeout(connect, Math.min(15000, 500 * 2 ** tries) * (0.5 + Math.random()))
  // Whoever is signed out meanwhile signs in again, and comes back here.
  fetch(new URL('api/v1/me', document.baseURI)).then(answer => answer.status === 401 && location.reload(), () => {})
}

function watch() {
  if (timer === undefined && Date.now() - heardAt > SILENT_MAX_MS) lost()
}

document.getElementById('channel')?.addEventListener('change', event => event.target.form.requestSubmit())
window.addEventListener('offline', lost)
window.addEventListener('online', () => {
  source.close()
  connect()
})
setInterval(tick, 1000)
setInterval(watch, 1000)
connect()
