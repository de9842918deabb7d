// Where everybody must have a second factor, whoever is invited sets it up before anything else.

import { code } from '../totp.mjs'
import { PASSWORD } from '../visitor.mjs'

export default async ({ desk, visit }) => {
  const ann = await visit()
  const { page } = ann
  await ann.open(await desk.invitation(await desk.user('Ann')))
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('The same password again').fill(PASSWORD)
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('you need a second factor').waitFor()
  await ann.examine()
  const secret = await page.locator('main code').textContent()
  await page.getByLabel('Code', { exact: true }).fill(code(secret))
  await page.getByRole('button', { name: 'Set up the second factor' }).click()
  await page.getByText('Each lets you in once').waitFor()
  await ann.examine()
  await ann.open('me/second-factor')
  await page.getByText('you need a second factor').waitFor()
}
