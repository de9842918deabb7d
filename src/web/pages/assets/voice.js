// Speaks and hears in this browser, by the telephone company's own script. It is loaded only where the operator has put it, and
// once there is a token for it; of several tabs one speaks.

const SPEAKS_IN = 'strowger-speaks'

export class Voice {
  // `address` of the script. `changed` is told when it is registered or not, and when it talks or not; `rings` of a call that
  // comes by itself.
  constructor(address, changed, rings) {
    Object.assign(this, { address, changed, rings, isRegistered: false, isExpected: false, leg: undefined })
  }

  async useToken(token) {
    this.token = token
    if (this.device) return this.device.updateToken(token)
    if (this.isInTurn) return undefined
    this.isInTurn = true
    return inTurn(() => this.register())
  }

  async register() {
    await load(this.address)
    const device = new window.Twilio.Device(this.token, { closeProtection: true })
    this.device = device
    // The page rings by itself.
    device.audio?.incoming(false)
    device.on('registered', () => this.now({ isRegistered: true }))
    device.on('unregistered', () => this.now({ isRegistered: false }))
    device.on('error', () => this.now({ isRegistered: device.state === 'registered' }))
    device.on('incoming', leg => this.incoming(leg))
    await device.register()
  }

  // Whoever has accepted hears the caller at once.
  incoming(leg) {
    for (const event of ['disconnect', 'cancel', 'reject', 'error']) leg.on(event, () => this.over(leg))
    if (this.isExpected) this.accept(leg)
    else this.rings(leg)
  }

  accept(leg) {
    this.now({ leg })
    leg.accept()
  }

  over(leg) {
    if (this.leg === leg) this.now({ leg: undefined })
    else this.changed(leg)
  }

  // Whether it is mute now.
  mute() {
    this.leg?.mute(!this.leg.isMuted())
    return Boolean(this.leg?.isMuted())
  }

  now(state) {
    Object.assign(this, state)
    this.changed()
  }
}

// When no other tab does it, or does it any more.
function inTurn(act) {
  if (!navigator.locks) return act()
  return navigator.locks.request(SPEAKS_IN, async () => {
    await act()
    return new Promise(() => {})
  })
}

function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = address
    script.onload = resolve
    script.onerror = () => reject(new Error(`${address} can't be loaded`))
    document.head.append(script)
  })
}
