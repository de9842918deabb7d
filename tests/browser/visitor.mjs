// Somebody in front of a browser of their own, and all that can be wrong with what they see.

import { chromium } from 'playwright-core'
import { PATIENCE_MS } from './waiting.mjs'

export const PASSWORD = 'correct horse battery'
const BYTES_MAX = 150 * 1024
const REQUESTS_MAX = 10
// What belongs to a page, whenever it comes; what scripts ask for counts until the page is there.
const OF_THE_PAGE = ['document', 'stylesheet', 'script', 'image', 'font']

export function launch() {
  const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync']
  const microphone = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, headless: true, args: [...quiet, ...microphone] })
}

export class Visitor {
  // `examined` is what anybody of the story has examined; `options` are those of Playwright's newContext, such as viewport, locale and javaScriptEnabled.
  static async arrive(browser, desk, axe, examined, options) {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Vienna', baseURL: desk.url, ...options })
    context.setDefaultTimeout(PATIENCE_MS)
    const visitor = new Visitor()
    Object.assign(visitor, { context, desk, axe, examined, complaints: [], expected: [/status of 422/], visited: new Set() })
    context.on('request', request => visitor.noteRequest(request))
    context.on('requestfinished', request => visitor.noteBytes(request))
    context.on('page', page => visitor.watch(page))
    visitor.page = await context.newPage()
    return visitor
  }

  // As if they had followed an invitation.
  async signIn(user) {
    const form = { password: PASSWORD, repeated: PASSWORD }
    const options = { form, headers: { origin: this.desk.url }, maxRedirects: 0 }
    const answer = await this.context.request.post(await this.desk.invitation(user), options)
    if (answer.status() !== 303 || answer.headers().location.includes('sign-in')) throw new Error(`${user.name} is not let in: ${answer.status()} ${await answer.text()}`)
  }

  // Goes to a page, and examines it. Links as in the pages: `tickets`, not `/tickets`.
  async open(address) {
    const answer = await this.page.goto(new URL(address, `${this.desk.url}/`).href)
    await this.examine()
    return answer
  }

  // Complaints that contain this are no complaints.
  expects(pattern) {
    this.expected.push(pattern)
  }

  // Looks at the page as it is now: light and dark, as it is heard and as it is seen, and at what it cost.
  async examine(page = this.page) {
    await page.waitForLoadState('load')
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme })
      for (const finding of await this.findings(page)) this.complain(page, `axe, ${colorScheme}: ${finding}`)
    }
    await this.weigh(page)
    this.examined.add(place(page.url()))
    this.mustBeContent()
  }

  async findings(page) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(this.axe)
    return page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
      return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => `${node.html} (${node.any.map(check => check.message)})`).join('; ')}`)
    })
  }

  async weigh(page) {
    const load = page.load
    await Promise.all(load.bytes)
    const kib = Math.ceil(load.sum / 1024)
    if (load.sum > BYTES_MAX) this.complain(page, `${kib} KiB are too many: ${load.requests.join(', ')}`)
    if (load.requests.length > REQUESTS_MAX) this.complain(page, `too many requests: ${load.requests.join(', ')}`)
  }

  watch(page) {
    page.load = { requests: [], sum: 0, bytes: [] }
    page.on('console', message => {
      if (message.type() === 'error') this.complain(page, `console: ${message.text()} ${message.location().url}`)
    })
    page.on('pageerror', error => this.complain(page, `script: ${error.stack ?? error}`))
    page.on('crash', () => this.complain(page, 'the page crashed'))
    page.on('load', () => { page.load.isThere = true })
    page.on('framenavigated', frame => {
      if (frame === page.mainFrame() && page.url() !== 'about:blank') this.visited.add(place(page.url()))
    })
  }

  noteRequest(request) {
    const { protocol, origin } = new URL(request.url())
    if (['data:', 'blob:'].includes(protocol)) return
    const page = pageOf(request)
    if (origin !== this.desk.url) this.complain(page, `it asks ${request.url()}`)
    if (!page) return
    // What follows a redirect is a page of its own.
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) page.load = { requests: [], sum: 0, bytes: [] }
    const { load } = page
    if (!OF_THE_PAGE.includes(request.resourceType()) && load.isThere) return
    if (request.resourceType() === 'media' || request.resourceType() === 'websocket') return
    load.requests.push(request.url().replace(this.desk.url, ''))
    request.load = load
  }

  noteBytes(request) {
    const { load } = request
    if (!load) return
    // Of what the browser has kept, too: a page must be light for whoever comes for the first time.
    load.bytes.push(request.response().then(answer => answer?.body()).then(body => { load.sum += body?.length ?? 0 }, () => {}))
  }

  complain(page, complaint) {
    if (this.expected.some(pattern => pattern.test(complaint))) return
    const where = page ? place(page.url()) : ''
    this.complaints.push(`${where}: ${complaint}`)
  }

  mustBeContent() {
    if (this.complaints.length > 0) throw new Error(this.complaints.join('\n'))
  }

  // The end of the story.
  leave() {
    this.mustBeContent()
    const missed = [...this.visited].filter(visited => !this.examined.has(visited))
    if (missed.length > 0) throw new Error(`the story came to ${missed.join(' and ')}, and never examined it`)
  }
}

function pageOf(request) {
  try {
    return request.frame().page()
  } catch {
    // A request of a service worker, or of a page that is not there yet.
    return undefined
  }
}

// A page, whatever it is about: without ids and secrets.
function place(url) {
  return new URL(url).pathname.replaceAll(/[0-9a-f]{32}/g, ':id').replace(/^\/invitation\/.*/, '/invitation/:secret')
}
