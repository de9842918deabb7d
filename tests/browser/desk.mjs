// The desk as a story has it in its hands: the API as an admin, callers, agents' telephones.

import { until } from './waiting.mjs'

export class Desk {
  constructor(url, token, control) {
    Object.assign(this, { url, token, control, numbers: 0 })
  }

  async api(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' }
    return ask(`${this.url}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) })
  }

  get = path => this.api('GET', path)
  post = (path, body) => this.api('POST', path, body)
  patch = (path, body) => this.api('PATCH', path, body)
  delete = path => this.api('DELETE', path)

  // A user who is reached in the browser. Their document, with its id.
  user(name, more = {}) {
    const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
    const reach = { client: plain }
    return this.post('users', { name, email: `${plain}@example.org`, role: 'agent', seats: ['service'], reach, ...more })
  }

  // A number that is always open and rings nobody, but for what `more` says. Its document, with its id.
  channel(more = {}) {
    const number = `+431${String(1_000_000 + this.numbers++)}`
    const document = { kind: 'calling', name: `Support ${number}`, provider: 'main', number, hours: { mode: 'always' }, routing: {} }
    return this.post('channels', { ...document, ...more })
  }

  // The link by which this user chooses a password.
  async invitation(user) {
    return (await this.post('invitations', { user: user.id })).url
  }

  // The link by which the first admin comes in.
  async firstStart() {
    return (await this.hand('sign-in-link')).url
  }

  // Somebody calls. `said`: from, patience_seconds (real ones), message_seconds.
  async call(channel, said = {}) {
    const { sid } = await this.hand('callers', { channel: channel.id, to: channel.number ?? channel.numbers[0], ...said })
    const look = () => ask(`${this.control}/callers/${sid}`)
    return {
      sid,
      look,
      until: (what, wished) => until(`a call that ${what}`, async () => {
        const call = await look()
        return wished(call) && call
      }),
      hangUp: () => this.hand(`callers/${sid}/hang-up`),
    }
  }

  // How an agent's telephone behaves from now on: answers, no_answer, busy, unregistered. `name` as in `client:name`.
  telephone(name, does) {
    return this.hand(`telephones/${encodeURIComponent(name)}`, does)
  }

  hangUpTelephone(name) {
    return this.hand(`telephones/${encodeURIComponent(name)}/hang-up`)
  }

  // Kills the program and starts it again.
  restart() {
    return this.hand('restart')
  }

  // Puts a file into the data folder.
  put(name, text) {
    return this.hand(`files/${name}`, text)
  }

  hand(path, body) {
    const headers = { 'content-type': 'application/json' }
    return ask(`${this.control}/${path}`, { method: 'POST', headers, body: body && JSON.stringify(body) })
  }
}

async function ask(url, request = {}) {
  const answer = await fetch(url, request)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${request.method ?? 'GET'} ${url}: ${answer.status} ${text}`)
  return text && JSON.parse(text)
}
