// The chat on a page: <script src="https://calls.example.org/chat/ID.js" async></script>. It brings its own style and
// touches nothing of the page's. What was typed is kept until it has arrived, over reloads and lost networks.

(() => {
  const script = document.currentScript
  if (!script) return
  const address = new URL(script.src)
  address.pathname = address.pathname.replace(/\.js$/, '')
  address.search = ''
  address.hash = ''
  const channel = address.pathname.split('/').pop()
  const socketAddress = address.href.replace(/^http/, 'ws')

  const WAIT_MS = 500
  const WAIT_MAX_MS = 20_000
  const SILENT_MAX_MS = 40_000
  const LOOK_EVERY_MS = 2000
  const UNSENT_MAX = 20

  const WORDS = {
    en: { chat: 'Chat', close: 'Close', say: 'Your message', send: 'Send', offline: 'No connection. What you write is sent as soon as there is one.', away: 'Nobody is here at the moment. Write to us all the same.', refused: 'This was not sent: ', too_long: 'it is too long', closed: 'the chat is closed', you: 'You', us: 'Answer', unread: count => `Chat, ${count} unread` },
    nl: { chat: 'Chat', close: 'Sluiten', say: 'Uw bericht', send: 'Verzenden', offline: 'Geen verbinding. Wat u schrijft wordt verzonden zodra die er is.', away: 'Er is nu niemand. Schrijf ons gerust toch.', refused: 'Dit is niet verzonden: ', too_long: 'het is te lang', closed: 'de chat is gesloten', you: 'U', us: 'Antwoord', unread: count => `Chat, ${count} ongelezen` },
    nb: { chat: 'Chat', close: 'Lukk', say: 'Meldingen din', send: 'Send', offline: 'Ingen forbindelse. Det du skriver, sendes så snart den er der.', away: 'Ingen er her akkurat nå. Skriv til oss likevel.', refused: 'Dette ble ikke sendt: ', too_long: 'det er for langt', closed: 'chatten er stengt', you: 'Du', us: 'Svar', unread: count => `Chat, ${count} uleste` },
    de: { chat: 'Chat', close: 'Schließen', say: 'Ihre Nachricht', send: 'Senden', offline: 'Keine Verbindung. Was Sie schreiben, wird gesendet, sobald sie da ist.', away: 'Gerade ist niemand da. Schreiben Sie uns trotzdem.', refused: 'Das wurde nicht gesendet: ', too_long: 'es ist zu lang', closed: 'der Chat ist geschlossen', you: 'Sie', us: 'Antwort', unread: count => `Chat, ${count} ungelesen` },
  }
  WORDS.no = WORDS.nb
  const spoken = [script.dataset.language, document.documentElement.lang, ...navigator.languages]
  const language = spoken.filter(Boolean).map(tag => tag.slice(0, 2)).find(tag => tag in WORDS) ?? 'en'
  const words = WORDS[language]

  const STYLE = `
    :host { all: initial; position: fixed; right: 1rem; bottom: 1rem; z-index: 2147483000; color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; color: light-dark(#1d2129, #e8eaed) }
    button, textarea { font: inherit }
    button { border: 0; border-radius: 1.5rem; padding: .6rem 1.1rem; background: #1b4f9c; color: #fff; cursor: pointer }
    button:focus-visible, textarea:focus-visible { outline: 3px solid #f0a000; outline-offset: 2px }
    .panel { display: flex; flex-direction: column; width: min(22rem, calc(100vw - 2rem)); height: min(30rem, calc(100vh - 6rem)); margin-bottom: .6rem; border: 1px solid light-dark(#b6bcc6, #4a505a); border-radius: .8rem; overflow: hidden; background: light-dark(#fff, #1f2329); box-shadow: 0 .4rem 1.6rem #0004 }
    [hidden] { display: none !important }
    .log { flex: 1; min-height: 0; overflow-y: auto }
    ul { margin: 0; padding: .8rem; list-style: none; display: flex; flex-direction: column; gap: .5rem }
    li { max-width: 85%; padding: .45rem .7rem; border-radius: .8rem; white-space: pre-wrap; overflow-wrap: anywhere }
    li.out { align-self: flex-start; background: light-dark(#e9edf3, #30363f) }
    li.in { align-self: flex-end; background: light-dark(#d6e4fa, #1d3d6b) }
    li.unsent { opacity: .75 }
    li .who { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
    li .name { display: block; font-size: .8rem; font-weight: 600 }
    p { margin: 0; padding: .4rem .8rem; font-size: .85rem; background: light-dark(#fff3d6, #4a3a10) }
    form { display: flex; gap: .5rem; padding: .6rem; border-top: 1px solid light-dark(#d5d9e0, #3a3f47) }
    textarea { flex: 1; min-width: 0; height: 2.9rem; resize: none; border: 1px solid light-dark(#757b86, #8a909a); border-radius: .5rem; padding: .3rem .5rem; background: light-dark(#fff, #14171b); color: inherit }
    .file { display: block; margin-top: .3rem; border-radius: .4rem; padding: .3rem .6rem; overflow-wrap: anywhere; text-align: start }
    .open { float: right }`

  // Where nothing may be kept, a visitor is somebody new on each page.
  const store = {
    name: `strowger-chat-${channel}`,
    read() {
      try { return JSON.parse(localStorage.getItem(this.name)) ?? {} } catch { return {} }
    },
    write(kept) {
      try { localStorage.setItem(this.name, JSON.stringify(kept)) } catch { /* nobody remembers it then */ }
    },
  }
  const kept = { visitor: null, unsent: [], isOpen: false, seen: '', ...store.read() }
  const keep = () => store.write(kept)

  const make = (tag, properties = {}, ...inner) => {
    const element = Object.assign(document.createElement(tag), properties)
    element.append(...inner)
    return element
  }
  const list = make('ul')
  const log = make('div', { className: 'log' }, list)
  log.setAttribute('role', 'log')
  log.setAttribute('aria-label', words.chat)
  log.tabIndex = 0
  const note = make('p', { hidden: true })
  note.setAttribute('role', 'status')
  const field = make('textarea', { maxLength: 4000, name: 'text' })
  field.setAttribute('aria-label', words.say)
  field.placeholder = words.say
  const form = make('form', {}, field, make('button', { type: 'submit', textContent: words.send }))
  const panel = make('section', { className: 'panel', hidden: true }, note, log, form)
  panel.setAttribute('aria-label', words.chat)
  const button = make('button', { type: 'button', className: 'open' })
  const host = make('div')
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  root.adoptedStyleSheets = [sheet]
  root.append(panel, button)

  const shown = new Map()
  const waiting = new Map()
  let unread = 0
  let socket
  let isWelcome = false
  let isAway = false
  let trouble = ''
  let tries = 0
  let heardAt = 0
  let timer

  const draw = () => {
    panel.hidden = !kept.isOpen
    button.setAttribute('aria-expanded', String(kept.isOpen))
    button.textContent = kept.isOpen ? words.close : unread > 0 ? words.unread(unread) : words.chat
    const text = trouble || (!isWelcome && kept.isOpen ? words.offline : isAway ? words.away : '')
    note.hidden = text === ''
    if (note.textContent !== text) note.textContent = text
  }

  // Never as HTML: what people write is text.
  const line = (side, text, name) => {
    const item = make('li', { className: side })
    if (side === 'out' && name) item.append(make('span', { className: 'name', textContent: name }))
    else item.append(make('span', { className: 'who', textContent: `${side === 'in' ? words.you : words.us}: ` }))
    item.append(text)
    return item
  }

  // What came with a message is fetched with what proves who asks, and saved.
  const link = ({ id, name }) => {
    const save = make('button', { type: 'button', className: 'file', textContent: `📎 ${name}` })
    save.addEventListener('click', async () => {
      const headers = { authorization: `Bearer ${kept.visitor}` }
      const answer = await fetch(`${address.href}/files/${id}`, { headers }).catch(() => undefined)
      if (!answer?.ok) return
      const href = URL.createObjectURL(await answer.blob())
      make('a', { href, download: name }).click()
      setTimeout(() => URL.revokeObjectURL(href), 60_000)
    })
    return save
  }

  const add = item => {
    list.append(item)
    log.scrollTop = log.scrollHeight
  }

  const show = ({ id, side, text, key, name, files }) => {
    if (shown.has(id)) return
    const own = key && waiting.get(key)
    const item = own ?? line(side, text, name)
    if (!own) item.append(...files.map(link))
    if (own) arrived(key)
    shown.set(id, item)
    add(item)
    if (kept.isOpen) seen(id)
    // Ids rise with the time.
    else if (side === 'out' && id > kept.seen) unread += 1
  }

  const seen = id => {
    unread = 0
    if (id > kept.seen) kept.seen = id
    keep()
  }

  const arrived = key => {
    waiting.get(key)?.classList.remove('unsent')
    waiting.delete(key)
    kept.unsent = kept.unsent.filter(unsent => unsent.key !== key)
    keep()
  }

  const wait = ({ key, text }) => {
    const item = line('in', text)
    item.classList.add('unsent')
    waiting.set(key, item)
    add(item)
  }

  const sendWaiting = () => {
    if (!isWelcome) return
    for (const { key, text } of kept.unsent) socket.send(JSON.stringify({ type: 'message', key, text }))
  }

  const hear = frame => {
    heardAt = Date.now()
    if (frame.type === 'ping') return socket.send('{"type":"pong"}')
    if (frame.type === 'welcome') {
      Object.assign(kept, { visitor: frame.visitor })
      keep()
      isWelcome = true
      isAway = !frame.open
      trouble = ''
      tries = 0
      if (frame.greeting && !shown.has('greeting')) {
        const greeting = line('out', frame.greeting)
        shown.set('greeting', greeting)
        list.prepend(greeting)
      }
      frame.messages.forEach(show)
      sendWaiting()
    } else if (frame.type === 'message') {
      show(frame)
    } else if (frame.type === 'taken') {
      const item = waiting.get(frame.key)
      if (item && !shown.has(frame.id)) shown.set(frame.id, item)
      arrived(frame.key)
    } else if (frame.type === 'error') {
      // What may come later is said again; what never will be is given back.
      if (frame.later_seconds) setTimeout(sendWaiting, frame.later_seconds * 1000)
      else if (frame.key) refuse(frame)
    }
    draw()
  }

  const refuse = ({ key, code }) => {
    const item = waiting.get(key)
    if (item && !field.value) field.value = kept.unsent.find(unsent => unsent.key === key)?.text ?? ''
    item?.remove()
    arrived(key)
    trouble = words.refused + (words[code] ?? code)
  }

  const open = () => {
    clearTimeout(timer)
    timer = undefined
    const mine = new WebSocket(socketAddress)
    socket = mine
    heardAt = Date.now()
    mine.onopen = () => mine.send(JSON.stringify({ type: 'hello', visitor: kept.visitor, name: script.dataset.name }))
    mine.onmessage = ({ data }) => mine === socket && hear(JSON.parse(data))
    mine.onclose = () => mine === socket && again()
  }

  const again = () => {
    isWelcome = false
    draw()
    const most = Math.min(WAIT_MS * 2 ** tries, WAIT_MAX_MS)
    tries += 1
    timer ??= setTimeout(open, most * (0.5 + Math.random() / 2))
  }

  const look = () => {
    // What was open on another network is dead, and may not know it.
    if (socket && timer === undefined && Date.now() - heardAt > SILENT_MAX_MS) {
      const silent = socket
      socket = undefined
      silent.close()
      again()
    }
  }

  button.addEventListener('click', () => {
    kept.isOpen = !kept.isOpen
    if (kept.isOpen) for (const id of shown.keys()) if (id !== 'greeting') seen(id)
    keep()
    draw()
    if (!kept.isOpen) return
    if (!socket) open()
    field.focus()
    log.scrollTop = log.scrollHeight
  })
  field.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    form.requestSubmit()
  })
  panel.addEventListener('keydown', event => event.key === 'Escape' && (button.click(), button.focus()))
  form.addEventListener('submit', event => {
    event.preventDefault()
    const text = field.value.trim()
    if (!text || kept.unsent.length >= UNSENT_MAX) return
    const unsent = { key: crypto.getRandomValues(new Uint32Array(4)).join('-'), text }
    kept.unsent.push(unsent)
    keep()
    field.value = ''
    trouble = ''
    wait(unsent)
    if (isWelcome) socket.send(JSON.stringify({ type: 'message', ...unsent }))
    draw()
  })
  window.addEventListener('online', () => {
    tries = 0
    if (timer !== undefined) open()
  })
  setInterval(look, LOOK_EVERY_MS)

  const begin = () => {
    document.body.append(host)
    kept.unsent.forEach(wait)
    draw()
    // Who never chatted here costs nothing.
    if (kept.visitor || kept.isOpen) open()
  }
  if (document.body) begin()
  else document.addEventListener('DOMContentLoaded', begin)
})()
