// Nobody takes a call; an agent sees it among the missed ones, calls back, and says so. They come and go meanwhile.

import { expect, until } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const [ann, ben] = [await desk.user('Ann'), await desk.user('Ben')]
  const channel = await desk.channel({ name: 'Support', routing: { users: [ann.id, ben.id] } })
  const visitor = await visit(ann)
  await visitor.open('phone')
  const { page } = visitor
  await page.getByText('connected', { exact: true }).waitFor()
  await page.getByText('Nobody waits to be called back.').waitFor()

  await page.locator('#away summary').click()
  await page.getByLabel('Reason').fill('Lunch')
  await page.getByLabel('Back').selectOption({ label: 'in 30 minutes' })
  await page.locator('#away-form').getByRole('button', { name: 'Go away' }).click()
  await page.locator('#availability').getByText(/away · Lunch · until/).waitFor()
  const away = (await desk.get(`users/${ann.id}/availability`)).availability
  expect([away.state, away.reason], ['away', 'Lunch'])
  await visitor.examine()
  const caller = await desk.call(channel, { message_seconds: 4 })
  await caller.until('is over', call => call.is_over)
  await page.getByRole('button', { name: 'I am there' }).click()
  await page.locator('#availability').getByText('available', { exact: true }).waitFor()

  await until('it is among the missed calls', async () => {
    await page.reload()
    return page.locator('#missed + ul').getByText('+436601234567').isVisible()
  })
  expect(await page.getByRole('link', { name: '+436601234567' }).getAttribute('href'), 'tel:+436601234567')
  await page.getByRole('button', { name: 'Called back' }).click()
  await until('it is on record', async () => (await desk.get('missed_calls')).items[0].called_back?.by === ann.id)
  await page.reload()
  await page.locator('#missed + ul').getByText('called back Ann').waitFor()
  await visitor.examine()

  // Without a script the lists are there, and say what is missing.
  const plain = await visit(ben, { javaScriptEnabled: false })
  await plain.page.goto(`${desk.url}/phone`)
  await plain.page.getByText('The telephone works only with JavaScript').waitFor()
  await plain.page.getByText('called back Ann').waitFor()
}
