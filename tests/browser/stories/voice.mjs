// Where the telephone company's script is in the data folder, an agent speaks and hears in the browser. Here a stand-in of the
// script is there, with the parts that the page uses, and the server's token is put into its mouth.

import { expect, until } from '../waiting.mjs'

const STAND_IN = `
class Emitter {
  on(event, told) { ((this.told ??= {})[event] ??= []).push(told) }
  emit(event, ...about) { for (const told of this.told?.[event] ?? []) told(...about) }
}
class Device extends Emitter {
  constructor(token) { super(); window.device = Object.assign(this, { token, state: 'unregistered', audio: { incoming() {} } }) }
  register() { this.state = 'registered'; this.emit('registered') }
  updateToken(token) { this.token = token }
}
class Leg extends Emitter {
  parameters = { From: '+43660999' }
  accept() { this.isAccepted = true }
  reject() { this.isRejected = true; this.emit('reject') }
  mute(muted) { this.muted = muted }
  isMuted() { return Boolean(this.muted) }
}
window.Twilio = { Device, Leg }
`

export default async ({ desk, visit }) => {
  await desk.put('twilio-voice-sdk.js', STAND_IN)
  const ann = await desk.user('Ann')
  const channel = await desk.channel({ routing: { users: [ann.id] } })
  const visitor = await visit(ann)
  const { page } = visitor
  let isThere
  const isTold = new Promise(resolve => { isThere = resolve })
  await page.routeWebSocket(/\/softphone$/, client => {
    const server = client.connectToServer()
    server.onMessage(async message => {
      client.send(message)
      if (JSON.parse(message).type !== 'welcome') return
      await isTold
      client.send(JSON.stringify({ type: 'softphone_token', provider: 'main', kind: 'twilio', token: 'a token', exp: 0 }))
    })
  })
  await visitor.open('phone')
  await page.getByText('You hear and speak here').waitFor()
  const isRegistered = async () => (await desk.get(`users/${ann.id}/availability`)).registered
  await until('not registered yet', async () => !(await isRegistered()))
  isThere()
  await until('registered', isRegistered)
  expect(await page.evaluate(() => window.device.token), 'a token')

  // After they have accepted they hear the caller at once.
  const caller = await desk.call(channel)
  await page.getByRole('button', { name: 'Accept' }).first().click()
  await page.locator('#call').getByText(/connected|talking/).waitFor()
  await page.evaluate(() => window.device.emit('incoming', (window.leg = new window.Twilio.Leg())))
  expect(await page.evaluate(() => window.leg.isAccepted), true)
  const mute = page.getByRole('button', { name: 'Mute' })
  await mute.click()
  expect([await mute.getAttribute('aria-pressed'), await page.evaluate(() => window.leg.isMuted())], ['true', true])
  await visitor.examine()
  await mute.click()
  expect([await mute.getAttribute('aria-pressed'), await page.evaluate(() => window.leg.isMuted())], ['false', false])
  await page.evaluate(() => window.leg.emit('disconnect'))
  expect(await mute.isDisabled(), true)
  await caller.until('talks', call => call.is_talking)
  await page.locator('#call').getByText('talking', { exact: true }).waitFor()
  await caller.hangUp()
  await page.locator('#call').getByText('The call is over.').waitFor()

  // What rings this device by itself is asked about.
  await page.evaluate(() => window.device.emit('incoming', (window.leg = new window.Twilio.Leg())))
  await page.locator('.slot.taken').getByText('+43660999').waitFor()
  expect(await page.evaluate(() => Boolean(window.leg.isAccepted)), false)
  await page.getByRole('button', { name: 'Decline' }).first().click()
  expect(await page.evaluate(() => window.leg.isRejected), true)
  await page.locator('.slot').getByText('You declined.').waitFor()
}
