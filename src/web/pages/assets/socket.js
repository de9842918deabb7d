// The softphones' socket, kept open: through sleep, a change of networks, and a daemon that starts again. What is true comes
// only with `welcome`.

const PROTOCOL = 'strowger.v1'
// The server says something at least every 15 seconds.
const SILENT_MAX_MS = 40_000
const SILENT_AFTER_SLEEP_MAX_MS = 20_000
const LOOK_EVERY_MS = 2000
const WAIT_MS = 400
const WAIT_MAX_MS = 15_000

export class Socket {
  // `told` gets every frame, `state` whether it is open.
  constructor(told, state) {
    Object.assign(this, { told, state, tries: 0, heardAt: 0, lookedAt: Date.now() })
    setInterval(() => this.look(), LOOK_EVERY_MS)
    // What was open on another network is dead, and may not know it.
    window.addEventListener('offline', () => this.drop())
    window.addEventListener('online', () => {
      this.tries = 0
      this.drop()
    })
    for (const event of ['pageshow', 'focus']) window.addEventListener(event, () => this.hurry())
    document.addEventListener('visibilitychange', () => document.hidden || this.hurry())
    this.open()
  }

  // False: it is not open, and what was to be said is not said.
  say(frame) {
    if (!this.isOpen()) return false
    this.socket.send(JSON.stringify(frame))
    return true
  }

  isOpen() {
    return this.socket?.readyState === WebSocket.OPEN && Boolean(this.isWelcome)
  }

  open() {
    clearTimeout(this.timer)
    this.timer = undefined
    const url = new URL('softphone', document.baseURI)
    url.protocol = url.protocol.replace('http', 'ws')
    const socket = new WebSocket(url, PROTOCOL)
    Object.assign(this, { socket, isWelcome: false, heardAt: Date.now() })
    socket.onopen = () => this.resume && socket.send(JSON.stringify({ type: 'resume', token: this.resume, ref: 'resume' }))
    socket.onmessage = ({ data }) => socket === this.socket && this.hear(JSON.parse(data))
    socket.onclose = () => socket === this.socket && this.again()
  }

  hear(frame) {
    this.heardAt = Date.now()
    if (frame.type === 'ping') return this.socket.send('{"type":"pong"}')
    // What is resumed too late is whole all the same.
    if (frame.ref === 'resume' && frame.type === 'error') return
    if (frame.type === 'welcome') {
      Object.assign(this, { resume: frame.resume, tries: 0, isWelcome: true })
      this.state(true)
    }
    this.told(frame)
  }

  again() {
    this.isWelcome = false
    this.state(false)
    const wait = Math.min(WAIT_MAX_MS, WAIT_MS * 2 ** this.tries++) * (0.5 + Math.random())
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.open(), wait)
  }

  // A socket that says nothing may be dead without a word, all the more if the machine slept. That we look seldom is no sleep yet:
  // browsers do that to pages that nobody sees.
  look() {
    const [now, before] = [Date.now(), this.lookedAt]
    this.lookedAt = now
    const slept = now - before > 10 * LOOK_EVERY_MS
    const silent = now - this.heardAt
    if (this.timer === undefined && (silent > SILENT_MAX_MS || (slept && silent > SILENT_AFTER_SLEEP_MAX_MS))) this.drop()
  }

  drop() {
    const { socket } = this
    this.socket = undefined
    socket?.close()
    this.again()
  }

  hurry() {
    if (this.timer !== undefined) this.open()
    else this.look()
  }
}
