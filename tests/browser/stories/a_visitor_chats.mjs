// Somebody on a shop's page chats with the desk: under the shop's own strict policy, over a reload and a daemon that starts
// again, and what either side writes is text and nothing else.

import { expect, until } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const shop = new URL(desk.control).origin
  const chat = { origins: [shop], welcome: 'What can we do for you?' }
  const channel = await desk.post('channels', { kind: 'chat', name: 'Shop', chat })
  const shopper = await visit()
  shopper.expects(/it asks http:\/\/127\.0\.0\.1:\d+\/shop\//)
  shopper.expects(/WebSocket connection/)
  const { page } = shopper
  await page.goto(`${shop}/shop/${channel.id}`)
  const log = page.getByRole('log')
  const field = page.getByLabel('Your message')

  // Whoever does not chat costs nothing.
  expect(await page.evaluate(() => localStorage.length), 0)
  await page.getByRole('button', { name: 'Chat' }).click()
  await log.getByText('What can we do for you?').waitFor()
  await field.fill('Is <b>this</b> on?')
  await page.keyboard.press('Enter')
  await log.getByText('Is <b>this</b> on?').waitFor()
  const ticket = await until('a ticket', async () => (await desk.get('tickets')).items[0])
  expect([ticket.type, ticket.subject], ['messages', 'Is <b>this</b> on?'])
  const messages = async () => (await desk.get(`tickets/${ticket.id}/messages`)).items.map(message => message.text)
  await shopper.examine()

  const reply = text => desk.post(`tickets/${ticket.id}/messages`, { text })
  await reply('It is. <img src=x onerror=alert(1)>')
  await log.getByText('It is. <img src=x onerror=alert(1)>').waitFor()

  // As they left it, and once.
  await page.reload()
  await log.getByText('Is <b>this</b> on?').waitFor()
  await log.getByText('It is. <img').waitFor()
  await until('all of it', async () => (await log.getByRole('listitem').count()) === 3)

  // What is written while nobody is there arrives when somebody is, and once.
  const restarted = desk.hand('restart')
  await field.fill('Are you there?')
  await page.getByRole('button', { name: 'Send' }).click()
  await log.getByText('Are you there?').waitFor()
  await restarted
  await until('it arrived', async () => (await messages()).length === 3)
  await until('it is known to have', async () => (await log.locator('.unsent').count()) === 0)
  expect(await messages(), ['Is <b>this</b> on?', 'It is. <img src=x onerror=alert(1)>', 'Are you there?'])
  await until('still once', async () => (await log.getByRole('listitem').count()) === 4)

  // Closed, it says that somebody answered.
  await field.press('Escape')
  await field.waitFor({ state: 'hidden' })
  await reply('Yes.')
  const button = page.getByRole('button', { name: 'Chat, 1 unread' })
  await button.waitFor()
  await shopper.examine()
  await button.click()
  await log.getByText(/Yes\.$/).waitFor()
  await page.getByRole('button', { name: 'Close' }).waitFor()
  await page.reload()
  await log.getByText(/Yes\.$/).waitFor()
  await shopper.examine()
}
