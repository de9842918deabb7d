// Whoever signs in sees their account; whoever's session ran out comes back to where they were.

import { PASSWORD } from '../visitor.mjs'
import { expect, until } from '../waiting.mjs'

const signIn = async (visitor, password) => {
  await visitor.page.getByLabel('Email address').fill('ann@example.org')
  await visitor.page.getByLabel('Password').fill(password)
  await visitor.page.getByRole('button', { name: 'Sign in' }).click()
}

const path = visitor => new URL(visitor.page.url()).pathname

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const here = await visit(ann)
  await here.open('me')
  await here.page.getByText('this browser').waitFor()
  await here.page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await here.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await here.examine()

  await here.open('me')
  expect(path(here), '/sign-in', 'whoever is signed out sees nothing')
  await signIn(here, 'wrong horse battery')
  await here.page.getByRole('alert').waitFor()
  await here.examine()
  await signIn(here, PASSWORD)
  await until('back at the account', () => path(here) === '/me')

  const there = await visit()
  await there.open('sign-in?next=/me')
  await signIn(there, PASSWORD)
  await there.page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await until('signed out', () => path(there) === '/sign-in')
  await here.page.reload()
  await until('their session ran out', () => path(here) === '/sign-in')
  await signIn(here, PASSWORD)
  await until('back where they were', () => path(here) === '/me')
}
