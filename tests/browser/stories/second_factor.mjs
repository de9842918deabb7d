// Somebody sets up a second factor, keeps the recovery codes, signs in with it, and removes it again.

import { code } from '../totp.mjs'
import { PASSWORD } from '../visitor.mjs'
import { expect, until } from '../waiting.mjs'

const path = visitor => new URL(visitor.page.url()).pathname

export default async ({ desk, visit }) => {
  const ann = await visit(await desk.user('Ann'))
  const { page } = ann
  await ann.open('me')
  await page.getByRole('link', { name: 'Set up the second factor' }).click()
  await page.getByLabel('Your password').waitFor()
  await ann.examine()
  await page.getByLabel('Your password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Go on' }).click()
  const picture = page.getByRole('img', { name: 'QR code' })
  await picture.waitFor()
  expect(await picture.evaluate(image => image.naturalWidth >= 200), true, 'it can be seen')
  await ann.examine()
  const secret = await page.locator('main code').textContent()
  await page.getByLabel('Code', { exact: true }).fill('123')
  await page.getByRole('button', { name: 'Set up the second factor' }).click()
  await page.getByText('This code is wrong').waitFor()
  await ann.examine()
  await page.getByLabel('Code', { exact: true }).fill(code(secret))
  await page.getByRole('button', { name: 'Set up the second factor' }).click()
  await page.getByText('Each lets you in once').waitFor()
  await ann.examine()
  expect(await page.locator('.recovery code').count(), 10)
  await page.getByRole('link', { name: 'Go on' }).click()
  await until('back at the account', () => path(ann) === '/me')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()

  await page.getByLabel('Email address').fill('ann@example.org')
  await page.getByLabel('Password').fill(PASSWORD)
  await ann.examine()
  await ann.open('sign-in?next=/me/second-factor')
  await page.getByLabel('Email address').fill('ann@example.org')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Which code').waitFor()
  await ann.examine()
  await page.getByLabel('Code', { exact: true }).fill(code(secret, 1))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('10 codes are left').waitFor()
  await ann.examine()
  await page.getByRole('button', { name: 'Remove the second factor' }).click()
  await page.getByText('This is not your password.').waitFor()
  await ann.examine()
  await page.locator('#remove-password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Remove the second factor' }).click()
  await page.getByText('not set up').waitFor()
  await ann.examine()
}
