// From the link that the program prints to the first call, in one sitting and without a script of ours that does it.

import { PASSWORD } from '../visitor.mjs'
import { expect, until } from '../waiting.mjs'

const path = visitor => new URL(visitor.page.url()).pathname

export default async ({ desk, visit }) => {
  const eve = await visit()
  const { page } = eve
  await eve.open(await desk.firstStart())
  await page.getByLabel('Name').fill('Eve')
  await page.getByLabel('Email address').fill('eve@example.org')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('The same password again').fill('something else')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('This is not the same password.').waitFor()
  await eve.examine()
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('The same password again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Go on' }).click()

  await page.getByText('4 steps are left').waitFor()
  await eve.examine()
  await page.getByRole('link', { name: 'Address and time zone' }).click()
  await page.getByText(desk.url).waitFor()
  await eve.examine()
  await page.getByRole('link', { name: 'Next: Telephone company' }).click()
  await page.getByText('its webhooks can be checked').waitFor()
  await eve.examine()

  await page.getByRole('link', { name: 'Next: Telephone number' }).click()
  await page.getByLabel('Number that callers dial').fill('twelve')
  await page.getByLabel('Name of the channel').fill('Support')
  await page.getByRole('button', { name: 'Add the number' }).click()
  await page.getByText('A number is written like').waitFor()
  await eve.examine()
  await page.getByLabel('Number that callers dial').fill('+43 1 234 56 78')
  await page.getByRole('button', { name: 'Add the number' }).click()

  await page.getByText('waiting for the first webhook').waitFor()
  await eve.examine()
  const { items: [channel] } = await desk.get('channels')
  expect(channel.numbers, ['+4312345678'])
  const early = await desk.call(channel)
  await page.getByText('a webhook has come').waitFor()
  await early.until('is told that it is closed', call => call.heard.length > 0)
  await early.hangUp()
  await eve.examine()

  await page.getByRole('link', { name: 'Next: Opening hours' }).click()
  await page.getByLabel('Always open').check()
  await eve.examine()
  await page.getByRole('button', { name: 'Save' }).click()
  await until('at the greetings', () => path(eve) === '/start/greetings')
  await eve.examine()
  await page.getByLabel('Deutsch', { exact: true }).check()
  await page.getByRole('button', { name: 'Save' }).click()

  await page.getByRole('heading', { name: 'New agent' }).waitFor()
  await eve.examine()
  await page.getByLabel('Name').fill('Ann')
  await page.getByLabel('Email address').fill('ann@example.org')
  await page.getByRole('button', { name: 'Add, and make a link' }).click()
  await page.getByText('Hand on this link to').waitFor()
  await eve.examine()
  const link = await page.locator('.addresses code').textContent()
  await page.getByLabel('Eve').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Calls reach the people who take them.').waitFor()
  await eve.examine()

  const ann = await visit()
  await ann.open(link)
  await ann.page.getByRole('heading', { name: 'Ann' }).waitFor()
}
