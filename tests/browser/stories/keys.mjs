// Keys: `?` lists them, `g` and a letter goes to a part, the focus stays where it was; instants are as the viewer writes them.

import { expect, until } from '../waiting.mjs'

const focused = visitor => visitor.page.evaluate(() => document.activeElement.textContent.trim())

export default async ({ desk, visit }) => {
  const ann = await visit(await desk.user('Ann'), { locale: 'de-AT', timezoneId: 'Asia/Tokyo' })
  await ann.open('me')
  await ann.page.getByRole('button', { name: 'Überall abmelden' }).focus()
  await ann.page.keyboard.press('?')
  const keys = ann.page.getByRole('dialog', { name: 'Tasten' })
  await keys.getByText('Suchen').waitFor()
  await ann.examine()
  await ann.page.keyboard.press('Escape')
  await keys.waitFor({ state: 'hidden' })
  expect(await focused(ann), 'Überall abmelden', 'the focus is back')

  const time = ann.page.locator('time').first()
  const at = new Date(await time.getAttribute('datetime'))
  const theirs = new Intl.DateTimeFormat('de-AT', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Tokyo' })
  expect(await time.textContent(), theirs.format(at))

  await ann.page.getByLabel('Das bisherige Passwort').focus()
  await ann.page.keyboard.type('g?m')
  expect(await ann.page.getByLabel('Das bisherige Passwort').inputValue(), 'g?m', 'what is typed is typed')
  await ann.page.keyboard.press('Tab')
  await ann.page.keyboard.type('too short')
  await ann.page.keyboard.press('Enter')
  await ann.page.locator('#password-fault').getByText('mindestens 10 Zeichen').waitFor()
  await until('the focus is where it is wrong', () => ann.page.evaluate(() => document.activeElement.name === 'password'))
  await ann.examine()
  await ann.page.locator('main').focus()
  await ann.page.keyboard.press('g')
  await ann.page.keyboard.press('m')
  await until('at the account', () => new URL(ann.page.url()).pathname === '/me')
}
